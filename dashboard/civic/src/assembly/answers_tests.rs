use super::*;
use crate::assembly::cycles;
use crate::assembly::testing::{World, day};

fn held() -> (World, AnswerId) {
    let world = World::new([1, 1, 1, 1]);
    // An agenda gate alone, so that one candidate comes to the Board at once.
    world
        .decide(0, |tx| {
            tx.execute(
                "UPDATE cycles SET rules = ?1",
                [serde_json::to_string(&crate::assembly::AssemblyConfig {
                    gates: vec![crate::assembly::Gate { kind: crate::assembly::GateKind::Agenda, keep: 1 }],
                    ..Default::default()
                })
                .unwrap()],
            )?;
            tx.log(&Entry::new(Part::Staff, "test.done", "test", "1"))
        })
        .unwrap();
    world.nominate("a", 50);
    world.close(2).unwrap();
    let read = world.cycle().version;
    world.decide(101, |tx| cycles::hold(tx, &world.cycle, read)).unwrap();
    let id = world.record.read_now(all).unwrap().remove(0).id;
    (world, id)
}

fn answer(world: &World, id: &AnswerId) -> Answer {
    world.record.read_now(|db| find(db, id)).unwrap()
}

#[test]
fn the_clock_runs_from_the_meeting_and_an_answer_is_no_change() {
    let (world, id) = held();
    let asked = answer(&world, &id);
    let met_on = day(100).to_zoned(london().unwrap()).date();
    assert_eq!((asked.due_on - met_on).get_days(), 42);
    let due = asked.due_on;
    let after = |days: i64| due.saturating_add(days.days());
    assert_eq!((asked.state(due), asked.days_late(due)), (State::Waiting, None));
    assert_eq!((asked.state(after(3)), asked.days_late(after(3))), (State::Overdue, Some(3)));

    world.decide(110, |tx| respond(tx, &id, asked.version, "We will open the clinic again")).unwrap();
    let second = world.decide(110, |tx| respond(tx, &id, asked.version, "We will not"));
    assert!(matches!(second, Err(RecordError::Changed)), "{second:?}");
    let given = answer(&world, &id);
    assert_eq!(given.response.as_deref(), Some("We will open the clinic again"));
    assert_eq!((given.state(after(3)), given.answered_at), (State::Answered, Some(day(110))));

    let action =
        world.decide(111, |tx| promise(tx, &id, given.version, "Open the clinic", "Estates", after(10))).unwrap();
    let promised = answer(&world, &id);
    assert_eq!((promised.state(after(10)), promised.state(after(11))), (State::Answered, State::Overdue));
    world.decide(112, |tx| done(tx, &id, promised.version, &action, None)).unwrap();
    let finished = answer(&world, &id);
    assert_eq!(finished.state(after(11)), State::Answered, "done, but nobody knows yet what is different");
    world.decide(113, |tx| done(tx, &id, finished.version, &action, Some("The clinic sees 40 people a week"))).unwrap();
    let changed = answer(&world, &id);
    assert_eq!(changed.state(after(11)), State::Changed);
    assert_eq!(changed.actions[0].done_at, Some(day(112)));
    let counts = Counts::of(&[changed, asked], after(11));
    assert_eq!(counts, Counts { asked: 2, answered: 1, changed: 1, overdue: 1 });
}

#[test]
fn a_later_day_needs_a_reason_and_keeps_the_first_in_the_log() {
    let (world, id) = held();
    let asked = answer(&world, &id);
    let later = asked.due_on.saturating_add(30.days());
    assert!(world.decide(102, |tx| assign(tx, &id, asked.version, "Estates", later, "")).is_err());
    world.decide(102, |tx| assign(tx, &id, asked.version, "Estates", later, "A survey is under way")).unwrap();
    assert_eq!((answer(&world, &id).due_on, answer(&world, &id).owner.as_str()), (later, "Estates"));
    let history = world.record.read_now(|db| crate::audit::history(db, KIND, id.as_str(), false)).unwrap();
    let assigned = history.last().unwrap();
    assert!(assigned.detail.contains(&asked.due_on.to_string()), "{}", assigned.detail);
}
