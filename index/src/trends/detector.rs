//! The detector: changes in, a list of rising issues out. It knows no clock and touches no disk.

use std::collections::BTreeMap;

use bus::{Change, Enriched, Offsets};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::candidates::{Candidate, candidates};
use super::clock::WEEK;
use super::config::TrendsConfig;
use super::course::Course;
use super::describe::{Calendar, Known, Scene, describe, hold, related};
use super::frame::Frame;
use super::gate::judge_voices;
use super::group::group;
use super::members::{Draft, Hearing, draft};
use super::model::{Issue, IssueId, TrendList};
use super::posts::Posts;
use super::registry::{Registry, Sighting};

/// Finds the issues that are rising now.
///
/// It remembers a bounded set of posts and computes every list from that set, so that the order of arrival does not
/// matter, and the same changes under the same configuration give the same list with the same hash.
#[derive(Debug)]
pub struct Detector {
    config: TrendsConfig,
    pub(super) state: State,
}

/// What is saved.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) posts: Posts,
    registry: Registry,
    offsets: Offsets,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(config: TrendsConfig) -> Self {
        let posts = Posts::new(config.max_posts);
        Self { config, state: State { posts, registry: Registry::default(), offsets: Offsets::default() } }
    }

    /// A detector that goes on from a saved state.
    pub(super) fn restored(config: TrendsConfig, state: State) -> Self {
        let posts = state.posts.restored(config.max_posts);
        Self { config, state: State { posts, ..state } }
    }

    /// Takes in one change. Posts dated more than an hour after they were collected are left out.
    pub fn observe(&mut self, change: &Change<Enriched>) {
        match change {
            Change::Upsert(enriched) => self.state.posts.upsert(enriched),
            Change::Delete(id) => {
                self.state.posts.remove(*id);
                self.state.registry.remove_post(id.as_bytes());
            }
            Change::EraseAuthor(author) => {
                for id in self.state.posts.erase(*author) {
                    self.state.registry.remove_post(id.as_bytes());
                }
            }
        }
    }

    /// The newest event time seen (UTC): the moment to ask a list for.
    pub fn newest(&self) -> Option<Timestamp> {
        self.state.posts.newest().and_then(|at| Timestamp::from_second(at).ok())
    }

    /// Posts remembered.
    pub fn posts(&self) -> usize {
        self.state.posts.len()
    }

    /// How far the bus has been read; saved with the state.
    pub fn offsets(&self) -> &Offsets {
        &self.state.offsets
    }

    /// Notes how far the bus has been read.
    pub fn set_offsets(&mut self, offsets: Offsets) {
        self.state.offsets = offsets;
    }

    /// The issues at `as_of` (event time, UTC). Posts after it are not looked at. `computed_at` is `as_of` too: the
    /// caller, who has a clock, sets it.
    pub fn list(&mut self, as_of: Timestamp) -> TrendList {
        let now = as_of.as_second();
        let State { posts, registry, offsets } = &mut self.state;
        posts.refresh();
        let frame = Frame::new(posts, now);
        let mut list = TrendList {
            as_of,
            computed_at: as_of,
            offsets: offsets.clone(),
            method: self.config.method(),
            hash: String::new(),
            days_seen: u32::try_from(frame.days_seen).unwrap_or(0),
            issues: Vec::new(),
            held: Vec::new(),
            retired: BTreeMap::new(),
        };
        if list.days_seen >= self.config.min_baseline_days {
            let round = Round { config: &self.config, frame: &frame, calendar: Calendar::ending(now) };
            (list.issues, list.held) = round.issues(registry, &posts.names);
        }
        list.retired = registry.retired();
        list.seal();
        list
    }
}

/// One computation of a list.
struct Round<'a> {
    config: &'a TrendsConfig,
    frame: &'a Frame<'a>,
    calendar: Calendar,
}

impl Round<'_> {
    fn issues(self, registry: &mut Registry, names: &super::names::Names) -> (Vec<Issue>, Vec<Issue>) {
        let Self { config, frame, calendar } = self;
        let candidates = candidates(frame, config.unlist_below);
        let groups = group(&candidates, frame.posts.len() - frame.recent);
        let mut drafts = draft(frame, &candidates, &groups);
        drafts.retain(|draft| draft.evidence.score >= config.unlist_below);
        drafts.sort_by(|one, two| two.evidence.score.total_cmp(&one.evidence.score).then(one.terms.cmp(&two.terms)));
        let courses: Vec<Course> = drafts.iter().map(|draft| course(frame, draft)).collect();
        let sightings: Vec<Sighting> = drafts
            .iter()
            .zip(&courses)
            .map(|(draft, course)| sighting(config, frame, &candidates, draft, course))
            .collect();
        let identities = registry.identify(&sightings, frame.as_of);

        let scene = Scene { frame, names, candidates: &candidates, calendar };
        let (mut issues, mut held) = (Vec::new(), Vec::new());
        for ((draft, course), id) in drafts.iter().zip(&courses).zip(identities) {
            let Some((id, entry)) = id.and_then(|id| Some((id, registry.entry(id)?))) else { continue };
            let threshold = if entry.is_listed { config.unlist_below } else { config.list_at };
            if draft.evidence.score < threshold {
                continue;
            }
            let known = Known { id, first_seen: entry.first_seen, label: &entry.label };
            let since = entry.first_seen.max(frame.as_of - WEEK);
            let verdict = judge_voices(frame, config, draft, since);
            let mut issue = describe(&scene, draft, course, &known);
            issue.gate = verdict.checks;
            if verdict.score >= threshold {
                issue.score = verdict.score;
                issues.push(issue);
            } else {
                hold(&mut issue);
                held.push(issue);
            }
        }
        finish(&mut issues, &mut held, config.max_issues);
        let listed: BTreeMap<IssueId, String> =
            issues.iter().chain(&held).map(|issue| (issue.id, issue.label.clone())).collect();
        registry.note_listed(&listed, frame.as_of);
        (issues, held)
    }
}

fn course(frame: &Frame, draft: &Draft) -> Course {
    let ages = draft
        .members
        .iter()
        .map(|member| (frame.as_of - frame.posts[member.post].at, member.hearing == Hearing::Voice));
    Course::new(ages, frame.days_seen)
}

fn sighting(
    config: &TrendsConfig,
    frame: &Frame,
    candidates: &[Candidate],
    draft: &Draft,
    course: &Course,
) -> Sighting {
    let posts = || draft.members.iter().map(|member| frame.posts[member.post]);
    let since = frame.as_of - course.rise_age();
    let first = posts().find(|post| post.at >= since).or_else(|| posts().last());
    let terms = draft.terms.iter().map(|&index| (candidates[index].term, candidates[index].evidence.score));
    Sighting {
        first_seen: first.map_or(frame.as_of, |post| post.at),
        first_post: first.map_or([0; 16], |post| post.id),
        terms: terms.collect(),
        posts: posts().rev().take_while(|post| post.at > frame.as_of - WEEK).map(|post| post.id).collect(),
        may_be_new: draft.evidence.score >= config.list_at,
    }
}

/// Orders the lists by strength, cuts them, and tells each issue which others share its posts.
fn finish(issues: &mut Vec<Issue>, held: &mut Vec<Issue>, most: usize) {
    for list in [&mut *issues, &mut *held] {
        list.sort_by(|one, two| two.score.total_cmp(&one.score).then(one.id.cmp(&two.id)));
        list.truncate(most);
    }
    let all: Vec<&Issue> = issues.iter().chain(&*held).collect();
    let relations = related(&all);
    for (issue, relations) in issues.iter_mut().chain(held).zip(relations) {
        issue.related = relations;
    }
}
