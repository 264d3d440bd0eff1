//! Tags by the transformer tier, for as many posts as the encoder can take; the others keep those of the fast tier.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bus::Enriched;
use metrics::{counter, describe_counter};

use super::config::{Share, TransformerConfig};
use super::error::TransformerError;
use super::pace::Pace;
use super::tally::Tally;
use super::tier::{Judgement, Tier};
use crate::Enricher;
use crate::model::features::hash;
use crate::text::whole_text;
use crate::topics::Topics;

const METRIC: &str = "discovery_enrich_transformer_posts_total";

/// Judges English texts. [`Tier`] does; tests have their own.
pub(crate) trait Judge: Send + Sync {
    /// A judgement for each text.
    fn judge(&self, texts: &[&str]) -> Result<Vec<Judgement>, TransformerError>;
}

impl Judge for Tier {
    fn judge(&self, texts: &[&str]) -> Result<Vec<Judgement>, TransformerError> {
        Tier::judge(self, texts)
    }
}

/// Replaces sentiment and subjects of English posts by those of the transformer tier.
pub(crate) struct TransformerEnricher<J> {
    judge: J,
    topics: Arc<Topics>,
    share: Share,
    patience: Duration,
    pace: Mutex<Pace>,
    tally: Arc<Tally>,
}

impl<J: Judge> TransformerEnricher<J> {
    pub(crate) fn new(judge: J, topics: Arc<Topics>, config: &TransformerConfig, tally: Arc<Tally>) -> Self {
        describe_counter!(
            METRIC,
            "Posts by what the transformer tier did with them: tagged, left_out (they keep the tags of the fast tier, since \
             the encoder cannot keep up or the configuration wants a share), long, failed"
        );
        let patience = Duration::from_millis(config.patience_ms.get().into());
        Self { judge, topics, share: config.share, patience, pace: Mutex::default(), tally }
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        // Numbers that are always sound, whoever panicked while holding them.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The posts that the encoder is asked about: which ones depends on nothing but their names, so that no kind of post is
    /// favoured. And how many were to be chosen from.
    fn chosen(&self, batch: &[Enriched]) -> (Vec<usize>, usize) {
        let english = (0..batch.len()).filter(|index| batch[*index].language.as_deref() == Some("en"));
        let (mut taken, long): (Vec<usize>, Vec<usize>) =
            english.partition(|index| Tier::takes(&whole_text(&batch[*index].post)));
        let (all, room) = (taken.len(), self.pace().within(self.patience));
        taken.sort_by_cached_key(|index| hash(batch[*index].post.id.to_string().as_bytes()));
        taken.truncate(self.share.of(all).min(room));
        let left_out = all - taken.len();
        count("long", long.len());
        count("left_out", left_out);
        let behind = all.min(self.share.of(all)).saturating_sub(room);
        if let Some(posts) = self.pace().leave_out(behind, Instant::now()) {
            tracing::warn!(
                posts,
                "the transformer tier cannot keep up: it tags a sample, and so many posts kept the tags of the fast tier since this was last said"
            );
        }
        (taken, all)
    }
}

impl<J: Judge> Enricher for TransformerEnricher<J> {
    fn name(&self) -> &'static str {
        "transformer"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        let (chosen, all) = self.chosen(batch);
        if chosen.is_empty() {
            return;
        }
        let texts: Vec<Cow<str>> = chosen.iter().map(|index| whole_text(&batch[*index].post)).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let start = Instant::now();
        let judged = self.judge.judge(&texts);
        self.pace().took(texts.len(), start.elapsed());
        match judged {
            Ok(judgements) => {
                count("tagged", judgements.len());
                self.tally.note(Instant::now(), judgements.len(), all - judgements.len());
                for (index, judgement) in chosen.into_iter().zip(judgements) {
                    batch[index].sentiment = Some(judgement.sentiment);
                    batch[index].topics = self.topics.tags_of(&judgement.subjects);
                }
            }
            Err(error) => {
                count("failed", chosen.len());
                self.tally.note(Instant::now(), 0, all);
                tracing::error!(posts = chosen.len(), "{error}; these posts keep the tags of the fast tier");
            }
        }
    }
}

fn count(outcome: &'static str, posts: usize) {
    counter!(METRIC, "outcome" => outcome).increment(posts as u64);
}

#[cfg(test)]
mod tests {
    use bus::{Sentiment, SentimentLabel};

    use super::*;
    use crate::testing::untagged;

    /// Finds everything positive, except where it fails.
    struct Cheerful {
        fails: bool,
    }

    impl Judge for Cheerful {
        fn judge(&self, texts: &[&str]) -> Result<Vec<Judgement>, TransformerError> {
            if self.fails {
                return Err(TransformerError::Failed("as a test wants it".to_owned()));
            }
            let sentiment = Sentiment { label: SentimentLabel::Positive, score: 1.0, probability: 1.0 };
            Ok(vec![Judgement { sentiment, subjects: Vec::new() }; texts.len()])
        }
    }

    fn tagged(toml: &str, fails: bool, batch: &mut [Enriched]) -> usize {
        let config: TransformerConfig = toml::from_str(toml).unwrap();
        let tally = Arc::new(Tally::default());
        TransformerEnricher::new(Cheerful { fails }, Arc::new(Topics::none()), &config, Arc::clone(&tally))
            .enrich(batch);
        let counted = tally.recent(Instant::now()).unwrap();
        let english =
            batch.iter().filter(|item| item.language.is_some() && Tier::takes(&item.post.text)).count() as u64;
        assert_eq!(counted.tagged + counted.left_out, english);
        batch.iter().filter(|item| item.sentiment.is_some()).count()
    }

    fn posts(count: usize) -> Vec<Enriched> {
        let english = |n| Enriched { language: Some("en".to_owned()), ..untagged(&format!("post {n}")) };
        (0..count).map(english).collect()
    }

    #[test]
    fn english_posts_of_usual_length_are_tagged() {
        let mut batch = posts(3);
        batch.push(untagged("o le le"));
        batch.push(Enriched { language: Some("en".to_owned()), ..untagged(&"long ".repeat(500)) });
        batch.push(Enriched { language: Some("en".to_owned()), ..untagged("\u{200b}") });
        assert_eq!(tagged("", false, &mut batch), 3);
        assert!(batch[..3].iter().all(|item| item.sentiment.is_some()));
    }

    #[test]
    fn what_the_encoder_cannot_reach_in_time_keeps_its_tags() {
        // Forty a second are expected before anything was measured.
        let (mut batch, mut again) = (posts(100), posts(100));
        assert_eq!(tagged("patience_ms = 500", false, &mut batch), 20);
        again.reverse();
        assert_eq!(tagged("patience_ms = 500", false, &mut again), 20);
        again.reverse();
        assert_eq!(batch, again, "the sample does not depend on the order");
        assert_eq!(tagged("share = 0.1", false, &mut posts(100)), 10);
    }

    #[test]
    fn where_it_fails_all_keep_their_tags() {
        assert_eq!(tagged("", true, &mut posts(3)), 0);
    }
}
