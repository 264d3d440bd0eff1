//! The compositional grammar behind every text of the demonstration, and its file format.
//!
//! A phrase file has headers in the first column and phrases indented below them. `rule NAME` is a set of phrases to
//! choose from. `topic KEY WEIGHT PEOPLE #TAG...` is a subject of conversation, with the sections `say`, `more`, `ask`,
//! `title` and `story`; `about KEY` goes on with it elsewhere. Phrases of `say`, `more` and `story` begin with their
//! [`Mood`]: `-`, `~` or `+`; a story is a headline and a first sentence with `//` between them. Within a phrase, `{name}` inserts a rule or a [`Slot`], `{2-9}` a number, and `[a|b|]` one of several wordings, which
//! may be empty and may be nested.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::person::{People, Person};
use crate::rng::{Rng, whole};
use crate::weighted::Weighted;

/// Every phrase that the demonstration knows.
pub(crate) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::parse(crate::phrases::FILES).expect("the phrase files are part of the program, and a test parses them")
});

/// The rules and topics of all phrase files.
#[derive(Debug)]
pub(crate) struct Grammar {
    rules: Vec<Weighted<Phrase>>,
    names: HashMap<&'static str, usize>,
    /// The subjects of conversation, in the order of the files.
    pub(crate) topics: Vec<Topic>,
    /// While parsing, the topic that phrases belong to.
    current: Option<usize>,
}

/// One subject of conversation and the ways to speak about it.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Its name within the demonstration.
    pub(crate) key: &'static str,
    /// How often people speak of it in ordinary times; 0 for what is only spoken of as part of a plan.
    pub(crate) weight: f64,
    /// Whom it can be about.
    pub(crate) people: People,
    /// Hashtags that fit, without the `#`.
    pub(crate) tags: Vec<&'static str>,
    /// What happened: the heart of a post.
    pub(crate) say: Weighted<(Mood, Phrase)>,
    /// Further detail, which needs a `say` before it.
    pub(crate) more: Weighted<(Mood, Phrase)>,
    /// Questions to other people.
    pub(crate) ask: Weighted<Phrase>,
    /// Subjects of forum threads.
    pub(crate) title: Weighted<Phrase>,
    /// News: the headline and the first sentence.
    pub(crate) story: Weighted<(Mood, Phrase, Phrase)>,
}

/// How the one who speaks feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Bad,
    Mixed,
    Good,
}

/// A text with places to fill in.
pub(crate) type Phrase = Vec<Piece>;

/// A part of a [`Phrase`].
#[derive(Debug)]
pub(crate) enum Piece {
    Text(&'static str),
    Rule(usize),
    Choice(Vec<Phrase>),
    Number(usize, usize),
    Slot(Slot),
}

/// What the context of a post fills in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    /// The person it is about, as subject: "I", "my mum".
    Who,
    /// The same as object: "me", "my mum".
    Whom,
    /// The same, second mention: "I", "she".
    They,
    /// "me", "her".
    Them,
    /// "my", "her".
    Their,
    /// "have", "has".
    Have,
    /// "am", "is".
    Are,
    /// The ending of a verb: "", "s".
    S,
    /// "do", "does".
    Do,
    /// "I've", "she's".
    Theyve,
    /// "I'm", "she's".
    Theyre,
    /// The town.
    Town,
    /// The weekday of the post.
    Today,
    /// The weekday before it.
    Yesterday,
    /// A weekday soon after it.
    Later,
}

/// What a post is about, besides its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) person: &'static Person,
    pub(crate) town: &'static str,
    /// Days since a Monday, of the day it is written.
    pub(crate) weekday: usize,
}

impl Grammar {
    /// Parses phrase files, given as (name, content).
    ///
    /// # Errors
    /// Says which file and line is wrong, and how.
    pub(crate) fn parse(files: &[(&'static str, &'static str)]) -> Result<Self, String> {
        let names: HashMap<_, _> = files
            .iter()
            .flat_map(|(_, text)| text.lines().filter_map(|line| line.strip_prefix("rule ")).map(str::trim))
            .enumerate()
            .map(|(index, name)| (name, index))
            .collect();
        let mut grammar = Self { rules: Vec::new(), names, topics: Vec::new(), current: None };
        for (file, text) in files {
            let mut section = "";
            for (index, line) in text.lines().enumerate() {
                grammar.line(line, &mut section).map_err(|error| format!("{file}:{}: {error}", index + 1))?;
            }
        }
        let empty = grammar.names.iter().find(|(_, rule)| grammar.rules.get(**rule).is_none_or(Weighted::is_empty));
        match empty {
            Some((name, _)) => Err(format!("rule {name} is empty or defined twice")),
            None => {
                grammar.weigh();
                Ok(grammar)
            }
        }
    }

    /// The number of the rule called `name`, if there is one.
    pub(crate) fn rule(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The index of the topic called `key`.
    pub(crate) fn topic(&self, key: &str) -> Option<usize> {
        self.topics.iter().position(|topic| topic.key == key)
    }

    /// Writes one phrase of the rule with this number.
    pub(crate) fn write_rule(&self, rule: usize, context: &Context, rng: &mut Rng, out: &mut String) {
        let phrase = self.rules[rule].pick(rng);
        self.write(phrase, context, rng, out);
    }

    /// Writes `phrase` with everything filled in.
    pub(crate) fn write(&self, phrase: &[Piece], context: &Context, rng: &mut Rng, out: &mut String) {
        for piece in phrase {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Rule(rule) => self.write_rule(*rule, context, rng, out),
                Piece::Choice(phrases) => {
                    let phrase: &Phrase = rng.pick(phrases);
                    self.write(phrase, context, rng, out);
                }
                Piece::Number(low, high) => push_number(rng.range(*low, *high), out),
                Piece::Slot(slot) => out.push_str(context.fill(*slot)),
            }
        }
    }

    /// Makes a phrase the more probable the more ways there are to fill it in, so that a striking sentence without any
    /// variation is rare.
    fn weigh(&mut self) {
        let ways = Ways::of(self);
        let weight = |phrase: &Phrase| whole(ways.of_phrase(phrase).min(MOST_WAYS).sqrt());
        for rule in &mut self.rules {
            rule.weigh(weight);
        }
        for topic in &mut self.topics {
            topic.say.weigh(|(_, phrase)| weight(phrase));
            topic.more.weigh(|(_, phrase)| weight(phrase));
            topic.ask.weigh(weight);
        }
    }

    fn line(&mut self, line: &'static str, section: &mut &'static str) -> Result<(), String> {
        if line.trim().is_empty() || line.starts_with("# ") {
            return Ok(());
        }
        let Some(phrase) = line.strip_prefix("  ") else {
            return self.header(line, section);
        };
        if *section == "rule" {
            let phrase = self.phrase(phrase)?;
            self.rules.last_mut().ok_or("no rule before this phrase")?.push(phrase);
            return Ok(());
        }
        let current = self.current.ok_or("no topic before this phrase")?;
        if matches!(*section, "say" | "more" | "story") {
            let (mood, phrase) = mood_of(phrase)?;
            if *section == "story" {
                let (headline, lead) = phrase.split_once(" // ").ok_or("write `headline // first sentence`")?;
                let story = (mood, self.phrase(headline)?, self.phrase(lead)?);
                self.topics[current].story.push(story);
            } else {
                let phrase = self.phrase(phrase)?;
                let topic = &mut self.topics[current];
                if *section == "say" { &mut topic.say } else { &mut topic.more }.push((mood, phrase));
            }
        } else {
            let phrase = self.phrase(phrase)?;
            match *section {
                "ask" => self.topics[current].ask.push(phrase),
                "title" => self.topics[current].title.push(phrase),
                other => return Err(format!("there is no section `{other}`")),
            }
        }
        Ok(())
    }

    fn header(&mut self, line: &'static str, section: &mut &'static str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        *section = words.next().unwrap_or("");
        match *section {
            "rule" => self.rules.push(Weighted::default()),
            "about" => {
                let key = words.next().unwrap_or("");
                self.current = Some(self.topic(key).ok_or_else(|| format!("there is no topic `{key}` so far"))?);
            }
            "topic" => {
                self.current = Some(self.topics.len());
                let mut word = || words.next().ok_or("expected `topic KEY WEIGHT PEOPLE #TAG...`");
                let (key, weight, people) = (word()?, word()?, word()?);
                self.topics.push(Topic {
                    key,
                    weight: weight.parse().map_err(|_| format!("`{weight}` is not a weight"))?,
                    people: People::from_name(people).ok_or_else(|| format!("`{people}` is not a kind of people"))?,
                    tags: words.map(|tag| tag.trim_start_matches('#')).collect(),
                    say: Weighted::default(),
                    more: Weighted::default(),
                    ask: Weighted::default(),
                    title: Weighted::default(),
                    story: Weighted::default(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn phrase(&self, text: &'static str) -> Result<Phrase, String> {
        let (phrase, rest) = self.pieces(text, false)?;
        if rest.is_empty() { Ok(phrase) } else { Err(format!("unexpected `{rest}`")) }
    }

    /// Parses pieces up to the end, or, within a choice, up to `|` or `]`, and returns what is left.
    fn pieces(&self, mut text: &'static str, nested: bool) -> Result<(Phrase, &'static str), String> {
        let mut phrase = Vec::new();
        loop {
            let end = text
                .find(|c| matches!(c, '{' | '[') || (nested && matches!(c, '|' | ']')))
                .unwrap_or(text.len());
            if end > 0 {
                phrase.push(Piece::Text(&text[..end]));
            }
            text = &text[end..];
            if let Some(rest) = text.strip_prefix('{') {
                let (name, rest) = rest.split_once('}').ok_or("a `{` is not closed")?;
                phrase.push(self.named(name)?);
                text = rest;
            } else if let Some(mut rest) = text.strip_prefix('[') {
                let mut choices = Vec::new();
                loop {
                    let (choice, after) = self.pieces(rest, true)?;
                    choices.push(choice);
                    if let Some(after) = after.strip_prefix(']') {
                        text = after;
                        break;
                    }
                    rest = after.strip_prefix('|').ok_or("a `[` is not closed")?;
                }
                phrase.push(Piece::Choice(choices));
            } else {
                return Ok((phrase, text));
            }
        }
    }

    fn named(&self, name: &str) -> Result<Piece, String> {
        if let Some(rule) = self.rule(name) {
            return Ok(Piece::Rule(rule));
        }
        if let Some(slot) = Slot::from_name(name) {
            return Ok(Piece::Slot(slot));
        }
        let range = name.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        match range {
            Some((low, high)) if low <= high => Ok(Piece::Number(low, high)),
            _ => Err(format!("there is no rule or slot `{name}`")),
        }
    }
}

/// More ways than this to fill in a phrase do not make it more probable.
const MOST_WAYS: f64 = 900.0;

/// For each rule, in how many ways it can be filled in; roughly, for what the context fills in.
struct Ways(Vec<f64>);

impl Ways {
    fn of(grammar: &Grammar) -> Self {
        let mut ways = Self(vec![1.0; grammar.rules.len()]);
        // Rules refer to rules; so many rounds are more than they are deep.
        for _ in 0..6 {
            let rules = grammar.rules.iter();
            ways = Self(rules.map(|rule| rule.iter().map(|phrase| ways.of_phrase(phrase)).sum()).collect());
        }
        ways
    }

    fn of_phrase(&self, phrase: &Phrase) -> f64 {
        let of_piece = |piece: &Piece| match piece {
            Piece::Text(_) => 1.0,
            Piece::Rule(rule) => self.0[*rule],
            Piece::Choice(phrases) => phrases.iter().map(|phrase| self.of_phrase(phrase)).sum(),
            Piece::Number(low, high) => ((high - low + 1) as f64).sqrt(),
            Piece::Slot(Slot::Who | Slot::Whom | Slot::Town) => 4.0,
            Piece::Slot(Slot::Today | Slot::Yesterday | Slot::Later) => 2.0,
            Piece::Slot(_) => 1.0,
        };
        phrase.iter().map(of_piece).product()
    }
}

fn mood_of(phrase: &'static str) -> Result<(Mood, &'static str), &'static str> {
    match phrase.split_at_checked(2) {
        Some(("- ", phrase)) => Ok((Mood::Bad, phrase)),
        Some(("~ ", phrase)) => Ok((Mood::Mixed, phrase)),
        Some(("+ ", phrase)) => Ok((Mood::Good, phrase)),
        _ => Err("begin with the mood: -, ~ or +"),
    }
}

impl Slot {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "who" => Self::Who,
            "whom" => Self::Whom,
            "they" => Self::They,
            "them" => Self::Them,
            "their" => Self::Their,
            "have" => Self::Have,
            "are" => Self::Are,
            "s" => Self::S,
            "do" => Self::Do,
            "theyve" => Self::Theyve,
            "theyre" => Self::Theyre,
            "town" => Self::Town,
            "today" => Self::Today,
            "yesterday" => Self::Yesterday,
            "later" => Self::Later,
            _ => return None,
        })
    }
}

impl Context {
    fn fill(&self, slot: Slot) -> &'static str {
        let person = self.person;
        let first = person.first;
        match slot {
            Slot::Who => person.who,
            Slot::Whom => if first { "me" } else { person.who },
            Slot::They => person.they,
            Slot::Them => person.them,
            Slot::Their => person.their,
            Slot::Have => if first { "have" } else { "has" },
            Slot::Are => if first { "am" } else { "is" },
            Slot::S => if first { "" } else { "s" },
            Slot::Do => if first { "do" } else { "does" },
            Slot::Theyve => if first { "I've" } else if person.they == "she" { "she's" } else { "he's" },
            Slot::Theyre => if first { "I'm" } else if person.they == "she" { "she's" } else { "he's" },
            Slot::Town => self.town,
            Slot::Today => WEEKDAYS[self.weekday % 7],
            Slot::Yesterday => WEEKDAYS[(self.weekday + 6) % 7],
            // Two to five days later; the town decides, because the answer has to be the same within a post.
            Slot::Later => WEEKDAYS[(self.weekday + 2 + self.town.len() % 4) % 7],
        }
    }
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn push_number(number: usize, out: &mut String) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut left = number;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(left % 10).expect("a digit");
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[start..]).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context = Context { person: &crate::person::MYSELF, town: "Otley", weekday: 0 };

    #[test]
    fn choices_numbers_rules_and_slots_are_filled_in() {
        let grammar = Grammar::parse(&[("x", "rule wait\n  {2-2} [hours|hours]\nrule say\n  {who} {have} waited {wait}[| |] in {town} since {yesterday}\n")]).unwrap();
        let mut out = String::new();
        grammar.write_rule(grammar.rule("say").unwrap(), &CONTEXT, &mut Rng::keyed(&[1]), &mut out);
        assert_eq!(out.replace("  ", " "), "I have waited 2 hours in Otley since Sunday");
    }

    #[test]
    fn mistakes_in_a_phrase_file_name_the_line() {
        for (text, expected) in [
            ("rule a\n  {nothing}\n", "x:2: there is no rule or slot `nothing`"),
            ("rule a\n  [one|two\n", "x:2: a `[` is not closed"),
            ("topic a 1 any\nsay\n  no mood\n", "x:3: begin with the mood: -, ~ or +"),
            ("topic a 1 martians\n", "x:1: `martians` is not a kind of people"),
        ] {
            assert_eq!(Grammar::parse(&[("x", text)]).unwrap_err(), expected);
        }
    }

    #[test]
    fn our_own_phrase_files_parse_and_every_topic_can_be_spoken_of() {
        for topic in &GRAMMAR.topics {
            assert!(!topic.say.is_empty(), "{} says nothing", topic.key);
        }
    }
}
