//! Drafts that are one issue although hardly a post is in both: what they say is said in the same words, on the same subjects.
//!
//! Terms become one issue by the posts that they share, and two wordings of one thing share few. But the posts of both speak of the same
//! things around it: of the surgery, the screens and the paper where computers are down. Words count by how rare they are.

use std::collections::BTreeMap;

use super::frame::Frame;
use super::members::{Draft, Hearing};
use super::names::Name;
use super::posts::StoredPost;
use super::terms::Term;

/// What subjects count beside words.
const SUBJECTS: f64 = 0.3;
/// The likeness in words alone without which two drafts are two issues: much is said of one subject at a time.
const SAME_WORDS: f64 = 0.06;
/// Likeness from which two drafts are one issue. On the development streams nearly all pairs that are one issue lie above it, and of a
/// hundred pairs that are two, one.
const KINDRED: f64 = 0.27;
/// Voices that are looked at, the newest first.
const VOICES: usize = 400;
/// Cells in which it is counted how many posts have a word.
const CELLS: usize = 1 << 20;

/// How many posts have each word.
pub(super) struct Rarity {
    posts: f64,
    cells: Vec<u32>,
}

impl Rarity {
    /// Of the words in all posts of `frame`.
    pub(super) fn of(frame: &Frame) -> Self {
        let mut cells = vec![0; CELLS];
        for post in &frame.posts {
            for used in &post.terms {
                cells[cell(used.term())] += 1;
            }
        }
        Self { posts: frame.posts.len() as f64, cells }
    }

    /// What a word is worth: the logarithm of one in how many posts has it.
    pub(super) fn of_word(&self, word: Term) -> f64 {
        (self.posts / (1.0 + f64::from(self.cells[cell(word)]))).ln().max(0.0)
    }
}

fn cell(term: Term) -> usize {
    term.bits() as usize % CELLS
}

/// What the voices of a draft speak of.
pub(super) struct Profile {
    words: Vec<(Term, f64)>,
    subjects: Vec<(Name, f64)>,
}

impl Profile {
    /// Of the voices of the last seven days.
    pub(super) fn of(frame: &Frame, draft: &Draft, rarity: &Rarity) -> Self {
        let recent = draft.members.iter().rev().take_while(|member| member.post >= frame.recent);
        let voices = recent.filter(|member| member.hearing == Hearing::Voice).take(VOICES);
        let (mut words, mut subjects) = (BTreeMap::<Term, f64>::new(), BTreeMap::<Name, f64>::new());
        for post in voices.map(|member| frame.posts[member.post]) {
            for word in words_of(post) {
                *words.entry(word).or_default() += 1.0;
            }
            for &subject in post.topics[..1].iter().flatten() {
                *subjects.entry(subject).or_default() += 1.0;
            }
        }
        let words = words.into_iter().map(|(word, count)| (word, count * rarity.of_word(word)));
        Self { words: of_length_one(words.collect()), subjects: of_length_one(subjects.into_iter().collect()) }
    }
}

/// Of each two drafts whether their voices speak of one thing; those without a profile speak of nothing.
pub(super) struct Kindred(Vec<Vec<bool>>);

impl Kindred {
    /// Compares `profiles` with each other.
    pub(super) fn among(profiles: &[Option<Profile>]) -> Self {
        let in_words = products(profiles, |profile| &profile.words);
        let in_subjects = products(profiles, |profile| &profile.subjects);
        let are_kindred =
            |(words, subjects): (&f64, &f64)| *words >= SAME_WORDS && words + SUBJECTS * subjects >= KINDRED;
        let rows = in_words.iter().zip(&in_subjects);
        Self(rows.map(|(words, subjects)| words.iter().zip(subjects).map(are_kindred).collect()).collect())
    }

    /// Whether `second`, which comes after `first`, speaks of the same.
    pub(super) fn are_one(&self, first: usize, second: usize) -> bool {
        self.0[first][second]
    }
}

/// The inner product of each profile with each one after it. Most words are in few of them, so that it goes word by word.
fn products<K: Ord + Copy>(profiles: &[Option<Profile>], of: impl Fn(&Profile) -> &Vec<(K, f64)>) -> Vec<Vec<f64>> {
    let mut by_key: BTreeMap<K, Vec<(usize, f64)>> = BTreeMap::new();
    for (at, profile) in profiles.iter().enumerate() {
        for &(key, weight) in profile.iter().flat_map(&of) {
            by_key.entry(key).or_default().push((at, weight));
        }
    }
    let mut products = vec![vec![0.0; profiles.len()]; profiles.len()];
    for holders in by_key.values() {
        for (nth, &(first, one)) in holders.iter().enumerate() {
            for &(second, two) in &holders[nth + 1..] {
                products[first][second] += one * two;
            }
        }
    }
    products
}

/// The words and pairs of words of a post.
pub(super) fn words_of(post: &StoredPost) -> impl Iterator<Item = Term> {
    post.terms.iter().map(|used| used.term()).filter(|term| !term.is_topic())
}

fn of_length_one<K>(mut vector: Vec<(K, f64)>) -> Vec<(K, f64)> {
    let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    for (_, weight) in &mut vector {
        *weight /= length;
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Retention;
    use crate::testing::post;
    use crate::trends::frame::Counting;
    use crate::trends::gaps::Missing;
    use crate::trends::members::Member;
    use crate::trends::posts::Posts;
    use crate::trends::score::{Evidence, Tallies};

    const RECORDS: [&str; 3] = [
        "records outage so the surgery writes on paper",
        "records outage and no prescriptions at the surgery",
        "records outage, reception looks at blank screens",
    ];
    const COMPUTERS: [&str; 3] = [
        "computers down at the surgery, it is paper today",
        "computers down, reception has blank screens",
        "computers down, prescriptions written by hand",
    ];
    const TEETH: [&str; 3] = [
        "struck off by the surgery for teeth",
        "no dentist takes anybody",
        "toothache since March, nobody looks at it",
    ];

    /// What each of the wordings speaks of, all about one subject or each about its own, amid talk of something else.
    fn profiles(subjects: [&str; 3]) -> [Profile; 3] {
        let mut posts = Posts::new(10_000, Retention::default());
        for n in 0..400 {
            let text = format!("waited with word{n} and word{} at the surgery", n + 1);
            posts.upsert(&post(n).author(n).text(&text).build());
        }
        for ((wordings, subject), kind) in [RECORDS, COMPUTERS, TEETH].into_iter().zip(subjects).zip(1_u64..) {
            for (text, n) in wordings.into_iter().cycle().take(9).zip(1_000 * kind..) {
                posts.upsert(&post(n).author(n).text(text).topics(&[subject]).build());
            }
        }
        posts.refresh();
        let as_of = posts.newest().unwrap() + 1;
        let frame = Frame::new(&posts, as_of, Missing::default());
        let rarity = Rarity::of(&frame);
        [RECORDS, COMPUTERS, TEETH].map(|wordings| {
            let says = |post: &StoredPost| wordings.contains(&post.text.as_deref().unwrap_or_default());
            let said = (0..frame.posts.len()).filter(|&at| says(frame.posts[at]));
            let members = said.map(|post| Member { post, hearing: Hearing::Voice }).collect();
            let evidence = Evidence { rises: Vec::new(), pooled: None, score: 9.0 };
            let (counting, terms, tallies) = (Counting::Voices, Vec::new(), Tallies::default());
            Profile::of(&frame, &Draft { counting, is_meant: false, terms, members, tallies, evidence }, &rarity)
        })
    }

    #[test]
    fn two_wordings_are_kindred_by_what_is_said_around_them_and_one_subject_alone_is_not_enough() {
        for subjects in [["digital", "digital", "dentistry"], ["gp-access"; 3]] {
            let kindred = Kindred::among(&profiles(subjects).map(Some));
            assert!(kindred.are_one(0, 1), "records and computers, {subjects:?}");
            assert!(!kindred.are_one(0, 2) && !kindred.are_one(1, 2), "teeth and the others, {subjects:?}");
        }
    }
}
