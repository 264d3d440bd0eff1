//! The Assembly, as organisers, voters and the public meet it in their browsers.

use std::time::Duration;

use civic::Role;

use crate::made_up::{HEARING, PARKING, QUEUE};
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
