//! Character and entity references, HTML's among them, and characters that were broken on their way.

use std::borrow::Cow;
use std::collections::HashMap;

use encoding_rs::WINDOWS_1252;
use html5ever::data::NAMED_ENTITIES;

/// Entities that a document declares for itself. Only those that stand for a few plain characters are kept, so that none
/// can be blown up.
#[derive(Debug, Default)]
pub(super) struct Declared(HashMap<String, String>);

const MAX_DECLARED: usize = 256;
const MAX_REPLACEMENT_BYTES: usize = 64;

impl Declared {
    /// Reads the declarations in a document type.
    pub(super) fn read(&mut self, doctype: &str) {
        for declaration in doctype.split("<!ENTITY").skip(1).take(MAX_DECLARED) {
            let Some((name, value)) = declaration.trim_start().split_once(char::is_whitespace) else { continue };
            let value = value.trim_start();
            let Some(quote @ ('"' | '\'')) = value.chars().next() else { continue };
            let Some((value, _)) = value[1..].split_once(quote) else { continue };
            if value.len() <= MAX_REPLACEMENT_BYTES && !value.contains(['<', '%']) {
                let value = decode(value, &Self::default()).into_owned();
                self.0.entry(name.to_owned()).or_insert(value);
            }
        }
    }
}

/// `text` with its references replaced by what they stand for. What is no reference stays.
pub(super) fn decode<'a>(text: &'a str, declared: &Declared) -> Cow<'a, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = reference(&mut out, rest, declared);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Writes what the `&` at the beginning of `rest` stands for; says how many bytes of `rest` that was.
fn reference(out: &mut String, rest: &str, declared: &Declared) -> usize {
    const LONGEST_NAME: usize = 40;
    let head = &rest.as_bytes()[1..rest.len().min(LONGEST_NAME)];
    let length =
        head.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'#' | b'_' | b'.' | b'-'));
    let name = length.filter(|&length| head[length] == b';').map(|length| &rest[1..=length]);
    if let Some(name) = name {
        let written = out.len();
        if let Some(number) = name.strip_prefix('#') {
            out.extend(numeric(number));
        } else if let Some(replacement) = declared.0.get(name) {
            out.push_str(replacement);
        } else {
            let points = NAMED_ENTITIES.get(&rest[1..name.len() + 2]);
            out.extend(points.into_iter().flat_map(|&(a, b)| [a, b]).filter(|&p| p != 0).filter_map(char::from_u32));
        }
        if out.len() > written || name.starts_with('#') {
            return name.len() + 2;
        }
    }
    out.push('&');
    1
}

fn numeric(digits: &str) -> Option<char> {
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    char::from_u32(number.ok()?)
}

/// `text` with two common mishaps undone: characters of windows-1252 that were taken for control characters, and UTF-8
/// that was taken for ISO 8859-1 and encoded again.
pub(super) fn unbreak(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    if let Some(Ok(twice)) = bytes.map(String::from_utf8) {
        return Cow::Owned(twice);
    }
    if !text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)) {
        return Cow::Borrowed(text);
    }
    let mend = |c: char| match u8::try_from(c) {
        Ok(byte @ 0x80..=0x9f) => WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next().unwrap_or(c),
        _ => c,
    };
    Cow::Owned(text.chars().map(mend).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_xml_html_and_the_document_become_characters() {
        let mut declared = Declared::default();
        declared.read(" feed [<!ENTITY nhs 'N&#72;S'> <!ENTITY bomb '&nhs;&nhs;<x>'> <!ENTITY % p 'x'>]");
        let text = "a&nbsp;b &amp;lt; &#163;&#x20AC; &nhs; R&D &bomb; &unknown; &#xFFFFFFFF; &amp";
        assert_eq!(decode(text, &declared), "a\u{a0}b &lt; £€ NHS R&D &bomb; &unknown;  &amp");
    }

    #[test]
    fn an_entity_does_not_grow_in_another() {
        let mut declared = Declared::default();
        declared.read("[<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;'>]");
        assert_eq!(decode("&c;", &declared), "&b;&b;&b;&b;&b;");
    }

    #[test]
    fn twice_encoded_and_control_characters_are_mended() {
        assert_eq!(unbreak("cafÃ©"), "café");
        assert_eq!(unbreak("\u{93}x\u{94} €"), "“x” €");
        assert_eq!(unbreak("café"), "café");
    }
}
