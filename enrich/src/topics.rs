//! What a post is about: phrases of `config/topics.toml`, found in one pass, and for the subjects that have labelled
//! examples, heads learned from them.

mod explain;
mod learned;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use aho_corasick::AhoCorasick;
use bus::config_file::{self, ConfigError};
use bus::{Enriched, Post, TopicTag};
use serde::Deserialize;
use toml::Spanned;

use crate::Enricher;
use crate::text::{ends_word, starts_word, tagged_part};
pub use explain::{Explanation, Reason};
use learned::Learned;
pub(crate) use learned::features as learned_features;

/// One subject that posts are tagged with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The name in files, URLs and tags.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// The heading that it is listed under.
    pub group: String,
    /// What belongs to it, in a sentence or two.
    pub definition: String,
}

/// All subjects, ready to be found.
pub struct Topics {
    all: Vec<Topic>,
    automaton: AhoCorasick,
    /// What the patterns mean, in their order.
    phrases: Vec<Phrase>,
    /// The names under which labelled data knows the subjects, reduced to their letters and digits.
    names: HashMap<String, usize>,
    /// The heads of the subjects that have labelled examples.
    learned: Option<Learned>,
}

/// How much one phrase of several words tells, and one word alone. Confidence is the probability that at least one of
/// the phrases found means the subject, as if each did so independently: 1 - product of (1 - weight).
const PHRASE_WEIGHT: f32 = 0.6;
const WORD_WEIGHT: f32 = 0.45;

/// Subjects of one post beyond these are its wording rather than its matter.
pub(crate) const MAX_TOPICS: usize = 8;

impl Topics {
    /// Reads `topics.toml`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = config_file::read_text(path)?;
        let file: TopicsFile = config_file::parse(path, &text)?;
        validate(&file.topic).map_err(|fault| fault.into_error(path, &text))?;
        Ok(Self::new(file.topic))
    }

    /// The same, with the heads in `models/` of `config_dir`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn load_with_heads(config_dir: &Path) -> Result<Self, ConfigError> {
        let topics = Self::load(&config_dir.join("topics.toml"))?;
        let learned = Learned::load(&config_dir.join("models"), &topics)?;
        Ok(Self { learned: Some(learned), ..topics })
    }

    /// The place in the file of the subject that labelled data calls `name`: its slug, its name, or one of `also`.
    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        self.names.get(&letters(name)).copied()
    }

    /// All subjects, in the order of the file.
    pub fn all(&self) -> &[Topic] {
        &self.all
    }

    /// The subject with this slug.
    pub fn get(&self, slug: &str) -> Option<&Topic> {
        self.all.iter().find(|topic| topic.slug == slug)
    }

    /// No subjects at all.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self::new(Vec::new())
    }

    fn new(rows: Vec<Row>) -> Self {
        let mut phrases = Vec::new();
        let mut spellings = Vec::new();
        for (topic, row) in rows.iter().enumerate() {
            let seeds = row.seeds.iter().map(|seed| (seed, false));
            let exclusions = row.exclusions.iter().map(|exclusion| (exclusion, true));
            for (phrase, excludes) in seeds.chain(exclusions) {
                let (plain, open) = match phrase.get_ref().strip_suffix('*') {
                    Some(stem) => (stem, true),
                    None => (phrase.get_ref().as_str(), false),
                };
                let weight = if plain.contains([' ', '-']) { PHRASE_WEIGHT } else { WORD_WEIGHT };
                for spelling in with_curly_apostrophe(plain) {
                    spellings.push(spelling);
                    phrases.push(Phrase { topic, spelling: phrase.get_ref().clone(), open, excludes, weight });
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&spellings)
            .expect("a file of phrases is far smaller than an automaton may be");
        let mut names = HashMap::new();
        for (topic, row) in rows.iter().enumerate() {
            let own = [row.slug.get_ref(), &row.name];
            names.extend(own.into_iter().chain(&row.also).map(|name| (letters(name), topic)));
        }
        let all = rows.into_iter().map(Row::into_topic).collect();
        Self { all, automaton, phrases, names, learned: None }
    }

    /// The subjects of a post, surest first. The heads are asked only of texts in English, the language of the examples.
    fn tags(&self, post: &Post, english: bool) -> Vec<TopicTag> {
        let mut judged = Vec::new();
        for text in [post.title.as_deref(), Some(post.text.as_str())].into_iter().flatten() {
            self.judge(tagged_part(text), english, &mut judged);
        }
        judged.sort_unstable_by(surest_first);
        self.tags_of(&judged)
    }

    /// The tags for (subject, confidence), surest first.
    pub(crate) fn tags_of(&self, judged: &[(usize, f32)]) -> Vec<TopicTag> {
        let mut tags: Vec<TopicTag> = Vec::new();
        for (topic, confidence) in judged {
            let slug = &self.all[*topic].slug;
            if !tags.iter().any(|tag| tag.topic == *slug) {
                tags.push(TopicTag { topic: slug.clone(), confidence: *confidence, sentiment: None });
            }
        }
        tags.truncate(MAX_TOPICS);
        tags
    }

    /// Adds (subject, confidence) for every subject of `text`.
    pub(crate) fn judge(&self, text: &str, english: bool, judged: &mut Vec<(usize, f32)>) {
        let by_seeds = self.by_seeds(text);
        match &self.learned {
            Some(learned) if english => learned.judge(text, &by_seeds, judged),
            _ => judged.extend(by_seeds),
        }
    }

    /// The subjects of an English text in one piece, with probabilities and thresholds that `blend` makes of the scores of
    /// the heads.
    pub(crate) fn judge_blended(
        &self,
        text: &str,
        thresholds: &[f32],
        blend: impl FnOnce(&[f32]) -> Vec<f32>,
    ) -> Vec<(usize, f32)> {
        let mut judged = Vec::new();
        let by_seeds = self.by_seeds(text);
        match &self.learned {
            Some(learned) => {
                let probabilities = blend(&learned.scores(text, &by_seeds));
                learned.decide(&probabilities, thresholds, &by_seeds, &mut judged);
            }
            None => judged.extend(by_seeds),
        }
        judged.sort_unstable_by(surest_first);
        judged
    }

    /// What the learned heads are called; nothing where there are none.
    pub(crate) fn head_labels(&self) -> &[String] {
        self.learned.as_ref().map_or(&[], Learned::labels)
    }

    /// (subject, confidence) for every subject that has a seed in the text.
    fn by_seeds(&self, text: &str) -> Vec<(usize, f32)> {
        let seeds = self.seeds(text);
        seeds
            .chunk_by(|a, b| a.0 == b.0)
            .map(|phrases| {
                let doubt: f32 = phrases.iter().map(|&(_, phrase)| 1.0 - self.phrases[phrase].weight).product();
                (phrases[0].0, 1.0 - doubt)
            })
            .collect()
    }

    /// The places of the subjects of an English text.
    pub(crate) fn subjects_of(&self, text: &str) -> Vec<usize> {
        let mut judged = Vec::new();
        self.judge(tagged_part(text), true, &mut judged);
        judged.sort_unstable_by(surest_first);
        judged.into_iter().map(|(place, _)| place).take(MAX_TOPICS).collect()
    }

    /// (subject, phrase) for every seed in `text`, each once, in order.
    fn seeds(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        self.find(text, &mut found);
        // The same phrase said twice does not make a post more about its subject.
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The subjects that have a seed in the text.
    pub(crate) fn with_seeds(&self, text: &str) -> Vec<usize> {
        self.seeds(text).chunk_by(|a, b| a.0 == b.0).map(|seeds| seeds[0].0).collect()
    }

    /// Adds (topic, phrase) for every seed in `text` that is not inside an exclusion of its topic.
    fn find(&self, text: &str, found: &mut Vec<(usize, usize)>) {
        let mut seeds: Vec<(usize, Range<usize>)> = Vec::new();
        let mut excluded: Vec<(usize, Range<usize>)> = Vec::new();
        for m in self.automaton.find_overlapping_iter(text) {
            let index = m.pattern().as_usize();
            let phrase = &self.phrases[index];
            if starts_word(text, m.start()) && (phrase.open || ends_word(text, m.end())) {
                if phrase.excludes {
                    excluded.push((phrase.topic, m.range()));
                } else {
                    seeds.push((index, m.range()));
                }
            }
        }
        found.extend(seeds.into_iter().filter_map(|(index, at)| {
            let topic = self.phrases[index].topic;
            let inside = |(other, range): &(usize, Range<usize>)| {
                *other == topic && range.start <= at.start && at.end <= range.end
            };
            (!excluded.iter().any(inside)).then_some((topic, index))
        }));
    }
}

impl Enricher for Topics {
    fn name(&self) -> &'static str {
        "topics"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            let english = item.language.as_deref() == Some("en");
            item.topics = self.tags(&item.post, english);
        }
    }
}

/// What a pattern of the automaton means.
struct Phrase {
    topic: usize,
    /// As the file has it.
    spelling: String,
    /// Whether longer words that begin like it count too.
    open: bool,
    /// Whether it hides seeds rather than being one.
    excludes: bool,
    weight: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicsFile {
    topic: Vec<Row>,
}

/// A `[[topic]]` of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    slug: Spanned<String>,
    name: String,
    group: String,
    definition: String,
    #[serde(default)]
    seeds: Vec<Spanned<String>>,
    #[serde(default)]
    exclusions: Vec<Spanned<String>>,
    /// Only people give it: it has no seeds.
    #[serde(default)]
    by_hand: bool,
    /// Other names under which labelled data knows it.
    #[serde(default)]
    also: Vec<String>,
}

impl Row {
    fn into_topic(self) -> Topic {
        let slug = self.slug.into_inner();
        Topic { slug, name: self.name, group: self.group, definition: self.definition }
    }
}

/// Something wrong at a place in the file.
struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    fn new<T>(at: &Spanned<T>, message: impl Into<String>) -> Self {
        Self { at: at.span().start, message: message.into() }
    }

    fn into_error(self, path: &Path, text: &str) -> ConfigError {
        let line = 1 + text[..self.at].matches('\n').count();
        ConfigError::Invalid { path: path.to_owned(), line, message: self.message }
    }
}

fn validate(rows: &[Row]) -> Result<(), Fault> {
    let mut slugs = HashSet::new();
    for row in rows {
        let slug = row.slug.get_ref();
        if slug.is_empty()
            || !slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(Fault::new(
                &row.slug,
                format!("`{slug}` is not a slug: use lower-case letters, digits, hyphens"),
            ));
        }
        if !slugs.insert(slug) {
            return Err(Fault::new(&row.slug, format!("the slug `{slug}` is already that of another topic")));
        }
        if row.by_hand != row.seeds.is_empty() {
            let message = if row.by_hand {
                format!("topic `{slug}` is given by hand, so it cannot have seeds")
            } else {
                format!("topic `{slug}` has no seeds; add some, or `by_hand = true` if only people give it")
            };
            return Err(Fault::new(&row.slug, message));
        }
        row.seeds.iter().chain(&row.exclusions).try_for_each(validate_phrase)?;
    }
    Ok(())
}

fn validate_phrase(phrase: &Spanned<String>) -> Result<(), Fault> {
    let text = phrase.get_ref();
    let stem = text.strip_suffix('*').unwrap_or(text);
    if stem.trim() != stem || !stem.contains(char::is_alphanumeric) {
        return Err(Fault::new(phrase, format!("`{text}` is not a phrase: it needs letters, and no space around it")));
    }
    if stem.contains('*') {
        return Err(Fault::new(phrase, format!("`{text}`: a * can stand only at the end")));
    }
    Ok(())
}

fn surest_first(a: &(usize, f32), b: &(usize, f32)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// A name's letters and digits in lower case: files differ in what stands between them.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The phrase, and the same as it is typed on a telephone.
fn with_curly_apostrophe(phrase: &str) -> impl Iterator<Item = String> {
    let curly = phrase.contains('\'').then(|| phrase.replace('\'', "\u{2019}"));
    std::iter::once(phrase.to_owned()).chain(curly)
}

#[cfg(test)]
mod tests;
