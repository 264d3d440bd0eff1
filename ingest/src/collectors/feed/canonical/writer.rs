//! Tokens of any dialect to Atom 1.0.

use url::Url;

use super::names::{Date, Person, Role, Text};
use super::reading::{End, Reading};
use super::references::Declared;
use super::scope::{Attributes, Scope};
use super::text::{Form, push_escaped};
use super::tokens::{Token, Tokens};
use super::{Canonical, Extra, PERMALINK};
use crate::collectors::feed::dates;

/// Reads tokens and writes Atom.
pub(super) struct Writer<'a> {
    base: &'a Url,
    max_entries: usize,
    declared: Declared,
    scope: Scope,
    /// Whether the dialect says of a text what it is; in the others one has to guess.
    is_atom: bool,
    reading: Option<Reading>,
    entry: Option<Entry>,
    author: Option<Author>,
    language: Option<String>,
    /// About the feed as a whole.
    head: String,
    entries: String,
    result: Canonical,
}

/// The entry being written.
#[derive(Default)]
struct Entry {
    depth: usize,
    /// There are too many.
    discarded: bool,
    title_depth: Option<usize>,
    has_summary: bool,
    has_content: bool,
}

#[derive(Default)]
struct Author {
    depth: usize,
    text: String,
    name: String,
    email: String,
}

impl<'a> Writer<'a> {
    pub(super) fn new(base: &'a Url, max_entries: usize) -> Self {
        Self {
            base,
            max_entries,
            declared: Declared::default(),
            scope: Scope::default(),
            is_atom: false,
            reading: None,
            entry: None,
            author: None,
            language: None,
            head: String::new(),
            entries: String::new(),
            result: Canonical::default(),
        }
    }

    /// Rewrites `xml`.
    pub(super) fn write(mut self, xml: &str) -> Canonical {
        for token in Tokens::new(xml) {
            match token {
                Token::Doctype(inside) => self.declared.read(inside),
                Token::Text(text) => self.text(text, false),
                Token::Literal(text) => self.text(text, true),
                Token::Start { name, attributes, empty } => self.start(name, attributes, empty),
                Token::End { name } => self.end(name),
            }
        }
        self.finish_reading();
        let open = self.scope.close_all();
        self.closed(&open);
        self.end_entry();
        let mut atom = String::with_capacity(self.head.len() + self.entries.len() + 128);
        atom.push_str("<feed xmlns=\"http://www.w3.org/2005/Atom\"");
        if let Some(language) = &self.language {
            atom.push_str(" xml:lang=\"");
            push_escaped(&mut atom, language);
            atom.push('"');
        }
        atom.push('>');
        atom.push_str(&self.head);
        atom.push_str(&self.entries);
        atom.push_str("</feed>");
        Canonical { atom, too_deep: self.scope.dropped, ..self.result }
    }

    fn text(&mut self, text: &str, literal: bool) {
        if let Some(reading) = &mut self.reading {
            if literal { reading.content.literal(text) } else { reading.content.text(text, &self.declared) }
        } else if let Some(author) = &mut self.author {
            author.text.push_str(&super::references::decode(text, &self.declared));
        }
    }

    fn start(&mut self, name: &str, inside: &str, empty: bool) {
        if let Some(reading) = &mut self.reading {
            if reading.start(name, empty) {
                return;
            }
            self.finish_reading();
            self.scope.close_last();
        }
        let attributes = Attributes::read(inside, &self.declared);
        match self.scope.open(name, &attributes) {
            Some(role) => {
                self.element(role, name, &attributes);
                if empty {
                    self.finish_reading();
                    let closed = self.scope.close_last();
                    self.closed(&closed);
                }
            }
            None if empty => drop(self.scope.close(name)),
            None => {}
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(reading) = &mut self.reading {
            match reading.end(name) {
                End::Inside => return,
                End::This => {
                    self.finish_reading();
                    self.scope.close_last();
                    return;
                }
                End::Around => self.finish_reading(),
            }
        }
        let closed = self.scope.close(name);
        self.closed(&closed);
    }

    /// What an element that begins says.
    fn element(&mut self, role: Role, name: &str, attributes: &Attributes<'_>) {
        if role == Role::Entry {
            self.is_atom |= self.scope.depth() == 1;
            self.begin_entry(attributes);
            return;
        }
        if self.scope.is_skipped(self.entry.as_ref().map_or(0, |entry| entry.depth)) {
            return;
        }
        let kind = attributes.get("type");
        let mut form = Form::Plain;
        match role {
            Role::Feed => {
                self.result.is_feed = true;
                self.is_atom |= name.rsplit(':').next().is_some_and(|local| local.eq_ignore_ascii_case("feed"));
                let language = attributes.get("xml:lang").or(attributes.get("lang")).filter(|l| !l.is_empty());
                self.language = language.map(str::to_owned).or(self.language.take());
                return;
            }
            Role::Author => {
                self.author = Some(Author { depth: self.scope.depth(), ..Author::default() });
                return;
            }
            Role::Enclosure => {
                if let Some(href) = attributes.get("url").or(attributes.get("href")) {
                    self.link("enclosure", kind.unwrap_or_default(), href);
                }
                return;
            }
            Role::Skipped | Role::Unknown => return,
            Role::Person(_) if self.author.is_none() => return,
            Role::Link => {
                if let Some(href) = attributes.get("href").or(attributes.get("url")).or(attributes.get("uri")) {
                    self.link(&relation(attributes), kind.unwrap_or_default(), href);
                    return;
                }
            }
            Role::Text(_) => {
                let undeclared = if self.is_atom { Form::Plain } else { Form::Html };
                form = Form::declared(kind, attributes.get("mode"), undeclared);
            }
            _ => {}
        }
        let holds_xml = kind.is_some_and(|kind| kind.ends_with("xml"));
        let mut reading = Reading::new(role, name, self.scope.depth(), form, holds_xml);
        reading.link = (relation(attributes), kind.unwrap_or_default().to_owned());
        reading.permalink = attributes.get("ispermalink").is_none_or(|value| value.eq_ignore_ascii_case("true"));
        self.reading = Some(reading);
    }

    fn begin_entry(&mut self, attributes: &Attributes<'_>) {
        self.end_entry();
        self.result.is_feed = true;
        let discarded = self.result.extras.len() >= self.max_entries;
        self.entry = Some(Entry { depth: self.scope.depth(), discarded, ..Entry::default() });
        if discarded {
            self.result.discarded += 1;
            return;
        }
        let language = attributes.get("xml:lang").filter(|language| !language.is_empty()).map(str::to_owned);
        self.result.extras.push(Extra { language, ..Extra::default() });
        self.entries.push_str("<entry>");
        if let Some(about) = attributes.local("about") {
            self.put("id", "", about);
        }
        // The Channel Definition Format says in attributes what the others say in elements.
        if let Some(href) = attributes.get("href") {
            self.link("alternate", "", href);
        }
        if let Some(at) = attributes.get("lastmod").and_then(dates::parse) {
            self.put("updated", "", &at.to_string());
        }
    }

    fn end_entry(&mut self) {
        self.finish_author();
        if self.entry.take().is_some_and(|entry| !entry.discarded) {
            self.entries.push_str("</entry>");
        }
    }

    /// Acts on elements that ended.
    fn closed(&mut self, roles: &[Role]) {
        for role in roles {
            match role {
                Role::Entry if self.entry.as_ref().is_some_and(|entry| entry.depth > self.scope.depth()) => {
                    self.end_entry();
                }
                Role::Author => self.finish_author(),
                _ => {}
            }
        }
    }

    /// Writes what was read.
    fn finish_reading(&mut self) {
        let Some(reading) = self.reading.take() else { return };
        let Reading { role, content, depth, .. } = reading;
        if let Role::Text(kind) = role {
            let (text, is_html) = content.finish();
            if !text.is_empty() {
                self.text_element(kind, depth, &text, is_html);
            }
            return;
        }
        let text = content.characters();
        if text.is_empty() {
            return;
        }
        match role {
            // Some escape the ampersands of an address twice.
            Role::Link => self.link(&reading.link.0, &reading.link.1, &text.replace("&amp;", "&")),
            Role::Id => {
                let id = if reading.permalink { self.scope.resolve(&text) } else { text.clone() };
                self.put("id", "", &id);
                if reading.permalink {
                    self.link(PERMALINK, "", &text);
                }
            }
            Role::Date(date) => self.date(date, &text),
            Role::Person(part) => self.person(part, &text),
            Role::Language => match (&self.entry, self.result.extras.last_mut()) {
                (Some(entry), Some(extra)) if !entry.discarded => extra.language = Some(text),
                (Some(_), _) => {}
                (None, _) => self.language = Some(text),
            },
            Role::TimeToLive => self.result.ttl_minutes = text.parse().ok(),
            Role::OriginalLink => {
                let link = self.resolve(&text);
                if let Some(extra) = self.extra() {
                    extra.original_link = Some(link);
                }
            }
            _ => {}
        }
    }

    fn text_element(&mut self, kind: Text, depth: usize, text: &str, is_html: bool) {
        let kind_of_text = if is_html { " type=\"html\"" } else { "" };
        let Some(entry) = &mut self.entry else {
            if kind == Text::Title && !self.head.contains("<title") {
                self.put("title", kind_of_text, text);
            }
            return;
        };
        let name = match kind {
            // A title deeper inside belongs to a part of the entry.
            Text::Title if entry.title_depth.is_none_or(|known| depth < known) => {
                entry.title_depth = Some(depth);
                "title"
            }
            // Any title of the entry itself is better.
            Text::MediumTitle if entry.title_depth.is_none() => {
                entry.title_depth = Some(usize::MAX);
                "title"
            }
            Text::Summary if !entry.has_summary => {
                entry.has_summary = true;
                "summary"
            }
            // Whoever summarises twice means the longer one as the content.
            Text::Summary | Text::Content if !entry.has_content => {
                entry.has_content = true;
                "content"
            }
            _ => return,
        };
        self.put(name, kind_of_text, text);
    }

    fn date(&mut self, date: Date, text: &str) {
        let Some(at) = dates::parse(text) else { return };
        match date {
            Date::Published if self.entry.is_some() => self.put("published", "", &at.to_string()),
            Date::Updated if self.entry.is_some() => self.put("updated", "", &at.to_string()),
            Date::Created => {
                if let Some(extra) = self.extra() {
                    extra.created = Some(at);
                }
            }
            Date::Published | Date::Updated => {}
        }
    }

    fn person(&mut self, part: Person, text: &str) {
        if let Some(author) = &mut self.author {
            match part {
                Person::Name => text.clone_into(&mut author.name),
                Person::Email => text.clone_into(&mut author.email),
                Person::Uri => {}
            }
        }
    }

    fn finish_author(&mut self) {
        let Some(author) = self.author.take_if(|author| author.depth > self.scope.depth()) else { return };
        let (name, email) = match author.text.trim() {
            "" => (author.name, author.email),
            text if !author.name.is_empty() || text.is_empty() => (author.name, author.email),
            // "ann@example.org (Ann Lee)", as RSS wants it.
            text => match text.split_once('(') {
                Some((email, name)) if email.contains('@') => {
                    (name.trim_end_matches(')').to_owned(), email.trim().to_owned())
                }
                _ => (text.to_owned(), author.email),
            },
        };
        let mut inner = String::new();
        for (element, value) in [("name", name), ("email", email)] {
            if !value.trim().is_empty() {
                put(&mut inner, element, "", value.trim());
            }
        }
        if let Some(out) = self.out().filter(|_| !inner.is_empty()) {
            out.push_str("<author>");
            out.push_str(&inner);
            out.push_str("</author>");
        }
    }

    fn link(&mut self, relation: &str, media_type: &str, target: &str) {
        if target.trim().is_empty() {
            return;
        }
        let target = self.resolve(target);
        if self.entry.is_none() && !matches!(relation, "next" | "prev-archive") {
            return;
        }
        if let Some(out) = self.out() {
            out.push_str("<link");
            for (name, value) in [("rel", relation), ("type", media_type), ("href", &target)] {
                if !value.is_empty() {
                    out.push(' ');
                    out.push_str(name);
                    out.push_str("=\"");
                    push_escaped(out, value);
                    out.push('"');
                }
            }
            out.push_str("/>");
        }
    }

    /// `link` as it is meant here.
    fn resolve(&self, link: &str) -> String {
        let link = self.scope.resolve(link.trim());
        self.base.join(&link).map_or(link, String::from)
    }

    fn put(&mut self, name: &str, attributes: &str, text: &str) {
        if let Some(out) = self.out() {
            put(out, name, attributes, text);
        }
    }

    /// Where to write to; nowhere inside an entry that is discarded.
    fn out(&mut self) -> Option<&mut String> {
        match &self.entry {
            None => Some(&mut self.head),
            Some(entry) if entry.discarded => None,
            Some(_) => Some(&mut self.entries),
        }
    }

    fn extra(&mut self) -> Option<&mut Extra> {
        match &self.entry {
            Some(entry) if !entry.discarded => self.result.extras.last_mut(),
            _ => None,
        }
    }
}

fn put(out: &mut String, name: &str, attributes: &str, text: &str) {
    out.push('<');
    out.push_str(name);
    out.push_str(attributes);
    out.push('>');
    push_escaped(out, text);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// The relation of a link, which is that of an alternate form of the entry unless it says otherwise.
fn relation(attributes: &Attributes<'_>) -> String {
    attributes.get("rel").filter(|relation| !relation.is_empty()).unwrap_or("alternate").to_ascii_lowercase()
}
