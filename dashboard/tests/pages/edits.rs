//! Of two people who change one thing after reading the same, the second is told, whatever the thing is: every form of the
//! router's own list is tried, or named with the reason why nothing can be overwritten by it.

use axum::http::Method;
use civic::assembly::answers;
use civic::assembly::candidates::{self, Nomination};
use civic::assembly::quotes::{self, Approval, Stance};
use civic::assembly::score::Inputs;
use civic::assembly::{AssemblyConfig, CandidateId, CycleId, Gate, GateKind, cycles, gates};
use civic::gather::{self, Decision, Evidence, FlagId, GatherConfig, NewFlag};
use civic::{Actor, RecordError, Role, Tx, account};
use jiff::{SignedDuration, ToSpan as _};

use crate::made_up::{COPIED, now};
use crate::world::World;

/// Forms by which nothing that somebody else wrote can be lost.
const ADDS_ONLY: [(&str, &str); 32] = [
    ("/issues/{id}/notes", "adds a note"),
    ("/posts/{id}/notes", "adds a note"),
    ("/work/searches", "adds a search"),
    ("/work/collections", "adds a collection"),
    ("/work/collections/{id}/take-out", "takes out one post, which a second time is not there"),
    ("/posts/{id}/collect", "adds a post to a collection"),
    ("/gather/raise", "adds a flag"),
    ("/gather/flags/{id}/support", "one’s own support"),
    ("/gather/flags/{id}/withdraw", "one’s own support"),
    ("/gather/flags/{id}/comment", "adds a comment"),
    ("/gather/flags/{id}/paper", "adds supporters"),
    ("/gather/flags/{id}/paper/read", "changes nothing"),
    ("/assembly/begin", "adds a cycle"),
    ("/assembly/nominate", "adds a candidate"),
    ("/assembly/cycles/{id}/vote", "one’s own vote"),
    ("/assembly/candidates/{id}/pack", "adds a pack, which is never changed"),
    ("/posts/{id}/quote", "adds a quote"),
    ("/correct", "every ruling is kept with who and why, and the latest on each tag counts"),
    ("/submit/preview", "changes nothing"),
    ("/submit/accept", "adds posts"),
    ("/admin/accounts", "adds an account"),
    ("/admin/accounts/{id}/link", "makes a new link; what is decided about the account stays"),
    ("/admin/accounts/{id}/close", "ends the account, and a second time there is none"),
    ("/admin/erasures", "adds an erasure"),
    ("/admin/erasures/find", "changes nothing"),
    ("/account/close", "one’s own account"),
    ("/register", "adds an account"),
    ("/welcome", "one’s own account, once for each link"),
    ("/sign-in", "opens a session"),
    ("/sign-out", "ends one’s own session"),
    ("/api/posts", "posts that other systems send"),
    ("/api/v1/posts", "posts that other systems send"),
];

/// Forms of which a second sender is told, tried in `work.rs` with all else that they do.
const TRIED_IN_WORK: [&str; 8] = [
    "/issues/{id}/work",
    "/posts/{id}/work",
    "/work/notes/{id}",
    "/work/notes/{id}/remove",
    "/work/searches/{id}",
    "/work/searches/{id}/remove",
    "/work/collections/{id}/change",
    "/work/collections/{id}/remove",
];

/// A form that changes something that is there.
struct Edit {
    /// The route.
    path: &'static str,
    /// The page that says which version was read; empty where the thing itself tells.
    read: String,
    /// Where the form goes.
    send: String,
    fields: Vec<(&'static str, String)>,
    who: Role,
}

fn edit(path: &'static str, id: &str, read: &str, who: Role, fields: &[(&'static str, &str)]) -> Edit {
    let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Edit { path, read: read.replace("{id}", id), send: path.replace("{id}", id), fields, who }
}

#[tokio::test]
async fn of_two_who_change_one_thing_the_second_is_told() {
    let world = World::of_people();
    let edits = everything(&world);
    let (_, routes) = dashboard::routes().finish();
    for route in routes.iter().filter(|route| route.method == Method::POST) {
        let is_known = edits.iter().any(|edit| edit.path == route.path)
            || TRIED_IN_WORK.contains(&route.path)
            || ADDS_ONLY.iter().any(|(path, _)| *path == route.path);
        assert!(is_known, "try {} here, or say why nothing can be overwritten by it", route.path);
    }
    for edit in edits {
        let (one, two) = (world.somebody(edit.who).await, world.somebody(edit.who).await);
        let mut fields: Vec<(&str, &str)> = edit.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let version = if edit.read.is_empty() { String::new() } else { two.get(&edit.read).await.hidden("version") };
        if !edit.read.is_empty() {
            fields.push(("version", version.as_str()));
        }
        let first = one.send(&edit.send, &fields).await;
        assert_eq!(first.status, 303, "{}: {}", edit.send, first.text());
        let second = two.send(&edit.send, &fields).await;
        assert!(matches!(second.status.as_u16(), 404 | 409), "{}: {} {}", edit.send, second.status, second.text());
    }
}

/// An example of every thing that can be changed.
#[expect(clippy::too_many_lines, reason = "a list with an example of everything")]
fn everything(world: &World) -> Vec<Edit> {
    let day = |days: i64| now() + SignedDuration::from_hours(24 * days);
    let decide = |change: &mut dyn FnMut(&mut Tx<'_>) -> Result<String, RecordError>| {
        world.record.decide_now(Actor::Operator, now(), |tx| change(tx)).unwrap()
    };
    let cycle = |kinds: &[GateKind], in_days: i64| {
        let gates = kinds.iter().map(|kind| Gate { kind: *kind, keep: 5 }).collect();
        let rules = AssemblyConfig { gates, ..AssemblyConfig::default() };
        decide(&mut |tx| Ok(cycles::begin(tx, &rules, "Spring", "Leeds", day(in_days))?.to_string()))
    };
    let panel = cycle(&[GateKind::Panel, GateKind::Agenda], 90);
    let closing = cycle(&[GateKind::Panel, GateKind::Agenda], 90);
    let voting = cycle(&[GateKind::Vote, GateKind::Agenda], 90);
    let jury = cycle(&[GateKind::Jury, GateKind::Agenda], 90);
    let (met, holding) = (cycle(&[GateKind::Agenda], -1), cycle(&[GateKind::Agenda], -1));
    let candidate = |cycle: &str, issue: &str| {
        let cycle = CycleId::parse(cycle).unwrap();
        let nomination = Nomination {
            label: issue.to_owned(),
            issue: Some(issue.to_owned()),
            flag: None,
            why: "Many speak of it".to_owned(),
            inputs: Inputs::default(),
        };
        decide(&mut |tx| Ok(candidates::nominate(tx, &cycle, &nomination)?.to_string()))
    };
    let (first, second) = (candidate(&panel, "01A"), candidate(&panel, "01B"));
    let decided = candidate(&panel, "01C");
    let ranked = candidate(&jury, "01A");
    for cycle in [&met, &holding] {
        candidate(cycle, "01A");
        let id = CycleId::parse(cycle).unwrap();
        decide(&mut |tx| gates::close(tx, &id, 1).map(|()| String::new()));
    }
    let id = CycleId::parse(&met).unwrap();
    decide(&mut |tx| cycles::hold(tx, &id, 2).map(|()| String::new()));
    let answer = world.record.read_now(answers::all).unwrap().remove(0);
    let due = answer.due_on.saturating_add(30.days());
    let action = decide(&mut |tx| {
        let what = "Lamps at every desk";
        Ok(answers::promise(tx, &answer.id, answer.version, what, "Estates", due)?.to_string())
    });
    let answer = answer.id.to_string();
    let last = CandidateId::parse(&second).unwrap();
    assert!(world.record.read_now(|db| candidates::find(db, &last)).is_ok());

    let ann = decide(&mut |tx| Ok(account::invite(tx, "Ann", "ann@example.org", Role::Public)?.0.to_string()));
    let by = civic::AccountId::parse(&ann).unwrap();
    let flag = |publish: bool| {
        let new = NewFlag { want: "a lamp".into(), because: "it is dark".into(), evidence: Evidence::None };
        decide(&mut |tx| {
            let id = gather::raise(tx, &GatherConfig::default(), &by, &new)?;
            if publish {
                gather::decide(tx, &id, 1, &Decision::Publish, "within remit")?;
            }
            Ok(id.to_string())
        })
    };
    let (waiting, open) = (flag(false), flag(true));
    let comment = |words: &str| {
        let id = FlagId::parse(&open).unwrap();
        decide(&mut |tx| gather::comment(tx, &id, &by, words).map(|()| String::new()));
        world.record.read_now(|db| gather::waiting_comments(db, 9)).unwrap().last().unwrap().id.clone()
    };
    let (judged, removed) = (comment("one"), comment("two"));
    let quote = decide(&mut |tx| {
        let approval = Approval {
            post: "00000000000000000000000000000001".to_owned(),
            author: None,
            issue: None,
            stance: Stance::View,
            words: "it is dark".to_owned(),
            stored: "it is dark".to_owned(),
            is_paraphrase: false,
            channel: "forum".to_owned(),
            said_on: now().to_zoned(jiff::tz::TimeZone::UTC).date(),
            reason: "It leads to nobody".to_owned(),
        };
        Ok(quotes::approve(tx, &approval)?.to_string())
    });
    let erasure = decide(&mut |tx| {
        let what = civic::erased::Erased { posts: vec![[1; 16]], ..civic::erased::Erased::default() };
        let id = civic::erasures::ask(tx, &what, &civic::erasures::Counts::new(), "asked by letter")?;
        Ok(id)
    });
    civic::erasures::progress(&world.record, &erasure, civic::erasures::State::Failed, "the disk is full").unwrap();

    let when = [("day", "1/12/2026"), ("time", "18:00")];
    let meeting = [&[("name", "Summer"), ("place", "York"), ("reason", "It suits more people")][..], &when].concat();
    let change = "/assembly/cycles/{id}/change";
    let organiser = Role::Organiser;
    let rank: &'static str = Box::leak(format!("rank-{ranked}").into_boxed_str());
    let why: &'static str = Box::leak(format!("reason-{ranked}").into_boxed_str());
    let ranks = [("size", "12"), ("how", "By lot"), ("candidate", ranked.as_str()), (rank, "1"), (why, "It is urgent")];
    let promise = [("what", "Signs"), ("owner", "Estates"), ("day", "1/9/2027")];
    let assign = [("owner", "Estates"), ("day", "1/9/2027"), ("reason", "It is theirs")];
    let route = [("decision", "route"), ("to", "A council"), ("reason", "Theirs")];
    vec![
        edit("/gather/flags/{id}/decide", &waiting, "/gather/flags/{id}/decide", Role::Moderator, &route),
        edit("/gather/comments/{id}", &judged, "", Role::Moderator, &[("publish", "yes")]),
        edit("/gather/comments/{id}/remove", &removed, "", Role::Moderator, &[("reason", "It insults")]),
        edit("/assembly/candidates/{id}/rescore", &first, "/assembly/candidates/{id}", organiser, &[]),
        edit(
            "/assembly/candidates/{id}/decide",
            &decided,
            "/assembly/candidates/{id}/decide",
            organiser,
            &[("outcome", "national"), ("reason", "It is for all")],
        ),
        edit(
            "/assembly/cycles/{id}/order",
            &panel,
            change,
            organiser,
            &[("up", &second), ("reason", "It is more urgent")],
        ),
        edit(change, &panel, change, organiser, &meeting),
        edit("/assembly/cycles/{id}/close", &closing, change, organiser, &[]),
        edit("/assembly/cycles/{id}/hold", &holding, change, organiser, &[]),
        edit("/assembly/cycles/{id}/open-vote", &voting, change, organiser, &when),
        edit("/assembly/cycles/{id}/jury", &jury, change, organiser, &ranks),
        edit(
            "/assembly/answers/{id}/respond",
            &answer,
            "/assembly/answers/{id}/respond",
            organiser,
            &[("response", "We will")],
        ),
        edit("/assembly/answers/{id}/assign", &answer, "/assembly/answers/{id}/assign", organiser, &assign),
        edit("/assembly/answers/{id}/promise", &answer, "/assembly/answers/{id}/promise", organiser, &promise),
        edit(
            "/assembly/answers/{id}/done",
            &answer,
            Box::leak(format!("/assembly/answers/{answer}/done?action={action}").into_boxed_str()),
            organiser,
            &[("action", &action), ("changed", "There are lamps")],
        ),
        edit("/quotes/{id}/withdraw", &quote, "/quotes/{id}/withdraw", Role::Analyst, &[("reason", "They asked")]),
        edit(
            "/admin/accounts/{id}",
            &ann,
            "/admin/accounts/{id}",
            Role::Admin,
            &[("role", "viewer"), ("reason", "Joined")],
        ),
        edit("/admin/erasures/{id}/again", &erasure, "", Role::Admin, &[]),
        edit(
            "/issues/{id}/review",
            COPIED,
            "/issues/{id}",
            Role::Analyst,
            &[("verdict", "confirmed"), ("reason", "It looks coordinated")],
        ),
    ]
}
