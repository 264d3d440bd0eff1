//! Terms to issues: terms that the same posts use belong together.

use std::collections::BTreeMap;

use super::candidates::Candidate;
use super::frame::{Counting, Frame};
use super::score::{Rise, position};

/// Terms of one issue, the leader first, as positions in the list of candidates.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) terms: Vec<usize>,
    /// Those of the terms that are said of much else, too.
    pub(super) wide: Vec<usize>,
    posts: Bits,
}

/// A cosine of shared posts from which a term belongs to a leader.
const ALIKE: f64 = 0.3;
/// A part of its posts among those of a leader from which a term belongs to it.
const CONTAINED: f64 = 0.6;
/// A part of its use due to the rise from which a term that is only alike may join.
const ATTRIBUTABLE: f64 = 0.67;
/// Posts that two groups must share at least to be alike at all.
const MIN_SHARED: u32 = 4;
/// The part of the smaller's posts that two groups share, as a mean over their leaders, from which they are one.
const ALIKE_ON_AVERAGE: f64 = 0.15;
/// The same of all their posts.
const ALIKE_IN_ALL: f64 = 0.2;
/// Leaders at most, strongest first.
const MAX_LEADERS: usize = 300;

/// Terms to groups, in two steps. Each term, strongest first, joins the leader that it shares most posts with, or leads
/// itself; then the nearest leaders become one, again and again, while they share enough (average linkage). A common word
/// that is near to two issues is near to one leader of each, so that it does not make one of the two.
///
/// A term leads only if it would still rise by at least `threshold` without the posts of the leaders before it: common
/// words rise with every issue that uses them, and are none themselves.
pub(super) fn group(frame: &Frame, counting: Counting, candidates: &[Candidate], threshold: f64) -> Vec<Group> {
    let recent = frame.posts.len() - frame.recent;
    let mut leaders: Vec<Leader> = Vec::new();
    let mut explained = Bits::of(&[], recent);
    for (index, candidate) in candidates.iter().enumerate() {
        let posts = Bits::of(&candidate.posts, recent);
        let attributable = candidate.evidence.best().map_or(0.0, Rise::attributable);
        let nearest = leaders
            .iter()
            .map(|leader| (leader.own.shared(&posts), leader.own.count))
            .zip(0..)
            .filter(|&((shared, of_leader), _)| belongs(shared, posts.count, of_leader, attributable))
            .max_by(|((one, _), a), ((two, _), b)| one.cmp(two).then(b.cmp(a)));
        match nearest {
            Some((_, at)) => {
                let leader: &mut Leader = &mut leaders[at];
                leader.group.terms.push(index);
                // A common word belongs to the group, but not all that is said with it.
                if f64::from(leader.own.shared(&posts)) >= CONTAINED * f64::from(posts.count) {
                    leader.group.posts.add(&posts);
                } else {
                    leader.group.wide.push(index);
                }
            }
            None if leaders.len() < MAX_LEADERS && leads(frame, counting, candidate, &explained, threshold) => {
                leaders.push(Leader {
                    own: posts.clone(),
                    group: Group { terms: vec![index], wide: Vec::new(), posts: posts.clone() },
                });
            }
            None => continue,
        }
        explained.add(&posts);
    }
    link(leaders.into_iter().map(|leader| leader.group).collect())
}

/// A term that others join.
struct Leader {
    /// The posts that it is used in.
    own: Bits,
    group: Group,
}

/// Makes one of the two groups that are nearest to each other, again and again, while they are near enough: first by the mean
/// over the pairs of leaders in them, then by all their posts.
fn link(groups: Vec<Group>) -> Vec<Group> {
    let groups = merge(groups, ALIKE_ON_AVERAGE, |near, [first, second], leaders, _| {
        let mean = |one: f64, two: f64| (one * leaders[0] + two * leaders[1]) / (leaders[0] + leaders[1]);
        let merged: Vec<f64> = near[first].iter().zip(&near[second]).map(|(&one, &two)| mean(one, two)).collect();
        for (row, &now) in near.iter_mut().zip(&merged) {
            row[first] = now;
        }
        near[first] = merged;
    });
    merge(groups, ALIKE_IN_ALL, |near, [first, _], _, groups| {
        let Some(merged) = &groups[first] else { return };
        let now: Vec<f64> =
            groups.iter().map(|other| other.as_ref().map_or(0.0, |other| merged.nearness(other))).collect();
        for (row, &now) in near.iter_mut().zip(&now) {
            row[first] = now;
        }
        near[first] = now;
    })
}

/// How near each two groups are.
type Nearness = Vec<Vec<f64>>;

/// Merges the nearest two groups while they are as near as `enough`; `update` says how near the merged one is to others, given
/// the positions of the two and how many leaders each had.
fn merge(
    groups: Vec<Group>,
    enough: f64,
    update: impl Fn(&mut Nearness, [usize; 2], [f64; 2], &[Option<Group>]),
) -> Vec<Group> {
    let mut near: Nearness = groups.iter().map(|one| groups.iter().map(|two| one.nearness(two)).collect()).collect();
    let mut leaders = vec![1.0; groups.len()];
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    while let Some((first, second)) = nearest(&near, &groups, enough) {
        if let (Some(absorbed), Some(group)) = (groups[second].take(), &mut groups[first]) {
            group.absorb(absorbed);
        }
        update(&mut near, [first, second], [leaders[first], leaders[second]], &groups);
        leaders[first] += leaders[second];
    }
    groups.into_iter().flatten().collect()
}

/// The two groups left that are nearest, the first of them before the second, if they are as near as `enough`.
fn nearest(near: &Nearness, groups: &[Option<Group>], enough: f64) -> Option<(usize, usize)> {
    let left: Vec<usize> = (0..groups.len()).filter(|&at| groups[at].is_some()).collect();
    let pairs =
        left.iter().enumerate().flat_map(|(nth, &second)| left[..nth].iter().map(move |&first| (first, second)));
    let near_enough = pairs.filter(|&(first, second)| near[first][second] >= enough);
    near_enough.max_by(|&(a, b), &(c, d)| near[a][b].total_cmp(&near[c][d]).then((c, d).cmp(&(a, b))))
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

impl Group {
    /// The part of the smaller one's posts that the other has too.
    fn nearness(&self, other: &Self) -> f64 {
        let shared = self.posts.shared(&other.posts);
        let smaller = self.posts.count.min(other.posts.count).max(1);
        if shared < MIN_SHARED { 0.0 } else { f64::from(shared) / f64::from(smaller) }
    }

    fn absorb(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.wide.extend(other.wide);
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
