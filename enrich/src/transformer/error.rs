//! Why the transformer tier cannot be used.

use std::path::PathBuf;

use bus::config_file::ConfigError;
use thiserror::Error;

/// Why the transformer tier cannot be used.
#[derive(Debug, Error)]
pub enum TransformerError {
    /// The program was built without it.
    #[error(
        "this program was built without the transformer tier: run `make models`, then build it with `eval \"$(scripts/models.sh env)\"; cargo build --release --features rust-bert`"
    )]
    NotBuilt,
    /// The encoder's directory, or a file that must be in it, is not there.
    #[error("{}: there is no encoder here: run `make models`, or set enrich.transformer.model_dir to a directory with config.json, model.safetensors and the tokenizer's vocabulary", path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
    },
    /// The encoder's files are there, but cannot be used.
    #[error("{}: this encoder cannot be used: {reason}", dir.display())]
    Unusable {
        /// The encoder's directory.
        dir: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An artefact of the tier is missing or another one.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The encoder failed on texts, or has stopped.
    #[error("the encoder failed: {0}")]
    Failed(String),
}
