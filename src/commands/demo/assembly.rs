//! Two made-up cycles of the Assembly: one that has met, with what the Board answered, and one that takes candidates. They are
//! made by the same functions as real ones, at the times at which they would have been, from the flags of Gather.

use anyhow::Result;
use civic::assembly::candidates::{self, Nomination};
use civic::assembly::gates::{self, Outcome};
use civic::assembly::pack::{self, Count, Evidence, Table};
use civic::assembly::panel::{self, Check};
use civic::assembly::score::Inputs;
use civic::assembly::{AssemblyConfig, CandidateId, CycleId, Gate, GateKind, answers, cycles, jury, vote};
use civic::gather::{FlagId, Supporters, supporters};
use civic::{AccountId, Actor, Record, RecordError, Tx};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::json;

use super::gather;

/// The candidates of the past cycle, in the order of their flags: what each is about, its voices, and of these in meetings.
const PAST: [(&str, [u64; 2]); 8] = [
    ("Interpreters who do not come", [310, 42]),
    ("Waiting for a child’s hearing test", [540, 21]),
    ("Letters that nobody can read", [820, 35]),
    ("Dentists who take no new patients", [1_640, 18]),
    ("No toilet at the bus stop of the clinic", [64, 28]),
    ("Blood tests far from home", [430, 31]),
    ("Parking for carers", [260, 12]),
    ("A new car park in one town", [150, 11]),
];

/// The candidates of the present cycle.
const PRESENT: [(&str, [u64; 2]); 4] = [
    ("The hearing loop that is never on", [45, 33]),
    ("Night buses to the hospital", [180, 26]),
    ("Discharge without medicines", [710, 24]),
    ("A bus stop in one village", [38, 12]),
];

/// What the panel says of matters that are not national.
const LOCAL: &str = "It is a matter of one place, and the council can decide it";

/// Makes the flags and the cycles, unless there are cycles already.
///
/// # Errors
/// When the record cannot be written.
pub fn make(record: &Record, live_from: Timestamp) -> Result<()> {
    if record.read_now(cycles::all)?.is_empty() {
        let flags = gather::make(record, live_from)?;
        past(&Maker { record, begun: live_from - SignedDuration::from_hours(24 * 220) }, &flags)?;
        present(&Maker { record, begun: live_from - SignedDuration::from_hours(24 * 20) }, &flags)?;
    }
    Ok(())
}

/// Who decides when.
struct Maker<'a> {
    record: &'a Record,
    begun: Timestamp,
}

impl Maker<'_> {
    fn day(&self, days: i64) -> Timestamp {
        self.begun + SignedDuration::from_hours(24 * days)
    }

    fn decide<T>(
        &self,
        day: i64,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.record.decide_now(Actor::Operator, self.day(day), change)
    }

    fn version(&self, cycle: &CycleId) -> Result<i64, RecordError> {
        Ok(self.record.read_now(|db| cycles::find(db, cycle))?.version)
    }

    fn close(&self, day: i64, cycle: &CycleId) -> Result<(), RecordError> {
        let read = self.version(cycle)?;
        self.decide(day, |tx| gates::close(tx, cycle, read))
    }

    fn nominate(
        &self,
        cycle: &CycleId,
        made_up: &[(&str, [u64; 2])],
        flags: &[FlagId],
    ) -> Result<Vec<CandidateId>, RecordError> {
        let put = made_up.iter().zip(flags).zip(1_i64..).map(|(((label, voices), flag), number)| {
            let supporters = self.record.read_now(|db| supporters(db, Some(flag), None))?;
            let nomination = Nomination {
                label: (*label).to_owned(),
                issue: None,
                flag: Some(flag.to_string()),
                why: "Made up for the demonstration: people raised and supported it".to_owned(),
                inputs: inputs(*voices, supporters),
            };
            self.decide(number, |tx| candidates::nominate(tx, cycle, &nomination))
        });
        put.collect()
    }

    /// Enters what the panel found: the last candidate goes to a council, the others pass.
    fn check(&self, day: i64, ids: &[CandidateId]) -> Result<(), RecordError> {
        for (number, id) in ids.iter().enumerate() {
            let is_national = number + 1 < ids.len();
            let route_to = (!is_national).then(|| "The council of the town".to_owned());
            let check = Check { in_remit: true, is_national, route_to };
            let reason = if is_national { "It is for NHS England, and heard in every region" } else { LOCAL };
            let read = self.record.read_now(|db| candidates::find(db, id))?.version;
            self.decide(day, |tx| panel::enter(tx, id, read, &check, reason))?;
        }
        Ok(())
    }

    /// Lets every account vote, one after the other for other candidates.
    fn vote(&self, cycle: &CycleId, ids: &[CandidateId]) -> Result<(), RecordError> {
        let (read, end) = (self.version(cycle)?, self.day(60));
        self.decide(40, |tx| vote::open(tx, cycle, read, end))?;
        let accounts: Vec<AccountId> =
            self.record.read_now(civic::account::all)?.into_iter().map(|account| account.id).collect();
        for (number, account) in accounts.iter().enumerate() {
            let choices = ids.iter().cycle().skip(number % 3).take(3).cloned().collect();
            self.decide(50, |tx| vote::cast(tx, cycle, account, &choices))?;
        }
        Ok(())
    }
}

/// The cycle that has met: from eight candidates to three, of which one changed something, one was answered, and one is late.
fn past(maker: &Maker<'_>, flags: &gather::MadeUp) -> Result<(), RecordError> {
    let gate = |kind, keep| Gate { kind, keep };
    let rules = AssemblyConfig {
        gates: vec![
            gate(GateKind::Panel, 7),
            gate(GateKind::Vote, 5),
            gate(GateKind::Jury, 3),
            gate(GateKind::Agenda, 3),
        ],
        ..AssemblyConfig::default()
    };
    let name = "Last Assembly (made up)";
    let cycle = maker.decide(0, |tx| cycles::begin(tx, &rules, name, "Leeds Town Hall", maker.day(120)))?;
    let ids = maker.nominate(&cycle, &PAST, &flags.past)?;
    maker.check(30, &ids)?;
    maker.close(35, &cycle)?;
    maker.vote(&cycle, &ids)?;
    // A departure from the vote, as it may happen: the reason is for everybody to read.
    let read = maker.record.read_now(|db| candidates::find(db, &ids[0]))?.version;
    let reason = "Hardly anybody who needs an interpreter can vote here: what is heard in meetings must reach the jury";
    maker.decide(55, |tx| gates::decide(tx, &ids[0], read, &Outcome::Passed, reason))?;
    maker.close(61, &cycle)?;
    judge(maker, &cycle)?;
    maker.close(90, &cycle)?;
    freeze(maker, &cycle)?;
    maker.close(100, &cycle)?;
    let read = maker.version(&cycle)?;
    maker.decide(120, |tx| cycles::hold(tx, &cycle, read))?;
    answer(maker)
}

/// The jury ranks what came to it, in the order of the list.
fn judge(maker: &Maker<'_>, cycle: &CycleId) -> Result<(), RecordError> {
    let found = maker.record.read_now(|db| cycles::find(db, cycle))?;
    let running = maker.record.read_now(|db| candidates::running(db, &found))?;
    let ranks: Vec<(CandidateId, String)> = running
        .into_iter()
        .map(|candidate| (candidate.id, "The jurors heard of it from people whom they know".to_owned()))
        .collect();
    maker.decide(80, |tx| jury::enter(tx, cycle, found.version, 15, "By lot from those who applied (made up)", &ranks))
}

/// Freezes evidence for what is left.
fn freeze(maker: &Maker<'_>, cycle: &CycleId) -> Result<(), RecordError> {
    let found = maker.record.read_now(|db| cycles::find(db, cycle))?;
    for candidate in maker.record.read_now(|db| candidates::running(db, &found))? {
        let end = maker.day(95).to_zoned(jiff::tz::TimeZone::UTC).date();
        let days = (0..28_u64).map(|day| Count {
            name: end.saturating_sub(i64::try_from(27 - day).unwrap_or_default().days()).to_string(),
            posts: Some(20 + 3 * day + (day * 7) % 5),
            voices: Some(15 + 2 * day + (day * 5) % 4),
        });
        let evidence = Evidence {
            as_of: Some(maker.day(95)),
            trends_hash: None,
            offsets: json!({}),
            method: "made up for the demonstration".to_owned(),
            issue: json!(null),
            tables: vec![Table { by: "day".to_owned(), rows: days.collect() }],
            counter_views: "Some say that other things are more urgent (made up).".to_owned(),
            missing: vec!["People who never speak in public.".to_owned()],
            limits: vec!["All of this is made up.".to_owned()],
        };
        maker.decide(95, |tx| pack::freeze(tx, &candidate.id, evidence))?;
    }
    Ok(())
}

/// What the Board said and did about the first and the second; the third still waits, and is late.
fn answer(maker: &Maker<'_>) -> Result<(), RecordError> {
    let asked = maker.record.read_now(answers::all)?;
    let [first, second, ..] = &asked[..] else { return Ok(()) };
    let response = "We will pay for interpreters by video in every practice (made up).";
    maker.decide(140, |tx| answers::respond(tx, &first.id, first.version, response))?;
    let due = first.due_on.saturating_add(30.days());
    let what = "Pay for interpreters by video";
    let action =
        maker.decide(141, |tx| answers::promise(tx, &first.id, first.version + 1, what, "Primary care", due))?;
    let changed = "Nine practices in ten have one within five minutes; in spring it was four in ten (made up).";
    maker.decide(185, |tx| answers::done(tx, &first.id, first.version + 2, &action, Some(changed)))?;
    let response = "We will look at it with the regions until summer (made up).";
    maker.decide(150, |tx| answers::respond(tx, &second.id, second.version, response))
}

/// The cycle that goes on: the panel has begun.
fn present(maker: &Maker<'_>, flags: &gather::MadeUp) -> Result<(), RecordError> {
    let rules = AssemblyConfig::default();
    let name = "Next Assembly (made up)";
    let cycle = maker.decide(0, |tx| cycles::begin(tx, &rules, name, "Bristol, City Hall", maker.day(140)))?;
    let ids = maker.nominate(&cycle, &PRESENT, &flags.present)?;
    maker.check(15, &ids[2..])
}

fn inputs([voices, voices_offline]: [u64; 2], supporters: Supporters) -> Inputs {
    let online = voices - voices_offline;
    let channels = [("social", online / 2), ("forum", online / 3), ("news", online / 6), ("offline", voices_offline)];
    let regions = ["london", "midlands", "north-west", "south-west", "north-east-and-yorkshire"];
    Inputs {
        voices,
        voices_offline,
        posts: voices * 5 / 4,
        posts_before: voices / 2,
        channels: channels.map(|(slug, count)| (slug.to_owned(), count)).into(),
        channels_known: 5,
        regions: regions.iter().zip(1..).map(|(slug, part)| ((*slug).to_owned(), voices * part / 20)).collect(),
        regions_known: 7,
        felt: voices,
        negative: voices * 2 / 3,
        supporters_online: supporters.online,
        supporters_offline: supporters.on_paper,
    }
}

#[cfg(test)]
mod tests {
    use civic::assembly::answers::{Counts, State};

    use super::*;

    #[test]
    fn the_past_cycle_has_met_with_one_change_one_answer_and_one_overdue_and_the_next_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let live_from: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let record = gather::record(folder.path(), live_from);
        make(&record, live_from).unwrap();
        make(&record, live_from).unwrap();
        let cycles = record.read_now(cycles::all).unwrap();
        let states: Vec<&str> = cycles.iter().map(|cycle| cycle.state.slug()).collect();
        assert_eq!(states, ["open", "held"], "made once");
        let funnel = record.read_now(|db| gates::funnel(db, &cycles[1])).unwrap();
        let numbers: Vec<(u32, u32)> = funnel.iter().map(|gate| (gate.came, gate.passed)).collect();
        assert_eq!(numbers, [(8, 7), (7, 5), (5, 3), (3, 3)]);
        let answers = record.read_now(answers::all).unwrap();
        let today = live_from.to_zoned(jiff::tz::TimeZone::UTC).date();
        let states: Vec<State> = answers.iter().map(|answer| answer.state(today)).collect();
        assert_eq!(states, [State::Changed, State::Answered, State::Overdue]);
        assert_eq!(Counts::of(&answers, today), Counts { asked: 3, answered: 2, changed: 1, overdue: 1 });
        record.read_now(civic::audit::verify).unwrap();
        for candidate in record.read_now(|db| candidates::of_cycle(db, &cycles[1])).unwrap() {
            let flag = candidate.flag.as_deref().and_then(FlagId::parse).unwrap();
            let flag = record.read_now(|db| civic::gather::find(db, &flag)).unwrap().expect("its flag is there");
            assert_eq!(candidate.inputs.supporters(), u64::from(flag.supporters()), "{}", flag.want);
        }
    }
}
