//! Which language a post is written in.
//!
//! `whatlang` tells the script, and with it the language of every script that has one to itself. Languages that share one
//! are told apart by a small classifier of our own (`model.rs`, trained by `train.rs`), since `whatlang` knows no Somali, Yoruba
//! or Albanian and is often wrong on short texts. Where the classifier is in doubt, the letters as `whatlang` reads them and the
//! commonest words may confirm it. The classifier has learnt many more languages than it names: those are left without a
//! label. No answer is better than a wrong one.

mod features;
mod model;
mod script;
mod tokens;
mod train;
mod words;

use std::path::Path;

use bus::Enriched;
use bus::config_file::ConfigError;
use whatlang::{Detector, Lang};

use crate::Enricher;
use crate::text::beginning;
use model::Model;
use script::ByScript;
pub use train::{LabelledText, TrainError, Trained, train};
use words::{Votes, Words};

/// The file of the classifier, in `models/` of the configuration directory.
const ARTEFACT: &str = "language.bin";

/// The languages that posts are labelled with, as codes of ISO 639-1.
pub const NAMED: [&str; 38] = [
    "ar", "bg", "bn", "cs", "cy", "de", "el", "en", "es", "fa", "fr", "gu", "he", "hi", "hu", "it", "ja", "ko", "lt",
    "ml", "pa", "pl", "pt", "ro", "ru", "si", "sk", "so", "sq", "ta", "te", "th", "tl", "tr", "uk", "ur", "yo", "zh",
];

/// Longer texts are decided by their beginning, in bytes: it says enough.
const MAX_BYTES: usize = 400;

/// Texts with fewer letters than this, in bytes, say little.
const SHORT: usize = 20;

/// From this probability on the classifier is believed without more.
const SURE: f32 = 0.5;
const SURE_WHEN_SHORT: f32 = 0.7;

/// From this probability on it is believed where something else confirms it.
const POSSIBLE: f32 = 0.35;

/// From this probability on it is believed where the source claims the same.
const CREDIBLE: f32 = 0.02;

/// Languages with a shared script that `whatlang` knows too.
const KNOWN_TO_BOTH: [(Lang, &str); 22] = [
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
    (Lang::Bul, "bg"),
    (Lang::Ukr, "uk"),
    (Lang::Rus, "ru"),
    (Lang::Ara, "ar"),
    (Lang::Pes, "fa"),
    (Lang::Urd, "ur"),
    (Lang::Hin, "hi"),
];

/// Tags the language of posts.
pub struct LanguageEnricher {
    model: Model,
    words: Words,
    detector: Detector,
}

impl LanguageEnricher {
    /// Reads the classifier in `models`.
    ///
    /// # Errors
    /// [`ConfigError`], where it is missing or not the one that was trained.
    pub fn load(models: &Path) -> Result<Self, ConfigError> {
        let model = Model::load(&models.join(ARTEFACT))?;
        Ok(Self { model, words: Words::new(), detector: Detector::new() })
    }

    /// The ISO 639-1 code of the language of `text`, or `None` when not sure. `hint` is what the source claims.
    pub fn detect(&self, text: &str, hint: Option<&str>) -> Option<&str> {
        let words: Vec<&str> = tokens::of(beginning(text, MAX_BYTES)).collect();
        let plain = words.join(" ");
        let script = whatlang::detect_script(&plain)?;
        match script::of(script, &plain) {
            ByScript::Only(code) => Some(code),
            ByScript::Unknown => None,
            ByScript::Shared => self.by_words(&words, &plain, hint),
        }
    }
    /// The language of words in a script that several share.
    fn by_words(&self, words: &[&str], plain: &str, hint: Option<&str>) -> Option<&str> {
        let guess = self.model.guess(words.iter().copied())?;
        let (code, probability) = guess.best()?;
        let is_sure = match words.len() {
            // One word may be a name or a noise: it must be known.
            0 | 1 => false,
            _ if plain.len() < SHORT => probability >= SURE_WHEN_SHORT,
            _ => probability >= SURE,
        };
        if is_sure || (probability >= POSSIBLE && self.is_confirmed(code, words, plain)) {
            return Some(code);
        }
        let primary = hint?.split(['-', '_']).next()?.to_ascii_lowercase();
        let (code, probability) = guess.of(&primary)?;
        (probability >= CREDIBLE).then_some(code)
    }

    /// Whether the commonest words, or the letters as `whatlang` reads them, speak for `code` too.
    fn is_confirmed(&self, code: &str, words: &[&str], plain: &str) -> bool {
        let mut votes = Votes::default();
        for word in words {
            self.words.vote(word, &mut votes);
        }
        if votes.supports(code) {
            return true;
        }
        plain.len() >= SHORT
            && votes.is_silent()
            && self
                .detector
                .detect(plain)
                .is_some_and(|info| info.is_reliable() && KNOWN_TO_BOTH.contains(&(info.lang(), code)))
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
