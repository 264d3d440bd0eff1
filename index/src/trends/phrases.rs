//! The words of an issue as people write them: its label, its terms, and a query that finds its posts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::label;
use super::terms::{Located, Term, locate};
use super::words::{Splitter, Word};

/// Texts read at most; the newest say what the issue is called now.
const MAX_TEXTS: usize = 300;
/// Phrases in a query at most, and the part of the posts that they should find.
const QUERY_PHRASES: usize = 6;
const QUERY_COVERAGE: f64 = 0.9;
/// The longest phrase of a query, in bytes.
const PHRASE_BYTES: usize = 60;

/// A text of an issue and who wrote it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) who: u64,
    pub(super) text: &'a str,
}

/// A term of an issue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) term: Term,
    /// The part of its use that is due to the rise.
    pub(super) attributable: f64,
}

/// What the texts of an issue yield.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    /// The label, or `None` where no phrase is used by two voices.
    pub(super) label: Option<String>,
    /// The most usual wording of each term.
    pub(super) wording: HashMap<Term, String>,
    /// A query in the search grammar; empty where no text has a term.
    pub(super) query: String,
}

/// A text as it was read.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) said: Said<'a>,
    pub(super) words: Vec<Word>,
    /// Where the terms of the issue stand in it.
    pub(super) terms: Vec<Located>,
}

/// Which texts have each term, by their positions.
type TextsWith = HashMap<Term, BTreeSet<usize>>;

/// Reads the texts of an issue, newest first, whose terms are `terms`, the strongest first. The label that it had is
/// kept while it fits nearly as well as the best.
pub(super) fn read(texts: &[Said], terms: &[Wanted], label: &str) -> Phrases {
    let wanted: BTreeSet<Term> = terms.iter().map(|wanted| wanted.term).collect();
    let mut splitter = Splitter::default();
    let texts: Vec<Text> = texts
        .iter()
        .take(MAX_TEXTS)
        .map(|&said| {
            let mut words = Vec::new();
            splitter.split(said.text, &mut words);
            let terms = locate(&words).filter(|located| wanted.contains(&located.term)).collect();
            Text { said, words, terms }
        })
        .collect();
    let mut texts_with = TextsWith::new();
    for (number, text) in texts.iter().enumerate() {
        for located in &text.terms {
            texts_with.entry(located.term).or_default().insert(number);
        }
    }
    let coverage: HashMap<Term, f64> =
        texts_with.iter().map(|(&term, with)| (term, with.len() as f64 / texts.len() as f64)).collect();
    let wording = wording(&texts);
    let query = query(terms, &wording, &texts_with, texts.len());
    Phrases { label: label::choose(&texts, &coverage, label), wording, query }
}

/// The words as they stand in the text, with single spaces.
pub(super) fn form(text: &str, words: &[Word]) -> String {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return String::new() };
    let between = text[first.start..last.end].split_whitespace();
    between.collect::<Vec<_>>().join(" ").replace(['"', '“', '”', '#'], "")
}

/// The form that occurs most.
pub(super) fn most_usual(forms: &BTreeMap<String, u32>) -> Option<&str> {
    forms.iter().max_by(|(one, a), (two, b)| a.cmp(b).then_with(|| two.cmp(one))).map(|(form, _)| form.as_str())
}

fn wording(texts: &[Text]) -> HashMap<Term, String> {
    let mut forms: HashMap<Term, BTreeMap<String, u32>> = HashMap::new();
    for text in texts {
        for located in &text.terms {
            let form = form(text.said.text, &text.words[located.first..=located.last]);
            if form.len() <= PHRASE_BYTES {
                *forms.entry(located.term).or_default().entry(form).or_default() += 1;
            }
        }
    }
    forms.into_iter().filter_map(|(term, forms)| Some((term, most_usual(&forms)?.to_owned()))).collect()
}

/// Phrases joined by OR, each time the one that finds most of the posts not found yet; of two that find about as many,
/// the one that is used for little else.
fn query(terms: &[Wanted], wording: &HashMap<Term, String>, texts_with: &TextsWith, texts: usize) -> String {
    let mut found: BTreeSet<usize> = BTreeSet::new();
    let mut phrases: Vec<String> = Vec::new();
    while phrases.len() < QUERY_PHRASES && (found.len() as f64) < QUERY_COVERAGE * texts as f64 {
        let gain = |term: Term| texts_with.get(&term).map_or(0, |with| with.difference(&found).count());
        let worth = |wanted: &Wanted| gain(wanted.term) as f64 * wanted.attributable.powi(3);
        let usable = terms.iter().filter(|wanted| wording.contains_key(&wanted.term));
        // Of equals, `max_by` takes the last: the stronger term stands first in the list.
        let best = usable.rev().max_by(|one, two| worth(one).total_cmp(&worth(two)));
        let Some(best) = best.filter(|best| gain(best.term) > 0) else { break };
        let phrase = quoted(&wording[&best.term]);
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
        found.extend(&texts_with[&best.term]);
    }
    phrases.join(" OR ")
}

/// A phrase in the search grammar. Single words are quoted too: "Not" and "near" are operators in capitals.
fn quoted(phrase: &str) -> String {
    format!("\"{phrase}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<Wanted> {
        let mut words = Vec::new();
        Splitter::default().split(text, &mut words);
        locate(&words).map(|located| Wanted { term: located.term, attributable: 1.0 }).collect()
    }

    fn said(texts: &[&'static str]) -> Vec<Said<'static>> {
        texts.iter().zip(0..).map(|(text, who)| Said { who, text }).collect()
    }

    #[test]
    fn the_label_is_a_phrase_in_natural_order_and_case() {
        let texts = said(&[
            "Insulin pens out of stock again in Leeds",
            "no insulin pens out of stock they say, come back Friday",
            "Third chemist: Insulin pens out of stock. Is anyone listening?",
            "where can I find insulin pens",
        ]);
        let phrases = read(&texts, &terms("insulin pens stock"), "");
        assert_eq!(phrases.label.as_deref(), Some("Insulin pens out of stock"));
        assert!(["\"insulin\"", "\"Insulin\""].contains(&phrases.query.as_str()), "{}", phrases.query);
    }

    #[test]
    fn the_query_covers_posts_that_share_no_word() {
        let texts = said(&[
            "the lift is broken at the clinic",
            "stairs only at the clinic, lift broken",
            "my scooter, no ramp",
        ]);
        let phrases = read(&texts, &terms("lift broken. ramp"), "");
        assert_eq!(phrases.query, r#""lift" OR "ramp""#);
    }

    #[test]
    fn a_word_that_is_used_for_much_else_finds_less_than_a_phrase_of_its_own() {
        let texts = said(&["the records system crashed", "records system down", "no records today, system error"]);
        let mut terms = terms("records system");
        terms[0].attributable = 0.7;
        terms[1].attributable = 0.5;
        assert!(read(&texts, &terms, "").query.starts_with(r#""records system""#));
    }

    #[test]
    fn a_single_voice_names_nothing() {
        let text = Said { who: 1, text: "sack the chief" };
        assert_eq!(read(&[text, text], &terms("sack chief"), "").label, None);
    }
}
