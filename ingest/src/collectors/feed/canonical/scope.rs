//! The open elements of a document, and what is in force inside them: namespaces, base address, language.

use std::borrow::Cow;

use super::names::{self, Role, Vocabulary};
use super::references::{self, Declared};

/// Elements nested deeper are not read: no feed needs them, and each costs memory.
const MAX_DEPTH: usize = 256;
const MAX_NAMESPACES: usize = 256;

/// The open elements.
#[derive(Default)]
pub(super) struct Scope {
    open: Vec<Open>,
    too_deep: usize,
    namespaces: Vec<(String, Vocabulary)>,
    pub(super) dropped: usize,
}

struct Open {
    /// As written, in lower case.
    name: String,
    role: Role,
    namespaces: usize,
    base: Option<String>,
}

/// The attributes of an element, references resolved.
pub(super) struct Attributes<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Attributes<'a> {
    pub(super) fn read(inside: &'a str, declared: &Declared) -> Self {
        let read = super::tokens::attributes(inside).into_iter();
        Self(read.map(|(name, value)| (name, references::decode(value, declared))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The attribute `name` of any vocabulary but the element's own, unless it is empty.
    pub(super) fn local(&self, name: &str) -> Option<&str> {
        let matches = |known: &str| known.split_once(':').is_some_and(|(_, local)| local == name);
        self.0.iter().find(|(known, _)| matches(known)).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl Scope {
    /// Opens an element and says what it is; `None` if it lies too deep.
    pub(super) fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Option<Role> {
        if self.open.len() >= MAX_DEPTH {
            self.too_deep += 1;
            self.dropped += 1;
            return None;
        }
        let namespaces = self.namespaces.len();
        for (attribute, value) in attributes.iter() {
            let prefix = match attribute.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => &rest[1..],
                _ => continue,
            };
            // An unknown namespace without a prefix is somebody's own name for the dialect that it is.
            let unknown = if prefix.is_empty() { Vocabulary::Feed } else { Vocabulary::Other };
            if self.namespaces.len() < MAX_NAMESPACES {
                self.namespaces.push((prefix.to_owned(), names::vocabulary(value).unwrap_or(unknown)));
            }
        }
        let name = name.to_ascii_lowercase();
        let role = self.role(&name);
        let base = attributes.get("xml:base").or(attributes.get("base")).map(|base| self.resolve(base));
        self.open.push(Open { name, role, namespaces, base });
        Some(role)
    }

    fn role(&self, name: &str) -> Role {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared = self.namespaces.iter().rev().find(|(known, _)| known == prefix);
        names::role(declared.map_or_else(|| names::usual(prefix), |(_, vocabulary)| *vocabulary), local)
    }

    /// Closes the innermost element `name` and all inside it; says what each of them was, the innermost first. An end
    /// tag that closes nothing is passed over.
    pub(super) fn close(&mut self, name: &str) -> Vec<Role> {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return Vec::new();
        }
        match self.open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name)) {
            Some(at) => self.close_from(at),
            None => Vec::new(),
        }
    }

    /// Closes everything.
    pub(super) fn close_all(&mut self) -> Vec<Role> {
        self.close_from(0)
    }

    /// Closes the element that was opened last.
    pub(super) fn close_last(&mut self) -> Vec<Role> {
        self.close_from(self.open.len().saturating_sub(1))
    }

    fn close_from(&mut self, at: usize) -> Vec<Role> {
        let closed: Vec<Open> = self.open.drain(at..).collect();
        if let Some(outermost) = closed.first() {
            self.namespaces.truncate(outermost.namespaces);
        }
        closed.into_iter().rev().map(|open| open.role).collect()
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether an element deeper than `depth` is open whose parts do not belong to the entry.
    pub(super) fn is_skipped(&self, depth: usize) -> bool {
        self.open.iter().skip(depth).any(|open| open.role == Role::Skipped)
    }

    /// `link` as it is meant here.
    pub(super) fn resolve(&self, link: &str) -> String {
        let base = self.open.iter().rev().find_map(|open| open.base.as_deref());
        match base.and_then(|base| url::Url::parse(base).ok()).and_then(|base| base.join(link).ok()) {
            Some(url) => url.into(),
            None => link.to_owned(),
        }
    }
}
