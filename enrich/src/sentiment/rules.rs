//! The rules of VADER: how words around a word change its feeling, and how the feelings of a text add up.
//!
//! Hutto, C.J. and Gilbert, E.E. (2014): VADER. Their empirical constants are kept under the names of their paper. This is our own
//! implementation; phrases of the lexicon count as single words, and "no" before a feeling word negates it.

use super::lexicon::{Lexicon, Word};
use super::tokens::{self, Token};

/// What a word in capitals among words without adds (`C_INCR`).
const SHOUT: f32 = 0.733;
/// What a negation leaves of a feeling, turned round (`N_SCALAR`).
const NEGATION: f32 = -0.74;
/// Emphasis of one exclamation mark, of which four count, and of question marks from the second on.
const EXCLAMATION: f32 = 0.292;
const MAX_EXCLAMATIONS: u8 = 4;
const QUESTION: f32 = 0.18;
const MAX_QUESTIONS: f32 = 0.96;
/// How much less a word counts the further before the feeling word it stands.
const FADING: [f32; 3] = [1.0, 0.95, 0.9];
/// Approximates the greatest sum that is to be expected (alpha).
const ALPHA: f32 = 15.0;

/// How the words of a text feel, one by one and together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Feelings {
    /// VADER's compound score, from -1 to 1.
    pub(super) compound: f32,
    /// The sums of the valences above and below nought.
    pub(super) pleasant: f32,
    pub(super) unpleasant: f32,
    /// The highest and the lowest valence, nought where there is none.
    pub(super) highest: f32,
    pub(super) lowest: f32,
    /// The valences of the first and of the last word that has one.
    pub(super) first: f32,
    pub(super) last: f32,
    /// How many words there are, how many negate, and how many are shouted.
    pub(super) words: f32,
    pub(super) negations: f32,
    pub(super) shouted: f32,
}

/// How `text` feels, in detail.
pub(super) fn feelings(lexicon: &Lexicon, text: &str) -> Feelings {
    let lower = text.to_ascii_lowercase();
    let mut tokens = join_phrases(lexicon, &lower, &tokens::of(lexicon, text, &lower));
    silence_no(&lower, &mut tokens);
    let shouting = tokens.iter().any(|token| token.shouted) && tokens.iter().any(|token| !token.shouted);
    let mut found = Feelings { words: tokens.len() as f32, ..Feelings::default() };
    let mut sum = 0.0;
    let but = tokens.iter().rposition(|token| &lower[token.at.clone()] == "but");
    for (index, token) in tokens.iter().enumerate() {
        let valence = valence(&lower, &tokens, index, shouting);
        found.add(token, valence);
        // What comes after "but" is what is meant.
        sum += match but {
            Some(but) if index < but => valence * 0.5,
            Some(but) if index > but => valence * 1.5,
            _ => valence,
        };
    }
    if sum != 0.0 {
        let sum = sum + emphasis(text).copysign(sum);
        found.compound = sum / (sum * sum + ALPHA).sqrt();
    }
    found
}

impl Feelings {
    fn add(&mut self, token: &Token, valence: f32) {
        self.negations += f32::from(u8::from(token.word.negates));
        self.shouted += f32::from(u8::from(token.shouted));
        if valence == 0.0 {
            return;
        }
        self.pleasant += valence.max(0.0);
        self.unpleasant -= valence.min(0.0);
        self.highest = self.highest.max(valence);
        self.lowest = self.lowest.min(valence);
        self.last = valence;
        if self.first == 0.0 {
            self.first = valence;
        }
    }
}

/// Makes one token of every phrase of the lexicon.
fn join_phrases(lexicon: &Lexicon, lower: &str, tokens: &[Token]) -> Vec<Token> {
    let mut joined = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while index < tokens.len() {
        let mut token = tokens[index].clone();
        let phrase =
            if token.word.begins_phrase { lexicon.phrase(lower, tokens[index..].iter().map(|t| &t.at)) } else { None };
        if let Some((length, valence)) = phrase {
            token.at.end = tokens[index + length - 1].at.end;
            token.word = Word { valence: (valence != 0.0).then_some(valence), ..Word::default() };
            index += length - 1;
        }
        joined.push(token);
        index += 1;
    }
    joined
}

/// "no" has a feeling of its own only where it does not negate another word's.
fn silence_no(lower: &str, tokens: &mut [Token]) {
    for index in 0..tokens.len() {
        if &lower[tokens[index].at.clone()] == "no" {
            let after = &tokens[index + 1..tokens.len().min(index + 4)];
            if after.iter().any(|token| token.word.valence.is_some()) {
                tokens[index].word.valence = None;
                tokens[index].word.negates = true;
            }
        }
    }
}

/// How the token at `index` feels among its neighbours.
fn valence(lower: &str, tokens: &[Token], index: usize, shouting: bool) -> f32 {
    let token = &tokens[index];
    let Some(mut valence) = token.word.valence else { return 0.0 };
    if token.word.boost != 0.0 {
        return 0.0;
    }
    if shouting && token.shouted {
        valence += SHOUT.copysign(valence);
    }
    let said = |distance: usize| index.checked_sub(distance).map_or("", |at| &lower[tokens[at].at.clone()]);
    for (distance, fading) in (1..).zip(FADING).take(index) {
        let before = &tokens[index - distance];
        if before.word.valence.is_some() {
            continue;
        }
        if before.word.boost != 0.0 {
            let shout = if shouting && before.shouted { SHOUT } else { 0.0 };
            valence += (before.word.boost + shout).copysign(before.word.boost * valence) * fading;
        }
        if before.word.negates {
            let next = said(distance - 1);
            valence *= match (said(distance), next) {
                ("never", "so" | "this") if distance > 1 => 1.25,
                ("without", "doubt") if distance > 1 => 1.0,
                _ => NEGATION,
            };
        }
    }
    if said(1) == "least" && !matches!(said(2), "at" | "very") {
        valence *= NEGATION;
    }
    valence
}

/// What exclamation and question marks add.
fn emphasis(text: &str) -> f32 {
    let (mut exclamations, mut questions) = (0_u8, 0_u8);
    for byte in text.bytes() {
        exclamations = exclamations.saturating_add(u8::from(byte == b'!'));
        questions = questions.saturating_add(u8::from(byte == b'?'));
    }
    let questions = match questions {
        0 | 1 => 0.0,
        2 | 3 => f32::from(questions) * QUESTION,
        _ => MAX_QUESTIONS,
    };
    f32::from(exclamations.min(MAX_EXCLAMATIONS)) * EXCLAMATION + questions
}
