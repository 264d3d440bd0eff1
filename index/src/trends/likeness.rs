//! What several people say in different rooms in different words. Three to five speakers share hardly a word, so that no term rises; what
//! they mean lies near together all the same (`meaning.rs`). Only rooms are looked at like this: there is little of everything there, and
//! elsewhere more people speak, who do share words.

use std::collections::{BTreeMap, HashMap, HashSet};

use bus::Channel;

use super::candidates::{Alike, Candidate};
use super::clock::DAY;
use super::frame::{Counting, Frame};
use super::gate::MIN_MEETINGS;
use super::kindred::{Rarity, words_of};
use super::meaning::{Meanings, Vector, dot, mean, of_length_one};
use super::posts::StoredPost;
use super::score::{Tallies, position};
use super::terms::Term;
use super::voices::COPIES_HEARD;

/// The cosine from which two posts mean the same, and a post what several do.
const ALIKE: f32 = 0.40;
/// Speakers that must say it.
const MIN_SPEAKERS: usize = 3;
/// Posts of the last days that are looked around from, and posts that they are compared with, the newest first.
const MAX_SEEDS: usize = 600;
const MAX_POSTS: usize = 8_000;
/// The part of its recent posts that one shares with a stronger one, from which it is that.
const SAME: f64 = 0.5;
/// What is found at most.
const MAX_FOUND: usize = 40;
/// Words that it is told by at most, and the voices that must use one.
const WORDS: usize = 8;
const MIN_VOICES: usize = 2;

/// What is meant by more voices in meetings than usual, at least `threshold` strong, the strongest first.
pub(super) fn candidates(frame: &Frame, rarity: &Rarity, threshold: f64) -> Vec<Candidate> {
    let rooms = Rooms::of(frame, rarity);
    let mut found: Vec<Candidate> =
        rooms.centres().iter().filter_map(|centre| rooms.candidate(frame, centre, threshold)).collect();
    found.sort_by(|one, two| two.evidence.score.total_cmp(&one.evidence.score).then(one.term.cmp(&two.term)));
    let mut different: Vec<Candidate> = Vec::new();
    for candidate in found {
        let is_known = different.iter().any(|other| shared(&candidate.posts, &other.posts) >= SAME);
        if !is_known && different.len() < MAX_FOUND {
            different.push(candidate);
        }
    }
    tell(frame, rarity, &mut different);
    different
}

/// What was said in meetings, with what it means, oldest first.
struct Rooms {
    posts: Vec<(usize, Vector)>,
    /// Where the last seven days begin in `posts`.
    recent: usize,
    /// Who speaks in each.
    who: Vec<u64>,
}

impl Rooms {
    fn of(frame: &Frame, rarity: &Rarity) -> Self {
        let said = frame.posts.iter().enumerate().rev().filter(|(_, post)| post.channel == Channel::Offline);
        let mut said: Vec<(usize, &StoredPost)> = said.take(MAX_POSTS).map(|(at, post)| (at, *post)).collect();
        said.reverse();
        let all: Vec<&StoredPost> = said.iter().map(|(_, post)| *post).collect();
        let meanings = Meanings::of(&all, rarity);
        let heard = said.iter().filter(|(_, post)| post.copy.number <= COPIES_HEARD);
        let posts: Vec<(usize, Vector)> = heard.filter_map(|&(at, post)| Some((at, meanings.meaning(post)?))).collect();
        let recent = posts.partition_point(|(at, _)| *at < frame.recent);
        let who = posts.iter().map(|(at, _)| frame.posts[*at].who).collect();
        Self { posts, recent, who }
    }

    /// What is meant around each recent post, by enough speakers.
    fn centres(&self) -> Vec<Vector> {
        let recent = &self.posts[self.recent..];
        let step = recent.len().div_ceil(MAX_SEEDS).max(1);
        let around = |seed: &Vector| {
            let near =
                || recent.iter().zip(&self.who[self.recent..]).filter(|((_, other), _)| dot(seed, other) >= ALIKE);
            let speakers: HashSet<u64> = near().map(|(_, who)| *who).collect();
            let vectors = near().map(|((_, vector), _)| vector.clone());
            (speakers.len() >= MIN_SPEAKERS).then(|| mean(vectors).and_then(of_length_one)).flatten()
        };
        recent.iter().step_by(step).filter_map(|(_, seed)| around(seed)).collect()
    }

    /// What lies around `centre`, if it rises.
    fn candidate(&self, frame: &Frame, centre: &Vector, threshold: f64) -> Option<Candidate> {
        let near = self.posts.iter().filter(|(_, vector)| dot(centre, vector) >= ALIKE).map(|(at, _)| *at);
        let near: Vec<usize> = near.collect();
        let recent = || near.iter().filter(|at| **at >= frame.recent).map(|&at| frame.posts[at]);
        let speakers: HashSet<u64> = recent().map(|post| post.who).collect();
        let meetings: HashSet<_> = recent().map(|post| (post.source, post.event)).collect();
        if speakers.len() < MIN_SPEAKERS || meetings.len() < MIN_MEETINGS {
            return None;
        }
        let mut tallies = Tallies::default();
        let mut last: HashMap<u64, i64> = HashMap::new();
        for post in near.iter().map(|&at| frame.posts[at]) {
            if last.insert(post.who, post.at).is_none_or(|last| post.at - last >= DAY) {
                tallies[position(post.channel)].add(frame.roles(post));
            }
        }
        let evidence = frame.judge(&tallies, Counting::Voices);
        let first = recent().next()?;
        (evidence.score >= threshold).then(|| Candidate {
            term: Term::meant(first.post_id()),
            evidence,
            tallies,
            posts: near.iter().filter_map(|at| at.checked_sub(frame.recent)?.try_into().ok()).collect(),
            alike: Some(Alike { posts: near, words: Vec::new() }),
        })
    }
}

/// Tells each by the words that several of its recent voices use, with the evidence of those.
fn tell(frame: &Frame, rarity: &Rarity, found: &mut [Candidate]) {
    let mut tallies: HashMap<Term, Tallies> = HashMap::new();
    let told: Vec<Vec<Term>> = found.iter().map(|candidate| words(frame, rarity, candidate)).collect();
    tallies.extend(told.iter().flatten().map(|&word| (word, Tallies::default())));
    if tallies.is_empty() {
        return;
    }
    for post in &frame.posts {
        for used in post.terms.iter().filter(|used| used.is_voice()) {
            if let Some(tallies) = tallies.get_mut(&used.term()) {
                tallies[position(post.channel)].add(frame.roles(post));
            }
        }
    }
    for (candidate, words) in found.iter_mut().zip(told) {
        if let Some(alike) = &mut candidate.alike {
            let evidence = |word: Term| (word, frame.judge(&tallies[&word], Counting::Voices));
            alike.words = words.into_iter().map(evidence).collect();
        }
    }
}

/// The words that say most of what is meant.
fn words(frame: &Frame, rarity: &Rarity, candidate: &Candidate) -> Vec<Term> {
    let mut speakers: BTreeMap<Term, HashSet<u64>> = BTreeMap::new();
    for post in candidate.posts.iter().map(|&at| frame.posts[frame.recent + at as usize]) {
        for word in words_of(post) {
            speakers.entry(word).or_default().insert(post.who);
        }
    }
    let mut worth: Vec<(f64, Term)> = speakers
        .into_iter()
        .filter(|(_, speakers)| speakers.len() >= MIN_VOICES)
        .map(|(word, speakers)| (speakers.len() as f64 * rarity.of_word(word), word))
        .collect();
    worth.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)));
    worth.into_iter().take(WORDS).map(|(_, word)| word).collect()
}

/// The part of the smaller of two that both have; both are sorted.
fn shared(one: &[u32], two: &[u32]) -> f64 {
    let both = one.iter().filter(|at| two.binary_search(at).is_ok()).count();
    both as f64 / one.len().min(two.len()).max(1) as f64
}
