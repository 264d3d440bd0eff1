//! The methods of others over the same posts, with the same terms, grouping and identities as ours.

use std::collections::{BTreeMap, HashMap};

use bus::{Channel, Enriched, Offsets};
use jiff::Timestamp;

use super::method::Statistic;
use super::statistics::{DAYS, Days, MIN_COUNT, judge};
use crate::trends::candidates::{Candidate, counted, find_posts, frequent};
use crate::trends::clock::DAY;
use crate::trends::config::TrendsConfig;
use crate::trends::course::Course;
use crate::trends::describe::{Calendar, Known, Scene, describe};
use crate::trends::frame::{Counting, Frame};
use crate::trends::gaps::Missing;
use crate::trends::gate::judge_voices;
use crate::trends::group::group;
use crate::trends::members::{Draft, Hearing, draft};
use crate::trends::model::{Issue, IssueId, TrendList};
use crate::trends::posts::Posts;
use crate::trends::registry::{Registry, Sighting};
use crate::trends::score::{Evidence, Rise};

/// Terms looked at further, strongest first: as many as ours.
const MAX_CANDIDATES: usize = 400;

/// A detector that tells what is rising by the statistic of others.
pub(super) struct Baseline {
    statistic: Statistic,
    config: TrendsConfig,
    posts: Posts,
    registry: Registry,
}

impl Baseline {
    /// A detector that has seen nothing.
    pub(super) fn new(statistic: Statistic, config: TrendsConfig) -> Self {
        Self {
            statistic,
            posts: Posts::new(config.max_posts, config.retention.clone()),
            config,
            registry: Registry::default(),
        }
    }

    /// Takes in one post.
    pub(super) fn observe(&mut self, post: &Enriched) {
        self.posts.upsert(post);
    }

    /// The strongest issues at `as_of`, whatever their strength: the strength of an issue is that of its strongest term.
    pub(super) fn list(&mut self, as_of: Timestamp) -> TrendList {
        let Self { statistic, config, posts, registry } = self;
        posts.refresh();
        let frame = Frame::new(posts, as_of.as_second(), Missing::default());
        let counting = match statistic {
            Statistic::JlhGated | Statistic::Mastodon => Counting::Voices,
            _ => Counting::Posts,
        };
        let candidates = candidates(*statistic, &frame, counting);
        let groups = group(&frame, counting, &candidates, f64::NEG_INFINITY);
        let mut drafts = draft(&frame, counting, &candidates, &groups);
        for draft in &mut drafts {
            draft.evidence.score = draft.terms[0].1.score;
        }
        drafts.sort_by(|one, two| two.evidence.score.total_cmp(&one.evidence.score));
        drafts.truncate(config.max_issues);

        let courses: Vec<Course> = drafts.iter().map(|draft| course(&frame, draft)).collect();
        let sightings: Vec<Sighting> =
            drafts.iter().zip(&courses).map(|(draft, course)| sighting(&frame, draft, course)).collect();
        let identities = registry.identify(&sightings, frame.as_of);
        let scene = Scene { frame: &frame, names: &posts.names, calendar: Calendar::ending(frame.as_of) };
        let mut issues: Vec<Issue> = Vec::new();
        for ((draft, course), id) in drafts.iter().zip(&courses).zip(identities) {
            let Some((id, entry)) = id.and_then(|id| Some((id, registry.entry(id)?))) else { continue };
            let since = entry.first_seen.max(frame.as_of - 7 * DAY);
            let is_gated = *statistic == Statistic::JlhGated;
            if is_gated && judge_voices(&frame, config, draft, since).checks.iter().any(|check| !check.passed) {
                continue;
            }
            let known = Known { id, first_seen: entry.first_seen, label: &entry.label };
            issues.push(describe(&scene, draft, course, &known));
        }
        let listed: BTreeMap<IssueId, String> = issues.iter().map(|issue| (issue.id, issue.label.clone())).collect();
        registry.note_listed(&listed, frame.as_of);
        TrendList {
            as_of,
            computed_at: as_of,
            offsets: Offsets::default(),
            method: format!("{statistic:?}"),
            hash: String::new(),
            days_seen: u32::try_from(frame.days_seen).unwrap_or(0),
            issues,
            held: Vec::new(),
            retired: BTreeMap::new(),
        }
    }
}

fn candidates(statistic: Statistic, frame: &Frame, counting: Counting) -> Vec<Candidate> {
    let frequent = frequent(frame, Counting::Voices);
    let mut counts: HashMap<_, Days> = HashMap::with_capacity(frequent.len());
    let mut all: Days = [0; DAYS];
    for post in &frame.posts {
        let Some(day) = usize::try_from((frame.as_of - post.at) / DAY).ok().filter(|&day| day < DAYS) else { continue };
        all[day] += 1;
        for term in counted(post, counting).filter(|term| frequent.contains_key(term)) {
            counts.entry(term).or_insert([0; DAYS])[day] += 1;
        }
    }
    let judged = counts.iter().filter(|(_, days)| days[0] >= MIN_COUNT).map(|(&term, days)| {
        let (score, expected) = judge(statistic, days, &all);
        let rise = Rise { channel: Channel::Social, window: 1, voices: days[0], expected, p: 0.0 };
        let evidence = Evidence { rises: vec![rise], pooled: None, score };
        Candidate { term, evidence, tallies: frequent[&term], posts: Vec::new(), alike: None }
    });
    let mut rising: Vec<Candidate> = judged.filter(|candidate| candidate.evidence.score > 0.0).collect();
    rising.sort_by(|one, two| two.evidence.score.total_cmp(&one.evidence.score).then(one.term.cmp(&two.term)));
    rising.truncate(MAX_CANDIDATES);
    find_posts(frame, counting, &mut rising);
    rising
}

fn course(frame: &Frame, draft: &Draft) -> Course {
    let members = draft.members.iter();
    let ages = members.map(|member| (frame.as_of - frame.posts[member.post].at, member.hearing == Hearing::Voice));
    Course::new(ages, frame.days_seen, Course::ALL_COLLECTED)
}

fn sighting(frame: &Frame, draft: &Draft, course: &Course) -> Sighting {
    let posts = || draft.members.iter().map(|member| frame.posts[member.post]);
    let first = posts().find(|post| post.at >= frame.as_of - course.rise_age()).or_else(|| posts().next_back());
    Sighting {
        first_seen: first.map_or(frame.as_of, |post| post.at),
        first_post: first.map_or([0; 16], |post| post.id),
        terms: draft.terms.iter().map(|(term, evidence)| (*term, evidence.score)).collect(),
        posts: posts().rev().take_while(|post| post.at > frame.as_of - 7 * DAY).map(|post| post.id).collect(),
        may_be_new: true,
    }
}
