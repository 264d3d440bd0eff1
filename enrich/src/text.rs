//! Small helpers for text that several enrichers need.

use std::borrow::Cow;

use bus::Post;

/// The title of a post, where it has one, and its text.
pub(crate) fn whole_text(post: &Post) -> Cow<'_, str> {
    match &post.title {
        Some(title) => Cow::Owned(format!("{title}\n{}", post.text)),
        None => Cow::Borrowed(&post.text),
    }
}

/// Whether `start..end` is not inside a longer word: no letter or digit stands directly before or after it.
pub(crate) fn is_whole_word(text: &str, start: usize, end: usize) -> bool {
    starts_word(text, start) && ends_word(text, end)
}

/// Whether no letter or digit stands directly before `start`.
pub(crate) fn starts_word(text: &str, start: usize) -> bool {
    match text.as_bytes()[..start].last() {
        None => true,
        Some(byte) if byte.is_ascii() => !byte.is_ascii_alphanumeric(),
        Some(_) => !text[..start].chars().next_back().is_some_and(char::is_alphanumeric),
    }
}

/// Whether no letter or digit stands directly at `end`.
pub(crate) fn ends_word(text: &str, end: usize) -> bool {
    match text.as_bytes().get(end) {
        None => true,
        Some(byte) if byte.is_ascii() => !byte.is_ascii_alphanumeric(),
        Some(_) => !text[end..].chars().next().is_some_and(char::is_alphanumeric),
    }
}

/// Where the word that contains or begins at `start` ends: letters, digits, and apostrophes and hyphens inside it.
pub(crate) fn word_end(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut chars = text[start..].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let joins = is_apostrophe(c) || c == '-';
        if c.is_alphanumeric() || (joins && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric())) {
            end = start + offset + c.len_utf8();
        } else {
            break;
        }
    }
    end
}

/// The word that ends directly before `end`, after white space; empty where there is none.
pub(crate) fn word_before(text: &str, end: usize) -> &str {
    let before = text[..end].trim_end_matches([' ', '\u{a0}', '\n', '\t']);
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || is_apostrophe(*c))
        .last()
        .map_or(before.len(), |(index, _)| index);
    &before[start..]
}

/// The word that begins at `start`, after white space; empty where there is none.
pub(crate) fn word_after(text: &str, start: usize) -> &str {
    let after = text[start..].trim_start_matches([' ', '\u{a0}', '\n', '\t']);
    &after[..word_end(after, 0)]
}

/// Whether `at` stands in a link, before its query: what is written there are names of pages, not words.
pub(crate) fn is_in_link(text: &str, at: usize) -> bool {
    // Looking back further, at every match, would make a long text without spaces cost the square of its length.
    const LONGEST_LINK: usize = 500;
    let near = &text[ceil_boundary(text, at.saturating_sub(LONGEST_LINK))..at];
    let before = near.rsplit(char::is_whitespace).next().unwrap_or(near);
    (before.contains("://") || before.contains("www.")) && !before.contains('?')
}

/// The part of a text that is looked at for tags: whatever a text is about, it says so in its first 64 KiB.
pub(crate) fn tagged_part(text: &str) -> &str {
    beginning(text, 64 * 1024)
}

/// At most `bytes` of the text, cut between characters.
pub(crate) fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The first place between characters at or after `at`.
fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|index| text.is_char_boundary(*index)).unwrap_or(text.len())
}

/// Straight and curly apostrophes.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_whole_only_between_boundaries() {
        let text = "é111 in Bath.";
        assert!(!is_whole_word(text, 2, 5), "a letter outside ASCII is a letter too");
        assert!(is_whole_word(text, 9, 13));
        assert!(!is_whole_word(text, 9, 12));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(beginning("aé", 2), "a");
        assert_eq!(beginning("aé", 3), "aé");
        assert_eq!(ceil_boundary("éa", 1), 2);
    }

    #[test]
    fn a_link_goes_from_its_scheme_to_its_query() {
        let text = "at https://example.org/leeds?town=leeds in leeds";
        let places: Vec<_> = text.match_indices("leeds").map(|(at, _)| is_in_link(text, at)).collect();
        assert_eq!(places, [true, false, false]);
    }

    #[test]
    fn words_keep_inner_apostrophes_and_hyphens() {
        assert_eq!(word_end("O’Brien-Smith's dog", 0), "O’Brien-Smith's".len());
        assert_eq!(word_end("James' dog", 0), "James".len());
        assert_eq!(word_before("going to\u{a0}Bath", 10), "to");
        assert_eq!(word_after("Bath hospital.", 4), "hospital");
        assert_eq!(word_before("(Bath", 1), "");
    }
}
