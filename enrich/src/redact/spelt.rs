//! E-mail addresses that are spelt out so that machines do not read them: "jo at example dot com", "jo (at) example.org".

use regex::Regex;

use super::Span;

/// A name, an "at" or a spaced @, and a domain whose dots may be words. The last part is of those that people here have, since
/// "look at the dot on the scan" is no address.
const ADDRESS: &str = r"(?xi-u)
    (?P<local> [a-z0-9] [a-z0-9._%+'-]* )
    (?: \s* (?: [(\[{<] \s* at \s* [)\]}>] ) \s* | (?P<hyphens> -at- ) | \s{0,3} @ \s{0,3} | \s+ (?P<word> at ) \s+ )
    [a-z0-9] [a-z0-9-]*
    (?: (?P<dot> \s* (?: [(\[{<] \s* (?: dot | \. ) \s* [)\]}>] ) \s* | -dot- | \s+ dot \s+ | \s+ \. \s* ) | \. )
    (?: [a-z0-9-]+ (?: \s* [(\[{<] \s* dot \s* [)\]}>] \s* | -dot- | \s+ dot \s+ | \. ) ){0,3}
    (?: com | co | uk | org | net | io | info | me | nhs | gov | ac | edu | eu | ie | scot | wales | cymru | london | example )
    \b";

/// Words before "at" that are no name of an account.
const NO_NAMES: [&str; 24] = [
    "look",
    "looking",
    "available",
    "apply",
    "book",
    "booking",
    "e.g.",
    "i.e.",
    "found",
    "go",
    "here",
    "info",
    "is",
    "it",
    "more",
    "now",
    "online",
    "read",
    "register",
    "see",
    "sign",
    "up",
    "us",
    "visit",
];

/// Finds spelt-out addresses.
pub(super) struct Spelt {
    address: Regex,
}

impl Spelt {
    pub(super) fn new() -> Self {
        Self { address: Regex::new(ADDRESS).expect("the pattern is fixed and tested") }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for address in self.address.captures_iter(text) {
            let (Some(whole), Some(local)) = (address.get(0), address.name("local")) else { continue };
            let in_words = address.name("word").or(address.name("hyphens")).is_some();
            let dot_is_plain = address.name("dot").is_none();
            let name = local.as_str().to_ascii_lowercase();
            // "Sign up at example.org" names a site: only a name that looks like one, or a word before it, makes it an address.
            let is_site = in_words
                && (NO_NAMES.contains(&name.as_str()) || (dot_is_plain && !is_addressed(text, local.start(), &name)));
            if !is_site {
                found.push(Span { start: whole.start(), end: whole.end(), replacement: "[email]".into() });
            }
        }
    }
}

/// Whether the name looks like that of an account, or a word before it speaks of writing.
fn is_addressed(text: &str, start: usize, name: &str) -> bool {
    let from = text[..start].char_indices().rev().nth(20).map_or(0, |(index, _)| index);
    let near = text[from..start].to_ascii_lowercase();
    name.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_'))
        || ["email", "e-mail", "mail", "write to", "contact"].iter().any(|cue| near.contains(cue))
}
