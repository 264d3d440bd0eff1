//! The Assembly, as organisers, voters and the public meet it in their browsers.

use std::time::Duration;

use bus::PostId;
use civic::assembly::candidates::{self, Nomination};
use civic::assembly::quotes::{self, Approval, Stance};
use civic::assembly::{AssemblyConfig, Gate, GateKind, cycles, erase_post, gates};
use civic::{Actor, Role};

use crate::made_up::{HEARING, PARKING, QUEUE, now, quoted};
use crate::world::{Answer, Somebody, World};

/// Text that would run as a script, and as a formula, if it were let.
const HOSTILE: &str = "=HYPERLINK(\"x\")<script>alert(1)</script>";

/// A cycle, begun by an organiser: the address of its page.
async fn begin(organiser: &Somebody<'_>, name: &str) -> String {
    let fields = [("name", name), ("place", "Leeds Town Hall"), ("day", "1/4/2027"), ("time", "14:00")];
    let begun = organiser.send("/assembly/begin", &fields).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    begun.leads_to().to_owned()
}

/// A candidate, put forward by an organiser: the address of its page.
async fn nominate(organiser: &Somebody<'_>, issue: &str, label: &str) -> String {
    let fields = [("issue", issue), ("label", label), ("why", "Many speak of it")];
    let put = organiser.send("/assembly/nominate", &fields).await;
    assert_eq!(put.status, 303, "{}", put.text());
    put.leads_to().to_owned()
}

/// Decides about a candidate as whoever has just read it.
async fn decide(organiser: &Somebody<'_>, candidate: &str, outcome: &str, reason: &str) -> Answer {
    let version = organiser.get(&format!("{candidate}/decide")).await.hidden("version");
    let fields = [("version", version.as_str()), ("outcome", outcome), ("body", "A council"), ("reason", reason)];
    organiser.send(&format!("{candidate}/decide"), &fields).await
}

/// Sends a form of the cycle's page with the version that the page has now.
async fn on_cycle(organiser: &Somebody<'_>, cycle: &str, form: &str, fields: &[(&str, &str)]) -> Answer {
    let version = organiser.get(&format!("{cycle}/change")).await.hidden("version");
    organiser.send(&format!("{cycle}/{form}"), &[fields, &[("version", version.as_str())]].concat()).await
}

fn id(address: &str) -> &str {
    address.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn an_issue_goes_from_its_page_to_the_agenda_and_everybody_can_follow_it() {
    let world = World::of_people();
    let organiser = world.somebody(Role::Organiser).await;
    let cycle = begin(&organiser, "Spring 2027").await;
    let page = organiser.get(&format!("/issues/{QUEUE}")).await;
    assert!(page.body.contains(&format!("/assembly/nominate?issue={QUEUE}")));
    let queue = nominate(&organiser, QUEUE, "The phone queue").await;
    let parking = nominate(&organiser, PARKING, "Parking").await;
    let score = world.get(&queue).await.text();
    assert!(score.contains("Score: ") && score.contains("Spread over source types"), "{score}");
    for candidate in [&queue, &parking] {
        let passed = decide(&organiser, candidate, "national", "It is for NHS England").await;
        assert_eq!(passed.status, 303, "{}", passed.text());
    }
    assert_eq!(on_cycle(&organiser, &cycle, "close", &[]).await.status, 303);
    let opened = on_cycle(&organiser, &cycle, "open-vote", &[("day", "1/12/2026"), ("time", "18:00")]).await;
    assert_eq!(opened.status, 303, "{}", opened.text());

    let voter = world.somebody(Role::Public).await;
    let vote = format!("{cycle}/vote");
    assert!(world.get(&vote).await.text().contains("Sign in to vote"));
    assert_eq!(voter.send(&vote, &[("choice", id(&parking))]).await.status, 303);
    let kept = voter.get(&vote).await;
    assert!(kept.text().contains("Your choice is kept"), "{}", kept.text());
    assert!(world.get(&vote).await.text().contains("1 person has voted so far"));
    let early = on_cycle(&organiser, &cycle, "close", &[]).await;
    assert_eq!(early.status, 422);
    assert!(early.text().contains("The vote has not ended yet"), "{}", early.text());

    world.wait(Duration::from_hours(24 * 20));
    let organiser = world.somebody(Role::Organiser).await;
    assert_eq!(on_cycle(&organiser, &cycle, "close", &[]).await.status, 303);
    assert!(world.get(&vote).await.text().contains("Parking 1 The phone queue 0"));
    let rank = [format!("rank-{}", id(&queue)), format!("reason-{}", id(&queue))];
    let fields = [
        ("size", "15"),
        ("how", "By lot"),
        ("candidate", id(&queue)),
        (rank[0].as_str(), "1"),
        (rank[1].as_str(), "It touches all"),
    ];
    let entered = on_cycle(&organiser, &cycle, "jury", &fields).await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    assert_eq!(on_cycle(&organiser, &cycle, "close", &[]).await.status, 303);
    assert_eq!(on_cycle(&organiser, &cycle, "close", &[]).await.status, 303);
    let public = world.get(&cycle).await.text();
    assert!(public.contains("The agenda is agreed"), "{public}");
    assert!(public.contains("1 The phone queue"), "the jury put it first: {public}");
    assert!(!public.contains("For organisers"));
    let history = world.get(&queue).await.text();
    assert!(history.contains("in remit: yes, national: yes") && history.contains("ranked 1 by the jury"), "{history}");
}

#[tokio::test]
async fn a_candidate_is_moved_by_buttons_and_the_reason_is_public() {
    let world = World::of_people();
    let organiser = world.somebody(Role::Organiser).await;
    let cycle = begin(&organiser, "Spring 2027").await;
    let queue = nominate(&organiser, QUEUE, "The phone queue").await;
    let hearing = nominate(&organiser, HEARING, "The hearing loop").await;
    let order = |page: Answer| {
        let text = page.text();
        text.find("The phone queue").unwrap() < text.find("The hearing loop").unwrap()
    };
    let queue_first = order(world.get(&cycle).await);
    let lower = if queue_first { &hearing } else { &queue };
    let silent = on_cycle(&organiser, &cycle, "order", &[("up", id(lower))]).await;
    assert_eq!(silent.status, 422);
    assert!(silent.text().contains("Error: Enter a reason"), "{}", silent.text());
    let version = organiser.get(&format!("{cycle}/change")).await.hidden("version");
    let fields = [("up", id(lower)), ("reason", "Nobody else hears them"), ("version", version.as_str())];
    assert_eq!(organiser.send(&format!("{cycle}/order"), &fields).await.status, 303);
    assert_ne!(order(world.get(&cycle).await), queue_first);
    assert!(world.get(&cycle).await.text().contains("Put here by a person: Nobody else hears them"));
    let second = organiser.send(&format!("{cycle}/order"), &fields).await;
    assert_eq!(second.status, 409, "somebody else moved it in the meantime");
}

#[tokio::test]
async fn what_goes_elsewhere_stays_visible_and_of_two_decisions_one_is_refused() {
    let world = World::of_people();
    let organiser = world.somebody(Role::Organiser).await;
    let cycle = begin(&organiser, "Spring 2027").await;
    let parking = nominate(&organiser, PARKING, "Parking").await;
    let seen = organiser.get(&format!("{parking}/decide")).await.hidden("version");
    assert_eq!(decide(&organiser, &parking, "local", " ").await.status, 422);
    let routed = decide(&organiser, &parking, "local", "Each trust decides that").await;
    assert_eq!(routed.status, 303);
    let fields = [("version", seen.as_str()), ("outcome", "national"), ("reason", "It is everywhere")];
    let late = organiser.send(&format!("{parking}/decide"), &fields).await;
    assert_eq!(late.status, 409);
    let public = world.get(&parking).await.text();
    assert!(public.contains("Sent to A council") && public.contains("Each trust decides that"), "{public}");
    assert!(world.get(&cycle).await.text().contains("No longer in the running Parking"));
    let again = organiser.send("/assembly/nominate", &[("issue", PARKING), ("label", "x"), ("why", "y")]).await;
    assert_eq!(again.status, 422);
    assert!(again.text().contains("a candidate of the cycle already"));
}

#[tokio::test]
async fn what_organisers_write_is_shown_and_never_run() {
    let world = World::of_people();
    let organiser = world.somebody(Role::Organiser).await;
    let cycle = begin(&organiser, HOSTILE).await;
    let candidate = nominate(&organiser, QUEUE, HOSTILE).await;
    decide(&organiser, &candidate, "failed", HOSTILE).await;
    for address in ["/assembly", &cycle, &candidate, &format!("{candidate}/decide"), &format!("{cycle}/change")] {
        let page = organiser.get(address).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(page.body.contains("&#60;script&#62;"), "{address} does not show it");
        assert!(!page.body.contains("<script>alert"), "{address}");
    }
}

/// Approves words of a post, as an analyst does.
async fn approve(analyst: &Somebody<'_>, post: PostId, words: &str, stance: &str) -> Answer {
    let fields =
        [("words", words), ("kind", "quote"), ("stance", stance), ("issue", QUEUE), ("reason", "It names nobody")];
    analyst.send(&format!("/posts/{post}/quote"), &fields).await
}

/// The text of a post, as staff reads it.
async fn text_of(analyst: &Somebody<'_>, post: PostId) -> String {
    let page = analyst.get(&format!("/posts/{post}/quote")).await;
    page.part("<textarea", "</textarea>").split_once('>').unwrap().1.trim_end_matches("</textarea>").to_owned()
}

#[tokio::test]
async fn only_approved_words_are_shown_to_everybody_and_they_can_be_withdrawn() {
    let world = World::of_people();
    let analyst = world.somebody(Role::Analyst).await;
    let post = quoted()[0];
    let words = text_of(&analyst, post).await;
    let words = &words[..words.char_indices().nth(20).unwrap().0];
    let issue = format!("/issues/{QUEUE}");
    assert!(!world.get(&issue).await.text().contains(words), "nothing was approved yet");
    let changed = approve(&analyst, post, &format!("{words} and more"), "view").await;
    assert_eq!(changed.status, 422);
    assert!(changed.text().contains("not in the post as it is stored"), "{}", changed.text());
    let approved = approve(&analyst, post, words, "view").await;
    assert_eq!(approved.status, 303, "{}", approved.text());
    assert!(world.get(&issue).await.text().contains(words));
    let audit = world.get("/audit").await;
    assert!(audit.text().contains("Quote approved") && !audit.text().contains(words), "the log names no words");

    let page = analyst.get(&format!("/posts/{post}")).await;
    let withdraw =
        format!("/quotes/{}", page.part("/quotes/", "\"").trim_start_matches("/quotes/").trim_end_matches('"'));
    let version = analyst.get(&withdraw).await.hidden("version");
    let fields = [("version", version.as_str()), ("reason", "Its author asked")];
    assert_eq!(analyst.send(&withdraw, &fields).await.status, 303);
    assert!(!world.get(&issue).await.text().contains(words));
    assert_eq!(analyst.send(&withdraw, &fields).await.status, 409, "it was withdrawn in the meantime");
}

#[tokio::test]
async fn a_quote_whose_post_is_gone_is_not_shown_even_before_it_is_withdrawn() {
    let world = World::of_people();
    let approval = Approval {
        post: "0123456789abcdef0123456789abcdef".to_owned(),
        author: None,
        stored: "A post that was deleted".to_owned(),
        issue: Some(QUEUE.to_owned()),
        words: "post that was deleted".to_owned(),
        is_paraphrase: false,
        stance: Stance::View,
        channel: "forum".to_owned(),
        said_on: "2026-11-02".parse().unwrap(),
        reason: "It names nobody".to_owned(),
    };
    world.record.decide_now(Actor::Operator, now(), |tx| quotes::approve(tx, &approval)).unwrap();
    let page = world.get(&format!("/issues/{QUEUE}")).await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("post that was deleted"));
}

#[tokio::test]
async fn evidence_is_frozen_can_be_checked_and_loses_the_words_of_a_deleted_post_only() {
    let world = World::of_people();
    let organiser = world.somebody(Role::Organiser).await;
    begin(&organiser, "Spring 2027").await;
    let queue = nominate(&organiser, QUEUE, "The phone queue").await;
    let [first, second] = [quoted()[0], quoted()[1]];
    let (for_it, against) = (text_of(&organiser, first).await, text_of(&organiser, second).await);
    let cut = |text: &str| text[..text.char_indices().nth(25).unwrap().0].to_owned();
    let (for_it, against) = (cut(&for_it), cut(&against));
    assert_eq!(approve(&organiser, first, &for_it, "view").await.status, 303);
    assert_eq!(approve(&organiser, second, &against, "counter").await.status, 303);
    let silent = organiser.send(&format!("{queue}/pack"), &[("counter", "")]).await;
    assert_eq!(silent.status, 422);
    let frozen = organiser.send(&format!("{queue}/pack"), &[("counter", HOSTILE)]).await;
    assert_eq!(frozen.status, 303, "{}", frozen.text());
    let pack = frozen.leads_to().to_owned();
    assert!(world.get(&queue).await.body.contains(&pack), "the candidate leads to its evidence");

    let page = world.get(&pack).await;
    for shown in [for_it.as_str(), &against, "Who is missing", "Check it yourself", "fewer than 10"] {
        assert!(page.text().contains(shown), "`{shown}` is not in {}", page.text());
    }
    assert!(!page.body.contains("<script>alert"), "what speaks against it is shown and never run");
    let file = |name: &str| format!("/download/packs/{}/{name}", id(&pack));
    let evidence = world.get(&file("evidence.json")).await;
    let hash = blake3::hash(evidence.body.as_bytes()).to_hex().to_string();
    assert!(page.body.contains(&hash), "the page gives the hash of the file");
    assert!(!evidence.body.contains(&for_it), "the file has seals and no words");
    let csv = world.get(&file("counts.csv")).await;
    assert!(csv.body.contains("counter-views,,,,\"'=HYPERLINK"), "{}", csv.body);
    assert!(csv.body.contains(&for_it.replace('"', "\"\"")));

    let gone = first.to_string();
    world.record.decide_now(Actor::Operator, now(), move |tx| erase_post(tx, &gone)).unwrap();
    let page = world.get(&pack).await;
    assert!(!page.text().contains(&for_it) && page.text().contains(&against));
    assert!(page.text().contains("Its source was deleted"), "{}", page.text());
    assert!(page.body.contains(&hash) && !page.text().contains("This is not what was frozen"));
    for name in ["evidence.json", "quotes.json", "counts.csv"] {
        assert!(!world.get(&file(name)).await.body.contains(&for_it), "{name} still has the words");
    }
    assert_eq!(world.get(&file("evidence.json")).await.body, evidence.body);
}

/// An answer that the Board was asked for on the day before: the address of its page.
fn asked(world: &World, label: &str) -> String {
    let begun = now() - jiff::SignedDuration::from_hours(48);
    let met = now() - jiff::SignedDuration::from_hours(24);
    let rules = AssemblyConfig {
        gates: vec![Gate { kind: GateKind::Agenda, keep: 1 }],
        answer_within_days: 1,
        ..AssemblyConfig::default()
    };
    let nomination = Nomination {
        label: label.to_owned(),
        issue: Some(QUEUE.to_owned()),
        flag: None,
        why: "Many speak of it".to_owned(),
        inputs: civic::assembly::score::Inputs::default(),
    };
    world
        .record
        .decide_now(Actor::Operator, begun, |tx| {
            let cycle = cycles::begin(tx, &rules, "Autumn 2026", "Leeds", met)?;
            candidates::nominate(tx, &cycle, &nomination)?;
            gates::close(tx, &cycle, 1)
        })
        .unwrap();
    let cycle = world.record.read_now(cycles::all).unwrap().remove(0);
    world.record.decide_now(Actor::Operator, now(), |tx| cycles::hold(tx, &cycle.id, cycle.version)).unwrap();
    let answer = world.record.read_now(civic::assembly::answers::all).unwrap().remove(0);
    format!("/assembly/answers/{}", answer.id)
}

/// Sends a form of an answer's page with the version that it has now.
async fn on_answer(organiser: &Somebody<'_>, answer: &str, form: &str, fields: &[(&str, &str)]) -> Answer {
    let version = organiser.get(&format!("{answer}/respond")).await.hidden("version");
    organiser.send(&format!("{answer}/{form}"), &[fields, &[("version", version.as_str())]].concat()).await
}

#[tokio::test]
async fn an_answer_is_late_then_given_and_counts_as_a_change_only_when_something_is_different() {
    let world = World::of_people();
    let answer = asked(&world, "The phone queue");
    world.wait(Duration::from_hours(24 * 3));
    let organiser = world.somebody(Role::Organiser).await;
    let ledger = async || world.get("/assembly/ledger").await.text();
    let late = ledger().await;
    assert!(late.contains("1 asked 0 answered 0 with something") && late.contains("Overdue 3 days late"), "{late}");
    let home = world.get("/").await.text();
    assert!(home.contains("0 answered, 0 with something changed, 1 overdue"), "{home}");

    let given = on_answer(&organiser, &answer, "respond", &[("response", "We pay for more lines.\nFrom May.")]).await;
    assert_eq!(given.status, 303, "{}", given.text());
    assert!(ledger().await.contains("1 asked 1 answered 0 with something that is different since 0 overdue"));
    let no_day = on_answer(&organiser, &answer, "promise", &[("what", "x"), ("owner", "y"), ("day", "soon")]).await;
    assert_eq!(no_day.status, 422);
    assert!(no_day.text().contains("Error: By which day must be a real date"), "{}", no_day.text());
    let fields = [("what", "Pay for more lines"), ("owner", "Primary care"), ("day", "1/5/2027")];
    assert_eq!(on_answer(&organiser, &answer, "promise", &fields).await.status, 303);
    let page = organiser.get(&answer).await;
    let action = page.part("done?action=", "\"").trim_start_matches("done?action=").trim_end_matches('"').to_owned();
    let changed = [("action", action.as_str()), ("changed", "=9 in 10 calls are answered")];
    assert_eq!(on_answer(&organiser, &answer, "done", &changed).await.status, 303);
    assert!(ledger().await.contains("1 asked 1 answered 1 with something that is different since 0 overdue"));

    let csv = world.get("/download/answers.csv").await.body;
    assert!(csv.contains(",'=9 in 10 calls are answered"), "{csv}");
    let feed = world.get("/feeds/answers.atom").await.body;
    assert!(feed.contains("We pay for more lines.") && feed.contains("=9 in 10 calls"), "{feed}");
    let json = world.get("/api/v1/answers").await.body;
    assert!(json.contains(r#""counts":{"answered":1,"asked":1,"changed":1,"overdue":0}"#), "{json}");
    assert!(!world.get(&answer).await.text().contains("For organisers"), "the public changes nothing");
}

#[tokio::test]
async fn of_two_organisers_who_write_an_answer_the_second_is_told() {
    let world = World::of_people();
    let answer = asked(&world, HOSTILE);
    let (ann, bob) = (world.somebody(Role::Organiser).await, world.somebody(Role::Organiser).await);
    let seen_by_bob = bob.get(&format!("{answer}/respond")).await.hidden("version");
    assert_eq!(on_answer(&ann, &answer, "respond", &[("response", HOSTILE)]).await.status, 303);
    let fields = [("version", seen_by_bob.as_str()), ("response", "Something else")];
    assert_eq!(bob.send(&format!("{answer}/respond"), &fields).await.status, 409);
    for address in [answer.as_str(), "/assembly/ledger", "/feeds/answers.atom"] {
        let page = world.get(address).await;
        assert!(!page.body.contains("<script>alert") && page.body.contains("script"), "{address}");
    }
    let csv = world.get("/download/answers.csv").await.body;
    assert!(!csv.contains(",=HYPERLINK") && !csv.contains(",\"=HYPERLINK"), "{csv}");
}

#[tokio::test]
async fn other_programs_read_the_same_cycle_as_people() {
    let world = World::of_people();
    let organiser = world.somebody(Role::Organiser).await;
    let cycle = begin(&organiser, "Spring 2027").await;
    nominate(&organiser, QUEUE, "The phone queue").await;
    let all = world.get("/api/v1/assembly").await.body;
    assert!(all.contains(r#""name":"Spring 2027""#) && all.contains(r#""open_gate":"panel""#), "{all}");
    let one = world.get(&format!("/api/v1/assembly/cycles/{}", id(&cycle))).await.body;
    assert!(one.contains(r#""label":"The phone queue""#) && one.contains(r#""part":"voices""#), "{one}");
    assert_eq!(world.get("/api/v1/assembly/cycles/none").await.status, 404);
}
