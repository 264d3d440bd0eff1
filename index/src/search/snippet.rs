//! The part of a text that matches best, in pieces.

use std::ops::Range;

use tantivy::tokenizer::TextAnalyzer;

use super::Piece;
use crate::query::Marks;
use crate::schema;

/// About how long a snippet is, in bytes.
const LENGTH_BYTES: usize = 240;
/// About how much of it stands before the first match.
const BEFORE_BYTES: usize = 60;
/// A word is not followed further than this to its beginning or end.
const LONG_WORD_BYTES: usize = 40;
/// Only the beginning of a very long text is looked through.
const LOOKED_THROUGH_BYTES: usize = 64 * 1024;

/// Marks in texts what a query looked for.
pub(super) struct Marker {
    marks: Marks,
    analyzer: TextAnalyzer,
    folder: TextAnalyzer,
}

impl Marker {
    pub(super) fn new(marks: Marks) -> Self {
        Self { marks, analyzer: schema::analyzer(), folder: schema::folder() }
    }

    /// The stretch of `text` with the most of what was looked for, or its beginning.
    pub(super) fn snippet(&mut self, text: &str) -> Vec<Piece> {
        let looked_through = &text[..boundary(text, LOOKED_THROUGH_BYTES)];
        let matches = self.matches(looked_through);
        let stretch = best_stretch(text, &matches);
        pieces(text, stretch, &matches)
    }

    fn matches(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if !self.marks.words.is_empty() {
            let words = &self.marks.words;
            self.analyzer.token_stream(text).process(&mut |token| {
                if words.contains(&token.text) {
                    found.push(token.offset_from..token.offset_to);
                }
            });
        }
        if !self.marks.prefixes.is_empty() {
            let prefixes = &self.marks.prefixes;
            self.folder.token_stream(text).process(&mut |token| {
                if prefixes.iter().any(|prefix| token.text.starts_with(prefix)) {
                    found.push(token.offset_from..token.offset_to);
                }
            });
            found.sort_unstable_by_key(|range| (range.start, range.end));
            found.dedup();
        }
        found
    }
}

/// The bytes to show: from a little before the match from which on most others are near.
fn best_stretch(text: &str, matches: &[Range<usize>]) -> Range<usize> {
    let mut best = (0, 0);
    let mut end = 0;
    for (start, first) in matches.iter().enumerate() {
        let limit = first.start + LENGTH_BYTES - BEFORE_BYTES;
        while end < matches.len() && matches[end].end <= limit {
            end += 1;
        }
        if end.saturating_sub(start) > best.0 {
            best = (end - start, first.start);
        }
    }
    let from = best.1.saturating_sub(BEFORE_BYTES);
    // What fits is shown whole, and a stretch near the end begins earlier, so that it is no shorter.
    let from = from.min(text.len().saturating_sub(LENGTH_BYTES));
    let until = (from + LENGTH_BYTES).min(text.len());
    word_start(text, from)..word_end(text, until)
}

/// The beginning of the word at or before `at`, unless it is too far off.
fn word_start(text: &str, at: usize) -> usize {
    let at = boundary(text, at);
    let near = boundary(text, at.saturating_sub(LONG_WORD_BYTES));
    let blank = text[near..at].char_indices().rfind(|(_, c)| c.is_whitespace());
    match blank {
        Some((blank, c)) => near + blank + c.len_utf8(),
        None if near == 0 => 0,
        None => at,
    }
}

/// The end of the word at or after `at`, unless it is too far off.
fn word_end(text: &str, at: usize) -> usize {
    let at = boundary(text, at);
    let near = boundary(text, at + LONG_WORD_BYTES);
    match text[at..near].find(char::is_whitespace) {
        Some(blank) => at + blank,
        None if near == text.len() => near,
        None => at,
    }
}

/// The last place at or before `at` where a character begins or the text ends.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&place| text.is_char_boundary(place)).unwrap_or(0)
}

fn pieces(text: &str, stretch: Range<usize>, matches: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |text: String, matched| {
        if !text.is_empty() {
            pieces.push(Piece { text, matched });
        }
    };
    let mut at = stretch.start;
    let mut plain = String::from(if stretch.start > 0 { "… " } else { "" });
    for found in matches.iter().filter(|found| found.start >= stretch.start && found.end <= stretch.end) {
        if found.start < at {
            continue;
        }
        plain.push_str(&text[at..found.start]);
        push(std::mem::take(&mut plain), false);
        push(text[found.clone()].to_owned(), true);
        at = found.end;
    }
    plain.push_str(&text[at..stretch.end]);
    if stretch.end < text.len() {
        plain.push_str(" …");
    }
    push(plain, false);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str, words: &[&str], prefixes: &[&str]) -> String {
        let marks = Marks {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            prefixes: prefixes.iter().map(|&prefix| prefix.to_owned()).collect(),
        };
        let pieces = Marker::new(marks).snippet(text);
        pieces
            .iter()
            .map(|piece| if piece.matched { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect()
    }

    #[test]
    fn what_was_searched_for_is_marked_with_its_ending() {
        assert_eq!(
            marked("No appointments, no appointment.", &["appoint"], &[]),
            "No [appointments], no [appointment]."
        );
        assert_eq!(marked("We waited at the café", &[], &["wait", "cafe"]), "We [waited] at the [café]");
    }

    #[test]
    fn a_long_text_is_cut_to_the_best_part_at_whole_words() {
        let text = format!("{} the queue for the queue desk {}", "before ".repeat(60), "after ".repeat(60));
        let found = marked(text.trim_end(), &["queue"], &[]);
        assert!(found.starts_with("… before before") && found.ends_with("after after …"), "{found}");
        assert!(found.contains("before  the [queue] for the [queue] desk after"), "{found}");
        assert!(found.len() < 330, "{found}");
    }

    #[test]
    fn without_matches_it_is_the_beginning() {
        assert_eq!(marked("A short text", &["nothing"], &[]), "A short text");
        assert!(marked(&"word ".repeat(200), &[], &[]).starts_with("word word"));
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_text_and_never_split_a_character(text in "(\\PC|queue| ){0,400}") {
            let marks = Marks { words: ["queue".to_owned()].into(), prefixes: vec!["q".to_owned()] };
            let pieces = Marker::new(marks).snippet(&text);
            let joined: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            let inner = joined.strip_prefix("… ").unwrap_or(&joined);
            let inner = inner.strip_suffix(" …").unwrap_or(inner);
            prop_assert!(text.contains(inner), "{joined:?}");
        }
    }
}
