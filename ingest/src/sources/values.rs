//! The values that keys of `config/sources.toml` can have, checked while they are read so that an error has its line.

use std::time::Duration;

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, Error};
use url::Url;

/// A public address.
pub(crate) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(&text).map_err(|error| D::Error::custom(format!("{text} is not an address ({error})")))?;
    crate::fetch::check_form(&url).map_err(D::Error::custom)?;
    Ok(url)
}

/// At least one hashtag, with or without `#`.
pub(crate) fn hashtags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let tags = Vec::<String>::deserialize(deserializer)?;
    if tags.is_empty() {
        return Err(D::Error::custom("name at least one hashtag"));
    }
    tags.iter()
        .map(|tag| {
            let tag = tag.trim_start_matches('#');
            let fits = !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || c == '_');
            if fits { Ok(tag.to_owned()) } else { Err(D::Error::custom(format!("`{tag}` is not a hashtag"))) }
        })
        .collect()
}

/// A duration such as "60m", "2h" or "7 days".
pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| D::Error::custom(format!("{text} is not a duration: write it like 30s, 60m or 24h")))
}

/// A duration of at least a second.
pub(crate) fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let every = duration(deserializer)?;
    if every < Duration::from_secs(1) {
        return Err(D::Error::custom("is too short an interval: write at least 1s"));
    }
    Ok(Some(every))
}

/// The public address of a whole site: its path ends with a slash, so that others can be joined to it.
pub(crate) fn site<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let mut url = url(deserializer)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(D::Error::custom("write the address of the site itself, without what follows ? or #"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}
