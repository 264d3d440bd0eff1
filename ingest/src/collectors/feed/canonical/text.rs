//! The content of one element, while it is read.

use super::references::{self, Declared};

/// So much of one text is kept.
const MAX_BYTES: usize = 1 << 20;

/// How the content of a text element is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Characters that are meant as they are.
    Plain,
    /// HTML, as text.
    Html,
    /// Bytes in base64, which are text then.
    Base64,
}

impl Form {
    /// The form that the attributes `type` and `mode` (Atom 0.3) of an element declare; `undeclared` if they say nothing.
    pub(super) fn declared(kind: Option<&str>, mode: Option<&str>, undeclared: Self) -> Self {
        if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("base64")) {
            return Self::Base64;
        }
        let Some(kind) = kind else { return undeclared };
        match kind.to_ascii_lowercase().as_str() {
            "" => undeclared,
            "text" | "plain" | "text/plain" => Self::Plain,
            "html" | "xhtml" => Self::Html,
            kind if kind.starts_with("text/") || kind.ends_with("xml") || !kind.contains('/') => Self::Html,
            _ => Self::Base64,
        }
    }
}

/// Collects the content of an element: its characters, and its elements as markup in case they are part of the text.
#[derive(Debug)]
pub(super) struct Collected {
    form: Form,
    characters: String,
    /// The content with its elements, from the first of them on.
    markup: Option<String>,
}

impl Collected {
    pub(super) fn new(form: Form) -> Self {
        Self { form, characters: String::new(), markup: None }
    }

    pub(super) fn text(&mut self, text: &str, declared: &Declared) {
        if self.is_full() {
            return;
        }
        let text = references::decode(text, declared);
        match &mut self.markup {
            Some(markup) => push_escaped(markup, &text),
            None => self.characters.push_str(&text),
        }
    }

    pub(super) fn literal(&mut self, text: &str) {
        if !self.is_full() {
            match &mut self.markup {
                Some(markup) if self.form == Form::Plain => push_escaped(markup, text),
                Some(markup) => markup.push_str(text),
                None => self.characters.push_str(text),
            }
        }
    }

    /// A tag inside, as it is written. Attributes mean nothing to a reader of the text.
    pub(super) fn tag(&mut self, name: &str, end: bool) {
        if self.is_full() {
            return;
        }
        let characters = &mut self.characters;
        let markup = self.markup.get_or_insert_with(|| {
            let mut markup = String::with_capacity(characters.len() + 256);
            match self.form {
                // What came before was text; from now on it is text in HTML.
                Form::Plain => push_escaped(&mut markup, characters),
                Form::Html | Form::Base64 => markup.push_str(characters),
            }
            markup
        });
        let local = name.rsplit(':').next().unwrap_or(name);
        markup.push_str(if end { "</" } else { "<" });
        markup.push_str(local);
        markup.push('>');
    }

    fn is_full(&self) -> bool {
        self.markup.as_ref().unwrap_or(&self.characters).len() >= MAX_BYTES
    }

    /// The text, and whether it is HTML.
    pub(super) fn finish(self) -> (String, bool) {
        match (self.markup, self.form) {
            (Some(markup), _) => (references::unbreak(markup.trim()).into_owned(), true),
            (None, Form::Base64) => (from_base64(&self.characters).unwrap_or(self.characters), true),
            (None, form) => (references::unbreak(self.characters.trim()).into_owned(), form == Form::Html),
        }
    }

    /// The characters alone.
    pub(super) fn characters(self) -> String {
        references::unbreak(self.characters.trim()).into_owned()
    }
}

fn from_base64(text: &str) -> Option<String> {
    use base64::Engine;
    let packed: String = text.split_whitespace().collect();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(packed).ok()?).ok()
}

/// Appends `text` as character data of XML, without the characters that XML forbids.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let replacement = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\t' | '\n' | '\r' => continue,
            '\u{b}' | '\u{c}' | '\u{85}' => " ",
            '\u{fffe}' | '\u{ffff}' => "",
            c if c.is_control() => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(replacement);
        from = at + c.len_utf8();
    }
    out.push_str(&text[from..]);
}
