//! How good the detector is: a labelled stream is replayed in simulated time, and what is listed is compared with what
//! was planted.
//!
//! An *entry* is an issue on one list; lists are made at equal distances of the stream's time. An entry is *true* when at least
//! 40 percent of its posts belong to one planted issue, a *decoy* when they belong to one planted decoy, otherwise it
//! is *other*: a false alarm, or something real that nobody planted. Held issues are not entries: they are not shown as
//! issues.
//!
//! Other methods go the same way. They have no threshold that was frozen beforehand: each is given the one at which it raises
//! at most one false alarm a day on this very stream, which is more than ours is given.

mod baseline;
mod method;
mod report;
mod statistics;
mod stream;
mod tally;

use std::io::BufRead;

use bus::{Change, Enriched};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use self::baseline::Baseline;
pub use self::method::{METHODS, Method, Statistic};
pub use self::report::{Delay, Report};
pub use self::stream::{Planted, StreamPost, Truth};
use self::tally::Tally;
use super::config::TrendsConfig;
use super::detector::Detector;

/// Lists are made this long before the first that counts, so that what is going on then is known already.
const WARM_UP: SignedDuration = SignedDuration::from_hours(48);

/// Why a stream cannot be evaluated.
#[derive(Debug, Error)]
pub enum EvalError {
    /// The file of posts ends in the middle, or the disk fails.
    #[error("the posts cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not a post.
    #[error("line {line} of the posts is not a post: {reason}")]
    Line {
        /// From 1.
        line: usize,
        /// What the parser says.
        reason: serde_json::Error,
    },
    /// There is nothing to evaluate.
    #[error("the posts end before {0}, from where on the truth counts: check that the two files belong together")]
    TooShort(Timestamp),
}

/// The posts of a file, one JSON object a line.
pub fn read(file: impl BufRead) -> impl Iterator<Item = Result<StreamPost, EvalError>> {
    file.lines()
        .zip(1..)
        .map(|(text, line)| serde_json::from_str(&text?).map_err(|reason| EvalError::Line { line, reason }))
}

/// How a stream is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// What tells what is rising.
    pub method: Method,
    /// The stream's time between two lists.
    pub every: SignedDuration,
}

/// Replays `posts`, which stand in order of arrival, and compares the lists with `truth`. `tag` gives posts the tags
/// that enrichment would.
///
/// # Errors
/// [`EvalError`], naming the line.
pub fn evaluate(
    posts: impl IntoIterator<Item = Result<StreamPost, EvalError>>,
    truth: &Truth,
    config: &TrendsConfig,
    replay: Replay,
    mut tag: impl FnMut(&mut [Enriched]),
) -> Result<Report, EvalError> {
    let mut contest = Contest::new(replay.method, truth, config);
    let mut next = truth.score_from - WARM_UP;
    let mut waiting: Vec<Enriched> = Vec::new();
    let mut now = Timestamp::MIN;
    for post in posts {
        let post = replay.method.see(post?);
        now = now.max(post.t);
        // The lists that were due before this post arrived.
        while next < now {
            contest.take_in(&mut waiting, &mut tag);
            contest.list(next);
            next += replay.every;
        }
        waiting.push(post.enriched(now));
    }
    if now < truth.score_from {
        return Err(EvalError::TooShort(truth.score_from));
    }
    contest.take_in(&mut waiting, &mut tag);
    contest.list(now);
    Ok(contest.report())
}

/// A detector and what its lists come to at each threshold that it may have.
struct Contest<'a> {
    detector: Contestant,
    method: Method,
    /// From the lowest threshold to the highest.
    tallies: Vec<(f64, Tally<'a>)>,
}

enum Contestant {
    Ours(Box<Detector>),
    Other(Box<Baseline>),
}

/// False alarms a day that the methods of others may raise.
const ALLOWED: f64 = 1.0;

impl<'a> Contest<'a> {
    fn new(method: Method, truth: &'a Truth, config: &TrendsConfig) -> Self {
        // Thresholds half as high again each time, from far below the useful ones of every statistic to far above.
        let thresholds = match method {
            Method::Of(_) => (0..24).map(|nth| 0.5 * 1.5_f64.powi(nth)).collect(),
            _ => vec![0.0],
        };
        let detector = match method {
            Method::Of(statistic) => Contestant::Other(Box::new(Baseline::new(statistic, config.clone()))),
            Method::WithoutHabits => Contestant::Ours(Box::new(Detector::new(config.clone()).without_habits())),
            _ => Contestant::Ours(Box::new(Detector::new(config.clone()))),
        };
        let tallies = thresholds.into_iter().map(|threshold| (threshold, Tally::new(truth))).collect();
        Self { detector, method, tallies }
    }

    fn take_in(&mut self, waiting: &mut Vec<Enriched>, tag: &mut impl FnMut(&mut [Enriched])) {
        tag(waiting);
        for post in waiting.drain(..) {
            match &mut self.detector {
                Contestant::Ours(detector) => detector.observe(&Change::Upsert(post)),
                Contestant::Other(detector) => detector.observe(&post),
            }
        }
    }

    fn list(&mut self, as_of: Timestamp) {
        let mut list = match &mut self.detector {
            Contestant::Ours(detector) => detector.list(as_of),
            Contestant::Other(detector) => detector.list(as_of),
        };
        if self.method == Method::WithoutGate {
            list.issues.append(&mut list.held);
            list.issues.sort_by(|one, two| two.score.total_cmp(&one.score));
        }
        // The thresholds rise, so that each list holds what is left of the one before.
        for (threshold, tally) in &mut self.tallies {
            list.issues.retain(|issue| issue.score >= *threshold);
            tally.note(&list);
        }
    }

    fn report(self) -> Report {
        let mut last = None;
        for (threshold, tally) in self.tallies {
            let report = Report { threshold, ..tally.report() };
            if report.false_alarms_a_day <= ALLOWED || matches!(self.detector, Contestant::Ours(_)) {
                return Report { method: self.method.to_string(), ..report };
            }
            last = Some(report);
        }
        Report { method: self.method.to_string(), ..last.expect("there is a threshold at least") }
    }
}
