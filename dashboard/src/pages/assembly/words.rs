//! The states of the Assembly in words, and dates as organisers type them.

use civic::Role;
use civic::assembly::answers::State as AnswerState;
use civic::assembly::candidates::{Candidate, State as CandidateState};
use civic::assembly::cycles::{Cycle, State as CycleState};
use civic::assembly::gates::Outcome;
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::format;
use crate::pages::Problems;
use crate::pages::form::Field;
use crate::period::parse_date;
use crate::sent::Sent;

/// How far a cycle is.
pub fn cycle_state(cycle: &Cycle) -> String {
    match (cycle.state, cycle.open_gate()) {
        (CycleState::Held, _) => "The Assembly has met".to_owned(),
        (CycleState::Open, Some(gate)) => {
            format!("Gate {} of {}: {}", cycle.gate + 1, cycle.rules.gates.len(), gate.kind.name())
        }
        (CycleState::Agreed | CycleState::Open, _) => "The agenda is agreed".to_owned(),
    }
}

/// What became of a candidate.
pub fn candidate_state(candidate: &Candidate, cycle: &Cycle) -> String {
    let gate = |at: u32| {
        let gate = usize::try_from(at).ok().and_then(|at| cycle.rules.gates.get(at));
        gate.map_or("", |gate| gate.kind.name())
    };
    match candidate.state {
        CandidateState::Chosen => "On the agenda".to_owned(),
        CandidateState::Standing if candidate.gate > cycle.gate => format!("Passed: {}", gate(cycle.gate)),
        CandidateState::Standing => format!("Before: {}", gate(candidate.gate)),
        CandidateState::Failed => format!("Did not pass: {}", gate(candidate.gate)),
        CandidateState::Routed => "Sent to another body".to_owned(),
        CandidateState::Withdrawn => "Withdrawn".to_owned(),
    }
}

/// What was decided.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "Passed".to_owned(),
        Outcome::Failed => "Did not pass".to_owned(),
        Outcome::Routed(body) => format!("Sent to {body}"),
        Outcome::Withdrawn => "Withdrawn".to_owned(),
        Outcome::Reinstated => "Stands again".to_owned(),
    }
}

/// How far an answer of the Board is: the colour of the tag, and its words.
pub fn answer_state(state: AnswerState) -> (&'static str, &'static str) {
    match state {
        AnswerState::Waiting => ("grey", "Waiting for an answer"),
        AnswerState::Overdue => ("red", "Overdue"),
        AnswerState::Answered => ("blue", "Answered"),
        AnswerState::Changed => ("green", "Something changed"),
    }
}

/// How late something is.
pub fn days_late(days: i32) -> String {
    format!("{} late", format::counted(days.unsigned_abs().into(), "day", "days"))
}

/// A day as it is typed.
pub fn day_as_typed(day: Date) -> String {
    format!("{}/{}/{}", day.day(), day.month(), day.year())
}

/// The role of who decided.
pub fn role(slug: &str) -> String {
    match slug {
        "operator" => "Operator of the machine".to_owned(),
        "clock" => "Nobody: a deadline passed".to_owned(),
        slug => slug.parse().map_or_else(|_| slug.to_owned(), |role: Role| role.name().to_owned()),
    }
}

/// The fields for a day and a time in London.
pub fn moment_fields(day: &str, time: &str, problems: &Problems) -> [Field; 2] {
    [
        Field::new("day", "Day").hint("For example, 6/8/2027").typed(day).checked(problems),
        Field::new("time", "Time").hint("By the clock of London, for example 14:00").typed(time).checked(problems),
    ]
}

/// What was typed into those fields.
///
/// # Errors
/// What is wrong with them.
pub fn typed_moment(sent: &Sent) -> Result<Timestamp, Problems> {
    let (day, time) = (parse_date(&sent.text("day")), parse_time(&sent.text("time")));
    match (day, time) {
        (Some(day), Some(time)) => Ok(format::at(day, time)),
        (day, time) => {
            let mut problems = Vec::new();
            if day.is_none() {
                problems.push(("day", "Day must be a real date, like 6/8/2027".to_owned()));
            }
            if time.is_none() {
                problems.push(("time", "Time must be a time of the day, like 14:00".to_owned()));
            }
            Err(problems)
        }
    }
}

/// A moment as those fields have it.
pub fn as_typed(at: Timestamp) -> (String, String) {
    let at = format::london(at);
    (day_as_typed(at.date()), format!("{:02}:{:02}", at.hour(), at.minute()))
}

fn parse_time(typed: &str) -> Option<Time> {
    let (hour, minute) = typed.split_once([':', '.'])?;
    Time::new(hour.trim().parse().ok()?, minute.trim().parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_typed() {
        for (typed, read) in [("14:00", Some((14, 0))), ("9.30", Some((9, 30))), ("24:00", None), ("2pm", None)] {
            assert_eq!(parse_time(typed).map(|time| (time.hour(), time.minute())), read, "{typed}");
        }
        let summer: Timestamp = "2027-07-01T12:30:00Z".parse().unwrap();
        assert_eq!(as_typed(summer), ("1/7/2027".to_owned(), "13:30".to_owned()));
    }
}
