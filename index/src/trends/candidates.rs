//! Terms that are used by more voices than usual.

use std::collections::HashMap;

use super::frame::Frame;
use super::posts::StoredPost;
use super::score::{Evidence, Tallies, judge, position};
use super::terms::Term;

/// Fewer voices than this in seven days show nothing in any channel.
const MIN_VOICES: u8 = 3;
/// Terms looked at further, strongest first.
const MAX_CANDIDATES: usize = 400;
/// Cells of the first, rough count.
const CELLS: usize = 1 << 20;

/// One such term.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) term: Term,
    pub(super) evidence: Evidence,
    /// The posts of the last seven days that add a voice to it, as positions in [`Frame::posts`] after
    /// [`Frame::recent`].
    pub(super) posts: Vec<u32>,
}

/// The terms whose evidence is at least `threshold` strong, strongest first.
pub(super) fn candidates(frame: &Frame, threshold: f64) -> Vec<Candidate> {
    let mut heard = frequent(frame);
    for post in &frame.posts {
        let roles = frame.roles(post);
        if !roles.are_none() {
            for term in voiced(post) {
                if let Some(tallies) = heard.get_mut(&term) {
                    tallies[position(post.channel)].add(roles);
                }
            }
        }
    }
    let judged = heard.iter().map(|(&term, tallies)| (term, judge(tallies, &frame.totals, frame.days_seen)));
    let mut rising: Vec<(Term, Evidence)> = judged.filter(|(_, evidence)| evidence.score >= threshold).collect();
    rising.sort_by(|(one, a), (two, b)| b.score.total_cmp(&a.score).then(one.cmp(two)));
    rising.truncate(MAX_CANDIDATES);
    with_posts(frame, rising)
}

/// The terms with enough voices in the last seven days, with empty tallies.
fn frequent(frame: &Frame) -> HashMap<Term, Tallies> {
    // A rough count first: most terms are used once, and this one has no look-up that can miss the cache twice.
    let mut cells = vec![0_u8; CELLS];
    let cell = |term: Term| term.bits() as usize % CELLS;
    let mut heard = HashMap::new();
    for post in &frame.posts[frame.recent..] {
        for term in voiced(post) {
            let count = &mut cells[cell(term)];
            *count = count.saturating_add(1);
            if *count >= MIN_VOICES {
                heard.entry(term).or_default();
            }
        }
    }
    heard
}

fn with_posts(frame: &Frame, rising: Vec<(Term, Evidence)>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> =
        rising.into_iter().map(|(term, evidence)| Candidate { term, evidence, posts: Vec::new() }).collect();
    let index: HashMap<Term, usize> = candidates.iter().zip(0..).map(|(candidate, at)| (candidate.term, at)).collect();
    for (post, at) in frame.posts[frame.recent..].iter().zip(0..) {
        for term in voiced(post) {
            if let Some(&candidate) = index.get(&term) {
                candidates[candidate].posts.push(at);
            }
        }
    }
    candidates
}

fn voiced(post: &StoredPost) -> impl Iterator<Item = Term> {
    post.terms.iter().filter(|used| used.is_voice()).map(|used| used.term())
}
