//! Allowances of requests, as servers announce them in headers.
//!
//! There is no one way. Mastodon sends `X-RateLimit-Remaining` and `X-RateLimit-Reset` with a date; Reddit the same
//! names with a fraction and seconds from now; X `x-rate-limit-*` with seconds of the epoch; others
//! `RateLimit-Remaining` and `RateLimit-Reset`, or the structured `RateLimit` header of the IETF's draft
//! (draft-ietf-httpapi-ratelimit-headers), in its older form `remaining=0, reset=50` and its newer `"hour";r=0;t=50`.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName};

use super::headers::text;

/// The three prefixes of the headers `*-remaining` and `*-reset`.
const PREFIXES: [&str; 3] = ["x-ratelimit", "x-rate-limit", "ratelimit"];

/// Numbers from here on are seconds of the epoch (September 2001), smaller ones seconds from now.
const EPOCH_SECONDS: f64 = 1e9;

/// Numbers from here on are milliseconds of the epoch.
const EPOCH_MILLISECONDS: f64 = 1e12;

/// How long until a new allowance begins, if the present one is used up.
pub(super) fn used_up(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let separate = PREFIXES.iter().filter_map(|prefix| {
        let remaining: f64 = field(headers, prefix, "remaining")?.parse().ok()?;
        (remaining < 1.0).then(|| reset_of(headers, prefix, now))?
    });
    let structured = windows(headers).filter(|window| window.remaining < 1.0).map(|window| window.reset);
    separate.chain(structured).max()
}

/// How long until a new allowance begins, used up or not.
pub(super) fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let separate = PREFIXES.iter().filter_map(|prefix| reset_of(headers, prefix, now));
    separate.chain(windows(headers).map(|window| window.reset)).max()
}

fn reset_of(headers: &HeaderMap, prefix: &str, now: Timestamp) -> Option<Duration> {
    let value = field(headers, prefix, "reset")?;
    let Ok(number) = value.parse::<f64>() else {
        let at: Timestamp = value.parse().ok()?;
        return Some(Duration::try_from(at.duration_since(now)).unwrap_or_default());
    };
    let from_now = if number >= EPOCH_MILLISECONDS {
        number / 1e3 - seconds(now)
    } else if number >= EPOCH_SECONDS {
        number - seconds(now)
    } else {
        number
    };
    Duration::try_from_secs_f64(from_now.max(0.0)).ok()
}

fn seconds(now: Timestamp) -> f64 {
    now.as_second() as f64
}

fn field<'a>(headers: &'a HeaderMap, prefix: &str, name: &str) -> Option<&'a str> {
    let name = HeaderName::try_from(format!("{prefix}-{name}")).ok()?;
    Some(text(headers, &name)?.trim())
}

/// One window of the `RateLimit` header.
struct Window {
    remaining: f64,
    reset: Duration,
}

fn windows(headers: &HeaderMap) -> impl Iterator<Item = Window> {
    let value = text(headers, &HeaderName::from_static("ratelimit")).unwrap_or_default();
    // The older form is one window with commas between its parts, the newer one has a list of windows.
    let separator = if value.contains(';') { ',' } else { '\n' };
    value.split(separator).filter_map(|window| {
        let part = |names: [&str; 2]| {
            window.split([';', ',']).find_map(|part| {
                let (name, value) = part.split_once('=')?;
                names.contains(&name.trim()).then(|| value.trim().parse::<f64>().ok())?
            })
        };
        let reset = Duration::try_from_secs_f64(part(["t", "reset"])?).ok()?;
        Some(Window { remaining: part(["r", "remaining"])?, reset })
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn used_up_by(list: &[(&'static str, &'static str)]) -> Option<u64> {
        let now = "2025-03-01T10:00:00Z".parse().unwrap();
        let headers = list
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        used_up(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn every_dialect_is_understood() {
        let mastodon = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2025-03-01T10:05:00.000000Z")];
        assert_eq!(used_up_by(&mastodon), Some(300));
        let reddit = [("x-ratelimit-remaining", "0.0"), ("x-ratelimit-reset", "243"), ("x-ratelimit-used", "600")];
        assert_eq!(used_up_by(&reddit), Some(243));
        let x = [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1740823260")];
        assert_eq!(used_up_by(&x), Some(60));
        let milliseconds = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1740823260000")];
        assert_eq!(used_up_by(&milliseconds), Some(60));
        assert_eq!(used_up_by(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "50")]), Some(50));
        assert_eq!(used_up_by(&[("ratelimit", "limit=100, remaining=0, reset=50")]), Some(50));
        assert_eq!(used_up_by(&[("ratelimit", "\"burst\";r=3;t=5, \"hour\";r=0;t=900")]), Some(900));
    }

    #[test]
    fn what_is_left_is_used_and_nonsense_is_ignored() {
        assert_eq!(used_up_by(&[("x-ratelimit-remaining", "1.0"), ("x-ratelimit-reset", "243")]), None);
        assert_eq!(used_up_by(&[("ratelimit", "\"hour\";r=7;t=900")]), None);
        assert_eq!(used_up_by(&[("x-ratelimit-remaining", "0")]), None);
        assert_eq!(used_up_by(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")]), None);
        assert_eq!(used_up_by(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "NaN")]), Some(0));
        assert_eq!(used_up_by(&[("ratelimit", "r=0;t=-5")]), None);
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2025-03-01T09:00:00Z")];
        assert_eq!(used_up_by(&past), Some(0));
    }
}
