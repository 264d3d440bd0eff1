//! Issues to posts: which posts belong to an issue, now and in the weeks before, and which of them add a voice.

use std::collections::HashMap;

use super::candidates::Candidate;
use super::clock::DAY;
use super::frame::{Counting, Frame};
use super::group::Group;
use super::score::{Evidence, Rise, Tallies, position};
use super::terms::Term;
use super::voices::COPIES_HEARD;

/// A term makes a post belong to the issue by itself when this part of its use is due to the rise, and its own evidence
/// is this strong.
const CORE: f64 = 0.8;
const CORE_SCORE: f64 = 3.0;
/// Of a term with this part, two are needed; a term with less is too common to tell.
const HINT: f64 = 0.5;

/// One post of an issue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its position in [`Frame::posts`].
    pub(super) post: usize,
    /// How it counts.
    pub(super) hearing: Hearing,
}

/// How a post counts for an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// As a voice.
    Voice,
    /// Not: a copy beyond the third of the same text.
    Copy,
    /// Not: its author spoke about this in the 24 hours before.
    SameAuthor,
}

/// An issue before it has a name: its terms, its posts and its evidence.
#[derive(Debug)]
pub(super) struct Draft {
    /// What its tallies count.
    pub(super) counting: Counting,
    /// Whether it was found by what posts mean, not by a word.
    pub(super) is_meant: bool,
    /// Its terms with the evidence of each, the strongest first.
    pub(super) terms: Vec<(Term, Evidence)>,
    /// Its posts of all days known, oldest first.
    pub(super) members: Vec<Member>,
    /// Its voices or posts by channel and window.
    pub(super) tallies: Tallies,
    /// Their evidence.
    pub(super) evidence: Evidence,
}

/// The posts of each group. A post belongs to an issue when it uses a term that is rare without the rise, or two of
/// the other terms.
pub(super) fn draft(frame: &Frame, counting: Counting, candidates: &[Candidate], groups: &[Group]) -> Vec<Draft> {
    let owners = owners(candidates, groups);
    let meant = meant(candidates, &owners);
    let mut members: Vec<Vec<Member>> = vec![Vec::new(); groups.len()];
    let mut last_words: HashMap<(usize, u64), i64> = HashMap::new();
    let mut weights: Vec<(usize, u32)> = Vec::new();
    for (at, post) in frame.posts.iter().enumerate() {
        weights.clear();
        let terms = post.terms.iter().filter_map(|used| owners.get(&used.term()));
        for &(group, weight) in terms.chain(meant.get(&at).into_iter().flatten()) {
            match weights.iter_mut().find(|(known, _)| *known == group) {
                Some((_, sum)) => *sum += weight,
                None => weights.push((group, weight)),
            }
        }
        for &(group, _) in weights.iter().filter(|(_, weight)| *weight >= 2) {
            let last = last_words.insert((group, post.who), post.at);
            let hearing = if post.copy.number > COPIES_HEARD {
                Hearing::Copy
            } else if last.is_some_and(|last| post.at - last < DAY) {
                Hearing::SameAuthor
            } else {
                Hearing::Voice
            };
            members[group].push(Member { post: at, hearing });
        }
    }
    let drafts = groups.iter().zip(members);
    drafts
        .map(|(group, members)| {
            let own = || group.terms.iter().map(|&index| &candidates[index]);
            let mut terms: Vec<(Term, Evidence)> =
                own().map(|candidate| (candidate.term, candidate.evidence.clone())).collect();
            // What has no word of its own is told by words that are used with it.
            for (word, evidence) in
                own().filter_map(|candidate| candidate.alike.as_ref()).flat_map(|alike| &alike.words)
            {
                if !terms.iter().any(|(term, _)| term == word) {
                    terms.push((*word, evidence.clone()));
                }
            }
            let is_meant = own().next().is_some_and(|leader| leader.alike.is_some());
            Draft { is_meant, ..weigh(frame, counting, terms, members) }
        })
        .collect()
}

/// The posts that mean what a candidate does, whose words do not show it, with the group and the weight of that candidate.
fn meant(candidates: &[Candidate], owners: &HashMap<Term, (usize, u32)>) -> HashMap<usize, Vec<(usize, u32)>> {
    let mut meant: HashMap<usize, Vec<(usize, u32)>> = HashMap::new();
    for candidate in candidates {
        if let (Some(alike), Some(&owner)) = (&candidate.alike, owners.get(&candidate.term)) {
            for &post in &alike.posts {
                meant.entry(post).or_default().push(owner);
            }
        }
    }
    meant
}

/// For each term the group that it belongs to and its weight there: 2 makes a post a member.
fn owners(candidates: &[Candidate], groups: &[Group]) -> HashMap<Term, (usize, u32)> {
    let mut owners = HashMap::new();
    for (number, group) in groups.iter().enumerate() {
        for (nth, &index) in group.terms.iter().enumerate() {
            let candidate = &candidates[index];
            let attributable = candidate.evidence.best().map_or(0.0, Rise::attributable);
            let is_core =
                !group.wide.contains(&index) && attributable >= CORE && candidate.evidence.score >= CORE_SCORE;
            let leads = nth == 0 && (candidate.alike.is_some() || !candidate.term.is_topic());
            // Where words tell what it is about, what lies near to it in meaning is a hint: much of it is older talk.
            let is_hint = nth > 0 && candidate.alike.is_some();
            if (is_core && !is_hint) || leads {
                owners.insert(candidate.term, (number, 2));
            } else if attributable >= HINT {
                owners.insert(candidate.term, (number, 1));
            }
        }
    }
    owners
}

fn weigh(frame: &Frame, counting: Counting, terms: Vec<(Term, Evidence)>, members: Vec<Member>) -> Draft {
    let mut tallies = Tallies::default();
    for member in members.iter().filter(|member| counting == Counting::Posts || member.hearing == Hearing::Voice) {
        let post = frame.posts[member.post];
        tallies[position(post.channel)].add(frame.roles(post));
    }
    let evidence = frame.judge(&tallies, counting);
    Draft { counting, is_meant: false, terms, members, tallies, evidence }
}
