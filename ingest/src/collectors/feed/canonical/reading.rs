//! An element whose content matters, from its start tag to wherever it ends.

use super::names::{self, Role, Text};
use super::text::{Collected, Form};

/// What is being read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) role: Role,
    pub(super) content: Collected,
    /// How deep it lies.
    pub(super) depth: usize,
    /// Its relation and media type, if it is a link.
    pub(super) link: (String, String),
    /// Whether it is a link as well, if it is an identity.
    pub(super) permalink: bool,
    name: String,
    /// Open elements of the same name inside it.
    same_inside: usize,
    /// Open elements inside it that are called like an entry.
    entries_inside: usize,
    /// Open elements of any other name inside it.
    others_inside: usize,
    /// Whether it may hold a document of its own.
    holds_xml: bool,
}

/// What becomes of an end tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is part of the content.
    Inside,
    /// It ends what is being read.
    This,
    /// It ends something around it, and so this too.
    Around,
}

impl Reading {
    pub(super) fn new(role: Role, name: &str, depth: usize, form: Form, holds_xml: bool) -> Self {
        Self {
            role,
            content: Collected::new(form),
            depth,
            link: Default::default(),
            permalink: false,
            name: name.to_owned(),
            same_inside: 0,
            entries_inside: 0,
            others_inside: 0,
            holds_xml,
        }
    }

    /// Takes a start tag; false if it cannot be inside, because somebody forgot the end tag before it.
    pub(super) fn start(&mut self, name: &str, empty: bool) -> bool {
        let is_text = matches!(self.role, Role::Text(_));
        match role_of(name) {
            Role::Entry if !self.holds_xml => return false,
            Role::Entry if !empty => self.entries_inside += 1,
            Role::Unknown | Role::Person(_) => {}
            _ if !is_text || self.is_bare_title() => return false,
            _ => {}
        }
        if is_text {
            self.content.tag(name, false);
            if empty {
                self.content.tag(name, true);
            }
        }
        if !empty && name.eq_ignore_ascii_case(&self.name) {
            self.same_inside += 1;
        } else if !empty && !is_void(name) {
            self.others_inside += 1;
        }
        true
    }

    /// Whether this is a title outside of its own markup: the link or text of an entry that begins here is not part of it.
    fn is_bare_title(&self) -> bool {
        matches!(self.role, Role::Text(Text::Title | Text::MediumTitle)) && self.others_inside == 0
    }

    /// Takes an end tag.
    pub(super) fn end(&mut self, name: &str) -> End {
        if name.eq_ignore_ascii_case(&self.name) {
            if self.same_inside == 0 {
                return End::This;
            }
            self.same_inside -= 1;
        } else {
            self.others_inside = self.others_inside.saturating_sub(1);
        }
        match role_of(name) {
            Role::Entry if self.entries_inside > 0 => self.entries_inside -= 1,
            Role::Entry | Role::Feed if self.entries_inside == 0 => return End::Around,
            _ => {}
        }
        if matches!(self.role, Role::Text(_)) {
            self.content.tag(name, true);
        }
        End::Inside
    }
}

/// Whether HTML has no end tag for the element.
fn is_void(name: &str) -> bool {
    ["br", "img", "hr", "wbr"].iter().any(|void| name.eq_ignore_ascii_case(void))
}

/// What an element most probably is, to tell where a text ends of which the end tag is missing.
fn role_of(name: &str) -> Role {
    let name = name.to_ascii_lowercase();
    let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
    names::role(names::usual(prefix), local)
}
