//! Credentials in URLs: a user's name and password before the host, and secret values in the query or fragment.

use super::Span;

/// Names of parameters whose values open something; compared in lower case and without `-` and `_`.
const SECRET_KEYS: [&str; 27] = [
    "token",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "key",
    "apikey",
    "accesskey",
    "auth",
    "authorization",
    "authcode",
    "sig",
    "signature",
    "secret",
    "clientsecret",
    "password",
    "passwd",
    "pwd",
    "pass",
    "session",
    "sessionid",
    "sid",
    "jwt",
    "otp",
    "ticket",
    "awsaccesskeyid",
    "code",
];

/// Finds URLs that carry secrets.
pub(super) fn find(text: &str, found: &mut Vec<Span>) {
    let mut done = 0;
    for (start, _) in text.match_indices("www.") {
        // Within one address, "www." is looked at once: else a long row of them would cost the square of its length.
        if start < done || text[..start].ends_with('/') {
            continue;
        }
        let end = end_of(text, start);
        if let Some(clean) = without_secrets(&text[start..end]) {
            found.push(Span { start, end, replacement: clean.into() });
        }
        done = end;
    }
    bare(text, found);
    let mut from = 0;
    while let Some(colon) = text[from..].find("://").map(|index| from + index) {
        let before = &text[from..colon];
        let scheme = before.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        let start = colon - scheme;
        let end = end_of(text, colon);
        if let Some(clean) = without_secrets(&text[start..end]) {
            found.push(Span { start, end, replacement: clean.into() });
        }
        from = end;
    }
}

/// An address that is written without its beginning: "example.org/page?token=x".
fn bare(text: &str, found: &mut Vec<Span>) {
    let mut done = 0;
    for (query, _) in text.match_indices('?') {
        if query < done {
            continue;
        }
        let before = &text[done..query];
        let start = before
            .rfind(|c: char| c.is_whitespace() || "<>\"()[]".contains(c))
            .map_or(done, |last| done + last + before[last..].chars().next().map_or(0, char::len_utf8));
        let end = end_of(text, query);
        let address = &text[start..query];
        let whole = address.contains("://") || address.starts_with("www.");
        if !whole
            && address.contains('.')
            && let Some(clean) = without_secrets(&text[start..end])
        {
            found.push(Span { start, end, replacement: clean.into() });
        }
        done = end;
    }
}

/// Where the URL that `from` lies in ends.
fn end_of(text: &str, from: usize) -> usize {
    let length = text[from..].find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ')' | ']'));
    length.map_or(text.len(), |length| from + length)
}

/// The URL without its secrets; `None` where it has none.
pub(super) fn without_secrets(url: &str) -> Option<String> {
    let (before_fragment, fragment) = split_at(url, '#');
    let (address, query) = split_at(before_fragment, '?');
    let clean_address = without_user(address);
    let clean_query = without_secret_pairs(query);
    let clean_fragment = without_secret_pairs(fragment);
    if clean_address.is_none() && clean_query.is_none() && clean_fragment.is_none() {
        return None;
    }
    let mut clean = clean_address.unwrap_or_else(|| address.to_owned());
    clean.push_str(clean_query.as_deref().unwrap_or(query));
    clean.push_str(clean_fragment.as_deref().unwrap_or(fragment));
    Some(clean)
}

/// The part before the first `mark`, and the part from it on.
fn split_at(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

fn without_user(address: &str) -> Option<String> {
    let authority = address.find("://")? + 3;
    let host_end = address[authority..].find('/').map_or(address.len(), |length| authority + length);
    let at = address[authority..host_end].rfind('@')?;
    Some(format!("{}{}", &address[..authority], &address[authority + at + 1..]))
}

/// A query or fragment, with its mark, without the pairs that hold secrets; `None` where it holds none.
fn without_secret_pairs(part: &str) -> Option<String> {
    let mark = part.chars().next()?;
    let pairs = &part[mark.len_utf8()..];
    if !pairs.split(['&', ';']).any(is_secret) {
        return None;
    }
    let kept: Vec<&str> = pairs.split(['&', ';']).filter(|pair| !is_secret(pair)).collect();
    Some(if kept.is_empty() { String::new() } else { format!("{mark}{}", kept.join("&")) })
}

fn is_secret(pair: &str) -> bool {
    let Some((key, value)) = pair.split_once('=') else { return false };
    // "#/page?token=x": pages that are drawn in the browser have a query in the fragment.
    let key = key.rsplit('?').next().unwrap_or(key);
    let plain: String = key.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    let amazon =
        plain.strip_prefix("xamz").is_some_and(|rest| matches!(rest, "signature" | "credential" | "securitytoken"));
    !value.is_empty()
        && (amazon || plain.contains("token") || plain.ends_with("password") || SECRET_KEYS.contains(&plain.as_str()))
}
