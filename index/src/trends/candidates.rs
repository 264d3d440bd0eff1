//! Terms that are used more than usual.

use std::collections::HashMap;

use super::frame::{Counting, Frame};
use super::posts::StoredPost;
use super::score::{Evidence, Tallies, position};
use super::terms::{Term, TermUse};

/// Fewer voices than this in seven days show nothing in any channel.
const MIN_VOICES: u8 = 3;
/// Fewer posts than this in seven days are not loud.
const MIN_LOUD: u8 = 20;
/// At most this part of the posts of a loud term add a voice.
const MAX_HEARD: f64 = 0.33;
/// Terms looked at further, strongest first.
const MAX_CANDIDATES: usize = 3_000;
/// Cells of the first, rough count.
const CELLS: usize = 1 << 20;

/// One such term.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) term: Term,
    pub(super) evidence: Evidence,
    /// Its voices or posts by channel and window.
    pub(super) tallies: Tallies,
    /// The posts of the last seven days that count for it, as positions in [`Frame::posts`] after
    /// [`Frame::recent`].
    pub(super) posts: Vec<u32>,
    /// Where it is no term but what posts mean (`likeness.rs`): these.
    pub(super) alike: Option<Alike>,
}

/// Posts that mean the same.
#[derive(Debug)]
pub(super) struct Alike {
    /// All of them, as positions in [`Frame::posts`].
    pub(super) posts: Vec<usize>,
    /// Words that tell what it is, with the evidence of each.
    pub(super) words: Vec<(Term, Evidence)>,
}

/// The terms whose evidence is at least `threshold` strong, strongest first. Where posts are counted, only those that
/// are loud: used in many posts by few voices.
pub(super) fn candidates(frame: &Frame, counting: Counting, threshold: f64) -> Vec<Candidate> {
    let mut counts = frequent(frame, counting);
    for post in &frame.posts {
        let roles = frame.roles(post);
        if !roles.are_none() {
            for term in counted(post, counting) {
                if let Some(tallies) = counts.get_mut(&term) {
                    tallies[position(post.channel)].add(roles);
                }
            }
        }
    }
    let judged = counts.into_iter().map(|(term, tallies)| {
        let evidence = frame.judge(&tallies, counting);
        Candidate { term, evidence, tallies, posts: Vec::new(), alike: None }
    });
    let mut rising: Vec<Candidate> = judged.filter(|candidate| candidate.evidence.score >= threshold).collect();
    rising.sort_by(|one, two| two.evidence.score.total_cmp(&one.evidence.score).then(one.term.cmp(&two.term)));
    rising.truncate(MAX_CANDIDATES);
    find_posts(frame, counting, &mut rising);
    rising
}

/// The terms that are frequent enough in the last seven days, with empty tallies.
pub(super) fn frequent(frame: &Frame, counting: Counting) -> HashMap<Term, Tallies> {
    // A rough count first, in few cells: most terms are used once, and need no entry in a table.
    let mut cells = vec![Uses::default(); CELLS];
    let cell = |term: Term| term.bits() as usize % CELLS;
    let recent = || frame.posts[frame.recent..].iter().flat_map(|post| &post.terms);
    for used in recent() {
        cells[cell(used.term())].add(*used);
    }
    // Where much is said, terms share cells by chance. Those that are left are counted one by one before they get room for all
    // their tallies, which is much more.
    let mut terms: HashMap<Term, Uses> = HashMap::new();
    for used in recent().filter(|used| cells[cell(used.term())].are_frequent(counting)) {
        terms.entry(used.term()).or_default().add(*used);
    }
    let frequent = terms.into_iter().filter(|(_, uses)| uses.are_frequent(counting));
    frequent.map(|(term, _)| (term, Tallies::default())).collect()
}

/// How often something was used: up to 255 times.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    voices: u8,
    posts: u8,
}

impl Uses {
    fn add(&mut self, used: TermUse) {
        self.posts = self.posts.saturating_add(1);
        self.voices = self.voices.saturating_add(u8::from(used.is_voice()));
    }

    fn are_frequent(self, counting: Counting) -> bool {
        match counting {
            Counting::Voices => self.voices >= MIN_VOICES,
            Counting::Posts => self.posts >= MIN_LOUD && f64::from(self.voices) <= MAX_HEARD * f64::from(self.posts),
        }
    }
}

pub(super) fn find_posts(frame: &Frame, counting: Counting, candidates: &mut [Candidate]) {
    let index: HashMap<Term, usize> = candidates.iter().zip(0..).map(|(candidate, at)| (candidate.term, at)).collect();
    for (post, at) in frame.posts[frame.recent..].iter().zip(0..) {
        for term in counted(post, counting) {
            if let Some(&candidate) = index.get(&term) {
                candidates[candidate].posts.push(at);
            }
        }
    }
}

pub(super) fn counted(post: &StoredPost, counting: Counting) -> impl Iterator<Item = Term> {
    let counts = move |used: &&TermUse| counting == Counting::Posts || used.is_voice();
    post.terms.iter().filter(counts).map(|used| used.term())
}
