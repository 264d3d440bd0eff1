//! Secrets that a source or a service needs, such as a token or a password: they come from the environment or from a file, never from the
//! configuration itself, and are never printed.

use std::fmt;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Deserialize;

/// A secret, which may know where it was read from. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    place: Option<String>,
}

impl Secret {
    /// The secret that is `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), place: None }
    }

    /// The secret itself, for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Where it was read from, for people who must renew it: "the environment variable NAME".
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where a secret is: `{ env = "NAME" }` or `{ file = "/run/secrets/name" }`, with the last day that it is good for
/// where that is known: `{ env = "NAME", expires = "2027-01-31" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    env: Option<String>,
    file: Option<PathBuf>,
    /// The day on which it expires (UTC).
    pub expires: Option<Date>,
}

impl SecretRef {
    /// Reads the secret now, so that one that was renewed in its file is used without a restart. It reads a small file.
    ///
    /// # Errors
    /// A sentence that names the variable or the file, and never the secret.
    pub fn read(&self) -> Result<Secret, String> {
        let text = match (&self.env, &self.file) {
            (Some(name), None) => std::env::var(name)
                .map_err(|_| format!("the environment variable {name} is not set: set it to the token"))?,
            (None, Some(path)) => std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}; put the token into this file", path.display()))?,
            _ => return Err("say either `env` or `file` for a secret".to_owned()),
        };
        let (text, place) = (text.trim(), self.place());
        if text.is_empty() || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
            return Err(format!("the secret in {place} is empty or not one line of ASCII"));
        }
        Ok(Secret { text: text.to_owned(), place: Some(place) })
    }

    /// Where it is, in words.
    pub fn place(&self) -> String {
        match (&self.env, &self.file) {
            (Some(name), _) => format!("the environment variable {name}"),
            (None, Some(path)) => format!("the file {}", path.display()),
            (None, None) => "no place at all".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(toml: &str) -> SecretRef {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn a_secret_comes_from_its_file_and_is_never_printed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "s3cret\n").unwrap();
        let secret = reference(&format!("file = {path:?}\nexpires = \"2027-01-31\"")).read().unwrap();
        assert_eq!(secret.expose(), "s3cret");
        assert_eq!(secret.place(), Some(format!("the file {}", path.display()).as_str()));
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn what_is_missing_is_named() {
        let unset = reference("env = \"DISCOVERY_NO_SUCH_VARIABLE\"").read().unwrap_err();
        assert!(unset.contains("DISCOVERY_NO_SUCH_VARIABLE is not set"), "{unset}");
        assert!(reference("file = \"/nowhere/token\"").read().unwrap_err().contains("/nowhere/token"));
        assert!(reference("").read().unwrap_err().contains("either `env` or `file`"));
    }
}
