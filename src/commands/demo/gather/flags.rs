//! The flags that are there from the beginning, and what became of each.

use anyhow::{Context as _, Result};
use civic::gather::{self, Decision, Evidence, FlagId, GatherConfig, NewFlag};
use civic::{AccountId, Actor, Record, RecordError, Tx, account};
use jiff::{SignedDuration, Timestamp};

/// What a made-up flag asks for, why, the search that is its evidence (or nothing), and its supporters: with an account, and
/// on how many sheets of how many people.
pub(super) struct Line {
    /// "I want ..."
    want: &'static str,
    /// "... because ..."
    because: &'static str,
    /// The query of a search; empty for no listening evidence.
    search: &'static str,
    online: u32,
    on_paper: u32,
}

impl Line {
    /// "I want ..."
    pub(super) fn want(&self) -> &'static str {
        self.want
    }
}

const fn line(want: &'static str, because: &'static str, search: &'static str, counts: (u32, u32)) -> Line {
    Line { want, because, search, online: counts.0, on_paper: counts.1 }
}

/// The flags that the candidates of the past Assembly came from, in the order of those.
pub(super) const PAST: [Line; 8] = [
    line(
        "an interpreter who is there when the appointment is",
        "My mother has nodded through three appointments that nobody explained to her (made up).",
        "q=interpreter",
        (84, 310),
    ),
    line(
        "a hearing test for every child within six weeks",
        "He sits at the front of the class and still guesses what was said (made up).",
        "q=hearing+test",
        (121, 90),
    ),
    line(
        "letters that a person who is not a doctor can read",
        "I had to ask my neighbour what mine said, and she is no doctor either (made up).",
        "q=letter",
        (46, 120),
    ),
    line(
        "a dentist who takes new patients in every town",
        "The nearest one that would have us is two buses away (made up).",
        "q=dentist",
        (130, 75),
    ),
    line(
        "a toilet at the bus stop of the clinic",
        "People stop drinking before they come, and some of them are on dialysis (made up).",
        "",
        (21, 160),
    ),
    line(
        "blood tests near where people live",
        "A whole morning for one needle, and the car park costs more than lunch (made up).",
        "q=%22blood+test%22",
        (39, 60),
    ),
    line(
        "free parking for whoever looks after somebody in hospital",
        "I was there every day for five weeks, and paid every day (made up).",
        "q=parking",
        (32, 20),
    ),
    line(
        "a new car park beside the hospital in our town",
        "There are six spaces for the disabled, and four of them have bins in them (made up).",
        "q=parking",
        (18, 14),
    ),
];

/// The flags that the candidates of the present Assembly come from.
pub(super) const PRESENT: [Line; 4] = [
    line(
        "the hearing loop at every desk to be switched on",
        "The sign says that there is one. It has never been on when I was there (made up).",
        "q=hearing&type=offline",
        (44, 61),
    ),
    line(
        "a night bus to the hospital",
        "The last one goes while visiting is still on, so I walk or I do not come (made up).",
        "q=bus",
        (67, 18),
    ),
    line(
        "nobody to be sent home without their medicines",
        "He was discharged on a Friday evening, and the tablets came on Monday (made up).",
        "q=discharge",
        (72, 22),
    ),
    line(
        "a bus stop outside the surgery in our village",
        "It is eight hundred yards uphill without a pavement (made up).",
        "",
        (12, 31),
    ),
];

/// The flags beside them: each has another end.
const OTHERS: [Line; 6] = [
    line(
        "a text message when a clinic runs more than half an hour late",
        "Half the waiting room could have had a cup of tea and come back (made up).",
        "q=%22waiting+room%22",
        (58, 0),
    ),
    line(
        "to be told what changed after I complained",
        "I had a kind letter, and then nothing. I would do it again if I knew that it did something (made up).",
        "",
        (23, 9),
    ),
    line(
        "hearing loops that work",
        "We asked at three desks, and none of the three did (made up).",
        "q=hearing&type=offline",
        (15, 0),
    ),
    line(
        "the pavement outside the clinic mended",
        "Two people fell there in a month, and both were on their way to physiotherapy (made up).",
        "",
        (27, 12),
    ),
    line(
        "large print without asking for it every time",
        "They have it on file, and the next letter is small again (made up).",
        "",
        (1, 0),
    ),
    line("my own appointment moved to Tuesday", "I work on Mondays (made up).", "", (1, 0)),
];

/// The flags of both cycles of the Assembly, in the order of [`PAST`] and [`PRESENT`].
pub struct MadeUp {
    /// Of the past cycle.
    pub past: Vec<FlagId>,
    /// Of the present cycle.
    pub present: Vec<FlagId>,
}

/// Makes the flags, those of the past so long before `live_from` that their cycle could run its course.
///
/// # Errors
/// When the record cannot be written, or no account is there to raise them.
pub fn make(record: &Record, live_from: Timestamp) -> Result<MadeUp> {
    let accounts = record.read_now(account::all)?;
    let by: Vec<AccountId> = accounts.into_iter().map(|account| account.id).collect();
    let of = |days: i64| Maker { record, by: &by, begun: live_from - SignedDuration::from_hours(24 * days) };
    anyhow::ensure!(!by.is_empty(), "a demonstration has accounts before it has flags");
    let (past, present, other) = (of(260), of(50), of(45));
    let past_flags = past.publish_all(&PAST)?;
    past.close_overdue()?;
    let present_flags = present.publish_all(&PRESENT)?;
    other.decide_about_others(&present_flags)?;
    Ok(MadeUp { past: past_flags, present: present_flags })
}

/// Who makes flags, and from when on.
pub(super) struct Maker<'a> {
    pub(super) record: &'a Record,
    pub(super) by: &'a [AccountId],
    pub(super) begun: Timestamp,
}

impl Maker<'_> {
    /// Decides something at an hour after the beginning.
    fn decide<T>(
        &self,
        hours: i64,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.record.decide_now(Actor::Operator, self.begun + SignedDuration::from_hours(hours), change)
    }

    fn publish_all(&self, lines: &[Line]) -> Result<Vec<FlagId>> {
        // A day apart each: nobody may raise more than a few a day.
        let publish = |(line, number): (&Line, i64)| {
            let id = self.raise(line, evidence(line), number)?;
            self.publish(line, &id, number)?;
            Ok(id)
        };
        lines.iter().zip(0..).map(publish).collect()
    }

    /// Raises the flag on day `number`; it waits.
    pub(super) fn raise(&self, line: &Line, evidence: Evidence, number: i64) -> Result<FlagId> {
        let new = NewFlag { want: line.want.to_owned(), because: line.because.to_owned(), evidence };
        let by = self.author(number);
        Ok(self.decide(24 * number, |tx| gather::raise(tx, &GatherConfig::default(), by, &new))?)
    }

    /// Publishes it an hour later, and lets its supporters come.
    pub(super) fn publish(&self, line: &Line, id: &FlagId, number: i64) -> Result<()> {
        let hour = 24 * number + 1;
        let why = "It is within what the NHS in England can change";
        self.decide(hour, |tx| gather::decide(tx, id, 1, &Decision::Publish, why))?;
        // Who raised it supports it already.
        let come = |tx: &mut Tx<'_>| (1..line.online).try_for_each(|person| gather::support(tx, id, &somebody(person)));
        self.decide(hour + 20, come)?;
        if line.on_paper > 0 {
            let people: String =
                (1..=line.on_paper).map(|person| format!("Made-up person {person} of flag {number}\n")).collect();
            let sheet = gather::read_sheet(&people)?;
            self.decide(hour + 30, |tx| gather::take_in_sheet(tx, id, &sheet, "A meeting in a library (made up)"))?;
        }
        Ok(())
    }

    fn author(&self, number: i64) -> &AccountId {
        let place = usize::try_from(number).unwrap_or_default() % self.by.len();
        &self.by[place]
    }

    fn close_overdue(&self) -> Result<()> {
        let end = self.begun + SignedDuration::from_hours(24 * 120);
        self.record.decide_now(Actor::Clock, end, gather::close_overdue)?;
        Ok(())
    }

    fn decide_about_others(&self, present: &[FlagId]) -> Result<()> {
        let [late, complaint, loops, pavement, print, own] = &OTHERS;
        let late = self.published(late, 0)?;
        self.comment_on(&late)?;
        self.published(complaint, 1)?;
        let loops = self.published(loops, 2)?;
        let into = Decision::MergeInto(present.first().context("the first flag of the present is there")?.clone());
        let why = "It asks for the same, and both counted once reach further";
        self.decide(24 * 5, |tx| gather::decide(tx, &loops, 2, &into, why))?;
        let pavement = self.published(pavement, 3)?;
        let to = Decision::RouteTo("The highways team of the council (made up)".to_owned());
        let why = "A pavement is the council’s. They said that they would look at it";
        self.decide(24 * 7, |tx| gather::decide(tx, &pavement, 2, &to, why))?;
        let own = self.raise(own, Evidence::None, 20)?;
        let why = "It asks for help with one person’s care, which nobody here can give";
        self.decide(24 * 21, |tx| gather::decide(tx, &own, 1, &Decision::Refuse, why))?;
        self.raise(print, Evidence::None, 44)?;
        Ok(())
    }

    fn published(&self, line: &Line, number: i64) -> Result<FlagId> {
        let id = self.raise(line, evidence(line), number)?;
        self.publish(line, &id, number)?;
        Ok(id)
    }

    /// Two comments that stand, one that was removed, and one that waits for a moderator.
    fn comment_on(&self, flag: &FlagId) -> Result<()> {
        let words = [
            "The eye clinic does this already, and it works (made up).",
            "My phone has no texts. A board in the waiting room would do (made up).",
            "The woman at the desk with the red hair is useless (made up).",
            "Could it say why it is late? I would worry less (made up).",
        ];
        for (text, number) in words.into_iter().zip(0..) {
            self.decide(60 + number, |tx| gather::comment(tx, flag, self.author(number), text))?;
        }
        let waiting = self.record.read_now(|db| gather::waiting_comments(db, 10))?;
        for comment in waiting.iter().take(2) {
            self.decide(70, |tx| gather::moderate_comment(tx, &comment.id, true, ""))?;
        }
        if let Some(comment) = waiting.get(2) {
            let why = "It describes a person who can be recognised";
            self.decide(70, |tx| gather::moderate_comment(tx, &comment.id, false, why))?;
        }
        Ok(())
    }
}

fn evidence(line: &Line) -> Evidence {
    if line.search.is_empty() { Evidence::None } else { Evidence::Search(line.search.to_owned()) }
}

/// A flag on an issue that is listed.
pub(super) const fn on_issue(want: &'static str, because: &'static str, counts: (u32, u32)) -> Line {
    line(want, because, "", counts)
}

/// A supporter who has no account here: the list of accounts of a demonstration is short enough to be read.
fn somebody(person: u32) -> AccountId {
    AccountId::parse(&format!("0MADEVP{person:019}")).expect("it has 26 letters of those that ids are written with")
}

#[cfg(test)]
pub(super) mod tests {
    use civic::Role;
    use civic::gather::{FlagState, Order};

    use super::*;

    /// A record with the accounts of a demonstration.
    pub(in crate::commands::demo) fn record(folder: &std::path::Path, live_from: Timestamp) -> Record {
        let record = Record::open(folder).unwrap();
        record
            .decide_now(Actor::Operator, live_from, |tx| {
                for role in Role::ALL {
                    account::invite(tx, role.name(), &format!("{role}@demo.invalid"), role)?;
                }
                Ok(())
            })
            .unwrap();
        record
    }

    #[test]
    fn gather_is_alive_with_every_end_that_a_flag_can_have_and_all_of_it_says_that_it_is_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let live_from: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let record = record(folder.path(), live_from);
        let made = make(&record, live_from).unwrap();
        assert_eq!((made.past.len(), made.present.len()), (PAST.len(), PRESENT.len()));
        let count = |state| record.read_now(|db| gather::list(db, &[state], Order::Newest, 0, 50)).unwrap();
        let states = [
            (FlagState::Published, 6),
            (FlagState::Closed, 8),
            (FlagState::Merged, 1),
            (FlagState::Routed, 1),
            (FlagState::Refused, 1),
            (FlagState::Waiting, 1),
        ];
        for (state, expected) in states {
            let (flags, found) = count(state);
            assert_eq!(found, expected, "{state:?}");
            assert!(flags.iter().all(|flag| flag.because.ends_with("(made up).")), "{flags:#?}");
        }
        let (open, _) = count(FlagState::Published);
        assert!(open.iter().all(|flag| flag.deadline > live_from), "they gather support still");
        assert!(open.iter().any(|flag| flag.offline > 0) && open.iter().any(|flag| flag.supporters() > flag.target));
        let late = open.iter().find(|flag| flag.want.starts_with("a text message")).unwrap();
        let (comments, _) = record.read_now(|db| gather::comments(db, &late.id, 0, 9)).unwrap();
        assert_eq!(comments.iter().filter(|comment| comment.is_published).count(), 2);
        assert!(comments.iter().any(|comment| comment.words.is_empty() && comment.said.contains("recognised")));
        assert_eq!(record.read_now(|db| gather::waiting_comments(db, 9)).unwrap().len(), 1);
        record.read_now(civic::audit::verify).unwrap();
    }
}
