//! Markup to tokens, whatever its faults.
//!
//! A tokenizer of XML that never refuses: a `<` that begins no tag is text, a quotation mark that is never closed is a
//! character, a section that never ends reaches to the end. Each byte is looked at a bounded number of times.

use std::borrow::Cow;

/// A piece of markup. Names are as written, attributes and text still hold their references.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Start {
        name: &'a str,
        attributes: &'a str,
        empty: bool,
    },
    End {
        name: &'a str,
    },
    Text(&'a str),
    /// The content of a CDATA section, in which nothing is a reference.
    Literal(&'a str),
    /// What stands between `<!DOCTYPE` and its end.
    Doctype(&'a str),
}

/// The tokens of a text; comments and processing instructions are passed over.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// No further comment, section or instruction has an end, so that none is looked for again.
    unclosed: [bool; 3],
    /// There is one document type; what looks like another is passed over.
    had_doctype: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, unclosed: [false; 3], had_doctype: false }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// What stands before the next `end` after the first `skip` bytes; with it gone, or `None` if there is no such end.
    fn until(&mut self, skip: usize, end: &str, kind: usize) -> Option<&'a str> {
        if self.unclosed[kind] {
            return None;
        }
        let Some(length) = self.rest[skip..].find(end) else {
            self.unclosed[kind] = true;
            return None;
        };
        let taken = self.take(skip + length + end.len());
        Some(&taken[skip..skip + length])
    }

    /// What begins with `<!`; `None` when it is passed over.
    fn declaration(&mut self) -> Option<Token<'a>> {
        if self.rest.starts_with("<!--") {
            if self.until(4, "-->", 0).is_none() {
                self.take(4);
            }
            return None;
        }
        if starts_with_ignoring_case(self.rest, "<![CDATA[") {
            let content = self.until(9, "]]>", 1);
            return Some(Token::Literal(content.unwrap_or_else(|| &self.take(self.rest.len())[9..])));
        }
        if !self.had_doctype && starts_with_ignoring_case(self.rest, "<!DOCTYPE") {
            self.had_doctype = true;
            return Some(Token::Doctype(self.doctype()));
        }
        let length = self.rest[1..].find(['<', '>']).map_or(self.rest.len(), |at| at + 1);
        let taken = self.take(length);
        if self.rest.starts_with('>') {
            self.take(1);
            return None;
        }
        Some(Token::Text(taken))
    }

    /// The inside of the document type at the beginning, which may hold declarations of its own in brackets.
    fn doctype(&mut self) -> &'a str {
        let plain = self.rest.find('>');
        let end = match (self.rest.find('['), plain) {
            (Some(open), Some(plain)) if open < plain => self.rest[open..].find(']').and_then(|at| {
                let close = open + at;
                self.rest[close..].find('>').map(|at| close + at)
            }),
            _ => plain,
        };
        let taken = self.take(end.or(plain).map_or(self.rest.len(), |end| end + 1));
        &taken["<!DOCTYPE".len()..]
    }

    fn start(&mut self) -> Token<'a> {
        let (length, closed) = tag_length(self.rest);
        let inside = &self.take(length)[1..];
        if closed {
            self.take(1);
        }
        let (inside, empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let name_end =
            inside.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '=')).unwrap_or(inside.len());
        Token::Start { name: &inside[..name_end], attributes: &inside[name_end..], empty }
    }

    fn end(&mut self) -> Token<'a> {
        let length = self.rest[1..].find(['<', '>']).map_or(self.rest.len(), |at| at + 1);
        let name = self.take(length)[2..].trim();
        if self.rest.starts_with('>') {
            self.take(1);
        }
        Token::End { name }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while !self.rest.is_empty() {
            let bytes = self.rest.as_bytes();
            if bytes[0] != b'<' {
                let length = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Token::Text(self.take(length)));
            }
            match self.rest[1..].chars().next() {
                Some('!') => {
                    if let Some(token) = self.declaration() {
                        return Some(token);
                    }
                }
                Some('?') => {
                    if self.until(2, "?>", 2).is_none() {
                        let length = self.rest[1..].find(['<', '>']).map_or(self.rest.len(), |at| at + 1);
                        self.take(length);
                        if self.rest.starts_with('>') {
                            self.take(1);
                        }
                    }
                }
                Some('/') if self.rest[2..].starts_with(begins_name) => return Some(self.end()),
                Some(c) if begins_name(c) => return Some(self.start()),
                _ => return Some(Token::Text(self.take(1))),
            }
        }
        None
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | ':')
}

fn starts_with_ignoring_case(text: &str, beginning: &str) -> bool {
    text.as_bytes().get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning.as_bytes()))
}

/// How long the tag at the beginning of `text` is without its `>`, and whether it has one. A `>` inside quotation marks
/// does not end it, unless they are never closed; a `<` always does.
fn tag_length(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let mut first_close = None;
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        match (byte, quote) {
            (b'<', None) => return (at, false),
            (b'<', Some(_)) => return first_close.map_or((at, false), |close| (close, true)),
            (b'>', None) => return (at, true),
            (b'>', Some(_)) => {
                first_close.get_or_insert(at);
            }
            (b'"' | b'\'', None) if bytes[..at].trim_ascii_end().last() == Some(&b'=') => quote = Some(byte),
            (b'"' | b'\'', Some(open)) if open == byte => {
                quote = None;
                first_close = None;
            }
            _ => {}
        }
    }
    first_close.map_or((bytes.len(), false), |close| (close, true))
}

/// The attributes in the inside of a tag, names in lower case, each name once, values still with their references.
pub(super) fn attributes(mut rest: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut found: Vec<(Cow<'_, str>, &str)> = Vec::new();
    while found.len() < MAX_ATTRIBUTES {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '='));
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = &rest[..end];
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            (value, rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                _ => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
        }
        let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        if found.iter().all(|(known, _)| *known != name) {
            found.push((name, value));
        }
    }
    found
}

/// More attributes of one element are not read.
const MAX_ATTRIBUTES: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        Tokens::new(text).map(|token| format!("{token:?}\n")).collect()
    }

    #[test]
    fn well_formed_markup_is_read_as_xml_reads_it() {
        insta::assert_snapshot!(written("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c\">]><a b='x>y'>t<!-- <c> --><d/><![CDATA[<e>&]]></a >"), @r#"
        Doctype(" a [<!ENTITY b \"c\">]>")
        Start { name: "a", attributes: " b='x>y'", empty: false }
        Text("t")
        Start { name: "d", attributes: "", empty: true }
        Literal("<e>&")
        End { name: "a" }
        "#);
    }

    #[test]
    fn faults_cost_as_little_as_possible() {
        insta::assert_snapshot!(written("5 < 6 <a b=\"x>y<c d='e' f>g</c <h></>&<!-- i <![CDATA[j"), @r#"
        Text("5 ")
        Text("<")
        Text(" 6 ")
        Start { name: "a", attributes: " b=\"x", empty: false }
        Text("y")
        Start { name: "c", attributes: " d='e' f", empty: false }
        Text("g")
        End { name: "c" }
        Start { name: "h", attributes: "", empty: false }
        Text("<")
        Text("/>&")
        Text(" i ")
        Literal("j")
        "#);
    }

    #[test]
    fn attributes_are_read_with_and_without_quotes() {
        let read: Vec<_> = attributes(" HREF = \"a b\" type='c' d=e checked href='other' f=\"g").into_iter().collect();
        let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (&**name, *value)).collect();
        assert_eq!(read, [("href", "a b"), ("type", "c"), ("d", "e"), ("checked", ""), ("f", "g")]);
    }

    proptest! {
        #[test]
        fn every_input_ends(text in "(<[a-z!?/]{0,3}|<!\\[CDATA\\[|\\]\\]>|<!--|-->|<!DOCTYPE|[\\[\\]='\"> é&;]){0,40}") {
            for token in Tokens::new(&text) {
                if let Token::Start { attributes: inside, .. } = token {
                    attributes(inside);
                }
            }
        }
    }
}
