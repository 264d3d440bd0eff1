//! Characters that look like others, or like nothing: a number that is written with them is still that number.

/// The text with full-width letters and digits, odd blanks and odd hyphens as the plain ones that they look like, and
/// without what does not show between plain characters; `None` where it has none of them.
pub(super) fn folded(text: &str) -> Option<String> {
    if text.is_ascii() || !text.chars().any(|c| is_invisible(c) || plain(c) != c) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // Emoji, Persian and Hindi are joined and parted by characters that do not show: those stay.
        let inside = out.ends_with(|c: char| c.is_ascii()) && chars.peek().is_some_and(|next| plain(*next).is_ascii());
        let follows_invisible = chars.peek().is_some_and(|next| is_invisible(*next));
        if !(is_invisible(c) && (inside || follows_invisible)) {
            out.push(plain(c));
        }
    }
    Some(out)
}

/// Zero-width space, joiners, marks of direction, soft hyphen, word joiner, byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2012}' | '\u{2212}' => '-',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_are_read_as_what_they_look_like() {
        assert_eq!(folded("９４３\u{2009}476\u{2212}59\u{200b}19").as_deref(), Some("943 476-5919"));
        assert_eq!(folded("jo＠example.com\u{ad}").as_deref(), Some("jo@example.com\u{ad}"));
    }

    #[test]
    fn what_joins_letters_of_other_scripts_stays() {
        let family = "\u{1f468}\u{200d}\u{1f469}";
        assert_eq!(folded(family).as_deref(), Some(family));
        assert_eq!(folded("plain – and é"), None);
    }
}
