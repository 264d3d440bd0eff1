//! XML as a walk over its elements, within limits. Entities that a document defines itself are not expanded.

use std::borrow::Cow;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::charset;

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 256;

/// What a walk meets.
pub(super) enum Node<'a> {
    /// An element begins. Names are without their prefix.
    Open(&'a str, &'a BytesStart<'a>),
    /// An element ends.
    Close(&'a str),
    /// Characters between tags.
    Text(Cow<'a, str>),
}

/// Walks over `xml`.
pub(super) fn walk(xml: &str, mut visit: impl FnMut(Node<'_>) -> Result<(), String>) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|_| damaged())? {
            Event::Start(tag) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err("is nested too deeply to be a document: it is not read".to_owned());
                }
                visit(Node::Open(tag.local_name().as_ref(), &tag))?;
            }
            Event::Empty(tag) => {
                visit(Node::Open(tag.local_name().as_ref(), &tag))?;
                visit(Node::Close(tag.local_name().as_ref()))?;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                visit(Node::Close(tag.local_name().as_ref()))?;
            }
            Event::Text(text) => visit(Node::Text(text.xml10_content()))?,
            Event::CData(text) => visit(Node::Text(text.into_inner()))?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten().map(|c| Cow::Owned(c.to_string()));
                let named = || resolve_predefined_entity(&reference).map(Cow::Borrowed);
                if let Some(text) = character.or_else(named) {
                    visit(Node::Text(text))?;
                }
            }
            Event::Eof if depth > 0 => return Err(damaged()),
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// The text of a part of a document.
pub(super) fn text(bytes: Vec<u8>) -> String {
    // Nearly always it is UTF-8, and need not be copied.
    String::from_utf8(bytes).unwrap_or_else(|other| charset::decode(other.as_bytes(), []))
}

/// The value of an attribute, whatever its prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let found = attributes.with_checks(false).flatten().find(|found| found.key.local_name().as_ref() == name)?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

fn damaged() -> String {
    "is damaged: it ends in the middle, or is not well formed; save it again".to_owned()
}
