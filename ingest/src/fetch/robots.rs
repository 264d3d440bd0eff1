//! robots.txt (RFC 9309), for web pages. Feeds and interfaces are made for programs and are not asked about.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::error::FetchError;
use super::{Gateway, Request};

/// The name under which site owners can address us.
const TOKEN: &str = "nhs-citizen-discovery";

/// So long the rules of a site are kept, as the standard recommends at most.
const KEPT: Duration = Duration::from_hours(24);

/// A site that could not be asked is asked again after so long; until then its pages are left alone.
const RETRY: Duration = Duration::from_hours(1);

/// Bytes of a robots.txt that are read; the standard asks for at least 500 KiB.
const MOST_BYTES: usize = 500 * 1024;

/// So many rules of a site are kept.
const MOST_RULES: usize = 2_000;

/// So many sites are remembered.
const MOST_SITES: usize = 1_024;

/// What is known of the sites that were asked.
#[derive(Debug, Default)]
pub(super) struct Robots(Mutex<HashMap<String, (Instant, Rules)>>);

/// What one site allows us.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rules {
    /// The first that matches with the longest pattern counts; none matches: allowed.
    Listed(Vec<Rule>),
    /// The site could not be asked: nothing is allowed.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    pattern: String,
}

impl Gateway {
    /// Whether the owner of the site lets programs like ours read the page `url`. Its robots.txt is asked for at most
    /// once a day. A site without one (4xx) allows everything; one that cannot be asked (5xx, no connection) nothing.
    ///
    /// # Errors
    /// [`FetchError::Refused`] when the address itself is one that is never fetched.
    pub async fn robots_allow(&self, url: &Url) -> Result<bool, FetchError> {
        let origin = url.origin().ascii_serialization();
        if let Some(rules) = self.shared.robots.get(&origin) {
            return Ok(rules.allow(url));
        }
        let mut address = url.clone();
        address.set_path("/robots.txt");
        address.set_query(None);
        address.set_fragment(None);
        let (rules, keep) = match self.get(&Request::get(address, "text/plain, */*;q=0.5")).await {
            Ok(fetched) => (Rules::parse(&fetched.answer()?.body), KEPT),
            Err(
                FetchError::Status { status: 400..=499, .. }
                | FetchError::Gone { .. }
                | FetchError::Unauthorized { .. },
            ) => (Rules::Listed(Vec::new()), KEPT),
            Err(refused @ FetchError::Refused { .. }) => return Err(refused),
            Err(_) => (Rules::Unknown, RETRY),
        };
        let allowed = rules.allow(url);
        self.shared.robots.put(origin, rules, Instant::now() + keep);
        Ok(allowed)
    }
}

impl Robots {
    fn get(&self, origin: &str) -> Option<Rules> {
        let sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, rules) = sites.get(origin)?;
        (*until > Instant::now()).then(|| rules.clone())
    }

    fn put(&self, origin: String, rules: Rules, until: Instant) {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= MOST_SITES {
            sites.retain(|_, (until, _)| *until > Instant::now());
        }
        if sites.len() >= MOST_SITES {
            let soonest = sites.iter().min_by_key(|(_, (until, _))| *until).map(|(origin, _)| origin.clone());
            soonest.map(|origin| sites.remove(&origin));
        }
        sites.insert(origin, (until, rules));
    }
}

impl Rules {
    /// The rules for us: those of all groups that name us, or else of all groups for `*`.
    fn parse(body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(MOST_BYTES)]);
        let (mut ours, mut all) = (None, Vec::new());
        let (mut names_us, mut names_all, mut in_rules) = (false, false, false);
        for line in body.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    // A further line right after one belongs to the same group.
                    if in_rules {
                        (names_us, names_all, in_rules) = (false, false, false);
                    }
                    let name = value.split(['/', ' ']).next().unwrap_or_default();
                    names_us |= name.eq_ignore_ascii_case(TOKEN);
                    names_all |= name == "*";
                    if names_us {
                        ours.get_or_insert_with(Vec::new);
                    }
                }
                key @ ("allow" | "disallow") => {
                    in_rules = true;
                    let rule = Rule { allow: key == "allow", pattern: normal(value) };
                    if value.is_empty() {
                        continue;
                    }
                    if names_us && let Some(ours) = ours.as_mut().filter(|rules| rules.len() < MOST_RULES) {
                        ours.push(rule.clone());
                    }
                    if names_all && all.len() < MOST_RULES {
                        all.push(rule);
                    }
                }
                _ => {}
            }
        }
        Self::Listed(ours.unwrap_or(all))
    }

    fn allow(&self, url: &Url) -> bool {
        let Self::Listed(rules) = self else { return false };
        if url.path() == "/robots.txt" {
            return true;
        }
        let path = normal(&url[url::Position::BeforePath..url::Position::AfterQuery]);
        let matching = rules.iter().filter(|rule| matches(rule.pattern.as_bytes(), path.as_bytes()));
        // The longest pattern counts, and of two that are as long the one that allows.
        matching.max_by_key(|rule| (rule.pattern.len(), rule.allow)).is_none_or(|rule| rule.allow)
    }
}

/// `text` in the form in which paths are compared: what needs no percent sign has none, everything else has one.
fn normal(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped =
            (byte == b'%').then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok())).flatten();
        match escaped {
            Some(plain) if plain.is_ascii_alphanumeric() || b"-._~".contains(&plain) => out.push(char::from(plain)),
            Some(other) => write!(out, "%{other:02X}").expect(WRITES),
            None if byte.is_ascii_graphic() => out.push(char::from(byte)),
            None => write!(out, "%{byte:02X}").expect(WRITES),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    out
}

const WRITES: &str = "a String can always be written to";

/// Whether `path` begins with `pattern`, in which `*` stands for anything and a last `$` for the end. It takes at most
/// the product of both lengths, whatever they hold.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern.split_last() {
        Some((b'$', rest)) => (rest, true),
        _ => (pattern, false),
    };
    let (mut p, mut s) = (0, 0);
    let mut star = None;
    loop {
        if p == pattern.len() && (!to_the_end || s == path.len()) {
            return true;
        }
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, s));
        } else if s < path.len() && pattern.get(p) == Some(&path[s]) {
            p += 1;
            s += 1;
        } else if let Some((after, from)) = star.filter(|(_, from)| *from < path.len()) {
            // Let the last star take one character more.
            star = Some((after, from + 1));
            (p, s) = (after, from + 1);
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::server::{Server, ok, status};

    fn allows(robots: &str, path: &str) -> bool {
        let url = Url::parse("https://example.org").unwrap().join(path).unwrap();
        Rules::parse(robots.as_bytes()).allow(&url)
    }

    #[test]
    fn the_group_that_names_us_counts_before_the_one_for_all() {
        let robots = "User-agent: *\nDisallow: /\n\nuser-agent: other\nUser-Agent: NHS-Citizen-Discovery/1.0\nDisallow: /private\n";
        assert!(allows(robots, "/news"));
        assert!(!allows(robots, "/private/a"));
        assert!(!allows("User-agent: *\nDisallow: /", "/news"));
        assert!(allows("User-agent: googlebot\nDisallow: /", "/news"));
        assert!(allows("User-agent: nhs-citizen-discovery\nAllow: /\n\nUser-agent: *\nDisallow: /", "/news"));
        let parted = "User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /b";
        assert!(!allows(parted, "/a") && !allows(parted, "/b"));
        assert!(allows("User-agent: *\nDisallow:", "/news"));
        assert!(allows("", "/news"));
        assert!(allows("<html>no robots here: really</html>", "/news"));
    }

    #[test]
    fn the_longest_pattern_counts_and_of_two_the_one_that_allows() {
        let robots = "User-agent: *\nDisallow: /shop\nAllow: /shop/news\nAllow: /same\nDisallow: /same # really\n";
        assert!(!allows(robots, "/shop/a"));
        assert!(allows(robots, "/shop/news/1"));
        assert!(allows(robots, "/same"));
    }

    #[test]
    fn stars_ends_and_escapes_are_understood() {
        let robots = "User-agent: *\r\nDisallow: /*.pdf$\r\nDisallow: /search?*q=\r\nDisallow: /caf%C3%A9\r\nDisallow: /%7Euser\r\n";
        assert!(!allows(robots, "/a/b.pdf"));
        assert!(allows(robots, "/a/b.pdf?page=1"));
        assert!(!allows(robots, "/search?page=1&q=nhs"));
        assert!(allows(robots, "/search?page=1"));
        assert!(!allows(robots, "/café"));
        assert!(!allows(robots, "/~user/"));
        assert!(allows("User-agent: *\nDisallow: /", "/robots.txt"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = "*a".repeat(2_000);
        let path = format!("/{}", "b".repeat(4_000));
        assert!(!matches(format!("/{pattern}").as_bytes(), path.as_bytes()));
        assert!(
            matches!(Rules::parse("User-agent: *\nDisallow: /x\n".repeat(9_000).as_bytes()), Rules::Listed(rules) if rules.len() == MOST_RULES)
        );
    }

    #[tokio::test]
    async fn robots_txt_is_asked_once_a_day_and_what_no_answer_means_depends() {
        for (code, allowed) in [(200, false), (404, true), (403, true), (410, true), (500, false), (503, false)] {
            let server = Server::start(move |_, _| match code {
                200 => ok("text/plain", "User-agent: *\nDisallow: /page"),
                code => status(code, &[]),
            })
            .await;
            let gateway = server.gateway();
            for _ in 0..3 {
                assert_eq!(gateway.robots_allow(&server.url("/page?a=1")).await.unwrap(), allowed, "{code}");
            }
            let asked: Vec<String> = server.requests().iter().map(|(uri, _)| uri.to_string()).collect();
            assert_eq!(asked, ["/robots.txt"]);
        }
        let gateway = Server::start(|_, _| ok("text/plain", "")).await.gateway();
        assert!(gateway.robots_allow(&"http://10.0.0.1/".parse().unwrap()).await.is_err());
    }
}
