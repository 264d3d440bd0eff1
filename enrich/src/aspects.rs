//! How a post feels about each of its subjects: where its sentences are about different things, each subject has the
//! sentiment of its own sentences.

use std::sync::Arc;

use bus::{Enriched, SentimentLabel};

use crate::Enricher;
use crate::sentiment::SentimentEnricher;
use crate::text::beginning;
use crate::topics::Topics;

/// Clauses are looked for in the beginning of a text, in bytes.
const MAX_BYTES: usize = 4_000;

/// A clause is not cut off before it has this many bytes: "No, " alone is about nothing.
const SHORT: usize = 12;

/// Words that begin a clause which may feel otherwise.
const TURNS: [&str; 8] =
    [" but ", " however ", " although ", " though ", " whereas ", " yet ", " unfortunately ", " while "];

/// Gives each subject its own sentiment.
pub(crate) struct AspectEnricher {
    topics: Arc<Topics>,
    sentiment: Arc<SentimentEnricher>,
}

impl AspectEnricher {
    pub(crate) fn new(topics: Arc<Topics>, sentiment: Arc<SentimentEnricher>) -> Self {
        Self { topics, sentiment }
    }

    fn enrich_one(&self, item: &mut Enriched) {
        let Some(whole) = item.sentiment else {
            item.topics.iter_mut().for_each(|tag| tag.sentiment = None);
            return;
        };
        item.topics.iter_mut().for_each(|tag| tag.sentiment = Some(whole.label));
        if item.topics.is_empty() {
            return;
        }
        let clauses = clauses(beginning(&item.post.text, MAX_BYTES));
        if clauses.len() < 2 {
            return;
        }
        let mut sums = vec![[0.0_f32; 3]; item.topics.len()];
        let mut judged = Vec::new();
        for clause in clauses {
            judged.clear();
            self.topics.judge(clause, true, &mut judged);
            let about = |slug: &str| judged.iter().any(|(place, _)| self.topics.all()[*place].slug == slug);
            let meant: Vec<usize> = (0..item.topics.len()).filter(|index| about(&item.topics[*index].topic)).collect();
            if !meant.is_empty() {
                let shares = self.sentiment.shares_of(clause);
                for index in meant {
                    sums[index].iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
                }
            }
        }
        for (tag, sums) in item.topics.iter_mut().zip(sums) {
            if sums.iter().sum::<f32>() > 0.0 {
                let most = (0..3).max_by(|a, b| sums[*a].total_cmp(&sums[*b])).expect("there are three");
                tag.sentiment = Some(SentimentLabel::ALL[most]);
            }
        }
    }
}

impl Enricher for AspectEnricher {
    fn name(&self) -> &'static str {
        "aspects"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch.iter_mut() {
            self.enrich_one(item);
        }
    }
}

/// Sentences, and their parts before and after a turn.
fn clauses(text: &str) -> Vec<&str> {
    let mut clauses = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if at < start + SHORT {
            continue;
        }
        let turns = c == ' ' && TURNS.iter().any(|turn| starts_with(&text[at..], turn));
        if turns || matches!(c, '.' | '!' | '?' | ';' | ':' | '\n') {
            clauses.push(&text[start..end]);
            start = end;
        }
    }
    clauses.push(&text[start..]);
    clauses.retain(|clause| clause.contains(char::is_alphabetic));
    clauses
}

/// Whether `text` begins with `word`, in whatever case.
fn starts_with(text: &str, word: &str) -> bool {
    text.as_bytes().get(..word.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Chain;
    use crate::testing::untagged;

    #[test]
    fn texts_are_cut_at_sentences_and_at_turns() {
        assert_eq!(
            clauses("The parking was dreadful But the staff were kind. Ok. Thank you!"),
            ["The parking was dreadful ", "But the staff were kind.", " Ok. Thank you!"]
        );
        assert_eq!(clauses("parking"), ["parking"]);
        assert!(clauses("...").is_empty());
    }

    #[test]
    fn each_subject_feels_like_its_own_sentences() {
        let chain = Chain::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")).unwrap();
        let mut post = untagged(
            "The parking was awful, an absolute disgrace. The nurses were kind and caring, thank you so much.",
        );
        post.language = Some("en".to_owned());
        chain.enrich(std::slice::from_mut(&mut post));
        let of = |slugs: &[&str]| {
            let tag = post.topics.iter().find(|tag| slugs.contains(&tag.topic.as_str()));
            tag.unwrap_or_else(|| panic!("{slugs:?} in {:?}", post.topics)).sentiment
        };
        assert_eq!(of(&["parking", "hospital-parking"]), Some(SentimentLabel::Negative));
        assert_eq!(of(&["staff-manner"]), Some(SentimentLabel::Positive));
    }
}
