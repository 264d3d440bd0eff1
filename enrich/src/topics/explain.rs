//! Why a text gets its subjects.

use super::Topics;
use crate::text::tagged_part;

/// Why a text gets, or does not get, a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The subject's slug.
    pub topic: String,
    /// How sure the tag is, from 0 to 1; `None` where there is no tag.
    pub confidence: Option<f32>,
    /// What speaks for it, and against.
    pub reasons: Vec<Reason>,
}

/// One thing that speaks for or against a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A seed of `config/topics.toml` is in the text, and is worth this much by itself.
    Seed(String, f32),
    /// The head that was learned from examples gives this probability; from the second number on it is enough.
    Head(f32, f32),
    /// The words that weigh most in the head, each with what it would add alone.
    Words(Vec<(String, f32)>),
}

/// How many words of a text are shown with their weights.
const SHOWN: usize = 5;

impl Topics {
    /// What speaks for each subject that the text gets, or nearly gets.
    pub fn explain(&self, text: &str) -> Vec<Explanation> {
        let text = tagged_part(text);
        let seeds = self.seeds(text);
        let mut judged = Vec::new();
        self.judge(text, true, &mut judged);
        let by_seeds: Vec<(usize, f32)> = seeds.chunk_by(|a, b| a.0 == b.0).map(|found| (found[0].0, 0.0)).collect();
        let mut explained: Vec<Explanation> = (0..self.all.len())
            .filter_map(|topic| {
                let confidence = judged.iter().find(|(other, _)| *other == topic).map(|(_, confidence)| *confidence);
                let mut reasons: Vec<Reason> = seeds
                    .iter()
                    .filter(|(other, _)| *other == topic)
                    .map(|(_, phrase)| {
                        Reason::Seed(self.phrases[*phrase].spelling.clone(), self.phrases[*phrase].weight)
                    })
                    .collect();
                let head = self.learned.as_ref().and_then(|learned| learned.probability(text, &by_seeds, topic));
                let near = head.is_some_and(|(probability, threshold)| probability >= threshold / 2.0);
                if confidence.is_none() && reasons.is_empty() && !near {
                    return None;
                }
                if let Some((probability, threshold)) = head {
                    reasons.push(Reason::Head(probability, threshold));
                    reasons.push(Reason::Words(self.heaviest(text, topic)));
                }
                Some(Explanation { topic: self.all[topic].slug.clone(), confidence, reasons })
            })
            .collect();
        explained.sort_by(|a, b| b.confidence.unwrap_or(0.0).total_cmp(&a.confidence.unwrap_or(0.0)));
        explained
    }

    fn heaviest(&self, text: &str, topic: usize) -> Vec<(String, f32)> {
        let Some(learned) = &self.learned else { return Vec::new() };
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).take(200);
        let mut weights: Vec<(String, f32)> =
            words.filter_map(|word| Some((word.to_lowercase(), learned.weight(word, topic)?))).collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        weights.dedup();
        weights.truncate(SHOWN);
        weights
    }
}
