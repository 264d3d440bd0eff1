//! A client of the server that the configuration names.

use ::clickhouse::Client;

use super::config::ClickHouseConfig;
use super::error::ClickHouseError;

/// A client that is bound to no database yet.
///
/// # Errors
/// [`ClickHouseError`] that names the key to correct.
pub(super) fn of(config: &ClickHouseConfig) -> Result<Client, ClickHouseError> {
    // A password in the address would stand in error messages.
    if !config.url.starts_with("http://") || config.url.contains('@') {
        return Err(ClickHouseError::Url);
    }
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=64).contains(&config.database.len()) || !config.database.bytes().all(letters) {
        return Err(ClickHouseError::Database(config.database.clone()));
    }
    let mut client = Client::default().with_url(&config.url);
    if let Some(user) = &config.user {
        client = client.with_user(user);
    }
    if let Some(password) = &config.password {
        client = client.with_password(password.read().map_err(ClickHouseError::Password)?.expose());
    }
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &ClickHouseConfig) -> String {
        of(config).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_in_the_configuration_is_named() {
        for url in ["https://clickhouse:8443", "http://me:secret@clickhouse:8123"] {
            let error = refused(&ClickHouseConfig::new(url));
            assert!(error.contains("analytics.clickhouse.url") && !error.contains("secret"), "{error}");
        }
        let injected = ClickHouseConfig { database: "a; DROP".to_owned(), ..ClickHouseConfig::new("http://localhost") };
        assert!(refused(&injected).contains("`a; DROP`"));
    }
}
