//! How good the detector is: a labelled stream is replayed in simulated time, and what is listed is compared with what
//! was planted.
//!
//! An *entry* is an issue on one list; lists are made every hour of the stream. An entry is *true* when at least
//! 40 percent of its posts belong to one planted issue, a *decoy* when they belong to one planted decoy, otherwise it
//! is *other*: a false alarm, or something real that nobody planted. Held issues are not entries: they are not shown as
//! issues.

mod report;
mod stream;
mod tally;

use std::io::BufRead;

use bus::{Change, Enriched};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

pub use self::report::{Delay, Report};
pub use self::stream::{Planted, StreamPost, Truth};
use self::tally::Tally;
use super::config::TrendsConfig;
use super::detector::Detector;

/// How often a list is made of the stream.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

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

/// Replays `posts`, which stand in order of arrival, and compares the lists with `truth`. `tag` gives posts the tags
/// that enrichment would.
///
/// # Errors
/// [`EvalError`], naming the line.
pub fn evaluate(
    posts: impl IntoIterator<Item = Result<StreamPost, EvalError>>,
    truth: &Truth,
    config: &TrendsConfig,
    mut tag: impl FnMut(&mut [Enriched]),
) -> Result<Report, EvalError> {
    let mut detector = Detector::new(config.clone());
    let mut tally = Tally::new(truth);
    let begins = truth.score_from - WARM_UP;
    let mut next = begins;
    let mut waiting: Vec<Enriched> = Vec::new();
    let mut take_in = |detector: &mut Detector, waiting: &mut Vec<Enriched>| {
        tag(waiting);
        for post in waiting.drain(..) {
            detector.observe(&Change::Upsert(post));
        }
    };
    let mut now = Timestamp::MIN;
    for post in posts {
        let post = post?;
        now = now.max(post.t);
        // The lists that were due before this post arrived.
        while next < now {
            take_in(&mut detector, &mut waiting);
            tally.note(&detector.list(next));
            next += EVERY;
        }
        waiting.push(post.enriched(now));
    }
    take_in(&mut detector, &mut waiting);
    if now < truth.score_from {
        return Err(EvalError::TooShort(truth.score_from));
    }
    tally.note(&detector.list(now));
    Ok(tally.report())
}
