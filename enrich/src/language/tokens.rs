//! The words of a post that are language: no links, handles, hashtags, numbers, or placeholders of redaction.

/// The tokens of `text` that tell a language, without the punctuation around them.
pub(super) fn of(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .filter(|token| !is_foreign(token))
        .flat_map(|token| token.split(['/', '\u{2014}', '\u{2013}', '-', ',', '.', '\u{2026}']))
        .map(|word| word.trim_matches(|c: char| !c.is_alphabetic()))
        .filter(|word| !word.is_empty())
}

/// Whether the token is a name or an address rather than a word.
fn is_foreign(token: &str) -> bool {
    token.starts_with(['@', '#', '['])
        || token.ends_with(']')
        || token.starts_with("www.")
        || token.starts_with("u/")
        || token.starts_with("r/")
        || token.contains("://")
        || token.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_left() {
        let text = "RT @jo: see https://example.org/no #waiting \u{201c}Mae'n\u{201d} [NHS number] 12 www.x.uk and/or a.b, \u{130}yi!";
        assert_eq!(of(text).collect::<Vec<_>>(), ["RT", "see", "Mae'n", "and", "or", "a", "b", "\u{130}yi"]);
    }
}
