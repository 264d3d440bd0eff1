//! What the heads of sentiment look at: n-grams, and what the rules make of the words of the lexicon.

use super::lexicon::Lexicon;
use super::rules::{self, Feelings};
use crate::model::features::Features;

/// How many plain numbers there are, and of how many steps of the compound score and of mixtures one is taken.
const PLAIN: usize = 17;
const STEPS: usize = 15;
const MIXTURES: usize = 25;

/// How many numbers stand beside the n-grams.
pub(crate) const NUMBERS: usize = PLAIN + STEPS + MIXTURES;

/// How much the numbers count beside the n-grams, which have the length one.
const SHARE: f32 = 0.3;

/// The features of a text without escapes and with straight apostrophes.
pub(super) fn of(lexicon: &Lexicon, text: &str) -> Features {
    let feelings = rules::feelings(lexicon, text);
    let mut features = Features::of(text);
    // A linear head sees a number only as more or less; the steps let it treat the middle differently.
    let marked = [PLAIN + step(feelings.compound), PLAIN + STEPS + mixture(&feelings)];
    let plain = numbers(text, &feelings);
    features.numbers = plain.into_iter().enumerate().chain(marked.map(|number| (number, 1.0))).collect();
    features.numbers.iter_mut().for_each(|(_, value)| *value *= SHARE);
    features
}

/// Which of fifteen steps from -1 to 1.
fn step(compound: f32) -> usize {
    let edges = [-0.9, -0.75, -0.6, -0.45, -0.3, -0.15, -0.01, 0.01, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9];
    edges.iter().filter(|edge| compound > **edge).count()
}

/// Which pair of steps of pleasant and unpleasant words.
fn mixture(feelings: &Feelings) -> usize {
    let steps = |sum: f32| [0.01, 1.5, 3.0, 6.0].iter().filter(|edge| sum > **edge).count();
    steps(feelings.pleasant) * 5 + steps(feelings.unpleasant)
}

fn numbers(text: &str, feelings: &Feelings) -> [f32; PLAIN] {
    let squash = |sum: f32| sum / (sum + 4.0);
    let marks = |mark: u8| text.bytes().filter(|byte| *byte == mark).take(4).count() as f32 / 4.0;
    let has = |part: &str| f32::from(u8::from(text.contains(part)));
    let words = feelings.words.max(1.0);
    [
        feelings.compound,
        feelings.compound.abs(),
        squash(feelings.pleasant),
        squash(feelings.unpleasant),
        squash(feelings.pleasant.min(feelings.unpleasant)),
        feelings.pleasant / words,
        feelings.unpleasant / words,
        feelings.highest / 4.0,
        feelings.lowest / 4.0,
        feelings.first / 4.0,
        feelings.last / 4.0,
        squash(feelings.negations),
        feelings.shouted / words,
        marks(b'!'),
        marks(b'?'),
        words.ln() / 4.0,
        has("@") + has("#") + has("://"),
    ]
}
