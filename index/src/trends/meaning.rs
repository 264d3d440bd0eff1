//! What posts mean, as vectors: those of their words (`data/word-vectors.bin`) together, rare ones weighing more. Posts that say one thing in
//! different words lie near to each other.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::kindred::Rarity;
use super::posts::StoredPost;
use super::terms::Term;
use super::words::hash;

/// Known words without which a post means nothing for sure.
const MIN_WORDS: usize = 2;
/// Posts that the mean is taken of at most.
const SAMPLE: usize = 4_000;

/// A direction; its length is 1 unless it says otherwise.
pub(super) type Vector = Vec<f32>;

/// Vectors of words, distilled from all-MiniLM-L6-v2 by `training/word_vectors.py`.
static WORDS: LazyLock<WordVectors> = LazyLock::new(|| {
    let table: Table = postcard::from_bytes(include_bytes!("../../data/word-vectors.bin"))
        .expect("the file is part of the program, and a test reads it");
    let rows = table.words.iter().map(|word| Term::word(hash(word.as_bytes()))).zip(0..).collect();
    WordVectors { rows, width: table.width, values: table.values }
});

#[derive(Deserialize)]
struct Table {
    width: usize,
    words: Vec<&'static str>,
    /// One signed byte a number.
    values: &'static [u8],
}

struct WordVectors {
    rows: HashMap<Term, usize>,
    width: usize,
    values: &'static [u8],
}

impl WordVectors {
    fn get(&self, word: Term) -> Option<impl Iterator<Item = f32>> {
        let row = *self.rows.get(&word)?;
        let bytes = &self.values[row * self.width..(row + 1) * self.width];
        Some(bytes.iter().map(|&byte| f32::from(byte.cast_signed())))
    }
}

/// The space that the posts of one frame are compared in.
pub(super) struct Meanings<'a> {
    rarity: &'a Rarity,
    /// What all posts have in common, which tells nothing.
    mean: Vector,
}

impl<'a> Meanings<'a> {
    /// Of posts that are like `posts`.
    pub(super) fn of(posts: &[&StoredPost], rarity: &'a Rarity) -> Self {
        let mut meanings = Self { rarity, mean: Vec::new() };
        let step = posts.len().div_ceil(SAMPLE).max(1);
        let vectors = posts.iter().step_by(step).filter_map(|post| meanings.raw(post));
        meanings.mean = mean(vectors).unwrap_or_default();
        meanings
    }

    /// What a post means beyond what all do; `None` where too little of it is known.
    pub(super) fn meaning(&self, post: &StoredPost) -> Option<Vector> {
        self.centred(self.raw(post)?)
    }

    fn centred(&self, mut vector: Vector) -> Option<Vector> {
        for (number, mean) in vector.iter_mut().zip(&self.mean) {
            *number -= mean;
        }
        of_length_one(vector)
    }

    fn raw(&self, post: &StoredPost) -> Option<Vector> {
        let mut sum = vec![0.0; WORDS.width];
        let mut known = 0;
        for (word, vector) in post.terms.iter().filter_map(|used| Some((used.term(), WORDS.get(used.term())?))) {
            known += 1;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a logarithm below a hundred, of which a few digits matter"
            )]
            let weight = self.rarity.of_word(word) as f32;
            let vector: Vector = vector.collect();
            let length = dot(&vector, &vector).sqrt();
            for (total, number) in sum.iter_mut().zip(vector) {
                *total += weight * number / length;
            }
        }
        if known < MIN_WORDS { None } else { of_length_one(sum) }
    }
}

/// How alike two directions are, from -1 to 1.
pub(super) fn dot(one: &[f32], two: &[f32]) -> f32 {
    // Eight sums at once, which the compiler keeps in one register.
    let mut sums = [0.0_f32; 8];
    let (ones, twos) = (one.chunks_exact(8), two.chunks_exact(8));
    let rest: f32 = ones.remainder().iter().zip(twos.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in ones.zip(twos) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The mean, whose length says how much they agree; `None` of nothing.
pub(super) fn mean(vectors: impl Iterator<Item = Vector>) -> Option<Vector> {
    let mut count = 0.0_f32;
    let mut sum = Vector::new();
    for vector in vectors {
        count += 1.0;
        sum.resize(vector.len(), 0.0);
        for (total, number) in sum.iter_mut().zip(vector) {
            *total += number;
        }
    }
    (count > 0.0).then(|| sum.into_iter().map(|total| total / count).collect())
}

/// The same direction, `None` where there is none.
pub(super) fn of_length_one(mut vector: Vector) -> Option<Vector> {
    let length = dot(&vector, &vector).sqrt();
    for number in &mut vector {
        *number /= length;
    }
    (length > f32::EPSILON).then_some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Retention;
    use crate::testing::post;
    use crate::trends::frame::Frame;
    use crate::trends::gaps::Missing;
    use crate::trends::posts::Posts;

    const TALK: [&str; 6] = [
        "no bus stops at the hospital any more",
        "public transport to the clinic was withdrawn",
        "my tooth hurts and every dentist refuses",
        "the receptionist was rude to a friend",
        "lunch on the ward is cold soup",
        "letters arrive after the appointment",
    ];

    #[test]
    fn what_is_said_in_other_words_lies_nearer_than_other_talk() {
        let mut known = Posts::new(1_000, Retention::default());
        for (text, n) in TALK.into_iter().zip(0..) {
            known.upsert(&post(n).author(n).text(text).build());
        }
        known.refresh();
        let as_of = known.newest().unwrap() + 1;
        let frame = Frame::new(&known, as_of, Missing::default());
        let rarity = Rarity::of(&frame);
        let meanings = Meanings::of(&frame.posts, &rarity);
        let meaning = |text: &str| {
            let is_it = |post: &&&StoredPost| post.text.as_deref() == Some(text);
            frame.posts.iter().find(is_it).and_then(|post| meanings.meaning(post)).unwrap()
        };
        let [same, other] = [1, 2].map(|other| dot(&meaning(TALK[0]), &meaning(TALK[other])));
        assert!(same > 0.05 && same > other + 0.3, "{same} {other}");
    }

    #[test]
    fn too_few_known_words_mean_nothing() {
        let strange = [post(7).author(7).text("bus").build(), post(8).author(8).text("zxqy wvut").build()];
        let mut known = Posts::new(10, Retention::default());
        for post in &strange {
            known.upsert(post);
        }
        known.refresh();
        let frame = Frame::new(&known, known.newest().unwrap() + 1, Missing::default());
        let rarity = Rarity::of(&frame);
        let meanings = Meanings::of(&frame.posts, &rarity);
        assert!(frame.posts.iter().all(|post| meanings.meaning(post).is_none()));
    }
}
