//! Two ways of speaking: people who post talk otherwise than people who are asked how it was.
//!
//! Each register has heads of its own, learned from texts of its kind. One head more says how much a text reads like a
//! comment; the scores of both registers are mixed by it.

use std::path::Path;

use bus::config_file::ConfigError;

use super::NUMBERS;
use crate::model::file::Model;
use crate::model::heads::{sigmoid, softmax};

/// The heads, in the order in which they stand in the model.
pub(crate) const LABELS: [&str; 7] = [
    "post: negative",
    "post: neutral",
    "post: positive",
    "comment: negative",
    "comment: neutral",
    "comment: positive",
    "register: comment",
];

/// Which of [`LABELS`] says how much a text reads like a comment.
pub(crate) const REGISTER: usize = 6;

/// How probable negative, neutral and positive are, from the scores of [`LABELS`].
pub(crate) fn shares(scores: &[f32]) -> [f32; 3] {
    let comment = sigmoid(scores[REGISTER]);
    let mixed = [0, 1, 2].map(|label| scores[label] * (1.0 - comment) + scores[3 + label] * comment);
    let shares = softmax(&mixed);
    [shares[0], shares[1], shares[2]]
}

/// Refuses a model whose heads or numbers are not those of this version.
pub(super) fn check(model: &Model, config_dir: &Path) -> Result<(), ConfigError> {
    if model.labels == LABELS && model.heads.numbers_len() == NUMBERS {
        return Ok(());
    }
    let path = config_dir.join("models/sentiment.toml");
    let message = "this model was made by another version of this program; make it again with `discovery train sentiment`, or restore it from the release";
    Err(ConfigError::at(&path, "", "file", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_register_is_judged_by_its_own_heads() {
        let scores = |register: f32| [3.0, 0.0, 0.0, 0.0, 0.0, 3.0, register];
        assert!(shares(&scores(-9.0))[0] > 0.8, "a post");
        assert!(shares(&scores(9.0))[2] > 0.8, "a comment");
        let between = shares(&scores(0.0));
        assert!((between[0] - between[2]).abs() < 1e-6);
    }
}
