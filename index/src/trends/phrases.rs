//! The words of an issue as people write them: its label, its terms, and a query that finds its posts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::terms::{Term, locate};
use super::words::{Kind, Splitter, Word};

/// The part of the worth of the best label from which an older one is kept.
const KEEP_LABEL: f64 = 0.6;
/// What a word of a label is worth that is no term of the issue.
const UNRELATED_WORD: f64 = 0.3;
/// The part of its worth that a label of a single word keeps.
const SINGLE_WORD: f64 = 0.4;
/// Words in a label at most.
const LABEL_WORDS: usize = 7;
/// Texts read at most; the newest say what the issue is called now.
const MAX_TEXTS: usize = 400;
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
    /// A query in the search grammar.
    pub(super) query: String,
}

/// Reads the texts of an issue, newest first, whose terms are `terms`, the strongest first. The label that it had is
/// kept while it fits nearly as well as the best.
pub(super) fn read(texts: &[Said], terms: &[Wanted], label: &str) -> Phrases {
    let wanted: HashSet<Term> = terms.iter().map(|wanted| wanted.term).collect();
    let mut counts = Counts::default();
    let mut splitter = Splitter::default();
    let mut words = Vec::new();
    for (number, said) in texts.iter().take(MAX_TEXTS).enumerate() {
        splitter.split(said.text, &mut words);
        counts.read(number, *said, &words, &wanted);
    }
    let wording: HashMap<Term, String> =
        counts.wordings.iter().filter_map(|(&term, forms)| Some((term, most_usual(forms)?))).collect();
    let query = query(terms, &wording, &counts.texts_with, texts.len().min(MAX_TEXTS));
    Phrases { label: counts.label(label), wording, query }
}

#[derive(Default)]
struct Counts {
    /// Phrases by the hashes of their words.
    phrases: HashMap<Vec<u32>, Phrase>,
    wordings: HashMap<Term, BTreeMap<String, u32>>,
    texts_with: HashMap<Term, BTreeSet<usize>>,
}

#[derive(Default)]
struct Phrase {
    voices: HashSet<u64>,
    forms: BTreeMap<String, u32>,
    /// Its words that carry meaning; those that are no terms of the issue count for less.
    length: f64,
    words: usize,
}

impl Counts {
    fn read(&mut self, number: usize, said: Said, words: &[Word], wanted: &HashSet<Term>) {
        let mut matched = vec![false; words.len()];
        for located in locate(words).filter(|located| wanted.contains(&located.term)) {
            matched[located.first..=located.last].fill(true);
            self.texts_with.entry(located.term).or_default().insert(number);
            let form = form(said.text, &words[located.first..=located.last]);
            if form.len() <= PHRASE_BYTES {
                *self.wordings.entry(located.term).or_default().entry(form).or_default() += 1;
            }
        }
        for first in 0..words.len() {
            for last in first..words.len().min(first + LABEL_WORDS) {
                if words[last].in_hashtag || (last > first && words[last].after_break) {
                    break;
                }
                let is_whole = [first, last].iter().all(|&end| words[end].kind != Kind::Stop);
                if is_whole && matched[first..=last].contains(&true) {
                    self.count(said, &words[first..=last], &matched[first..=last]);
                }
            }
        }
    }

    fn count(&mut self, said: Said, words: &[Word], matched: &[bool]) {
        let phrase = self.phrases.entry(words.iter().map(|word| word.hash).collect()).or_default();
        phrase.voices.insert(said.who);
        *phrase.forms.entry(form(said.text, words)).or_default() += 1;
        let content = words.iter().zip(matched).filter(|(word, _)| word.kind != Kind::Stop);
        phrase.length = content.map(|(_, &matched)| if matched { 1.0 } else { UNRELATED_WORD }).sum();
        phrase.words = words.len();
    }

    /// The most specific phrase that is frequent: each word more has to be worth the voices that it loses.
    fn label(&self, before: &str) -> Option<String> {
        let frequent = self.phrases.values().filter(|phrase| phrase.voices.len() >= 2);
        let named: Vec<(f64, String)> =
            frequent.filter_map(|phrase| Some((phrase.worth(), capitalised(&most_usual(&phrase.forms)?)))).collect();
        let best = named.iter().max_by(|(one, a), (two, b)| one.total_cmp(two).then_with(|| b.cmp(a)))?;
        let still_fits = named.iter().find(|(worth, label)| label == before && *worth >= KEEP_LABEL * best.0);
        Some(still_fits.unwrap_or(best).1.clone())
    }
}

impl Phrase {
    fn worth(&self) -> f64 {
        let part = if self.words == 1 { SINGLE_WORD } else { 1.0 };
        part * self.voices.len() as f64 * self.length.powf(1.3)
    }
}

/// The words as they stand in the text, with single spaces.
fn form(text: &str, words: &[Word]) -> String {
    let (first, last) = (words[0], words[words.len() - 1]);
    let between = text[first.start..last.end].split_whitespace();
    between.collect::<Vec<_>>().join(" ").replace(['"', '“', '”', '#'], "")
}

fn most_usual(forms: &BTreeMap<String, u32>) -> Option<String> {
    forms.iter().max_by(|(one, a), (two, b)| a.cmp(b).then_with(|| two.cmp(one))).map(|(form, _)| form.clone())
}

fn capitalised(phrase: &str) -> String {
    let mut symbols = phrase.chars();
    symbols.next().map_or_else(String::new, |first| first.to_uppercase().chain(symbols).collect())
}

/// Phrases joined by OR, each time the one that finds most of the posts not found yet; of two that find about as many,
/// the one that is used for little else.
fn query(
    terms: &[Wanted],
    wording: &HashMap<Term, String>,
    texts_with: &HashMap<Term, BTreeSet<usize>>,
    texts: usize,
) -> String {
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
