//! Words to terms: what is counted. A term is a word or a pair of neighbouring words, stop words left out, or the subject of
//! a post, which people may speak of in words that they do not share.

use bus::PostId;
use serde::{Deserialize, Serialize};

use super::words::{Kind, Word, hash, high_half, mix};

/// The most terms kept of one post; the rest of a very long text is not counted.
pub(super) const MAX_TERMS: usize = 128;

/// The identity of a term: 30 bits of its hash. Of 100,000 terms in use, about 5 share theirs with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Term(u32);

/// A term in a post, and whether it counts there as a voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TermUse(u32);

const SILENT: u32 = 1 << 31;
const TOPIC: u32 = 1 << 30;
const WORDS: u32 = TOPIC - 1;

impl Term {
    /// The term that is the word with this hash.
    pub(super) fn word(word: u32) -> Self {
        Self(word & WORDS)
    }

    /// The term that is this pair of words, in this order.
    pub(super) fn pair(first: u32, second: u32) -> Self {
        Self(high_half(mix((u64::from(first) << 32) | u64::from(second))) & WORDS)
    }

    /// The term that is a subject, in whatever words.
    pub(super) fn topic(slug: &str) -> Self {
        Self((hash(slug.as_bytes()) & WORDS) | TOPIC)
    }

    /// What stands for the meaning of several posts, of which this is the first.
    pub(super) fn meant(first: PostId) -> Self {
        Self((hash(first.as_bytes()) & WORDS) | TOPIC)
    }

    /// Whether it is no word or pair of words, but a subject or a meaning.
    pub(super) fn is_topic(self) -> bool {
        self.0 & TOPIC != 0
    }

    /// The bits, for indexing.
    pub(super) fn bits(self) -> u32 {
        self.0
    }
}

impl TermUse {
    /// The term.
    pub(super) fn term(self) -> Term {
        Term(self.0 & !SILENT)
    }

    /// Whether this use adds a voice to the term.
    pub(super) fn is_voice(self) -> bool {
        self.0 & SILENT == 0
    }

    /// Decides whether it does.
    pub(super) fn set_voice(&mut self, voice: bool) {
        self.0 = if voice { self.0 & !SILENT } else { self.0 | SILENT };
    }
}

impl From<Term> for TermUse {
    fn from(term: Term) -> Self {
        Self(term.0)
    }
}

/// A term where it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// The term.
    pub(super) term: Term,
    /// The first of its words, as a position in the list of words.
    pub(super) first: usize,
    /// The last of its words.
    pub(super) last: usize,
}

/// The terms of a text in order, with their places; repeated ones are repeated.
pub(super) fn locate(words: &[Word]) -> impl Iterator<Item = Located> {
    let mut before: Option<(usize, Word)> = None;
    words
        .iter()
        .enumerate()
        .flat_map(move |(at, word)| {
            if word.after_break {
                before = None;
            }
            if word.kind == Kind::Stop {
                return [None, None];
            }
            let single =
                (word.kind == Kind::Content).then(|| Located { term: Term::word(word.hash), first: at, last: at });
            let pair = before
                .filter(|(_, first)| first.kind == Kind::Content || word.kind == Kind::Content)
                .map(|(first, other)| Located { term: Term::pair(other.hash, word.hash), first, last: at });
            before = Some((at, *word));
            [single, pair]
        })
        .flatten()
}

/// The distinct terms of a text, sorted, at most [`MAX_TERMS`], and those of its `topics`.
pub(super) fn distinct<'a>(
    words: &[Word],
    topics: impl Iterator<Item = &'a str>,
    scratch: &mut Vec<Term>,
) -> Box<[TermUse]> {
    scratch.clear();
    scratch.extend(locate(words).map(|located| located.term).take(2 * MAX_TERMS));
    // The first terms are kept, not those with the smallest hashes: a post says what it is about at its beginning.
    if scratch.len() > MAX_TERMS {
        let mut seen = std::collections::HashSet::new();
        scratch.retain(|term| seen.insert(*term));
        scratch.truncate(MAX_TERMS);
    }
    scratch.extend(topics.map(Term::topic));
    scratch.sort_unstable();
    scratch.dedup();
    scratch.iter().copied().map(TermUse::from).collect()
}

/// Puts these `topics` in the place of those among `terms`, and keeps them sorted. All of them count as voices until they
/// are marked again.
pub(super) fn replace_topics<'a>(terms: &mut Box<[TermUse]>, topics: impl Iterator<Item = &'a str>) {
    let mut all: Vec<Term> = terms.iter().map(|used| used.term()).filter(|term| !term.is_topic()).collect();
    all.extend(topics.map(Term::topic));
    all.sort_unstable();
    all.dedup();
    *terms = all.into_iter().map(TermUse::from).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trends::words::Splitter;

    fn located(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        Splitter::default().split(text, &mut words);
        locate(&words).map(|term| text[words[term.first].start..words[term.last].end].to_owned()).collect()
    }

    #[test]
    fn terms_are_words_and_pairs_across_stop_words_but_not_across_sentences() {
        assert_eq!(
            located("Shortage of insulin. Ward 7 shut"),
            ["Shortage", "insulin", "Shortage of insulin", "Ward", "Ward 7", "shut", "7 shut"]
        );
    }

    #[test]
    fn a_pair_has_an_order_and_silence_is_kept_apart_from_identity() {
        assert_ne!(Term::pair(1, 2), Term::pair(2, 1));
        let mut used = TermUse::from(Term::pair(1, 2));
        used.set_voice(false);
        assert!(!used.is_voice());
        assert_eq!(used.term(), Term::pair(1, 2));
    }

    #[test]
    fn a_very_long_text_keeps_its_first_terms() {
        let text = (0..500).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
        let mut words = Vec::new();
        Splitter::default().split(&text, &mut words);
        let terms = distinct(&words, std::iter::empty(), &mut Vec::new());
        assert_eq!(terms.len(), MAX_TERMS);
        let first = Term::word(words[0].hash);
        assert!(terms.iter().any(|used| used.term() == first));
    }
}
