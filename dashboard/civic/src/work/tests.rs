//! Tests of staff's work: nobody writes over anybody, and everything about a post goes with it.

use jiff::Timestamp;

use super::{Subject, TaskStatus, collections, follow, notes, searches, tasks};
use crate::account::Account;
use crate::assembly::Gone;
use crate::audit;
use crate::closed;
use crate::erased::{self, Erased};
use crate::error::RecordError;
use crate::role::Role;
use crate::store::Tx;
use crate::testing::World;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn post(id: &str, author: &str) -> Subject {
    Subject::Post { id: id.to_owned(), author: Some(author.to_owned()) }
}

/// What somebody decides.
fn decide<T>(
    world: &World,
    who: &Account,
    change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    world.record.decide_now(who.actor(), now(), change)
}

fn has_byte_of(world: &World, words: &str) -> bool {
    world.bytes().windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn work_is_given_to_who_can_do_it_and_nobody_writes_over_anybody() {
    let world = World::new();
    let (ann, bob) = (world.somebody("ann", Role::Analyst, now()), world.somebody("bob", Role::Viewer, now()));
    let issue = Subject::Issue("i-1".to_owned());
    let set = |read, who: Option<&Account>, status| {
        decide(&world, &ann, |tx| tasks::set(tx, &issue, read, who.map(|account| &account.id), status))
    };
    assert!(set(0, Some(&bob), TaskStatus::Doing).unwrap_err().to_string().contains("bob cannot do this work"));
    set(0, Some(&ann), TaskStatus::Doing).unwrap();
    assert!(matches!(set(0, None, TaskStatus::Done), Err(RecordError::Changed)));
    let task = world.record.read_now(|db| tasks::of(db, &issue)).unwrap().unwrap();
    assert_eq!((task.assignee, task.status), (Some((ann.id.clone(), "ann".to_owned())), TaskStatus::Doing));
    decide(&world, &ann, |tx| notes::add(tx, &issue, "Ask the trust")).unwrap();
    let mine = |account: Option<&Account>| {
        world.record.read_now(|db| tasks::unfinished(db, account.map(|account| &account.id), 9)).unwrap()
    };
    assert_eq!((mine(Some(&ann)).len(), mine(Some(&bob)).len(), mine(None)[0].notes), (1, 0, 1));
    set(task.version, Some(&ann), TaskStatus::Done).unwrap();
    assert_eq!(mine(None).len(), 0);
}

#[test]
fn notes_are_changed_by_version_and_their_words_are_not_in_the_log() {
    let world = World::new();
    let ann = world.somebody("ann", Role::Analyst, now());
    let id = decide(&world, &ann, |tx| notes::add(tx, &post("p-1", "x"), " Said the zeppelin \u{7}clinic ")).unwrap();
    let note = |id| world.record.read_now(|db| notes::find(db, id)).unwrap();
    let first = note(&id).unwrap();
    assert_eq!(
        (first.words.as_str(), first.by.as_ref().map(|(_, name)| name.as_str())),
        ("Said the zeppelin clinic", Some("ann"))
    );
    decide(&world, &ann, |tx| notes::change(tx, &id, first.version, "Other words")).unwrap();
    let stale = decide(&world, &ann, |tx| notes::change(tx, &id, first.version, "Mine"));
    assert!(matches!(stale, Err(RecordError::Changed)));
    assert!(matches!(decide(&world, &ann, |tx| notes::remove(tx, &id, first.version)), Err(RecordError::Changed)));
    decide(&world, &ann, |tx| notes::remove(tx, &id, first.version + 1)).unwrap();
    assert!(matches!(decide(&world, &ann, |tx| notes::remove(tx, &id, 2)), Err(RecordError::NotFound)));
    for wrong in ["", " \n ", &"x".repeat(notes::LONGEST + 1)] {
        assert!(decide(&world, &ann, |tx| notes::add(tx, &post("p-1", "x"), wrong)).is_err());
    }
    let log = world.record.read_now(|db| audit::newest(db, true, None, 99)).unwrap();
    assert!(log.iter().all(|entry| !format!("{entry:?}").contains("zeppelin")), "{log:?}");
}

#[test]
fn a_search_is_seen_and_changed_by_those_who_may() {
    let world = World::new();
    let (ann, bob) = (world.somebody("ann", Role::Analyst, now()), world.somebody("bob", Role::Analyst, now()));
    let admin = world.somebody("admin", Role::Admin, now());
    let own = decide(&world, &ann, |tx| searches::save(tx, "Queues", "q=queue", false)).unwrap();
    let shared = decide(&world, &ann, |tx| searches::save(tx, "all  of\nus", "q=us", true)).unwrap();
    let seen = |who: &Account| -> Vec<String> {
        let seen = world.record.read_now(|db| searches::seen_by(db, &who.id)).unwrap();
        seen.into_iter().map(|search| search.name).collect()
    };
    assert_eq!(
        (seen(&ann), seen(&bob)),
        (vec!["all of us".to_owned(), "Queues".to_owned()], vec!["all of us".to_owned()])
    );
    let change = |who: &Account, id, read| decide(&world, who, |tx| searches::change(tx, id, read, "New", true));
    for (who, id) in [(&bob, &own), (&bob, &shared), (&admin, &own)] {
        assert!(matches!(change(who, id, 1), Err(RecordError::NotFound)));
        assert!(matches!(decide(&world, who, |tx| searches::remove(tx, id, 1)), Err(RecordError::NotFound)));
    }
    change(&admin, &shared, 1).unwrap();
    assert!(matches!(change(&ann, &shared, 1), Err(RecordError::Changed)));
    decide(&world, &ann, |tx| searches::remove(tx, &own, 1)).unwrap();
    assert_eq!(seen(&ann), ["New"]);
}

#[test]
fn everything_about_a_post_goes_with_it_and_with_its_author() {
    let world = World::new();
    let ann = world.somebody("ann", Role::Analyst, now());
    let id = decide(&world, &ann, |tx| collections::begin(tx, "Queues", "")).unwrap();
    for (name, author) in [("p-1", "x"), ("p-2", "y"), ("p-3", "y"), ("p-4", "z")] {
        let subject = post(name, author);
        decide(&world, &ann, |tx| collections::put(tx, &id, &subject, &format!("because of {name}"))).unwrap();
        decide(&world, &ann, |tx| notes::add(tx, &subject, &format!("note on {name}"))).unwrap();
    }
    assert_eq!(follow(&world.record, now(), &[Gone::Post("p-9".into()), Gone::Author("q".into())]).unwrap(), 0);
    let edited = Gone::Edited { post: "p-4".to_owned(), stored: "other".to_owned() };
    let gone = [Gone::Post("p-1".to_owned()), Gone::Author("y".to_owned()), edited];
    assert_eq!(follow(&world.record, now(), &gone).unwrap(), 3);
    let left: Vec<String> = world
        .record
        .read_now(|db| collections::posts(db, &id))
        .unwrap()
        .into_iter()
        .map(|collected| collected.post)
        .collect();
    assert_eq!(left, ["p-4"]);
    assert!(has_byte_of(&world, "note on p-4") && has_byte_of(&world, "because of p-4"));
    for gone in ["p-1", "p-2", "p-3"] {
        assert!(!has_byte_of(&world, &format!("note on {gone}")), "{gone}");
        assert!(!has_byte_of(&world, &format!("because of {gone}")), "{gone}");
    }
    world.record.read_now(audit::verify).unwrap();
}

#[test]
fn what_is_erased_takes_what_was_noted_about_it_along() {
    let world = World::new();
    let ann = world.somebody("ann", Role::Analyst, now());
    let hex = |byte: u8| format!("{byte:02x}").repeat(16);
    for (id, author) in [(1, 7), (2, 8), (3, 9)] {
        let subject = post(&hex(id), &hex(author));
        decide(&world, &ann, |tx| notes::add(tx, &subject, &format!("note on {id}"))).unwrap();
    }
    let erased = Erased { authors: vec![[8; 16]], posts: vec![[1; 16]], ..Erased::default() };
    decide(&world, &ann, |tx| erased::note(tx, &erased, "asked for it")).unwrap();
    let left = [1, 2, 3].map(|id| has_byte_of(&world, &format!("note on {id}")));
    assert_eq!(left, [false, false, true]);
}

#[test]
fn a_collection_is_changed_by_version_and_an_account_is_forgotten() {
    let world = World::new();
    let (ann, bob) = (world.somebody("ann", Role::Analyst, now()), world.somebody("bob", Role::Analyst, now()));
    let id = decide(&world, &ann, |tx| collections::begin(tx, "Queues", "For the pack")).unwrap();
    decide(&world, &ann, |tx| collections::put(tx, &id, &post("p-1", "x"), "")).unwrap();
    let again = decide(&world, &bob, |tx| collections::put(tx, &id, &post("p-1", "x"), "clear words"));
    assert!(again.unwrap_err().to_string().contains("in the collection already"));
    let find = || world.record.read_now(|db| collections::find(db, &id)).unwrap();
    assert_eq!(find().unwrap().posts, 1, "a post is in it once");
    let stale = decide(&world, &bob, |tx| collections::change(tx, &id, 1, "Mine", ""));
    assert!(matches!(stale, Err(RecordError::Changed)), "posts were put into it since");
    decide(&world, &ann, |tx| collections::take_out(tx, &id, "p-1")).unwrap();
    assert!(matches!(decide(&world, &ann, |tx| collections::take_out(tx, &id, "p-1")), Err(RecordError::NotFound)));
    let version = find().unwrap().version;
    decide(&world, &bob, |tx| collections::remove(tx, &id, version)).unwrap();
    assert_eq!(find(), None);

    let issue = Subject::Issue("i-1".to_owned());
    decide(&world, &ann, |tx| searches::save(tx, "Queues", "q=queue", true)).unwrap();
    decide(&world, &ann, |tx| tasks::set(tx, &issue, 0, Some(&ann.id), TaskStatus::Doing)).unwrap();
    decide(&world, &ann, |tx| notes::add(tx, &issue, "stays")).unwrap();
    decide(&world, &bob, |tx| closed::close(tx, &ann.id, "asked for it")).unwrap();
    assert_eq!(world.record.read_now(|db| searches::seen_by(db, &bob.id)).unwrap(), []);
    assert_eq!(world.record.read_now(|db| tasks::of(db, &issue)).unwrap().unwrap().assignee, None);
}
