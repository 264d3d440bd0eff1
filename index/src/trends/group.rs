//! Terms to issues: terms that the same posts use belong together.

use std::collections::BTreeMap;

use super::candidates::Candidate;
use super::frame::{Counting, Frame};
use super::score::{Rise, position};

/// Terms of one issue, the leader first, as positions in the list of candidates.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) terms: Vec<usize>,
    posts: Bits,
}

/// A cosine of shared posts from which a term belongs to a group.
const ALIKE: f64 = 0.3;
/// A part of its posts inside a group from which a term belongs to it.
const CONTAINED: f64 = 0.6;
/// A part of its use due to the rise from which a term that is only alike may join.
const ATTRIBUTABLE: f64 = 0.67;
/// A part of the smaller group's posts from which two groups are one.
const OVERLAPPING: f64 = 0.2;
/// Posts that they must share at least.
const MIN_SHARED: u32 = 4;

/// Leader clustering: each term, strongest first, joins the group that it shares most posts with, or leads a new one;
/// at the end groups that overlap become one.
///
/// A term leads only if it would still rise by at least `threshold` without the posts of the groups before it: common
/// words rise with every issue that uses them, and are none themselves.
pub(super) fn group(frame: &Frame, counting: Counting, candidates: &[Candidate], threshold: f64) -> Vec<Group> {
    let recent = frame.posts.len() - frame.recent;
    let mut groups: Vec<Group> = Vec::new();
    let mut explained = Bits::of(&[], recent);
    for (index, candidate) in candidates.iter().enumerate() {
        let posts = Bits::of(&candidate.posts, recent);
        let attributable = candidate.evidence.best().map_or(0.0, Rise::attributable);
        let nearest = groups
            .iter_mut()
            .map(|group| (group.posts.shared(&posts), group))
            .filter(|(shared, group)| belongs(*shared, posts.count, group.posts.count, attributable))
            .max_by(|(one, a), (two, b)| one.cmp(two).then(b.terms[0].cmp(&a.terms[0])));
        match nearest {
            Some((_, group)) => {
                group.terms.push(index);
                // A common word belongs to the group, but not all that is said with it.
                if attributable >= ATTRIBUTABLE {
                    group.posts.add(&posts);
                }
            }
            None if leads(frame, counting, candidate, &explained, threshold) => {
                groups.push(Group { terms: vec![index], posts: posts.clone() });
            }
            None => continue,
        }
        explained.add(&posts);
    }
    merge(groups)
}

/// Joins each group to the one whose position is given, which is its own or one before.
pub(super) fn join(groups: Vec<Group>, with: &[usize]) -> Vec<Group> {
    let mut joined: BTreeMap<usize, Group> = BTreeMap::new();
    for (group, &at) in groups.into_iter().zip(with) {
        match joined.get_mut(&at) {
            Some(first) => first.absorb(group),
            None => {
                joined.insert(at, group);
            }
        }
    }
    joined.into_values().collect()
}

/// Whether the term rises even without the posts that other groups explain.
fn leads(frame: &Frame, counting: Counting, candidate: &Candidate, explained: &Bits, threshold: f64) -> bool {
    let mut tallies = candidate.tallies;
    for &at in candidate.posts.iter().filter(|&&at| explained.contains(at)) {
        let post = frame.posts[frame.recent + at as usize];
        tallies[position(post.channel)].take_from_now(frame.roles(post));
    }
    frame.judge(&tallies, counting).score >= threshold
}

fn belongs(shared: u32, own: u32, of_group: u32, attributable: f64) -> bool {
    let (shared, own, of_group) = (f64::from(shared), f64::from(own), f64::from(of_group));
    let contained = shared / own.max(1.0);
    let cosine = shared / (own * of_group).sqrt().max(1.0);
    contained >= CONTAINED || (cosine >= ALIKE && attributable >= ATTRIBUTABLE)
}

fn merge(mut groups: Vec<Group>) -> Vec<Group> {
    let mut at = 0;
    while at < groups.len() {
        let partner = (0..at).find(|&other| {
            let smaller = groups[at].posts.count.min(groups[other].posts.count).max(1);
            let shared = groups[at].posts.shared(&groups[other].posts);
            shared >= MIN_SHARED && f64::from(shared) / f64::from(smaller) >= OVERLAPPING
        });
        match partner {
            Some(other) => {
                let merged = groups.remove(at);
                groups[other].absorb(merged);
                // The grown group may now overlap with others before it.
                at = other;
            }
            None => at += 1,
        }
    }
    groups
}

impl Group {
    fn absorb(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.posts.add(&other.posts);
    }
}

/// A set of posts.
#[derive(Clone, Debug)]
struct Bits {
    words: Vec<u64>,
    count: u32,
}

impl Bits {
    fn of(posts: &[u32], size: usize) -> Self {
        let mut words = vec![0_u64; size.div_ceil(64)];
        for &post in posts {
            words[post as usize / 64] |= 1 << (post % 64);
        }
        let count = words.iter().map(|word| word.count_ones()).sum();
        Self { words, count }
    }

    fn contains(&self, post: u32) -> bool {
        self.words[post as usize / 64] >> (post % 64) & 1 == 1
    }

    fn shared(&self, other: &Self) -> u32 {
        self.words.iter().zip(&other.words).map(|(one, two)| (one & two).count_ones()).sum()
    }

    fn add(&mut self, other: &Self) {
        for (one, two) in self.words.iter_mut().zip(&other.words) {
            *one |= two;
        }
        self.count = self.words.iter().map(|word| word.count_ones()).sum();
    }
}
