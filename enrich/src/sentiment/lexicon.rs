//! The lexicon: `vader.txt`, `emoji.txt` and our own `health.txt`, which wins over the others.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use bus::config_file::{self, ConfigError};

/// How much a word before strengthens or weakens a feeling (VADER's `B_INCR` and `B_DECR`).
const BOOST: f32 = 0.293;

const STRONGER: &str = "absolutely amazingly awfully completely considerable considerably decidedly deeply effing \
    enormous enormously entirely especially exceptional exceptionally extreme extremely fabulously flipping flippin \
    fracking fricking frickin frigging friggin fully fuckin fucking greatly hella highly hugely incredible incredibly \
    intensely major majorly more most particularly purely quite really remarkably so substantially thoroughly total \
    totally tremendous tremendously uber unbelievably unusually utter utterly very bloody proper";

const WEAKER: &str = "almost barely hardly kinda kindof kind-of less little marginal marginally occasional occasionally \
    partly scarce scarcely slight slightly somewhat sorta sortof sort-of";

const NEGATIONS: &str = "aint arent cannot cant couldnt darent didnt doesnt ain't aren't can't couldn't daren't didn't \
    doesn't dont hadnt hasnt havent isnt mightnt mustnt neither don't hadn't hasn't haven't isn't mightn't mustn't neednt \
    needn't never none nope nor not nothing nowhere oughtnt shant shouldnt uhuh wasnt werent oughtn't shan't shouldn't \
    uh-uh wasn't weren't without wont wouldnt won't wouldn't rarely seldom despite";

/// The most words in a phrase.
const MAX_PHRASE: usize = 4;

/// What is known of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Word {
    /// How it feels, from -4 to 4.
    pub(super) valence: Option<f32>,
    /// What it adds to the feeling of a word after it.
    pub(super) boost: f32,
    pub(super) negates: bool,
    /// Whether phrases begin with it.
    pub(super) begins_phrase: bool,
}

/// Words and phrases, and how they feel.
pub(super) struct Lexicon {
    words: HashMap<Box<str>, Word>,
    /// Phrases, in lower case with single spaces.
    phrases: HashMap<Box<str>, f32>,
    emoji: HashMap<char, f32>,
}

impl Lexicon {
    /// Reads the three files in `dir`.
    pub(super) fn load(dir: &Path) -> Result<Self, ConfigError> {
        let mut lexicon = Self { words: HashMap::new(), phrases: HashMap::new(), emoji: HashMap::new() };
        for (words, boost) in [(STRONGER, BOOST), (WEAKER, -BOOST)] {
            words.split_whitespace().for_each(|word| lexicon.word(word).boost = boost);
        }
        NEGATIONS.split_whitespace().for_each(|word| lexicon.word(word).negates = true);
        for file in ["vader.txt", "health.txt"] {
            for (entry, valence) in read(&dir.join(file))? {
                lexicon.add(&entry, valence);
            }
        }
        for (entry, valence) in read(&dir.join("emoji.txt"))? {
            lexicon.emoji.extend(entry.chars().map(|c| (c, valence)));
        }
        Ok(lexicon)
    }

    /// What is known of a word in lower case.
    pub(super) fn get(&self, lower: &str) -> Word {
        self.words.get(lower).copied().unwrap_or_default()
    }

    /// How an emoji feels.
    pub(super) fn emoji(&self, c: char) -> Option<f32> {
        self.emoji.get(&c).copied()
    }

    /// The longest phrase at the beginning of `words`, which are the parts of `lower` that are words: how many words it
    /// has, and how it feels.
    pub(super) fn phrase<'a>(
        &self,
        lower: &str,
        words: impl Iterator<Item = &'a Range<usize>>,
    ) -> Option<(usize, f32)> {
        let mut words = words.take(MAX_PHRASE).peekable();
        let start = words.peek()?.start;
        let phrase = |(index, word): (usize, &Range<usize>)| {
            self.phrases.get(&lower[start..word.end]).map(|valence| (index + 1, *valence))
        };
        words.enumerate().skip(1).filter_map(phrase).last()
    }

    fn word(&mut self, word: &str) -> &mut Word {
        self.words.entry(word.into()).or_default()
    }

    fn add(&mut self, entry: &str, valence: f32) {
        match entry.split_once(' ') {
            Some((first, _)) if entry.contains(char::is_alphabetic) => {
                self.word(first).begins_phrase = true;
                self.phrases.insert(entry.into(), valence);
            }
            // An entry of nought takes a word's feeling away.
            _ => self.word(entry).valence = (valence != 0.0).then_some(valence),
        }
    }
}

/// The entries of a file: text, tab, valence; lines that begin with "# " and empty lines are left out.
fn read(path: &Path) -> Result<Vec<(String, f32)>, ConfigError> {
    let text = config_file::read_text(path)?;
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line == "#" || line.starts_with("# ") {
            continue;
        }
        let fault = |message: &str| ConfigError::Invalid {
            path: path.to_owned(),
            line: index + 1,
            message: message.to_owned(),
        };
        let (entry, valence) = line.split_once('\t').ok_or_else(|| fault("expected a word, a tab and a number"))?;
        let valence: f32 = valence.trim().parse().map_err(|_| fault("the part after the tab is not a number"))?;
        if !(-4.0..=4.0).contains(&valence) {
            return Err(fault("a valence lies between -4 and 4"));
        }
        if entry.split(' ').count() > MAX_PHRASE {
            return Err(fault("a phrase has at most four words"));
        }
        entries.push((entry.to_owned(), valence));
    }
    Ok(entries)
}
