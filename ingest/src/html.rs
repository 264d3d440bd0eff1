//! HTML to plain text.
//!
//! Only the tokenizer of html5ever is used, without a tree: it takes every input, in one pass, and deep nesting costs
//! nothing.

use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// Of longer HTML only the beginning is read.
const MAX_BYTES: usize = 64 * 1024;

/// The text of `html`: words as a reader sees them, blocks on lines of their own, white space reduced, no scripts and no
/// styles. A text without markup comes back with its entities decoded.
pub(crate) fn to_text(html: &str) -> String {
    write_text(beginning(html), Writer::default())
}

/// The text of a page that is handed in as a document: all of it, with `#` before headings.
pub(crate) fn document_to_text(html: &str) -> String {
    write_text(html, Writer { marks_headings: true, ..Writer::default() })
}

fn write_text(html: &str, writer: Writer) -> String {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(writer, TokenizerOpts::default());
    // Our sink never asks to stop for a script or an encoding, so one call takes all input.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.text.into_inner().trim_end().to_owned()
}

/// The beginning of `html`, not cut inside a tag.
fn beginning(html: &str) -> &str {
    let cut = first_bytes(html, MAX_BYTES);
    match cut.rfind('<') {
        Some(open) if cut.len() < html.len() && !cut[open..].contains('>') => &cut[..open],
        _ => cut,
    }
}

/// The longest beginning of `text` that has at most `limit` bytes.
pub(crate) fn first_bytes(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// Collects text from tokens.
#[derive(Default)]
struct Writer {
    text: RefCell<String>,
    /// Inside how many elements whose content is not for readers.
    hidden: Cell<usize>,
    marks_headings: bool,
}

/// What separates two words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Space,
    Line,
}

impl Writer {
    /// Ends the word or the line before, unless that has happened already.
    fn gap(&self, gap: Gap) {
        let mut text = self.text.borrow_mut();
        match (text.chars().next_back(), gap) {
            (None | Some('\n'), _) | (Some(' '), Gap::Space) => {}
            (Some(' '), Gap::Line) => {
                text.pop();
                text.push('\n');
            }
            (Some(_), Gap::Space) => text.push(' '),
            (Some(_), Gap::Line) => text.push('\n'),
        }
    }

    fn characters(&self, characters: &str) {
        if self.hidden.get() > 0 {
            return;
        }
        for c in characters.chars() {
            if c.is_whitespace() {
                self.gap(Gap::Space);
            } else if !c.is_control() {
                self.text.borrow_mut().push(c);
            }
        }
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        if matches!(name, "script" | "style" | "template" | "svg" | "head") && !tag.self_closing {
            let hidden = self.hidden.get();
            let start = tag.kind == TagKind::StartTag;
            self.hidden.set(if start { hidden + 1 } else { hidden.saturating_sub(1) });
            // Without this, text such as `if (a < b)` in a script would be read as tags.
            return match name {
                "script" if start => TokenSinkResult::RawData(RawKind::ScriptData),
                "style" if start => TokenSinkResult::RawData(RawKind::Rawtext),
                _ => TokenSinkResult::Continue,
            };
        }
        if name == "body" {
            // Some leave out `</head>`, as HTML allows.
            self.hidden.set(0);
        }
        if is_block(name) {
            self.gap(Gap::Line);
            if self.marks_headings && tag.kind == TagKind::StartTag && matches!(name, "h1" | "h2" | "h3" | "h4") {
                self.text.borrow_mut().push_str("# ");
            }
        } else if matches!(name, "td" | "th") {
            self.gap(Gap::Space);
        }
        TokenSinkResult::Continue
    }
}

impl TokenSink for Writer {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(characters) => self.characters(&characters),
            Token::TagToken(tag) => return self.tag(&tag),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "br"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tr"
            | "ul"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_are_lines_and_entities_are_characters() {
        let html = "<p>Long&nbsp;waits &amp; <b>few</b> staff</p>\n<ul><li>one<li>two</ul>last<br>line";
        assert_eq!(to_text(html), "Long waits & few staff\none\ntwo\nlast\nline");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(to_text("5 < 6 and a > b, AT&T"), "5 < 6 and a > b, AT&T");
    }

    #[test]
    fn scripts_and_styles_are_not_text() {
        let html = "a<script>if (a<b) document.write('<p>x</p>')</script><style>p { color: red }</style><!-- no -->b";
        assert_eq!(to_text(html), "ab");
    }

    #[test]
    fn long_and_deep_html_ends() {
        let deep = "<div>".repeat(100_000) + "unreached";
        assert_eq!(to_text(&deep), "");
        assert_eq!(to_text(&"é".repeat(100_000)).len(), MAX_BYTES);
    }

    proptest! {
        #[test]
        fn any_input_gives_text_without_double_gaps(html in "(<[a-z/]{0,6}>|&[a-z]{0,4};?|[ \\n]|\\PC){0,60}") {
            let text = to_text(&html);
            prop_assert!(!text.contains("  ") && !text.contains("\n\n") && text.trim() == text, "{:?}", text);
        }
    }
}
