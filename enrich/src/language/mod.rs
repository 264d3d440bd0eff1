//! Which language a post is written in.
//!
//! Posts are short, and statistics over letters fail on short texts: English of eighty characters is recognised four
//! times in five. Its commonest words give a language away much sooner. So the words vote first; the script decides for
//! languages that have one to themselves; only where both leave doubt does `whatlang` look at the letters, and only when it
//! agrees with the words, or is sure, is it believed. No answer is better than a wrong one.

mod script;
mod tokens;
mod words;

use bus::Enriched;
use whatlang::{Detector, Lang};

use crate::Enricher;
use crate::text::beginning;
use script::Scripts;
use words::{Votes, Words};

/// Languages with Latin letters that are common in England and that `whatlang` knows.
const LATIN: [(Lang, &str); 18] = [
    (Lang::Eng, "en"),
    (Lang::Cym, "cy"),
    (Lang::Pol, "pl"),
    (Lang::Ron, "ro"),
    (Lang::Por, "pt"),
    (Lang::Spa, "es"),
    (Lang::Fra, "fr"),
    (Lang::Ita, "it"),
    (Lang::Deu, "de"),
    (Lang::Lit, "lt"),
    (Lang::Tur, "tr"),
    (Lang::Hun, "hu"),
    (Lang::Slk, "sk"),
    (Lang::Ces, "cs"),
    (Lang::Tgl, "tl"),
    (Lang::Nld, "nl"),
    (Lang::Lav, "lv"),
    (Lang::Hrv, "hr"),
];

/// Shorter texts say too little about letters, in bytes.
const MIN_LETTERS: usize = 20;

/// Longer texts are decided by their beginning, in bytes: it says enough.
const MAX_BYTES: usize = 1_000;

/// Tags the language of posts.
pub(crate) struct LanguageEnricher {
    words: Words,
    detector: Detector,
}

impl LanguageEnricher {
    pub(crate) fn new() -> Self {
        Self { words: Words::new(), detector: Detector::with_allowlist(LATIN.iter().map(|(lang, _)| *lang).collect()) }
    }

    /// The ISO 639-1 code of the language of `text`, or `None` when not sure. `hint` is what the source claims.
    fn detect(&self, text: &str, hint: Option<&str>) -> Option<&'static str> {
        let text = beginning(text, MAX_BYTES);
        let mut scripts = Scripts::default();
        let mut votes = Votes::default();
        for token in tokens::of(text) {
            if scripts.count(token) {
                self.words.vote(token, &mut votes);
            }
        }
        if !scripts.is_mostly_latin() {
            return scripts.language(text);
        }
        votes.winner().or_else(|| self.by_letters(text, &votes)).or_else(|| Self::by_hint(hint?, &votes))
    }

    /// What `whatlang` says, where the words do not speak against it.
    fn by_letters(&self, text: &str, votes: &Votes) -> Option<&'static str> {
        let plain = tokens::of(text).collect::<Vec<_>>().join(" ");
        if plain.len() < MIN_LETTERS {
            return None;
        }
        let info = self.detector.detect(&plain)?;
        let code = LATIN.iter().find(|(lang, _)| *lang == info.lang())?.1;
        (votes.supports(code) || (info.is_reliable() && votes.is_silent())).then_some(code)
    }

    /// What the source claims, where no word speaks louder for another language.
    fn by_hint(hint: &str, votes: &Votes) -> Option<&'static str> {
        let primary = hint.split(['-', '_']).next()?.to_ascii_lowercase();
        let code = words::known(&primary)?;
        (votes.supports(code) || (votes.is_silent() && votes.any_words())).then_some(code)
    }
}

impl Enricher for LanguageEnricher {
    fn name(&self) -> &'static str {
        "language"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            let post = &item.post;
            let hint = post.language_hint.as_deref();
            let code = self.detect(&post.text, hint).or_else(|| self.detect(post.title.as_deref()?, hint));
            item.language = code.map(str::to_owned);
        }
    }
}

#[cfg(test)]
mod tests;
