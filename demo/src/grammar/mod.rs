//! The compositional grammar behind every text of the demonstration, and its file format.
//!
//! A phrase file has headers in the first column and phrases indented below them. `rule NAME` is a set of phrases to
//! choose from. `topic KEY WEIGHT PEOPLE #TAG...` is a subject of conversation, with the sections `say`, `more`, `ask`,
//! `title` and `story`; `about KEY` goes on with it elsewhere. Phrases of `say`, `more` and `story` begin with their
//! [`Mood`]: `-`, `~` or `+`; a story is a headline and a first sentence with `//` between them. Within a phrase,
//! `{name}` inserts a rule or a [`Slot`], `{2-9}` a number, and `[a|b|]` one of several wordings, which may be empty and
//! may be nested.

mod parse;
mod ways;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::person::{People, Person};
use crate::rng::Rng;
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
}

impl Context {
    fn fill(&self, slot: Slot) -> &'static str {
        let person = self.person;
        let first = person.first;
        match slot {
            Slot::Who => person.who,
            Slot::Whom => {
                if first {
                    "me"
                } else {
                    person.who
                }
            }
            Slot::They => person.they,
            Slot::Them => person.them,
            Slot::Their => person.their,
            Slot::Have => {
                if first {
                    "have"
                } else {
                    "has"
                }
            }
            Slot::Are => {
                if first {
                    "am"
                } else {
                    "is"
                }
            }
            Slot::S => {
                if first {
                    ""
                } else {
                    "s"
                }
            }
            Slot::Do => {
                if first {
                    "do"
                } else {
                    "does"
                }
            }
            Slot::Theyve => {
                if first {
                    "I've"
                } else if person.they == "she" {
                    "she's"
                } else {
                    "he's"
                }
            }
            Slot::Theyre => {
                if first {
                    "I'm"
                } else if person.they == "she" {
                    "she's"
                } else {
                    "he's"
                }
            }
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
