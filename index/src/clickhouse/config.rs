//! Which server, and as whom.

use ::clickhouse::Client;
use bus::secret::SecretRef;
use serde::Deserialize;

use super::error::ClickHouseError;

/// Which `ClickHouse` holds the posts, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseConfig {
    /// Where it answers over HTTP, such as `http://clickhouse:8123`.
    pub url: String,
    /// The database; it is made where it does not exist.
    #[serde(default = "default_database")]
    pub database: String,
    /// The user; absent means the server's default one.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password is.
    #[serde(default)]
    pub password: Option<SecretRef>,
}

impl ClickHouseConfig {
    /// The server at `url`, with everything else as it is by default.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), database: default_database(), user: None, password: None }
    }

    /// A client of the server that is bound to no database yet.
    pub(super) fn client(&self) -> Result<Client, ClickHouseError> {
        // A password in the address would stand in error messages.
        if !self.url.starts_with("http://") || self.url.contains('@') {
            return Err(ClickHouseError::Url);
        }
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=64).contains(&self.database.len()) || !self.database.bytes().all(letters) {
            return Err(ClickHouseError::Database(self.database.clone()));
        }
        let mut client = Client::default().with_url(&self.url);
        if let Some(user) = &self.user {
            client = client.with_user(user);
        }
        if let Some(password) = &self.password {
            client = client.with_password(password.read().map_err(ClickHouseError::Password)?.expose());
        }
        Ok(client)
    }
}

fn default_database() -> String {
    "discovery".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &ClickHouseConfig) -> String {
        config.client().map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_in_the_configuration_is_named() {
        for url in ["https://clickhouse:8443", "http://me:secret@clickhouse:8123"] {
            let error = refused(&ClickHouseConfig::new(url));
            assert!(error.contains("`url`") && !error.contains("secret"), "{error}");
        }
        let injected = ClickHouseConfig { database: "a; DROP".to_owned(), ..ClickHouseConfig::new("http://localhost") };
        assert!(refused(&injected).contains("`a; DROP`"));
    }
}
