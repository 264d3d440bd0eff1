use std::collections::BTreeSet;

use proptest::prelude::*;

use super::candidates::{self, Direction, State};
use super::gates::{self, Outcome};
use super::testing::{World, day};
use super::vote;
use super::{CandidateId, answers, cycles, jury};
use crate::audit;
use crate::error::RecordError;

/// From six candidates to an agenda of two.
fn run(world: &World) -> Vec<CandidateId> {
    let ids: Vec<CandidateId> =
        [600, 500, 400, 300, 200, 100].iter().map(|voices| world.nominate(&voices.to_string(), *voices)).collect();
    for id in &ids[..5] {
        world.pass_panel(id).unwrap();
    }
    let local = ids[5].clone();
    let read = world.candidate(&local).version;
    let route = Outcome::Routed("Leeds City Council".to_owned());
    world.decide(2, |tx| gates::decide(tx, &local, read, &route, "It is the council’s matter")).unwrap();
    world.close(3).unwrap();
    let read = world.cycle().version;
    world.decide(4, |tx| vote::open(tx, &world.cycle, read, day(10))).unwrap();
    for (name, choices) in [("ann", vec![4, 1]), ("bob", vec![4]), ("cat", vec![1, 0]), ("dan", vec![2, 4])] {
        let voter = world.voter(name);
        let choices: BTreeSet<_> = choices.into_iter().map(|at: usize| ids[at].clone()).collect();
        world.decide(5, |tx| vote::cast(tx, &world.cycle, &voter, &choices)).unwrap();
    }
    assert!(world.close(9).unwrap_err().to_string().contains("has not ended"));
    world.close(10).unwrap();
    ids
}

#[test]
fn candidates_go_through_panel_vote_jury_and_agenda_to_the_board() {
    let world = World::new([5, 3, 2, 2]);
    let ids = run(&world);
    // Three votes, two, and one that is equal to another's and stands before it by its score.
    assert_eq!(world.running(), [ids[4].clone(), ids[1].clone(), ids[0].clone()]);
    let tally = world.record.read_now(|db| vote::tally(db, &world.cycle, 1)).unwrap();
    assert_eq!((tally[&ids[4]], tally[&ids[1]], tally[&ids[2]]), (3, 2, 1));
    assert_eq!(world.record.read_now(|db| vote::voters(db, &world.cycle, 1)).unwrap(), 4);

    assert!(world.close(11).unwrap_err().to_string().contains("jury"));
    let read = world.cycle().version;
    let ranks = [(ids[0].clone(), "It touches all".to_owned()), (ids[4].clone(), "It hurts most".to_owned())];
    world.decide(12, |tx| jury::enter(tx, &world.cycle, read, 15, "By lot", &ranks)).unwrap();
    world.close(13).unwrap();
    assert_eq!(world.running(), [ids[0].clone(), ids[4].clone()]);

    let read = world.cycle().version;
    world.decide(14, |tx| candidates::shift(tx, &ids[4], read, Direction::Up, "The minister leaves early")).unwrap();
    world.close(15).unwrap();
    assert_eq!(world.running(), [ids[4].clone(), ids[0].clone()]);
    assert_eq!(world.candidate(&ids[0]).state, State::Chosen);
    let funnel = world.record.read_now(|db| gates::funnel(db, &world.cycle())).unwrap();
    let numbers: Vec<_> = funnel.iter().map(|at| (at.came, at.passed, at.failed, at.routed, at.standing)).collect();
    assert_eq!(numbers, [(6, 5, 0, 1, 0), (5, 3, 2, 0, 0), (3, 2, 1, 0, 0), (2, 2, 0, 0, 0)]);

    let read = world.cycle().version;
    assert!(world.decide(99, |tx| cycles::hold(tx, &world.cycle, read)).is_err(), "it has not met");
    world.decide(100, |tx| cycles::hold(tx, &world.cycle, read)).unwrap();
    let answers = world.record.read_now(answers::all).unwrap();
    assert_eq!(answers.iter().map(|answer| answer.candidate.clone()).collect::<Vec<_>>(), world.running());
    world.record.read_now(audit::verify).unwrap();
    let history = world.record.read_now(|db| audit::history(db, "candidate", ids[5].as_str(), false)).unwrap();
    let actions: Vec<&str> = history.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["candidate.nominated", "candidate.routed"]);
    assert_eq!(history[1].reason.as_deref(), Some("It is the council’s matter"));
}

#[test]
fn a_person_may_depart_from_the_vote_with_a_reason_that_everybody_reads() {
    let world = World::new([5, 3, 2, 2]);
    let ids: Vec<CandidateId> = [500, 400].iter().map(|voices| world.nominate(&voices.to_string(), *voices)).collect();
    for id in &ids {
        world.pass_panel(id).unwrap();
    }
    world.close(3).unwrap();
    let read = world.candidate(&ids[1]).version;
    let silent = world.decide(4, |tx| gates::decide(tx, &ids[1], read, &Outcome::Failed, "  "));
    assert!(silent.unwrap_err().to_string().contains("Enter a reason"));
    world.decide(4, |tx| gates::decide(tx, &ids[1], read, &Outcome::Failed, "The law forbids it")).unwrap();
    let decisions = world.record.read_now(|db| gates::decisions(db, &ids[1])).unwrap();
    assert!(!decisions[0].by_hand && decisions[1].by_hand);
    assert_eq!(decisions[1].reason, "The law forbids it");
    let read = world.candidate(&ids[1]).version;
    world.decide(5, |tx| gates::decide(tx, &ids[1], read, &Outcome::Reinstated, "The law was changed")).unwrap();
    assert_eq!((world.candidate(&ids[1]).state, world.candidate(&ids[1]).gate), (State::Standing, 1));
}

#[test]
fn of_two_people_who_change_one_thing_the_second_is_told() {
    let world = World::new([5, 3, 2, 2]);
    let id = world.nominate("a", 50);
    let other = world.nominate("b", 40);
    let read = world.candidate(&id).version;
    world.decide(2, |tx| gates::decide(tx, &id, read, &Outcome::Withdrawn, "It was taken back")).unwrap();
    let second = world.decide(2, |tx| gates::decide(tx, &id, read, &Outcome::Failed, "It is too small"));
    assert!(matches!(second, Err(RecordError::Changed)), "{second:?}");
    assert_eq!(world.candidate(&id).state, State::Withdrawn);

    let third = world.nominate("c", 30);
    let read = world.cycle().version;
    world.decide(3, |tx| candidates::shift(tx, &third, read, Direction::Up, "It is urgent")).unwrap();
    let second = world.decide(3, |tx| candidates::shift(tx, &other, read, Direction::Down, "It is not urgent"));
    assert!(matches!(second, Err(RecordError::Changed)), "{second:?}");
    assert_eq!(world.running(), [third, other]);
}

#[test]
fn votes_are_taken_only_while_the_vote_is_open_and_the_last_choice_counts() {
    let world = World::new([5, 3, 2, 2]);
    let ids: Vec<CandidateId> = ["a", "b", "c", "d"].iter().map(|issue| world.nominate(issue, 100)).collect();
    let voter = world.voter("ann");
    let cast = |at, choices: &[usize]| {
        let choices: BTreeSet<_> = choices.iter().map(|at| ids[*at].clone()).collect();
        world.decide(at, |tx| vote::cast(tx, &world.cycle, &voter, &choices))
    };
    assert!(cast(2, &[0]).is_err(), "the panel's gate is open");
    for id in &ids {
        world.pass_panel(id).unwrap();
    }
    world.close(3).unwrap();
    assert!(cast(4, &[0]).is_err(), "not opened yet");
    for end in [3, 100] {
        let read = world.cycle().version;
        assert!(world.decide(4, |tx| vote::open(tx, &world.cycle, read, day(end))).is_err(), "day {end}");
    }
    let read = world.cycle().version;
    world.decide(4, |tx| vote::open(tx, &world.cycle, read, day(10))).unwrap();
    assert!(cast(5, &[0, 1, 2, 3]).unwrap_err().to_string().contains("at most 3"));
    cast(5, &[0, 1]).unwrap();
    cast(6, &[2]).unwrap();
    let tally = world.record.read_now(|db| vote::tally(db, &world.cycle, 1)).unwrap();
    assert_eq!(tally.into_iter().collect::<Vec<_>>(), [(ids[2].clone(), 1)]);
    assert!(cast(10, &[0]).is_err(), "it has ended");
    let read = world.cycle().version;
    assert!(world.decide(11, |tx| vote::open(tx, &world.cycle, read, day(20))).is_err(), "it is not opened again");
}

#[test]
fn the_same_issue_is_a_candidate_once_and_only_before_the_first_gate_closes() {
    let world = World::new([1, 1, 1, 1]);
    let id = world.nominate("a", 50);
    let nomination = candidates::Nomination {
        label: "Again".to_owned(),
        issue: Some("a".to_owned()),
        flag: Some("flag".to_owned()),
        why: "It is asked for again".to_owned(),
        inputs: super::score::Inputs::default(),
    };
    let again = |at| world.decide(at, |tx| candidates::nominate(tx, &world.cycle, &nomination));
    assert!(again(1).unwrap_err().to_string().contains("already"));
    world.pass_panel(&id).unwrap();
    world.close(2).unwrap();
    assert!(again(3).unwrap_err().to_string().contains("next one"));
    let read = world.candidate(&id).version;
    let inputs = super::score::Inputs { voices: 9_000, ..Default::default() };
    let frozen = world.decide(3, |tx| candidates::rescore(tx, &id, read, &inputs));
    assert!(frozen.unwrap_err().to_string().contains("stays as it was"));
}

#[derive(Clone, Debug)]
enum Step {
    Decide(usize, Outcome),
    Pass(usize),
    Shift(usize, Direction),
    Close,
    OpenVote,
    Vote(usize),
    Jury(Vec<usize>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0_usize..6;
    let outcome = prop::sample::select(vec![
        Outcome::Passed,
        Outcome::Failed,
        Outcome::Routed("A council".to_owned()),
        Outcome::Withdrawn,
        Outcome::Reinstated,
    ]);
    let step = prop_oneof![
        4 => which.clone().prop_map(Step::Pass),
        3 => (which.clone(), outcome).prop_map(|(which, outcome)| Step::Decide(which, outcome)),
        2 => (which.clone(), prop::bool::ANY)
            .prop_map(|(which, up)| Step::Shift(which, if up { Direction::Up } else { Direction::Down })),
        3 => Just(Step::Close),
        2 => Just(Step::OpenVote),
        2 => which.clone().prop_map(Step::Vote),
        2 => Just((0..6).collect::<Vec<usize>>()).prop_shuffle().prop_map(Step::Jury),
    ];
    prop::collection::vec(step, 0..60)
}

/// Takes a step if it may be taken.
fn take(world: &World, ids: &[CandidateId], voter: &crate::AccountId, step: &Step, at: i64) -> Result<(), RecordError> {
    let cycle = world.cycle();
    match step {
        Step::Decide(which, outcome) => {
            let read = world.candidate(&ids[*which]).version;
            world.decide(at, |tx| gates::decide(tx, &ids[*which], read, outcome, "Because"))
        }
        Step::Pass(which) => world.pass_panel(&ids[*which]),
        Step::Shift(which, direction) => {
            world.decide(at, |tx| candidates::shift(tx, &ids[*which], cycle.version, *direction, "Because"))
        }
        Step::Close => world.close(at),
        Step::OpenVote => world.decide(at, |tx| vote::open(tx, &world.cycle, cycle.version, day(at + 1))),
        Step::Vote(which) => {
            let choice = [ids[*which].clone()].into();
            world.decide(at, |tx| vote::cast(tx, &world.cycle, voter, &choice))
        }
        Step::Jury(order) => {
            let running = world.running();
            let ranks: Vec<_> = order
                .iter()
                .map(|which| ids[*which].clone())
                .filter(|id| running.contains(id) && world.candidate(id).gate == cycle.gate)
                .map(|id| (id, "Because".to_owned()))
                .collect();
            world.decide(at, |tx| jury::enter(tx, &world.cycle, cycle.version, 15, "By lot", &ranks))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_people_do_nobody_is_lost_and_no_gate_lets_too_many_through(steps in steps()) {
        let keep = [4, 3, 2, 2];
        let world = World::new(keep);
        let ids: Vec<CandidateId> =
            (0..6).map(|issue| world.nominate(&issue.to_string(), 100 * (issue + 1))).collect();
        let voter = world.voter("ann");
        for (at, step) in (3..).zip(&steps) {
            let before = world.cycle();
            let taken = take(&world, &ids, &voter, step, at);
            let cycle = world.cycle();
            if matches!(taken, Err(RecordError::Refused(_))) {
                prop_assert_eq!(&before, &cycle, "a refusal changes nothing");
            } else {
                prop_assert!(taken.is_ok(), "{:?}: {:?}", step, taken);
            }
            prop_assert!(cycle.gate >= before.gate, "gates do not open again");
            let all = world.record.read_now(|db| candidates::of_cycle(db, &cycle)).unwrap();
            prop_assert_eq!(all.len(), 6);
            for candidate in &all {
                let chosen = candidate.state == State::Chosen;
                prop_assert_eq!(chosen, candidate.gate == 4, "{:?}", candidate);
                if candidate.state == State::Standing {
                    prop_assert!(candidate.gate == cycle.gate || candidate.gate == cycle.gate + 1);
                }
                let decisions = world.record.read_now(|db| gates::decisions(db, &candidate.id)).unwrap();
                prop_assert!(decisions.iter().all(|decision| !decision.reason.is_empty()));
            }
            let funnel = world.record.read_now(|db| gates::funnel(db, &cycle)).unwrap();
            prop_assert_eq!(funnel[0].came, 6);
            for numbers in &funnel {
                let settled = numbers.passed + numbers.failed + numbers.routed + numbers.withdrawn;
                prop_assert_eq!(numbers.came, settled + numbers.standing);
            }
            let open = usize::try_from(cycle.gate).unwrap();
            if open < 4 {
                let beyond = all.iter().filter(|candidate| {
                    candidate.gate > cycle.gate && matches!(candidate.state, State::Standing | State::Chosen)
                });
                prop_assert!(beyond.count() <= usize::try_from(keep[open]).unwrap());
            }
        }
        world.record.read_now(audit::verify).unwrap();
    }
}
