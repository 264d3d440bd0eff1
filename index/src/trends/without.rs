//! The list without one source, one region, one meeting or one crowd of accounts: what rests on it alone.

use std::collections::HashSet;
use std::path::Path;

use bus::{EventId, PostId, SourceId};
use jiff::Timestamp;

use super::config::TrendsConfig;
use super::detector::Detector;
use super::error::StateError;
use super::model::{Issue, IssueId, TrendList};

/// What is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// A source.
    Source(SourceId),
    /// An NHS region, by its slug: the posts that name it most surely.
    Region(String),
    /// A meeting.
    Meeting(EventId),
    /// Everything by the accounts that posted this text or nearly this text.
    CopiesOf(PostId),
}

/// Two lists of one moment, computed from the same posts but for those that were left out of the second.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// With everything.
    pub whole: TrendList,
    /// Without what was left out.
    pub without: TrendList,
    /// Posts remembered in all.
    pub posts: usize,
    /// Posts left out.
    pub left_out: usize,
}

/// What became of one issue.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// The issue as it is without what was left out, or with everything where it is gone.
    pub issue: &'a Issue,
    /// Its place with everything, from 1; `None` where it is listed only without.
    pub before: Option<usize>,
    /// Its place without what was left out, from 1; `None` where it is listed no more.
    pub after: Option<usize>,
    /// Voices of the last 7 days with everything and without; 0 where it is not listed.
    pub voices: (u64, u64),
}

impl Comparison {
    /// Every issue of either list: those of the second in their order, then those that are gone.
    pub fn moved(&self) -> Vec<Moved<'_>> {
        let place =
            |list: &'_ TrendList, id: IssueId| list.issues.iter().position(|issue| issue.id == id).map(|at| at + 1);
        let voices =
            |list: &TrendList, id| list.issues.iter().find(|issue| issue.id == id).map_or(0, |issue| issue.voices);
        let gone = self.whole.issues.iter().filter(|issue| place(&self.without, issue.id).is_none());
        let all = self.without.issues.iter().chain(gone);
        all.map(|issue| Moved {
            issue,
            before: place(&self.whole, issue.id),
            after: place(&self.without, issue.id),
            voices: (voices(&self.whole, issue.id), voices(&self.without, issue.id)),
        })
        .collect()
    }
}

/// The list at `as_of` with everything and without `left_out`, from the state saved at `path`; `None` where nothing has been saved.
/// The state itself is not changed. It takes seconds: call it off the async threads.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn without(
    path: &Path,
    config: TrendsConfig,
    as_of: Option<Timestamp>,
    left_out: &LeftOut,
) -> Result<Option<Comparison>, StateError> {
    let Some(mut detector) = Detector::load(path, config)? else { return Ok(None) };
    let Some(as_of) = as_of.or(detector.newest()) else { return Ok(None) };
    let (posts, whole) = (detector.posts(), detector.list(as_of));
    // What was an issue with everything keeps its identity, so that the two can be compared.
    let left_out = detector.leave_out(left_out);
    let without = detector.list(as_of);
    Ok(Some(Comparison { whole, without, posts, left_out }))
}

impl Detector {
    /// Forgets what is left out, and says how many posts that was.
    pub(super) fn leave_out(&mut self, left_out: &LeftOut) -> usize {
        let posts = &mut self.state.posts;
        let gone: Vec<PostId> = match left_out {
            LeftOut::Source(source) => {
                let source = posts.names.intern(source.as_str());
                posts.ids(|post| post.source == source)
            }
            LeftOut::Region(region) => {
                let region = posts.names.intern(region);
                posts.ids(|post| post.region == Some(region))
            }
            LeftOut::Meeting(event) => {
                let event = posts.names.intern(event.as_str());
                posts.ids(|post| post.event == Some(event))
            }
            LeftOut::CopiesOf(id) => {
                let signature = posts.find(*id).and_then(|post| post.signature);
                let is_copy = |post: &super::posts::StoredPost| {
                    post.post_id() == *id
                        || signature.is_some_and(|like| post.signature.is_some_and(|own| own.is_like(&like)))
                };
                let crowd: HashSet<u64> = posts.all().filter(|post| is_copy(post)).map(|post| post.who).collect();
                posts.ids(|post| crowd.contains(&post.who))
            }
        };
        for &id in &gone {
            posts.remove(id);
        }
        gone.len()
    }
}

#[cfg(test)]
mod tests {
    use bus::Change;
    use jiff::SignedDuration;
    use tempfile::tempdir;

    use super::*;
    use crate::testing::{RISING_AT as NOW, post, rising};

    fn post_id(number: u64) -> PostId {
        post(number).build().post.id
    }

    fn compared(left_out: &LeftOut) -> Comparison {
        let dir = tempdir().unwrap();
        let path = dir.path().join("state.bin");
        rising().save(&path).unwrap();
        without(&path, TrendsConfig::default(), Some(NOW), left_out).unwrap().unwrap()
    }

    fn labels(list: &TrendList) -> String {
        list.issues.iter().map(|issue| issue.label.to_lowercase()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn an_issue_that_one_source_makes_is_gone_without_it() {
        let compared = compared(&LeftOut::Source("one".parse().unwrap()));
        assert!(labels(&compared.whole).contains("pens") && labels(&compared.whole).contains("lift"));
        assert!(!labels(&compared.without).contains("pens") && labels(&compared.without).contains("lift"));
        assert_eq!((compared.posts, compared.left_out), (6_060, 2_040));
        let moved = compared.moved();
        let pens = moved.iter().find(|moved| moved.issue.label.to_lowercase().contains("pens")).unwrap();
        assert!(pens.before.is_some() && pens.after.is_none());
        assert_eq!(pens.voices, (30, 0));
        let lift = moved.iter().find(|moved| moved.issue.label.to_lowercase().contains("lift")).unwrap();
        assert!(lift.before.is_some() && lift.after.is_some(), "it keeps its identity");
        assert_eq!(lift.voices, (30, 20));
    }

    #[test]
    fn a_region_can_be_left_out() {
        let compared = compared(&LeftOut::Region("south-west".to_owned()));
        assert_eq!(compared.left_out, 30);
        assert!(!labels(&compared.without).contains("pens"));
    }

    #[test]
    fn what_nobody_said_leaves_everything() {
        let compared = compared(&LeftOut::CopiesOf(post_id(999_999)));
        assert_eq!(compared.left_out, 0);
        assert_eq!(labels(&compared.whole), labels(&compared.without));
    }

    #[test]
    fn a_crowd_goes_with_all_that_it_said() {
        let mut detector = rising();
        for (number, author) in (70_000..70_010).flat_map(|n| [(n, n), (n + 100, n)]) {
            let text = if number < 70_100 {
                "save our walk in centre sign the petition today"
            } else {
                "hello there all of you"
            };
            let at = NOW - SignedDuration::from_mins(5);
            detector.observe(&Change::Upsert(post(number).author(author).at(at).text(text).build()));
        }
        assert_eq!(detector.leave_out(&LeftOut::CopiesOf(post_id(70_003))), 20);
    }
}
