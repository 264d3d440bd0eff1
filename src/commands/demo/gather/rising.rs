//! Flags on issues: they are raised when the trends list what they are about, for before that there is nothing to link.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use civic::gather::{self, Evidence, FlagState, Order};
use civic::{Record, account};
use index::trends::{IssueId, TrendList};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::flags::{Line, Maker, on_issue};

/// How often the list of issues is looked at, and how often in a row an issue must be there: while history is read, issues come,
/// merge and go.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOKS: u32 = 6;

/// The flags, each with a word that the label of its issue has.
const FLAGS: [(&str, Line); 3] = [
    (
        "queue",
        on_issue(
            "to be called back instead of holding the line",
            "Forty minutes of music, and then it hung up on me (made up).",
            (88, 24),
        ),
    ),
    (
        "blood test",
        on_issue(
            "blood tests without a day off work",
            "There are no evenings and no weekends at ours (made up).",
            (41, 0),
        ),
    ),
    (
        "ambulance",
        on_issue(
            "somebody to say how long the ambulance will stand outside",
            "She lay in it for five hours, and nobody told us why (made up).",
            (63, 37),
        ),
    ),
];

/// Raises each flag once its issue is listed and stays, then waits for `cancel`.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn raise_on_issues(
    record: Record,
    latest: PathBuf,
    live_from: Timestamp,
    cancel: CancellationToken,
) -> Result<()> {
    let mut seen = [None; FLAGS.len()];
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
        let (record, latest) = (record.clone(), latest.clone());
        let look = move || raise_listed(&record, &latest, live_from, seen);
        let (now_seen, waiting) = tokio::task::spawn_blocking(look).await??;
        if waiting == 0 {
            break;
        }
        seen = now_seen;
    }
    cancel.cancelled().await;
    Ok(())
}

/// Which issue each flag would be about, and for how many looks in a row.
type Seen = [Option<(IssueId, u32)>; FLAGS.len()];

/// Raises the flags whose issue has stayed listed and that are not there yet; gives what was seen, and how many flags still wait.
fn raise_listed(record: &Record, latest: &Path, live_from: Timestamp, mut seen: Seen) -> Result<(Seen, usize)> {
    let known = record.read_now(|db| gather::list(db, &[FlagState::Published], Order::Newest, 0, 1_000))?.0;
    // The list is written anew at every count: what cannot be read now is there in a moment.
    let Ok(Some(list)) = TrendList::read(latest) else { return Ok((seen, FLAGS.len())) };
    let by: Vec<_> = record.read_now(account::all)?.into_iter().map(|account| account.id).collect();
    let maker = Maker { record, by: &by, begun: live_from - SignedDuration::from_hours(24 * 5) };
    let mut waiting = 0;
    for ((number, (words, line)), seen) in (0..).zip(&FLAGS).zip(&mut seen) {
        if known.iter().any(|flag| flag.want == line.want()) {
            continue;
        }
        waiting += 1;
        let issue = list.issues.iter().find(|issue| issue.label.to_lowercase().contains(words)).map(|issue| issue.id);
        *seen = issue.map(|issue| match *seen {
            Some((before, looks)) if before == issue => (issue, looks + 1),
            _ => (issue, 1),
        });
        if let Some((issue, LOOKS)) = *seen {
            let id = maker.raise(line, Evidence::Issue(issue.to_string()), number)?;
            maker.publish(line, &id, number)?;
        }
    }
    Ok((seen, waiting))
}
