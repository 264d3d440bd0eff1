//! How a post feels: a lexicon, and the rules of VADER for what stands around its words.

mod lexicon;
mod rules;
mod tokens;

use std::borrow::Cow;
use std::path::Path;

use bus::config_file::ConfigError;
use bus::{Enriched, Post, Sentiment, SentimentLabel};

use crate::Enricher;
use crate::text::tagged_part;
use lexicon::Lexicon;

/// Scores from here on are positive, and up to here negative. Measured on English tweets and on comments of NHS
/// patients, where both kinds of text lose least: people praise more readily than VADER's raters did.
const POSITIVE: f32 = 0.3;
const NEGATIVE: f32 = -0.1;

/// Longer texts are scored sentence by sentence, in bytes: the rules were made for a post, not for a speech.
const LONG: usize = 300;

/// Tags the sentiment of English posts; other languages are not scored, since nothing was measured for them.
pub(crate) struct SentimentEnricher {
    lexicon: Lexicon,
}

impl SentimentEnricher {
    /// Reads the lexicon in `dir`.
    pub(crate) fn load(dir: &Path) -> Result<Self, ConfigError> {
        Ok(Self { lexicon: Lexicon::load(dir)? })
    }

    fn sentiment(&self, post: &Post) -> Sentiment {
        let text = match &post.title {
            Some(title) => Cow::Owned(format!("{title}. {}", post.text)),
            None => Cow::Borrowed(post.text.as_str()),
        };
        let score = self.score(tagged_part(&text));
        let label = match score {
            score if score >= POSITIVE => SentimentLabel::Positive,
            score if score <= NEGATIVE => SentimentLabel::Negative,
            _ => SentimentLabel::Neutral,
        };
        Sentiment { label, score }
    }

    /// From -1 to 1.
    fn score(&self, text: &str) -> f32 {
        let text = straight(text);
        if text.len() <= LONG {
            return rules::score(&self.lexicon, &text);
        }
        let (mut sum, mut feeling) = (0.0_f32, 0_u16);
        for sentence in sentences(&text) {
            let score = rules::score(&self.lexicon, sentence);
            sum += score;
            feeling += u16::from(score != 0.0);
        }
        // Sentences that only report do not water down those that feel.
        if feeling == 0 { 0.0 } else { sum / f32::from(feeling) }
    }
}

impl Enricher for SentimentEnricher {
    fn name(&self) -> &'static str {
        "sentiment"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            item.sentiment = (item.language.as_deref() == Some("en")).then(|| self.sentiment(&item.post));
        }
    }
}

/// The text with straight apostrophes, as the lexicon has them.
fn straight(text: &str) -> Cow<'_, str> {
    if text.contains('\u{2019}') { Cow::Owned(text.replace('\u{2019}', "'")) } else { Cow::Borrowed(text) }
}

/// The sentences of a text, cut after a full stop, a mark or at the end of a line.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', '\n']).filter(|sentence| sentence.contains(char::is_alphabetic))
}

#[cfg(test)]
mod tests;
