//! What an issue is called: a phrase that many of its voices use, in natural order and case.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::phrases::{Text, form, most_usual};
use super::terms::Term;
use super::words::{Kind, mix};

/// Words in a label at most.
const WORDS: usize = 7;
/// What a word with a meaning is worth beside the part of the texts that use it.
const ANY_WORD: f64 = 0.2;
/// The part of its worth that a label of a single word keeps.
const SINGLE_WORD: f64 = 0.25;
/// How much more a longer phrase is worth than its words one by one.
const LENGTH: f64 = 1.3;
/// The part of the worth of the best label from which an older one is kept.
const KEEP: f64 = 0.6;
/// Phrases looked at closely.
const FINALISTS: usize = 30;

/// The most specific phrase that is frequent: each word more has to be worth the voices that it loses, and words that
/// many of the texts use are worth most. `coverage` is the part of the texts that have each term; `before` is the label
/// until now, which stays while it is nearly as good. `None` where no two voices share a phrase.
pub(super) fn choose(texts: &[Text], coverage: &HashMap<Term, f64>, before: &str) -> Option<String> {
    let mut rough: HashMap<u64, Phrase> = HashMap::new();
    for text in texts {
        each_phrase(text, coverage, |key, _, weight| {
            rough.entry(key).or_insert(Phrase { weight, texts: 0 }).texts += 1;
        });
    }
    let mut finalists: Vec<(f64, u64)> = rough
        .iter()
        .filter(|(_, phrase)| phrase.texts >= 2)
        .map(|(&key, phrase)| (phrase.weight * f64::from(phrase.texts), key))
        .collect();
    finalists.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)));
    finalists.truncate(FINALISTS);
    let finalists: BTreeMap<u64, f64> = finalists.into_iter().map(|(_, key)| (key, rough[&key].weight)).collect();

    let named = named(texts, coverage, &finalists);
    let best = named.iter().max_by(|(one, a), (two, b)| one.total_cmp(two).then_with(|| b.cmp(a)))?;
    let still_fits = named.iter().find(|(worth, label)| label == before && *worth >= KEEP * best.0);
    Some(still_fits.unwrap_or(best).1.clone())
}

struct Phrase {
    weight: f64,
    texts: u32,
}

/// The worth and the usual wording of each finalist that two voices or more use.
fn named(texts: &[Text], coverage: &HashMap<Term, f64>, finalists: &BTreeMap<u64, f64>) -> Vec<(f64, String)> {
    let mut used: BTreeMap<u64, (BTreeSet<u64>, BTreeMap<String, u32>)> = BTreeMap::new();
    for text in texts {
        each_phrase(text, coverage, |key, words, _| {
            if finalists.contains_key(&key) {
                let (voices, forms) = used.entry(key).or_default();
                voices.insert(text.said.who);
                *forms.entry(form(text.said.text, &text.words[words])).or_default() += 1;
            }
        });
    }
    used.iter()
        .filter(|(_, (voices, _))| voices.len() >= 2)
        .filter_map(|(key, (voices, forms))| {
            Some((finalists[key] * voices.len() as f64, capitalised(most_usual(forms)?)))
        })
        .collect()
}

/// Calls `visit` with the hash, the place and the weight of every phrase of a text that could be a label: it has a term
/// of the issue, does not begin or end with a stop word, and lies in one clause outside hashtags.
fn each_phrase(text: &Text, coverage: &HashMap<Term, f64>, mut visit: impl FnMut(u64, std::ops::Range<usize>, f64)) {
    let mut matched = vec![0.0_f64; text.words.len()];
    for located in &text.terms {
        let part = coverage.get(&located.term).copied().unwrap_or(0.0);
        for word in &mut matched[located.first..=located.last] {
            *word = word.max(part);
        }
    }
    for first in 0..text.words.len() {
        let (mut key, mut sum, mut best) = (0, 0.0, 0.0_f64);
        for (last, (word, &part_of)) in text.words.iter().zip(&matched).enumerate().skip(first).take(WORDS) {
            if word.in_hashtag || (last > first && word.after_break) {
                break;
            }
            key = mix(key ^ u64::from(word.hash)).wrapping_add(1);
            if word.kind != Kind::Stop {
                sum += ANY_WORD + part_of;
                best = best.max(part_of);
            }
            if word.kind != Kind::Stop && text.words[first].kind != Kind::Stop && best > 0.0 {
                let part = if first == last { SINGLE_WORD } else { 1.0 };
                visit(key, first..last + 1, part * sum.powf(LENGTH));
            }
        }
    }
}

fn capitalised(phrase: &str) -> String {
    let mut symbols = phrase.chars();
    symbols.next().map_or_else(String::new, |first| first.to_uppercase().chain(symbols).collect())
}
