//! The words of a post for the rules of sentiment: with their capitals, and with emoticons and emoji as words.

use std::ops::Range;

use super::lexicon::{Lexicon, Word};

/// One word, emoticon or emoji.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Where it stands in the text.
    pub(super) at: Range<usize>,
    pub(super) word: Word,
    /// Whether it is shouted: two letters or more, all capitals.
    pub(super) shouted: bool,
}

/// The tokens of `text`; `lower` is the same text in lower case, letter for letter.
pub(super) fn of(lexicon: &Lexicon, text: &str, lower: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 5);
    let mut from = 0;
    while let Some(gap) = text[from..].find(|c: char| !c.is_whitespace()) {
        let start = from + gap;
        from = text[start..].find(char::is_whitespace).map_or(text.len(), |length| start + length);
        if !is_address(&text[start..from]) {
            push(lexicon, text, lower, start..from, &mut tokens);
        }
    }
    tokens
}

fn push(lexicon: &Lexicon, text: &str, lower: &str, at: Range<usize>, tokens: &mut Vec<Token>) {
    let part = &text[at.clone()];
    let opened = part.trim_start_matches(|c: char| !c.is_alphanumeric());
    let stripped = opened.trim_end_matches(|c: char| !c.is_alphanumeric());
    // What has no letters may be an emoticon: its punctuation is what it says.
    if stripped.len() <= 1 {
        let word = lexicon.get(&lower[at.clone()]);
        if word.valence.is_some() || !stripped.is_empty() {
            tokens.push(Token { at: at.clone(), word, shouted: false });
        }
    } else {
        let start = at.start + part.len() - opened.len();
        let at = start..start + stripped.len();
        let shouted = stripped.bytes().any(|byte| byte.is_ascii_uppercase())
            && !stripped.bytes().any(|byte| byte.is_ascii_lowercase());
        tokens.push(Token { word: lexicon.get(&lower[at.clone()]), at, shouted });
    }
    if !part.is_ascii() {
        for valence in part.chars().filter_map(|c| lexicon.emoji(c)) {
            let word = Word { valence: Some(valence), ..Word::default() };
            tokens.push(Token { at: at.clone(), word, shouted: false });
        }
    }
}

fn is_address(part: &str) -> bool {
    part.starts_with('@') || part.starts_with("www.") || part.contains("://")
}
