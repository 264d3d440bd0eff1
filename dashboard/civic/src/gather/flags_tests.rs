//! Tests of Gather: the way of a flag, support, merging, paper, similar flags, comments.

use proptest::prelude::*;

use super::*;
use crate::account;
use crate::audit;
use crate::gather::{
    Supporters, comment, comments, erase_account, is_supporter, moderate_comment, read_sheet, similar, support,
    supporters, take_in_sheet, waiting_comments, withdraw,
};
use crate::store::Record;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

struct World {
    record: Record,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { record: Record::open(folder.path()).unwrap(), _folder: folder }
    }

    fn decide<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>) -> Result<T, RecordError> {
        self.record.decide_now(Actor::Operator, at(0), change)
    }

    fn somebody(&self, name: &str) -> AccountId {
        let email = format!("{name}@example.org");
        self.decide(|tx| account::invite(tx, name, &email, crate::Role::Public)).unwrap().0
    }

    fn raise(&self, by: &AccountId, want: &str) -> FlagId {
        let flag = NewFlag { want: want.into(), because: "it matters".into(), evidence: Evidence::None };
        self.decide(|tx| raise(tx, &GatherConfig::default(), by, &flag)).unwrap()
    }

    fn published(&self, by: &AccountId, want: &str) -> FlagId {
        let id = self.raise(by, want);
        self.decide(|tx| super::decide(tx, &id, 1, &Decision::Publish, "in remit")).unwrap();
        id
    }

    fn flag(&self, id: &FlagId) -> Flag {
        self.record.read_now(|db| find(db, id)).unwrap().unwrap()
    }
}

#[test]
fn a_flag_waits_is_published_and_closed_by_the_clock() {
    let world = World::new();
    let ann = world.somebody("ann");
    let id = world.raise(&ann, "shorter waits");
    assert_eq!((world.flag(&id).state, world.flag(&id).online), (FlagState::Waiting, 1), "who asks supports it");
    let bob = world.somebody("bob");
    let early = world.decide(|tx| support(tx, &id, &bob));
    assert!(early.is_err(), "what waits takes no support");
    world.decide(|tx| super::decide(tx, &id, 1, &Decision::Publish, "in remit")).unwrap();
    let again = world.decide(|tx| super::decide(tx, &id, 2, &Decision::Refuse, "no"));
    assert!(again.unwrap_err().to_string().contains("published already"));
    let stale = world.decide(|tx| super::decide(tx, &id, 1, &Decision::RouteTo("a trust".into()), "theirs"));
    assert!(matches!(stale, Err(RecordError::Changed)));

    let late = at(91 * 24 * 3600);
    let closed = world.record.decide_now(Actor::Clock, late, close_overdue).unwrap();
    assert_eq!((closed, world.flag(&id).state), (1, FlagState::Closed));
    let entries = world.record.read_now(|db| audit::history(db, "flag", id.as_str(), false)).unwrap();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["flag.raised", "flag.published", "flag.closed"]);
    assert_eq!(entries[2].role, "clock");
    assert!(entries.iter().all(|entry| !entry.detail.contains("shorter waits")), "the log has no words of people");
}

#[test]
fn merging_counts_everybody_once_on_line_and_on_paper() {
    let world = World::new();
    let (ann, bob) = (world.somebody("ann"), world.somebody("bob"));
    let (one, two) = (world.published(&ann, "shorter waits"), world.published(&bob, "waits that are shorter"));
    world.decide(|tx| support(tx, &one, &bob)).unwrap();
    let sheet = read_sheet("Name,Postcode\nCy Example,LS1\ncy  example ; ls1\nDi Example,LS2\n12345\n").unwrap();
    assert_eq!((sheet.people(), sheet.repeated, sheet.refused.as_slice()), (2, 1, &[5][..]));
    assert_eq!(world.decide(|tx| take_in_sheet(tx, &one, &sheet, "Leeds, 1 May")).unwrap(), 2);
    assert_eq!(world.decide(|tx| take_in_sheet(tx, &one, &sheet, "Leeds, 2 May")).unwrap(), 0, "again is nobody new");
    assert_eq!((world.flag(&one).online, world.flag(&one).offline), (2, 2));
    let other = read_sheet("Di Example,LS2\nEd Example,LS3\n").unwrap();
    assert_eq!(world.decide(|tx| take_in_sheet(tx, &two, &other, "York, 3 May")).unwrap(), 2);

    let version = world.flag(&one).version;
    world.decide(|tx| super::decide(tx, &one, version, &Decision::MergeInto(two.clone()), "the same")).unwrap();
    let (from, into) = (world.flag(&one), world.flag(&two));
    assert_eq!((from.state, from.leads_to.as_str()), (FlagState::Merged, two.as_str()));
    assert_eq!((into.online, into.offline), (2, 3), "bob and Di count once");
    let bytes = std::fs::read(world.record.path()).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).to_lowercase().contains("cy example"), "no name is kept");
}

#[test]
fn support_is_one_an_account_and_can_be_taken_back() {
    let world = World::new();
    let (ann, bob) = (world.somebody("ann"), world.somebody("bob"));
    let id = world.published(&ann, "more midwives");
    for _ in 0..3 {
        world.decide(|tx| support(tx, &id, &bob)).unwrap();
    }
    assert_eq!(world.flag(&id).online, 2);
    world.decide(|tx| withdraw(tx, &id, &bob)).unwrap();
    assert!(!world.record.read_now(|db| is_supporter(db, &id, &bob)).unwrap());
    world.decide(|tx| erase_account(tx, &ann)).unwrap();
    let flag = world.flag(&id);
    assert_eq!((flag.want.as_str(), flag.state, flag.raised_by), ("Withdrawn by its author", FlagState::Refused, None));
}

#[test]
fn the_supporters_of_a_matter_are_counted_once_over_its_flags_and_follow_a_merge() {
    let world = World::new();
    let people: Vec<AccountId> = ["ann", "bob", "cy"].map(|name| world.somebody(name)).into();
    let about = |want: &str, issue: &str| {
        let flag =
            NewFlag { want: want.into(), because: "it matters".into(), evidence: Evidence::Issue(issue.to_owned()) };
        let id = world.decide(|tx| raise(tx, &GatherConfig::default(), &people[0], &flag)).unwrap();
        world.decide(|tx| super::decide(tx, &id, 1, &Decision::Publish, "in remit")).unwrap();
        id
    };
    let (one, two, other) = (about("a call back", "01A"), about("shorter queues", "01A"), about("parking", "01B"));
    for (flag, who) in [(&one, 1), (&two, 1), (&two, 2), (&other, 2)] {
        world.decide(|tx| support(tx, flag, &people[who])).unwrap();
    }
    let sheet = read_sheet("Di Example,LS1").unwrap();
    for flag in [&one, &two] {
        world.decide(|tx| take_in_sheet(tx, flag, &sheet, "Leeds, 1 May")).unwrap();
    }
    let of = |flag: Option<&FlagId>, issue| world.record.read_now(|db| supporters(db, flag, issue)).unwrap();
    assert_eq!(of(None, Some("01A")), Supporters { online: 3, on_paper: 1 });
    assert_eq!(of(Some(&one), None), Supporters { online: 2, on_paper: 1 });
    assert_eq!(of(Some(&other), Some("01A")), Supporters { online: 3, on_paper: 1 });
    assert_eq!(of(None, None), Supporters::default());
    let version = world.flag(&one).version;
    world.decide(|tx| super::decide(tx, &one, version, &Decision::MergeInto(other.clone()), "the same")).unwrap();
    assert_eq!(of(Some(&one), None), of(Some(&other), None));
}

#[test]
fn much_the_same_is_offered_with_the_words_that_both_use() {
    let world = World::new();
    let ann = world.somebody("ann");
    world.published(&ann, "shorter phone queues at the surgery");
    world.published(&ann, "free parking at hospitals");
    let found = world
        .record
        .read_now(|db| similar(db, "I want the surgery to have a shorter phone queue", &Evidence::None))
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].shared, ["phone", "queue", "shorter", "surgery"]);
    assert_eq!(world.record.read_now(|db| similar(db, "better food", &Evidence::None)).unwrap(), []);
}

#[test]
fn comments_wait_and_what_is_removed_loses_its_words() {
    let world = World::new();
    let ann = world.somebody("ann");
    let id = world.published(&ann, "more midwives");
    for text in ["I agree", "rude words"] {
        world.decide(|tx| comment(tx, &id, &ann, text)).unwrap();
    }
    assert_eq!(world.record.read_now(|db| comments(db, &id, 0, 9)).unwrap(), (vec![], 0));
    let waiting = world.record.read_now(|db| waiting_comments(db, 10)).unwrap();
    world.decide(|tx| moderate_comment(tx, &waiting[0].id, true, "")).unwrap();
    assert!(world.decide(|tx| moderate_comment(tx, &waiting[1].id, false, " ")).is_err(), "removing needs a reason");
    world.decide(|tx| moderate_comment(tx, &waiting[1].id, false, "It insults a person")).unwrap();
    let (shown, all) = world.record.read_now(|db| comments(db, &id, 0, 9)).unwrap();
    let (second, _) = world.record.read_now(|db| comments(db, &id, 1, 1)).unwrap();
    assert_eq!((all, second.as_slice()), (2, &shown[..1]), "the newest page comes first");
    let said: Vec<(&str, &str)> = shown.iter().map(|one| (one.words.as_str(), one.said.as_str())).collect();
    assert_eq!(said, [("I agree", ""), ("", "It insults a person")]);
}

#[test]
fn nobody_floods_and_nothing_empty_is_raised() {
    let world = World::new();
    let ann = world.somebody("ann");
    for number in 0..A_DAY {
        world.raise(&ann, &format!("thing {number}"));
    }
    for (want, because, said) in [
        ("one more", "x", "tomorrow"),
        (" ", "x", "what you want"),
        ("x", "", "why you want it"),
        (&"x".repeat(151), "x", "at most 150"),
    ] {
        let flag = NewFlag { want: want.into(), because: because.into(), evidence: Evidence::None };
        let error = world.decide(|tx| raise(tx, &GatherConfig::default(), &ann, &flag)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is decided in whatever order, a flag moves only along the arrows, and its counts are those of its supporters.
    #[test]
    fn flags_move_only_along_the_arrows(steps in prop::collection::vec(0_u8..6, 1..12)) {
        let world = World::new();
        let (ann, bob) = (world.somebody("ann"), world.somebody("bob"));
        let other = world.published(&bob, "something else");
        let id = world.raise(&ann, "a thing");
        for step in steps {
            let before = world.flag(&id);
            let decision = match step {
                0 => Decision::Publish,
                1 => Decision::Refuse,
                2 => Decision::MergeInto(other.clone()),
                3 => Decision::RouteTo("a trust".into()),
                4 => {
                    let _ = world.decide(|tx| support(tx, &id, &bob));
                    continue;
                }
                _ => {
                    let _ = world.decide(|tx| withdraw(tx, &id, &bob));
                    continue;
                }
            };
            let outcome = world.decide(|tx| super::decide(tx, &id, before.version, &decision, "because"));
            let after = world.flag(&id);
            let allowed = match (before.state, after.state) {
                (FlagState::Waiting, _) | (FlagState::Published, FlagState::Merged | FlagState::Routed) => outcome.is_ok(),
                (from, to) => from == to && outcome.is_err(),
            };
            prop_assert!(allowed, "{:?} -> {:?}", before.state, after.state);
            let counted: u32 = world.record.read_now(|db| {
                Ok(db.query_row("SELECT count(*) FROM supporters WHERE flag = ?1", [id.as_str()], |row| row.get(0))?)
            }).unwrap();
            prop_assert_eq!(after.online, counted);
        }
    }
}
