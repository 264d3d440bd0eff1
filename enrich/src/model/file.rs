//! The files of a learned model: a binary with its weights, and beside it the card that says what it is.
//!
//! The binary is `DSCMODL2`, the length of a header (32 bits, little endian), the header as JSON, the weights of numbers
//! (32-bit floats, little endian) and the table of hashed weights (one byte each). It is loaded only if its SHA-256 is
//! the one on the card.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bus::config_file::{self, ConfigError};
use serde::{Deserialize, Serialize};

use super::heads::{Heads, row_length};
use crate::artefact::{self, sum_of};

const MAGIC: &[u8; 8] = b"DSCMODL2";

/// What is known of a model, as kept beside it in `NAME.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The file with the weights, in the same directory.
    pub file: String,
    /// The SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// What it is.
    pub about: String,
    /// Under which terms it may be used.
    pub licence: String,
    /// The command that makes it again, bit for bit, from the same files.
    pub command: String,
    /// What the person who trained it wants said of it.
    #[serde(default)]
    pub note: String,
    /// The files that it was trained on.
    pub trained_on: Vec<TrainedOn>,
    /// The files that it was learned with and is of no use without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Needed>,
    /// What was measured on texts that the measured model had not seen.
    pub figures: Figures,
}

impl Figures {
    /// How often the model was right on texts that it had not seen, 0 to 1, if that was measured.
    pub(crate) fn right(&self) -> Option<f64> {
        let rows: usize = self.reliability.iter().map(|range| range.rows).sum();
        let right: f64 = self.reliability.iter().map(|range| range.right * range.rows as f64).sum();
        (rows > 0).then(|| right / rows as f64)
    }
}

/// A file that a model cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// What it is.
    pub what: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// One file of examples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// Its name, without its directory.
    pub file: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// How many of its rows were taken.
    pub rows: usize,
    /// Which field was taken as the label, and how it was read.
    pub labels: String,
}

/// What was measured, as text lines and a table of reliability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// How it was measured.
    pub method: String,
    /// One line for each file: rows, accuracy, macro recall, F1.
    pub results: Vec<String>,
    /// Where the model claims a probability in a range: how many rows, what it claims on average, how often it is right.
    pub reliability: Vec<Reliability>,
}

/// One row of a table of reliability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The range of probabilities, as "0.5-0.6".
    pub claimed: String,
    /// How many rows of the evaluation fall into it.
    pub rows: usize,
    /// The mean probability that was claimed.
    pub mean_claimed: f64,
    /// How often it was right.
    pub right: f64,
}

/// Everything of a model but its tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// "sentiment" or "topics".
    pub(crate) kind: String,
    pub(crate) labels: Vec<String>,
    pub(crate) bits: u32,
    pub(crate) scales: Vec<f32>,
    /// What the numbers beside the n-grams are called.
    pub(crate) numbers: Vec<String>,
    /// From which probability on a label is given; empty where the most probable one is.
    pub(crate) thresholds: Vec<f32>,
}

/// A model as it is used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Model {
    pub(crate) labels: Vec<String>,
    pub(crate) heads: Heads,
    pub(crate) numbers: Vec<String>,
    pub(crate) thresholds: Vec<f32>,
}

impl Model {
    /// Loads the model that the card `dir/NAME.toml` describes, if it is one of this kind.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file and what to do.
    pub(crate) fn load(dir: &Path, kind: &str) -> Result<Self, ConfigError> {
        Self::load_with_card(dir, kind).map(|(model, _)| model)
    }

    /// The same, with its card.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file and what to do.
    pub(crate) fn load_with_card(dir: &Path, kind: &str) -> Result<(Self, Card), ConfigError> {
        let card_path = dir.join(format!("{kind}.toml"));
        let card_text = config_file::read_text(&card_path).map_err(|error| with_advice(error, kind))?;
        let card: Card = config_file::parse(&card_path, &card_text)?;
        let refuse = |message: String| ConfigError::at(&card_path, &card_text, "sha256", message + &advice(kind));
        if card.file.contains(['/', '\\']) {
            return Err(refuse(format!("`{}` must be the name of a file beside the card", card.file)));
        }
        let path = dir.join(&card.file);
        let bytes = artefact::read_checked(&path, &card.sha256)
            .map_err(|reason| refuse(format!("{} cannot be read: {reason}", path.display())))?;
        let model = Self::from_bytes(&bytes, kind)
            .map_err(|reason| refuse(format!("{} is not a model of this program: {reason}", path.display())))?;
        Ok((model, card))
    }

    /// Writes `dir/KIND.bin` and its card.
    pub(crate) fn save(&self, dir: &Path, kind: &str, card: Card) -> io::Result<PathBuf> {
        let bytes = self.to_bytes(kind)?;
        let card = Card { file: format!("{kind}.bin"), sha256: sum_of(&bytes), ..card };
        let text = toml::to_string_pretty(&card).map_err(io::Error::other)?;
        fs::create_dir_all(dir)?;
        fs::write(dir.join(&card.file), bytes)?;
        let path = dir.join(format!("{kind}.toml"));
        fs::write(&path, text)?;
        Ok(path)
    }

    fn to_bytes(&self, kind: &str) -> io::Result<Vec<u8>> {
        let header = serde_json::to_vec(&Header {
            kind: kind.to_owned(),
            labels: self.labels.clone(),
            bits: self.heads.bits,
            scales: self.heads.scales.clone(),
            numbers: self.numbers.clone(),
            thresholds: self.thresholds.clone(),
        })?;
        let length = u32::try_from(header.len()).map_err(io::Error::other)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(length.to_le_bytes());
        bytes.extend(header);
        bytes.extend(self.heads.numbers.iter().flat_map(|weight| weight.to_le_bytes()));
        bytes.extend(self.heads.table.iter().map(|step| step.cast_unsigned()));
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8], kind: &str) -> Result<Self, String> {
        let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin like one")?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or("it ends early")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|error| error.to_string())?;
        let (header, rest) = rest.split_at_checked(length).ok_or("it ends early")?;
        let header: Header = serde_json::from_slice(header).map_err(|error| error.to_string())?;
        if header.kind != kind {
            return Err(format!("it is a model of {}", header.kind));
        }
        let labels = header.labels.len();
        let thresholds = header.thresholds.len();
        if labels == 0
            || !(1..=24).contains(&header.bits)
            || header.scales.len() != labels
            || (thresholds != 0 && thresholds != labels)
        {
            return Err("its header contradicts itself".to_owned());
        }
        let length = (header.numbers.len() + 1) * labels * size_of::<f32>();
        let (numbers, table) = rest.split_at_checked(length).ok_or("it ends early")?;
        if table.len() != row_length(labels) << header.bits {
            return Err("its table has another size than its header says".to_owned());
        }
        let numbers = numbers.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
        let table = table.iter().map(|byte| byte.cast_signed()).collect();
        Ok(Self {
            heads: Heads { bits: header.bits, labels, table, scales: header.scales, numbers },
            labels: header.labels,
            numbers: header.numbers,
            thresholds: header.thresholds,
        })
    }
}

fn advice(kind: &str) -> String {
    format!(
        "; restore {kind}.bin and {kind}.toml from the release, or make both again with `discovery train {}`",
        kind.replace("-transformer", " --tier transformer")
    )
}

fn with_advice(error: ConfigError, kind: &str) -> ConfigError {
    match error {
        ConfigError::Unreadable { path, reason } => {
            ConfigError::Unreadable { path, reason: artefact::with_advice(&reason, &advice(kind)) }
        }
        other @ ConfigError::Invalid { .. } => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let heads = Heads::new(1, &[5, 7], &[vec![1.0, -2.0, 0.5, 0.25], vec![3.0, -1.0, 0.0, -1.0]]);
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let numbers = vec!["length".to_owned()];
        Model { labels: names(["a", "b"]), heads, numbers, thresholds: vec![0.5, 0.25] }
    }

    fn card() -> Card {
        Card {
            file: String::new(),
            sha256: String::new(),
            about: "A test".to_owned(),
            licence: "MIT".to_owned(),
            command: "none".to_owned(),
            note: String::new(),
            trained_on: Vec::new(),
            needs: Vec::new(),
            figures: Figures::default(),
        }
    }

    fn load_error(dir: &Path) -> String {
        let error = Model::load(dir, "topics").unwrap_err().to_string();
        error.replace(&format!("{}/", dir.display()), "")
    }

    #[test]
    fn how_often_it_is_right_weighs_ranges_by_their_rows() {
        let range = |rows, right| Reliability { claimed: "0.5-0.6".to_owned(), rows, mean_claimed: 0.5, right };
        let figures = Figures { reliability: vec![range(300, 0.5), range(100, 0.9)], ..Figures::default() };
        assert!((figures.right().unwrap() - 0.6).abs() < 1e-9);
        assert_eq!(Figures::default().right(), None);
    }

    #[test]
    fn a_model_is_loaded_as_it_was_saved() {
        let dir = tempfile::tempdir().unwrap();
        model().save(dir.path(), "topics", card()).unwrap();
        assert_eq!(Model::load(dir.path(), "topics").unwrap(), model());
    }

    #[test]
    fn a_wrong_or_missing_file_is_named_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let missing = load_error(dir.path());
        assert!(missing.starts_with("topics.toml: cannot be read: "), "{missing}");
        assert!(missing.ends_with("or make both again with `discovery train topics`"), "{missing}");

        model().save(dir.path(), "topics", card()).unwrap();
        let bin = dir.path().join("topics.bin");
        let mut bytes = fs::read(&bin).unwrap();
        *bytes.last_mut().unwrap() = 7;
        fs::write(&bin, &bytes).unwrap();
        let tampered = load_error(dir.path());
        assert!(tampered.starts_with("topics.toml:2: topics.bin cannot be read: its SHA-256 is "), "{tampered}");
        assert!(tampered.contains("or make both again with `discovery train topics`"), "{tampered}");
        fs::remove_file(&bin).unwrap();
        assert!(load_error(dir.path()).starts_with("topics.toml:2: topics.bin cannot be read"));
    }

    #[test]
    fn bytes_that_are_no_model_are_refused() {
        let good = model().to_bytes("topics").unwrap();
        assert_eq!(Model::from_bytes(&good, "topics").unwrap(), model());
        assert!(Model::from_bytes(&good, "sentiment").unwrap_err().contains("a model of topics"));
        for end in 0..good.len() {
            assert!(Model::from_bytes(&good[..end], "topics").is_err(), "cut at {end}");
        }
    }
}
