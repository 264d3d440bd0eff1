//! How a post feels: heads learned from posts and from comments of patients, over n-grams and a lexicon with the rules
//! of VADER for what stands around its words.

mod features;
mod lexicon;
pub(crate) mod registers;
mod rules;
mod tokens;

use std::borrow::Cow;
use std::path::Path;

use bus::config_file::ConfigError;
use bus::{Enriched, Sentiment, SentimentLabel};

use crate::Enricher;
use crate::model::features::{Features, unescape};
use crate::model::file::Model;
use crate::text::{tagged_part, whole_text};
pub(crate) use features::NUMBERS;
use lexicon::Lexicon;

/// Longer texts are scored sentence by sentence, in bytes: the heads were learned from posts, not from speeches.
pub(crate) const LONG: usize = 800;

/// Shorter sentences are scored with the next one, in bytes: "No." says little alone.
const SHORT: usize = 40;

/// Reads texts as the heads of sentiment see them.
pub(crate) struct Reader {
    lexicon: Lexicon,
}

impl Reader {
    /// Reads the lexicon in `dir`.
    pub(crate) fn load(dir: &Path) -> Result<Self, ConfigError> {
        Ok(Self { lexicon: Lexicon::load(dir)? })
    }

    /// The features of a text as it was written.
    pub(crate) fn features(&self, text: &str) -> Features {
        features::of(&self.lexicon, &straight(&unescape(text)))
    }
}

/// Tags the sentiment of English posts; other languages are not scored, since nothing was measured for them.
pub(crate) struct SentimentEnricher {
    reader: Reader,
    model: Model,
    right: Option<f64>,
}

impl SentimentEnricher {
    /// Reads `lexicon/` and the model in `models/` of `config_dir`.
    pub(crate) fn load(config_dir: &Path) -> Result<Self, ConfigError> {
        let reader = Reader::load(&config_dir.join("lexicon"))?;
        let (model, card) = Model::load_with_card(&config_dir.join("models"), "sentiment")?;
        registers::check(&model, config_dir)?;
        Ok(Self { reader, model, right: card.figures.right() })
    }

    /// How often the model was right on texts that it had not seen, 0 to 1, as its card says.
    pub(crate) fn right(&self) -> Option<f64> {
        self.right
    }

    /// The sentiment of a text that is known to be English.
    pub(crate) fn sentiment_of(&self, text: &str) -> Sentiment {
        of_shares(self.probabilities(tagged_part(text)))
    }

    /// The score of each of [`registers::LABELS`] for a text in one piece, which is known to be English.
    pub(crate) fn scores_of(&self, text: &str) -> Vec<f32> {
        self.model.heads.scores(&self.reader.features(text))
    }

    /// How probable negative, neutral and positive are for a text that is known to be English.
    pub(crate) fn shares_of(&self, text: &str) -> [f32; 3] {
        self.probabilities(tagged_part(text))
    }

    /// How probable negative, neutral and positive are.
    fn probabilities(&self, text: &str) -> [f32; 3] {
        if text.len() <= LONG {
            return self.probabilities_of_sentence(text);
        }
        let mut sums = [0.0_f32; 3];
        for sentence in sentences(text) {
            let shares = self.probabilities_of_sentence(sentence);
            // Sentences that only report water down those that feel a little, not as much as they are many.
            let weight = 1.05 - shares[1];
            sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += weight * share);
        }
        let all: f32 = sums.iter().sum();
        if all == 0.0 { [0.0, 1.0, 0.0] } else { sums.map(|sum| sum / all) }
    }

    fn probabilities_of_sentence(&self, sentence: &str) -> [f32; 3] {
        // Where nothing can be seen there is nothing to be unsure about.
        if !shows(sentence) {
            return [0.0, 1.0, 0.0];
        }
        registers::shares(&self.scores_of(sentence))
    }
}

impl Enricher for SentimentEnricher {
    fn name(&self) -> &'static str {
        "sentiment"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            item.sentiment =
                (item.language.as_deref() == Some("en")).then(|| self.sentiment_of(&whole_text(&item.post)));
        }
    }
}

/// The tag for these probabilities of negative, neutral and positive.
pub(crate) fn of_shares(shares: [f32; 3]) -> Sentiment {
    let most = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    let label = most.map_or(SentimentLabel::Neutral, |most| SentimentLabel::ALL[most]);
    Sentiment { label, score: shares[2] - shares[0], probability: shares.iter().copied().fold(0.0, f32::max) }
}

/// Whether there is anything to see in a text.
pub(crate) fn shows(text: &str) -> bool {
    text.contains(|c: char| !c.is_whitespace() && !is_invisible(c))
}

/// The text with straight apostrophes, as the lexicon has them.
fn straight(text: &str) -> Cow<'_, str> {
    if text.contains('\u{2019}') { Cow::Owned(text.replace('\u{2019}', "'")) } else { Cow::Borrowed(text) }
}

/// Joiners and marks of direction, which show nothing by themselves.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0f}')
}

/// The sentences of a text, cut after a full stop, a mark or at the end of a line, short ones with those after them.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let cut = rest.char_indices().find(|(at, c)| *at >= SHORT && matches!(c, '.' | '!' | '?' | '\n'));
        let end = cut.map_or(rest.len(), |(at, c)| at + c.len_utf8());
        let (sentence, after) = rest.split_at(end);
        rest = after;
        (!sentence.is_empty()).then_some(sentence)
    })
}

#[cfg(test)]
mod tests;
