//! Which posts are wanted. The stream holds everything that everybody says, of which we keep a thousandth, so what is
//! not wanted is told by a search in its bytes, before any of it is parsed.

use aho_corasick::{AhoCorasick, Match};

/// Tells wanted posts, and the events that concern posts we may have.
#[derive(Debug)]
pub(super) struct Filter {
    /// Over the bytes of an event, in any case: the words in all forms that JSON can give them, and then [`MARKS`].
    quick: AhoCorasick,
    /// For each pattern of `quick` that is a word, whether it may go on behind.
    open: Vec<bool>,
    /// Over text in lower case.
    exact: AhoCorasick,
    exact_open: Vec<bool>,
    /// In lower case, without `#`.
    tags: Vec<String>,
    /// Primary subtags in lower case; all languages if it is empty.
    languages: Vec<String>,
}

/// JSON strings that tell an event that is no new post. Inside a longer string they cannot stand, because there each `"`
/// has a `\` before it.
const MARKS: [&str; 7] = ["\"delete\"", "\"update\"", "\"account\"", "#account\"", "#info\"", "\"error\"", "\"info\""];

impl Filter {
    /// Wants posts with any of `keywords`, which may be hashtags, in one of `languages`.
    pub(super) fn new(keywords: &[String], languages: &[String]) -> Self {
        let (tags, words): (Vec<&String>, Vec<&String>) = keywords.iter().partition(|word| word.starts_with('#'));
        let tags: Vec<String> = tags.iter().map(|tag| tag.trim_start_matches('#').to_lowercase()).collect();
        let words: Vec<(String, bool)> = words.iter().map(|word| stem(word)).collect();
        let wanted = words.iter().cloned().chain(tags.iter().map(|tag| (tag.clone(), false)));
        let (mut patterns, mut open) = (Vec::new(), Vec::new());
        for (word, any_ending) in wanted {
            for form in json_forms(&word) {
                patterns.push(form);
                open.push(any_ending);
            }
        }
        patterns.extend(MARKS.map(str::to_owned));
        let quick = AhoCorasick::builder().ascii_case_insensitive(true).build(&patterns);
        let exact = AhoCorasick::new(words.iter().map(|(word, _)| word.to_lowercase()));
        Self {
            quick: quick.expect("a few hundred short patterns fit"),
            open,
            exact: exact.expect("a few hundred short patterns fit"),
            exact_open: words.into_iter().map(|(_, open)| open).collect(),
            tags,
            languages: languages.iter().map(|language| primary(language)).collect(),
        }
    }

    /// Whether the event with these bytes may concern us. "No" is certain, "yes" is not.
    pub(super) fn may_concern_us(&self, json: &[u8]) -> bool {
        self.quick.find_overlapping_iter(json).any(|found| match self.open.get(found.pattern().as_usize()) {
            Some(open) => stands_alone_in_json(json, &found, *open),
            None => true,
        })
    }

    /// Whether a post is wanted; `tags` are those that are not in its text.
    pub(super) fn wants(&self, text: &str, tags: &[&str], languages: &[&str]) -> bool {
        let known = self.languages.is_empty()
            || languages.is_empty()
            || languages.iter().any(|language| self.languages.contains(&primary(language)));
        known && (tags.iter().any(|tag| self.has_tag(tag)) || self.has_word(&text.to_lowercase()))
    }

    fn has_tag(&self, tag: &str) -> bool {
        let tag = tag.trim_start_matches('#').to_lowercase();
        self.tags.contains(&tag) || self.has_word(&tag)
    }

    /// `text` is in lower case.
    fn has_word(&self, text: &str) -> bool {
        let word = self.exact.find_overlapping_iter(text).any(|found| {
            let before = text[..found.start()].chars().next_back();
            let behind = text[found.end()..].chars().next();
            !before.is_some_and(char::is_alphanumeric)
                && (self.exact_open[found.pattern().as_usize()] || !behind.is_some_and(char::is_alphanumeric))
        });
        word || (!self.tags.is_empty() && hashtags(text).any(|tag| self.tags.iter().any(|wanted| wanted == tag)))
    }
}

/// The hashtags in `text`, without `#`.
fn hashtags(text: &str) -> impl Iterator<Item = &str> {
    text.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

/// A keyword without its `*`, and whether it had one.
fn stem(keyword: &str) -> (String, bool) {
    match keyword.strip_suffix('*') {
        Some(stem) => (stem.to_owned(), true),
        None => (keyword.to_owned(), false),
    }
}

fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// How JSON may write `word`: letters beyond ASCII and `& < >` as they are, or as `\u` and four digits.
fn json_forms(word: &str) -> Vec<String> {
    let mut forms = Vec::new();
    // The automaton ignores case for ASCII only.
    for cased in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
        for escaped in [
            |_: char| false,
            |c: char| !c.is_ascii(),
            |c: char| "&<>'".contains(c),
            |c: char| !c.is_ascii() || "&<>'".contains(c),
        ] {
            let mut form = String::new();
            for c in cased.chars() {
                let mut units = [0_u16; 2];
                if escaped(c) {
                    form.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
                } else {
                    form.push(c);
                }
            }
            form.make_ascii_lowercase();
            forms.push(form);
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Whether what was found is not a part of a longer ASCII word. What stands before it may be an escape such as `\n`.
fn stands_alone_in_json(json: &[u8], found: &Match, open: bool) -> bool {
    let before = &json[..found.start()];
    let begins = match before {
        [.., b'\\', last] if b"nrtbf".contains(last) => true,
        [.., b'\\', b'u', _, _, _, _] | [] => true,
        [.., last] => !last.is_ascii_alphanumeric(),
    };
    begins && (open || json.get(found.end()).is_none_or(|next| !next.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn filter() -> Filter {
        let strings = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        Filter::new(&strings(&["NHS", "GP", "A&E", "waiting list*", "Élan", "#SaveOurNHS"]), &strings(&["en", "cy"]))
    }

    #[test]
    fn words_are_whole_and_of_any_case() {
        let filter = filter();
        for text in ["the nhs.", "NHS", "my GP?", "a&e was full", "Waiting lists grow", "é ÉLAN", "ok #saveournhs!"] {
            assert!(filter.wants(text, &[], &[]), "{text}");
        }
        for text in ["my GPU", "enhanced", "waitinglist", "saveournhs", "#saveournhsnow", ""] {
            assert!(!filter.wants(text, &[], &[]), "{text}");
        }
        assert!(filter.wants("no word", &["NHS"], &[]) && filter.wants("no word", &["SAVEOURNHS"], &[]));
    }

    #[test]
    fn languages_are_told_by_their_first_part_and_none_is_any() {
        let filter = filter();
        assert!(filter.wants("NHS", &[], &["en-GB"]) && filter.wants("NHS", &[], &["fr", "cy"]));
        assert!(!filter.wants("NHS", &[], &["fr"]));
        assert!(filter.wants("NHS", &[], &[]));
    }

    #[test]
    fn every_event_about_posts_we_may_have_passes() {
        let filter = filter();
        for json in [
            r#"{"commit":{"operation":"delete"}}"#,
            r#"{"commit":{"operation": "update"}}"#,
            r#"{"kind":"account"}"#,
            r#"{"$type":"network.bsky.jetstream.subscribeEvents#account"}"#,
            r#"{"$type":"error"}"#,
            r#"{"text":"line\nnhs"}"#,
            r#"{"text":"\u00e9lan"}"#,
            r#"{"text":"A\u0026E"}"#,
        ] {
            assert!(filter.may_concern_us(json.as_bytes()), "{json}");
        }
        for json in [r#"{"operation":"create","text":"say \"delete\" or \"account\""}"#, r#"{"cid":"bafynhsgp"}"#] {
            assert!(!filter.may_concern_us(json.as_bytes()), "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_wanted_is_never_dropped_unparsed(
            text in "([ \\n\"\\\\<>&'#.]|NHS|nhs|gp|A&E|[Éé][lL]an|waiting list|SaveOurNHS|[a-zé😀]){0,12}",
            ascii in any::<bool>(),
        ) {
            let mut json = json!({"commit": {"operation": "create", "record": {"text": &text}}}).to_string();
            if ascii {
                let mut units = [0; 2];
                json = json.chars().map(|c| if c.is_ascii() && !"<>&".contains(c) { c.to_string() } else {
                    c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect()
                }).collect();
            }
            let filter = filter();
            prop_assert!(!filter.wants(&text, &[], &[]) || filter.may_concern_us(json.as_bytes()), "{}", json);
        }
    }
}
