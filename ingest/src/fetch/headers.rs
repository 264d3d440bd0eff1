//! What we read from an answer's headers: freshness, waiting times, validators, and where the next page is.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::allowance;

/// What a server gave us to ask "has it changed?", to be echoed byte for byte.
///
/// Header values are bytes. They are kept as text with one character a byte (ISO 8859-1), which JSON can hold and which
/// gives the same bytes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// The `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl Validators {
    /// The validators of an answer.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            headers.get(name).map(|value| value.as_bytes().iter().map(|&byte| char::from(byte)).collect())
        };
        Self { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) }
    }

    /// The headers of a conditional request.
    pub(super) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let value = |text: &Option<String>| {
            let bytes: Option<Vec<u8>> = text.as_ref()?.chars().map(|c| u8::try_from(c).ok()).collect();
            HeaderValue::from_bytes(&bytes?).ok()
        };
        [(header::IF_NONE_MATCH, value(&self.etag)), (header::IF_MODIFIED_SINCE, value(&self.last_modified))]
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)))
    }
}

/// How long the answer stays fresh: `Cache-Control: max-age`, or else `Expires`. `no-cache` and `no-store` mean that it is
/// stale at once, whatever else is said. (We store no answers. The validators of one marked `no-store` are kept all the
/// same: without them the whole answer would be sent each time.)
pub(super) fn fresh_for(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut max_age = None;
    for directive in lines.flat_map(|line| line.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            // With a value `no-cache` speaks only of some headers.
            "no-cache" if value.is_empty() => return None,
            "no-store" => return None,
            "max-age" => max_age = max_age.or_else(|| value.trim().trim_matches('"').parse().ok()),
            _ => {}
        }
    }
    max_age.map(Duration::from_secs).or_else(|| until(text(headers, &header::EXPIRES)?, now))
}

/// How long the server asks us to wait: `Retry-After`, in seconds or as a date, or else the time to a new
/// allowance of requests.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(value) = text(headers, &header::RETRY_AFTER) {
        return value.trim().parse().map(Duration::from_secs).ok().or_else(|| until(value, now));
    }
    allowance::reset(headers, now)
}

/// The target of the `Link` header with this relation.
pub(super) fn link(headers: &HeaderMap, relation: &str, base: &Url) -> Option<Url> {
    let lines = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).find_map(|part| {
        let (target, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let matches = parameters.split(';').any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split_whitespace().any(|rel| rel.eq_ignore_ascii_case(relation))
            })
        });
        matches.then(|| base.join(target).ok())?
    })
}

/// The value of the header `name`, where it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let at = rfc2822::parse(date.trim()).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
            })
            .collect()
    }

    fn now() -> Timestamp {
        "2025-03-01T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn validators_come_back_byte_for_byte() {
        let mut given = headers(&[("last-modified", "Sat,  01 Mar 2025 09:00:00 GMT")]);
        given.insert(header::ETAG, HeaderValue::from_bytes(b"W/\"caf\xe9\"").unwrap());
        let stored = serde_json::to_string(&Validators::of(&given)).unwrap();
        let restored: Validators = serde_json::from_str(&stored).unwrap();
        let sent: HeaderMap = restored.headers().collect();
        assert_eq!(sent[header::IF_NONE_MATCH].as_bytes(), b"W/\"caf\xe9\"");
        assert_eq!(sent[header::IF_MODIFIED_SINCE].as_bytes(), b"Sat,  01 Mar 2025 09:00:00 GMT");
    }

    #[test]
    fn freshness_is_max_age_before_expires() {
        let expires = ("expires", "Sat, 01 Mar 2025 12:00:00 GMT");
        let both = headers(&[("cache-control", "public, max-age=600"), expires]);
        assert_eq!(fresh_for(&both, now()), Some(Duration::from_mins(10)));
        assert_eq!(fresh_for(&headers(&[expires]), now()), Some(Duration::from_hours(2)));
        assert_eq!(fresh_for(&headers(&[("expires", "0")]), now()), None);
        for stale in ["no-cache", "max-age=600, no-store", "No-Cache, max-age=600"] {
            assert_eq!(fresh_for(&headers(&[("cache-control", stale), expires]), now()), None, "{stale}");
        }
        let partly = headers(&[("cache-control", "no-cache=\"set-cookie\", max-age=\"60\"")]);
        assert_eq!(fresh_for(&partly, now()), Some(Duration::from_mins(1)));
        assert_eq!(fresh_for(&headers(&[("cache-control", "public"), expires]), now()), Some(Duration::from_hours(2)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_or_a_reset() {
        assert_eq!(retry_after(&headers(&[("retry-after", "120")]), now()), Some(Duration::from_mins(2)));
        let date = headers(&[("retry-after", "Sat, 01 Mar 2025 10:01:00 GMT")]);
        assert_eq!(retry_after(&date, now()), Some(Duration::from_mins(1)));
        let reset = headers(&[("x-ratelimit-reset", "2025-03-01T10:05:00.000Z"), ("x-ratelimit-remaining", "0")]);
        assert_eq!(retry_after(&reset, now()), Some(Duration::from_mins(5)));
    }

    #[test]
    fn links_are_found_by_relation() {
        let base = Url::parse("https://social.example/api").unwrap();
        let given =
            headers(&[("link", "<https://social.example/api?max_id=3>; rel=\"next\", </api?min_id=9>; rel=\"prev\"")]);
        assert_eq!(link(&given, "prev", &base).unwrap().as_str(), "https://social.example/api?min_id=9");
        assert_eq!(link(&given, "first", &base), None);
    }
}
