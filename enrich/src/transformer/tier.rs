//! The tier as a whole: the encoder at work, and the heads that blend what it sees with what the fast tier says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bus::Sentiment;
use bus::config_file::{self, ConfigError};

use super::config::TransformerConfig;
pub(crate) use super::encoder::Encoder as LoadedEncoder;
use super::error::TransformerError;
use super::plain::plain;
use super::worker::Worker;
use crate::artefact;
use crate::model::Needed;
use crate::model::features::Features;
use crate::model::file::Model;
use crate::model::heads::sigmoid;
use crate::sentiment::registers::{LABELS, REGISTER, shares};
use crate::sentiment::{LONG, SentimentEnricher, of_shares, shows};
use crate::topics::Topics;

/// The kinds of the models of this tier, which are also the names of their files.
pub(crate) const SENTIMENT: &str = "sentiment-transformer";
pub(crate) const TOPICS: &str = "topics-transformer";

/// The low-rank adapters of the encoder, in `models/`, where there are any.
const ADAPTERS: &str = "adapters.safetensors";

/// What a text gets from this tier.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) sentiment: Sentiment,
    /// (subject, confidence), surest first.
    pub(crate) subjects: Vec<(usize, f32)>,
}

/// The encoder's worker, the heads over its vectors, and the fast tier that they are blended with.
pub(crate) struct Tier {
    pub(crate) worker: Worker,
    sentiment: Blend,
    topics: Blend,
    fast_sentiment: Arc<SentimentEnricher>,
    fast_topics: Arc<Topics>,
}

impl Tier {
    /// Loads the encoder and the heads in `models/` of `config_dir`, which must have been learned with it and with these
    /// models of the fast tier.
    ///
    /// # Errors
    /// [`TransformerError`], which says what to do.
    pub(crate) fn load(
        config_dir: &Path,
        config: &TransformerConfig,
        fast_sentiment: Arc<SentimentEnricher>,
        fast_topics: Arc<Topics>,
    ) -> Result<Self, TransformerError> {
        let encoder = load_encoder(config_dir, config)?;
        let models = config_dir.join("models");
        let worker = Worker::start(encoder)?;
        let needs = needs(config_dir, config)?;
        let sentiment = Blend::load(&models, SENTIMENT, worker.width(), &needs)?;
        let topics = Blend::load(&models, TOPICS, worker.width(), &needs)?;
        sentiment.expect_labels(
            &models,
            SENTIMENT,
            &LABELS[..REGISTER].iter().map(ToString::to_string).collect::<Vec<_>>(),
        )?;
        topics.expect_labels(&models, TOPICS, fast_topics.head_labels())?;
        Ok(Self { worker, sentiment, topics, fast_sentiment, fast_topics })
    }

    /// Whether this tier has anything to say of a text: long ones are scored in parts by the fast tier.
    pub(crate) fn takes(text: &str) -> bool {
        text.len() <= LONG && shows(text)
    }

    /// What English texts get. Waits for the encoder.
    ///
    /// # Errors
    /// [`TransformerError::Failed`].
    pub(crate) fn judge(&self, texts: &[&str]) -> Result<Vec<Judgement>, TransformerError> {
        let vectors = self.worker.embed(texts.iter().map(|text| plain(text)).collect())?;
        Ok(texts.iter().zip(vectors).map(|(text, vector)| self.judge_one(text, &vector)).collect())
    }

    fn judge_one(&self, text: &str, vector: &[f32]) -> Judgement {
        let fast = self.fast_sentiment.scores_of(text);
        let mut scores = self.sentiment.scores(vector, &fast[..REGISTER]);
        scores.push(fast[REGISTER]);
        let probabilities = |fast: &[f32]| self.topics.scores(vector, fast).into_iter().map(sigmoid).collect();
        let subjects = self.fast_topics.judge_blended(text, &self.topics.model.thresholds, probabilities);
        Judgement { sentiment: of_shares(shares(&scores)), subjects }
    }
}

/// Heads over a vector of the encoder and the scores of the same heads of the fast tier.
pub(crate) struct Blend {
    model: Model,
}

impl Blend {
    fn load(models: &Path, kind: &str, width: usize, needs: &[Needed]) -> Result<Self, ConfigError> {
        let (model, card) = Model::load_with_card(models, kind)?;
        let blend = Self { model };
        let other = |needed: &&Needed| !card.needs.contains(needed);
        let message = if let Some(needed) = needs.iter().filter(|needed| is_of(needed, kind)).find(other) {
            format!("it was learned with another {} than the one here, whose SHA-256 is {}", needed.what, needed.sha256)
        } else if let Some(needed) = card.needs.iter().find(|needed| !needs.contains(needed)) {
            format!("it was learned with {}, which are not here", needed.what)
        } else if blend.model.heads.numbers_len() != width + blend.model.labels.len() {
            format!("its heads are not for vectors of {width} numbers")
        } else {
            return Ok(blend);
        };
        Err(mismatch(models, kind, &message))
    }

    fn expect_labels(&self, models: &Path, kind: &str, labels: &[String]) -> Result<(), ConfigError> {
        if self.model.labels == labels {
            Ok(())
        } else {
            Err(mismatch(models, kind, "its heads are not those of the fast tier"))
        }
    }

    /// The scores of the heads.
    fn scores(&self, vector: &[f32], fast: &[f32]) -> Vec<f32> {
        self.model.heads.scores(&features(vector, fast))
    }
}

/// What the heads look at.
pub(crate) fn features(vector: &[f32], fast: &[f32]) -> Features {
    Features { numbers: vector.iter().chain(fast).copied().enumerate().collect(), ..Features::default() }
}

fn mismatch(models: &Path, kind: &str, message: &str) -> ConfigError {
    let path = models.join(format!("{kind}.toml"));
    let text = config_file::read_text(&path).unwrap_or_default();
    let command = kind.replace("-transformer", " --tier transformer");
    let message = format!(
        "{message}. Restore the files in models/ and run `make models`, or learn these heads anew with `discovery train {command}`"
    );
    ConfigError::at(&path, &text, "needs", message)
}

/// The encoder of the configuration, with the adapters in `models/` of `config_dir`.
pub(crate) fn load_encoder(config_dir: &Path, config: &TransformerConfig) -> Result<LoadedEncoder, TransformerError> {
    let adapters = adapters(config_dir);
    LoadedEncoder::load(&config.model_dir(), adapters.as_deref(), config.threads.get())
}

/// The adapters, where there are any.
pub(crate) fn adapters(config_dir: &Path) -> Option<PathBuf> {
    Some(config_dir.join("models").join(ADAPTERS)).filter(|path| path.is_file())
}

/// The files that heads of this tier belong to. Heads over another encoder's vectors would tag at random.
pub(crate) fn needs(config_dir: &Path, config: &TransformerConfig) -> Result<Vec<Needed>, TransformerError> {
    let mut needs = Vec::new();
    let mut add = |what: &str, path: &Path| {
        let sha256 =
            artefact::sum_of_file(path).map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
        needs.push(Needed { what: what.to_owned(), sha256 });
        Ok::<_, ConfigError>(())
    };
    add("encoder", &config.model_dir().join("model.safetensors"))?;
    for kind in ["sentiment", "topics"] {
        add(&fast(kind), &config_dir.join("models").join(format!("{kind}.bin")))?;
    }
    if let Some(path) = adapters(config_dir) {
        add("adapters", &path)?;
    }
    Ok(needs)
}

/// What the model of the fast tier is called among the needs.
fn fast(kind: &str) -> String {
    format!("fast {kind}")
}

/// Whether heads of `kind` need this file: each belongs to its own model of the fast tier only.
pub(crate) fn is_of(needed: &Needed, kind: &str) -> bool {
    let own = fast(kind.trim_end_matches("-transformer"));
    !needed.what.starts_with("fast ") || needed.what == own
}
