//! The list of issues as staff's decisions leave it: what was released stands among the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use civic::reviews::{Review, Verdict};
use civic::{Record, RecordError, reviews};
use index::trends::model::Status;
use index::trends::{Issue, IssueId, TrendList};
use jiff::{SignedDuration, Timestamp};

/// Another process may decide too, so decisions are read anew after so long.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(2);

/// Decisions by issue, and the list that they were applied to last.
#[derive(Default)]
pub struct Reviews {
    known: RwLock<Known>,
    applied: Mutex<Option<Applied>>,
}

#[derive(Clone, Default)]
struct Known {
    by_issue: Arc<HashMap<String, Review>>,
    read_at: Option<Timestamp>,
}

struct Applied {
    from: Arc<TrendList>,
    by_issue: Arc<HashMap<String, Review>>,
    list: Arc<TrendList>,
}

impl Reviews {
    /// Reads the decisions, unless they were read a moment ago.
    ///
    /// # Errors
    /// When the record cannot be read; the decisions of last time stay.
    pub async fn refresh(&self, record: &Record, now: Timestamp) -> Result<(), RecordError> {
        let is_fresh = |read_at: Timestamp| now.duration_since(read_at).abs() < GOOD_FOR;
        if self.known().read_at.is_some_and(is_fresh) {
            return Ok(());
        }
        let read = record.read(reviews::all).await?;
        let by_issue: HashMap<String, Review> = read.into_iter().map(|review| (review.issue.clone(), review)).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // The same decisions stay the same map, so that the list made from them is kept.
        if *known.by_issue != by_issue {
            known.by_issue = Arc::new(by_issue);
        }
        known.read_at = Some(now);
        Ok(())
    }

    /// Forgets when decisions were read: one was just made.
    pub fn changed(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).read_at = None;
    }

    /// The newest decision about an issue.
    pub fn of(&self, issue: IssueId) -> Option<Review> {
        self.known().by_issue.get(&issue.to_string()).cloned()
    }

    /// The list with what was released among the issues. Its hash stays that of the list as it was found.
    pub fn apply(&self, from: Arc<TrendList>) -> Arc<TrendList> {
        let by_issue = self.known().by_issue;
        let is_released = |issue: &Issue| {
            by_issue.get(&issue.id.to_string()).is_some_and(|review| review.verdict == Verdict::Released)
        };
        if !from.held.iter().any(is_released) {
            return from;
        }
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(applied) = &*applied
            && Arc::ptr_eq(&applied.from, &from)
            && Arc::ptr_eq(&applied.by_issue, &by_issue)
        {
            return Arc::clone(&applied.list);
        }
        let mut list = TrendList::clone(&from);
        let (released, held) = list.held.into_iter().partition(is_released);
        list.held = held;
        list.issues.extend(Vec::into_iter(released).map(as_listed));
        list.issues.sort_by(|a, b| b.score.total_cmp(&a.score));
        let list = Arc::new(list);
        *applied = Some(Applied { from, by_issue, list: Arc::clone(&list) });
        list
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A held issue is above its usual range, and growing if it has more posts than in the time before.
fn as_listed(issue: Issue) -> Issue {
    let status = if issue.posts > issue.posts_before { Status::Rising } else { Status::Sustained };
    Issue { status, ..issue }
}
