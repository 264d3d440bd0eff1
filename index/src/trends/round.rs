//! One computation of a list: from terms that rise to issues that are listed or held.

use std::collections::{BTreeMap, HashSet};

use bus::Channel;

use super::candidates::candidates;
use super::clock::WEEK;
use super::config::TrendsConfig;
use super::course::Course;
use super::describe::{Calendar, Known, Scene, describe, related};
use super::frame::{Counting, Frame};
use super::gate::judge_voices;
use super::group::{group, join};
use super::kindred::{Kindred, Profile, Rarity};
use super::likeness;
use super::members::{Draft, Hearing, draft};
use super::model::{GateCheck, Issue, IssueId, Status};
use super::names::Names;
use super::quotes::ranked;
use super::registry::{Registry, Sighting};

/// Strength from which a term may help to tell which posts belong together.
const CANDIDATE: f64 = 2.0;
/// Strength beyond that of an issue, from which something loud is worth a person's look.
const LOUD: f64 = 4.0;
/// The part of the smaller one's posts in common from which two drafts are one issue.
const OVERLAPPING: f64 = 0.35;
/// See [`doubt`].
const ALONE: f64 = 2.0;
const UNHEARD: f64 = -0.7;
const MEANT: f64 = -0.7;
/// The part of the use of terms that is due to the rise from which nobody used them before.
const UNHEARD_OF: f64 = 0.975;

/// What one computation works on.
pub(super) struct Round<'a> {
    config: &'a TrendsConfig,
    frame: &'a Frame<'a>,
    scene: Scene<'a>,
}

impl<'a> Round<'a> {
    /// A computation over the posts of `frame`.
    pub(super) fn new(config: &'a TrendsConfig, frame: &'a Frame<'a>, names: &'a Names) -> Self {
        Self { config, frame, scene: Scene { frame, names, calendar: Calendar::ending(frame.as_of) } }
    }

    /// The issues to list and those to hold, strongest first, under the identities that `registry` knows or gives.
    pub(super) fn issues(&self, registry: &mut Registry) -> (Vec<Issue>, Vec<Issue>) {
        let mut drafts = self.drafts(registry, Counting::Voices, CANDIDATE, self.config.unlist_below);
        let loud = self.drafts(registry, Counting::Posts, self.config.list_at + LOUD, self.config.list_at + LOUD);
        let carried: Vec<HashSet<usize>> = drafts.iter().map(|draft| self.recent(draft)).collect();
        drafts.extend(loud.into_iter().filter(|loud| !is_within(&self.recent(loud), &carried)));
        let courses: Vec<Course> = drafts.iter().map(|draft| self.course(draft)).collect();
        let sightings = drafts.iter().zip(&courses).map(|(draft, course)| self.sighting(draft, course));
        let identities = registry.identify(&sightings.collect::<Vec<_>>(), self.frame.as_of);

        let (mut listed, mut held) = (Vec::new(), Vec::new());
        for ((draft, course), id) in drafts.iter().zip(&courses).zip(identities) {
            let Some((id, entry)) = id.and_then(|id| Some((id, registry.entry(id)?))) else { continue };
            let known = Known { id, first_seen: entry.first_seen, label: &entry.label };
            let threshold = if entry.is_listed { self.config.unlist_below } else { self.config.list_at };
            match self.decide(draft, course, known, threshold + doubt(draft)) {
                Some(decided) if decided.is_held => held.push(decided),
                Some(decided) => listed.push(decided),
                None => {}
            }
        }
        let [mut issues, mut held] = [listed, held].map(|decided| self.described(decided));
        relate(&mut issues, &mut held);
        let listed: BTreeMap<IssueId, String> =
            issues.iter().chain(&held).map(|issue| (issue.id, issue.label.clone())).collect();
        registry.note_listed(&listed, self.frame.as_of);
        (issues, held)
    }

    /// Groups of terms that rise by at least `threshold`, as issues without identity, strongest first.
    fn drafts(&self, registry: &Registry, counting: Counting, candidate: f64, threshold: f64) -> Vec<Draft> {
        let rarity = Rarity::of(self.frame);
        let mut candidates = candidates(self.frame, counting, candidate);
        if counting == Counting::Voices {
            candidates.extend(likeness::candidates(self.frame, &rarity, candidate));
        }
        let groups = group(self.frame, counting, &candidates, threshold);
        let mut drafts = draft(self.frame, counting, &candidates, &groups);
        let sightings: Vec<Sighting> = drafts.iter().map(|draft| self.sighting(draft, &self.course(draft))).collect();
        let mut belonging = registry.belonging(&sightings);
        self.join_overlapping(&drafts, &mut belonging);
        self.join_kindred(&drafts, &rarity, threshold, &mut belonging);
        if belonging.iter().enumerate().any(|(at, &first)| at != first) {
            drafts = draft(self.frame, counting, &candidates, &join(groups, &belonging));
        }
        drafts.retain(|draft| draft.evidence.score >= threshold);
        drafts.sort_by(|one, two| {
            let leaders = || one.terms[0].0.cmp(&two.terms[0].0);
            two.evidence.score.total_cmp(&one.evidence.score).then_with(leaders)
        });
        drafts
    }

    /// Lets each draft belong to the first one that it shares most of the smaller's recent posts with.
    fn join_overlapping(&self, drafts: &[Draft], belonging: &mut [usize]) {
        let recent: Vec<HashSet<usize>> = drafts.iter().map(|draft| self.recent(draft)).collect();
        join_where(belonging, |first, second| {
            let shared = recent[first].intersection(&recent[second]).count() as f64;
            let smaller = recent[first].len().min(recent[second].len()) as f64;
            shared >= OVERLAPPING * smaller.max(1.0)
        });
    }

    /// Lets each draft that is strong enough to be listed belong to the first one whose voices speak of the same.
    fn join_kindred(&self, drafts: &[Draft], rarity: &Rarity, threshold: f64, belonging: &mut [usize]) {
        let is_strong = |draft: &Draft| draft.evidence.score >= threshold;
        let profile = |draft| is_strong(draft).then(|| Profile::of(self.frame, draft, rarity));
        let profiles: Vec<Option<Profile>> = drafts.iter().map(profile).collect();
        let kindred = Kindred::among(&profiles);
        join_where(belonging, |first, second| kindred.are_one(first, second));
    }

    fn recent(&self, draft: &Draft) -> HashSet<usize> {
        draft.members.iter().map(|member| member.post).filter(|&post| post >= self.frame.recent).collect()
    }

    /// What the gate says of a draft; `None` where there is nothing to show.
    fn decide<'d>(
        &self,
        draft: &'d Draft,
        course: &'d Course,
        known: Known<'d>,
        threshold: f64,
    ) -> Option<Decided<'d>> {
        if draft.evidence.score < threshold {
            return None;
        }
        let since = known.first_seen.max(self.frame.as_of - WEEK);
        let verdict = judge_voices(self.frame, self.config, draft, since);
        let is_held = verdict.score < threshold;
        if !is_held && draft.counting == Counting::Posts {
            // Many posts of few voices, which by themselves are no more than usual: nothing to list or to hold.
            return None;
        }
        let score = if is_held { draft.evidence.score } else { verdict.score };
        Some(Decided { draft, course, known, checks: verdict.checks, score, is_held })
    }

    /// The strongest of the decided, as many as are shown: to describe all costs more than to find them.
    fn described(&self, mut decided: Vec<Decided>) -> Vec<Issue> {
        decided.sort_by(|one, two| two.score.total_cmp(&one.score).then(one.known.id.cmp(&two.known.id)));
        decided.truncate(self.config.max_issues);
        let issues = decided.into_iter().map(|Decided { draft, course, known, checks, score, is_held }| {
            let issue = describe(&self.scene, draft, course, &known);
            let status = if is_held { Status::Held } else { issue.status };
            Issue { gate: checks, score, status, ..issue }
        });
        issues.collect()
    }

    fn course(&self, draft: &Draft) -> Course {
        let members = draft.members.iter();
        let ages = members
            .map(|member| (self.frame.as_of - self.frame.posts[member.post].at, member.hearing == Hearing::Voice));
        Course::new(ages, self.frame.days_seen, self.uncollected(draft))
    }

    /// The days on which much of what the sources of a draft say was not collected.
    fn uncollected<const DAYS: usize>(&self, draft: &Draft) -> [bool; DAYS] {
        let posts = draft.members.iter().map(|member| self.frame.posts[member.post].source);
        let shares = ranked(posts).into_iter();
        let all = draft.members.len().max(1) as f64;
        self.frame.missing.days(&shares.map(|(source, posts)| (source, posts as f64 / all)).collect::<Vec<_>>())
    }

    fn sighting(&self, draft: &Draft, course: &Course) -> Sighting {
        let as_of = self.frame.as_of;
        let posts = || draft.members.iter().map(|member| self.frame.posts[member.post]);
        let first = posts().find(|post| post.at >= as_of - course.rise_age()).or_else(|| posts().next_back());
        Sighting {
            first_seen: first.map_or(as_of, |post| post.at),
            first_post: first.map_or([0; 16], |post| post.id),
            terms: draft.terms.iter().map(|(term, evidence)| (*term, evidence.score)).collect(),
            posts: posts().rev().take_while(|post| post.at > as_of - WEEK).map(|post| post.id).collect(),
            may_be_new: draft.evidence.score >= self.config.list_at + doubt(draft),
        }
    }
}

/// Lets each draft that belongs to none yet belong to the first one that it is one with, and what belongs to it as well.
fn join_where(belonging: &mut [usize], are_one: impl Fn(usize, usize) -> bool) {
    for second in 1..belonging.len() {
        let is_first = |&first: &usize| belonging[first] == first && are_one(first, second);
        if belonging[second] == second
            && let Some(first) = (0..second).find(is_first)
        {
            belonging[second] = first;
            for later in belonging.iter_mut().skip(second).filter(|to| **to == second) {
                *later = first;
            }
        }
    }
}

/// Whether most of the posts of something loud belong to an issue that voices carry: its copies are discounted there.
fn is_within(loud: &HashSet<usize>, carried: &[HashSet<usize>]) -> bool {
    carried.iter().any(|issue| 2 * loud.intersection(issue).count() > loud.len())
}

/// The strength that a draft needs beside the usual. A single term needs more online: an issue that many people talk about has several. The
/// few speakers of meetings may share no more than one. Several terms that nobody used before the rise need less where people talk to each
/// other: chance lets common words rise, and not these. So does what is found by its meaning, which can be heard in one of five channels only,
/// whose silence weighs against it.
fn doubt(draft: &Draft) -> f64 {
    let Some(rise) = draft.evidence.best() else { return 0.0 };
    let is_single = draft.terms.len() == 1;
    match rise.channel {
        Channel::Offline if draft.is_meant => MEANT,
        Channel::Offline => 0.0,
        _ if is_single => ALONE,
        Channel::Social | Channel::Forum | Channel::Comment if rise.attributable() >= UNHEARD_OF => UNHEARD,
        _ => 0.0,
    }
}

/// A draft that is to be listed or held.
struct Decided<'a> {
    draft: &'a Draft,
    course: &'a Course,
    known: Known<'a>,
    checks: Vec<GateCheck>,
    score: f64,
    is_held: bool,
}

/// Tells each issue which others share its posts.
fn relate(issues: &mut [Issue], held: &mut [Issue]) {
    let all: Vec<&Issue> = issues.iter().chain(&*held).collect();
    let relations = related(&all);
    for (issue, relations) in issues.iter_mut().chain(held).zip(relations) {
        issue.related = relations;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_that_is_joined_goes_with_it() {
        // The fourth lies in the third already; the third is one with the first.
        let mut belonging = [0, 1, 2, 2, 4];
        join_where(&mut belonging, |first, second| (first, second) == (0, 2) || (first, second) == (2, 4));
        assert_eq!(belonging, [0, 1, 0, 0, 4]);
    }
}
