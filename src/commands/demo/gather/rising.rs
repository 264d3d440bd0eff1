//! Flags on issues: they are raised when the trends list what they are about, for before that there is nothing to link.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use civic::gather::{self, Evidence, FlagState, Order};
use civic::{Record, account};
use index::trends::{Issue, TrendList};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::flags::{Line, Maker, on_issue};

/// How often the list of issues is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The flags, each with words of the issue that it is about.
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
        "handover",
        on_issue(
            "somebody to say how long the ambulance will stand outside",
            "She lay in it for five hours, and nobody told us why (made up).",
            (63, 37),
        ),
    ),
];

/// Raises each flag once its issue is listed, then waits for `cancel`.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn raise_on_issues(
    record: Record,
    latest: PathBuf,
    live_from: Timestamp,
    cancel: CancellationToken,
) -> Result<()> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
        let (record, latest) = (record.clone(), latest.clone());
        if tokio::task::spawn_blocking(move || raise_listed(&record, &latest, live_from)).await?? == 0 {
            break;
        }
    }
    cancel.cancelled().await;
    Ok(())
}

/// Raises the flags whose issue is listed and that are not there yet; gives how many still wait for theirs.
fn raise_listed(record: &Record, latest: &Path, live_from: Timestamp) -> Result<usize> {
    let known = record.read_now(|db| gather::list(db, &[FlagState::Published], Order::Newest, 0, 1_000))?.0;
    let missing: Vec<(i64, &(&str, Line))> =
        (0..).zip(&FLAGS).filter(|(_, (_, line))| known.iter().all(|flag| flag.want != line.want())).collect();
    // The list is written anew at every count: what cannot be read now is there in a moment.
    let Ok(Some(list)) = TrendList::read(latest) else { return Ok(missing.len()) };
    let by: Vec<_> = record.read_now(account::all)?.into_iter().map(|account| account.id).collect();
    let maker = Maker { record, by: &by, begun: live_from - SignedDuration::from_hours(24 * 5) };
    let mut waiting = 0;
    for (number, (words, line)) in missing {
        let Some(issue) = list.issues.iter().find(|issue| is_about(issue, words)) else {
            waiting += 1;
            continue;
        };
        let id = maker.raise(line, Evidence::Issue(issue.id.to_string()), number)?;
        maker.publish(line, &id, number)?;
    }
    Ok(waiting)
}

fn is_about(issue: &Issue, words: &str) -> bool {
    let label = issue.label.to_lowercase();
    label.contains(words) || issue.terms.iter().any(|term| term.term.to_lowercase().contains(words))
}
