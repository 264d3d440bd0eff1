//! Reading configuration files: an error names the file, the line, and what was probably meant.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

/// What is wrong with a configuration file, and where.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read at all.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        reason: std::io::Error,
    },
    /// The file is read, but its content is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and the nearest valid key where a key is misspelt.
        message: String,
    },
}

impl ConfigError {
    /// An error of meaning, found after parsing, about the first line of `text` that contains `needle`.
    pub fn at(path: &Path, text: &str, needle: &str, message: impl Into<String>) -> Self {
        let line = text.lines().position(|line| line.contains(needle)).map_or(1, |index| index + 1);
        Self::Invalid { path: path.to_owned(), line, message: message.into() }
    }

    /// An error in serde's words about what stands at byte `offset` of `text`. If a key or name is unknown, the nearest
    /// of those that the message lists is suggested.
    pub fn at_offset(path: &Path, text: &str, offset: usize, message: &str) -> Self {
        let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
        Self::Invalid { path: path.to_owned(), line, message: with_suggestion(message) }
    }
}

/// Reads and parses the TOML file at `path`.
///
/// # Errors
/// [`ConfigError`], naming the file and the line.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    parse(path, &read_text(path)?)
}

/// Reads the file at `path` as text.
///
/// # Errors
/// [`ConfigError::Unreadable`].
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })
}

/// Parses `text`, the content of the TOML file at `path`.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        ConfigError::at_offset(path, text, at, error.message())
    })
}

/// Adds "did you mean" to serde's "unknown field `x`, expected one of `a`, `b`".
fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let nearest = message
        .starts_with("unknown ")
        .then(|| quoted.next())
        .flatten()
        .and_then(|unknown| quoted.map(|known| (strsim::damerau_levenshtein(unknown, known), known)).min());
    match nearest {
        Some((distance, known)) if distance <= 1 + known.len() / 3 => format!("{message}; did you mean `{known}`?"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[serde(rename = "partitions")]
        _partitions: u32,
        #[serde(rename = "retention_days")]
        _retention_days: Option<u32>,
    }

    #[test]
    fn a_misspelt_key_names_file_line_and_nearest_key() {
        let error = parse::<Example>(Path::new("config/x.toml"), "# comment\npartitions = 4\nretension_days = 7\n")
            .unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("config/x.toml:3: unknown field `retension_days`"), "{message}");
        assert!(message.ends_with("did you mean `retention_days`?"), "{message}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read::<Example>(Path::new("/nowhere/x.toml")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/x.toml: cannot be read"), "{error}");
    }
}
