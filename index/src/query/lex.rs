//! From characters to tokens.

use bus::{Channel, SentimentLabel};
use jiff::civil::Date;

use super::{FieldName, Node, QueryError, SHORTEST_PREFIX, WIDEST, Words};
use crate::filter::NONE;

/// A token and the character that it begins at, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub position: usize,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    Near(u8),
    Leaf(Node),
}

impl Kind {
    /// The token as a person typed it, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Open => "(",
            Self::Close => ")",
            Self::And => "AND",
            Self::Or => "OR",
            Self::Not => "NOT",
            Self::Near(_) => "NEAR",
            Self::Leaf(_) => "word",
        }
    }
}

pub(super) fn lex(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0, tokens: Vec::new() };
    while let Some(&next) = lexer.chars.get(lexer.at) {
        lexer.step(next)?;
    }
    Ok(lexer.tokens)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn step(&mut self, next: char) -> Result<(), QueryError> {
        let position = self.at + 1;
        match next {
            _ if next.is_whitespace() => self.at += 1,
            '(' => self.single(Kind::Open),
            ')' => self.single(Kind::Close),
            _ if is_quote(next) => {
                let phrase = self.phrase()?;
                self.leaf(position, phrase.map(Node::Text));
            }
            '-' if self.negates() => self.single(Kind::Not),
            _ => {
                let chunk = self.chunk();
                if is_face(&chunk) {
                    self.skip_mouth();
                }
                self.word(position, &chunk)?;
            }
        }
        Ok(())
    }

    fn single(&mut self, kind: Kind) {
        self.at += 1;
        self.tokens.push(Token { position: self.at, kind });
    }

    fn leaf(&mut self, position: usize, node: Option<Node>) {
        self.tokens.extend(node.map(|node| Token { position, kind: Kind::Leaf(node) }));
    }

    /// Whether the hyphen here stands right before something to leave out.
    fn negates(&self) -> bool {
        self.chars.get(self.at + 1).is_some_and(|&next| next.is_alphanumeric() || next == '(' || is_quote(next))
    }

    /// Everything up to the next blank, parenthesis or quotation mark.
    fn chunk(&mut self) -> String {
        let rest = &self.chars[self.at..];
        let length =
            rest.iter().position(|&c| c.is_whitespace() || c == '(' || c == ')' || is_quote(c)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].iter().collect()
    }

    /// Passes over the parentheses that end a smiley.
    fn skip_mouth(&mut self) {
        let rest = &self.chars[self.at..];
        let mouth = rest.iter().take_while(|&&c| c == '(' || c == ')').count();
        if rest.get(mouth).is_none_or(|next| next.is_whitespace()) {
            self.at += mouth;
        }
    }

    fn word(&mut self, position: usize, chunk: &str) -> Result<(), QueryError> {
        let kind = match chunk {
            "|" | "||" => Some(Kind::Or),
            "&&" => Some(Kind::And),
            _ => None,
        };
        let core = chunk.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '*');
        if let Some((name, value)) = core.split_once(':')
            && let Some(node) = self.field(position, name, value)?
        {
            self.leaf(position, Some(node));
            return Ok(());
        }
        let core = core.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '*');
        let kind = match core {
            "AND" => Some(Kind::And),
            "OR" => Some(Kind::Or),
            "NOT" => Some(Kind::Not),
            _ if core == "NEAR" || core.starts_with("NEAR/") => Some(Kind::Near(near_distance(position, core)?)),
            _ => kind,
        };
        match kind {
            Some(kind) => self.tokens.push(Token { position, kind }),
            None => self.leaf(position, word_or_prefix(position, core)?.map(Node::Text)),
        }
        Ok(())
    }

    /// The phrase whose opening quotation mark is here, with its `~n`; `None` when there is no word in it.
    fn phrase(&mut self) -> Result<Option<Words>, QueryError> {
        let opening = self.at + 1;
        let rest = &self.chars[opening..];
        let Some(length) = rest.iter().position(|&c| is_quote(c)) else {
            return Err(QueryError::at(
                opening,
                "This quotation mark has no partner: add one at the end of the phrase, or remove it",
            ));
        };
        let text: String = rest[..length].iter().collect();
        self.at = opening + length + 1;
        let slop = if self.chars.get(self.at) == Some(&'~') { self.slop()? } else { 0 };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(has_word(&text).then_some(Words::Phrase { text, slop }))
    }

    fn slop(&mut self) -> Result<u8, QueryError> {
        let position = self.at + 1;
        let digits: String = self.chars[position..].iter().take_while(|c| c.is_ascii_digit()).collect();
        self.at = position + digits.len();
        match digits.parse() {
            Ok(slop) if slop <= WIDEST => Ok(slop),
            _ => Err(QueryError::at(
                position,
                format!("Write a number from 0 to {WIDEST} after “~”, such as \"call back\"~3"),
            )),
        }
    }

    /// `name:value`, when the name is one of ours.
    fn field(&mut self, position: usize, name: &str, value: &str) -> Result<Option<Node>, QueryError> {
        let name = name.to_lowercase();
        if let Some(&(_, field)) = FieldName::NAMES.iter().find(|(known, _)| *known == name) {
            let value = self.field_value(position, &name, value)?;
            let value = match value {
                Words::Word(text) | Words::Phrase { text, .. } => slug(&text),
                _ => {
                    return Err(QueryError::at(
                        position,
                        format!("Write one whole value after “{name}:”, without “*”"),
                    ));
                }
            };
            return check_value(position, field, value).map(Some);
        }
        match name.as_str() {
            "title" => self.field_value(position, &name, value).map(|words| Some(Node::Title(words))),
            "from" | "since" => Ok(Some(Node::Dates { from: Some(day(position, value)?), until: None })),
            "until" => Ok(Some(Node::Dates { from: None, until: Some(day(position, value)?) })),
            "date" => days(position, value).map(Some),
            _ if value.is_empty() => Ok(None),
            _ => nearly_a_field(position, &name).map_or(Ok(None), Err),
        }
    }

    fn field_value(&mut self, position: usize, name: &str, value: &str) -> Result<Words, QueryError> {
        let quoted = value.is_empty() && self.chars.get(self.at).is_some_and(|&next| is_quote(next));
        let words = if quoted {
            self.phrase()?
        } else {
            let value = value.trim_matches(|c: char| !c.is_alphanumeric() && c != '*');
            word_or_prefix(position, value)?
        };
        words.ok_or_else(|| {
            let message =
                format!("“{name}:” needs a value right after the colon, without a space, or in quotation marks");
            QueryError::at(position, message)
        })
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// The eyes and nose of a smiley whose mouth is a parenthesis.
fn is_face(chunk: &str) -> bool {
    matches!(chunk, ":" | ":-" | ":'" | ":'-" | ";" | ";-" | "=")
}

fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// A single word, possibly with `*` at its end; `None` when it is only punctuation.
fn word_or_prefix(position: usize, core: &str) -> Result<Option<Words>, QueryError> {
    if !has_word(core) {
        return Ok(None);
    }
    let Some(star) = core.find('*') else {
        return Ok(Some(Words::Word(core.to_owned())));
    };
    let (stem, stars) = core.split_at(star);
    if !stars.chars().all(|c| c == '*') {
        return Err(QueryError::at(position, "“*” can only stand at the end of a word, such as wait*"));
    }
    if !stem.chars().all(char::is_alphanumeric) {
        return Err(QueryError::at(
            position,
            "“*” works at the end of a single word of letters and digits: leave out the punctuation before it",
        ));
    }
    if stem.chars().count() < SHORTEST_PREFIX {
        return Err(QueryError::at(position, format!("Write at least {SHORTEST_PREFIX} letters before “*”")));
    }
    Ok(Some(Words::Prefix(stem.to_owned())))
}

fn near_distance(position: usize, core: &str) -> Result<u8, QueryError> {
    let distance = core.strip_prefix("NEAR/").and_then(|digits| digits.parse().ok());
    distance.filter(|distance| (1..=WIDEST).contains(distance)).ok_or_else(|| {
        let message = format!("Write NEAR with a number of words from 1 to {WIDEST}, such as queue NEAR/5 phone");
        QueryError::at(position, message)
    })
}

fn slug(value: &str) -> String {
    value.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
}

/// Values of closed sets are checked, so that a misspelling is not answered with silence.
fn check_value(position: usize, field: FieldName, value: String) -> Result<Node, QueryError> {
    let closed = |known: Vec<&str>| {
        if known.contains(&value.as_str()) {
            return Ok(());
        }
        let message = format!("“{}:{value}” is not known: use one of {}", field.name(), known.join(", "));
        Err(QueryError::at(position, message))
    };
    match field {
        FieldName::Channel => closed(Channel::ALL.iter().map(|channel| channel.slug()).collect())?,
        FieldName::Feeling => {
            closed(SentimentLabel::ALL.iter().map(|label| label.slug()).chain([NONE]).collect())?;
        }
        _ => {}
    }
    Ok(Node::Field(field, value))
}

fn day(position: usize, value: &str) -> Result<Date, QueryError> {
    let value = value.trim_end_matches(|c: char| !c.is_alphanumeric());
    // A date that reads but lies outside what clocks can say would fail later.
    let date = value.parse::<Date>().ok().filter(|date| value.len() == 10 && (1900..=2200).contains(&date.year()));
    date.ok_or_else(|| {
        QueryError::at(position, format!("“{value}” is not a day: write year-month-day, such as 2026-11-22"))
    })
}

fn days(position: usize, value: &str) -> Result<Node, QueryError> {
    let Some((from, until)) = value.split_once("..") else {
        let only = day(position, value)?;
        return Ok(Node::Dates { from: Some(only), until: Some(only) });
    };
    let end = |text: &str| (!text.is_empty()).then(|| day(position, text)).transpose();
    match (end(from)?, end(until)?) {
        (None, None) => {
            Err(QueryError::at(position, "Write days around the dots, such as date:2026-11-01..2026-11-22"))
        }
        (Some(from), Some(until)) if from > until => {
            Err(QueryError::at(position, format!("{from} is after {until}: swap the two days")))
        }
        (from, until) => Ok(Node::Dates { from, until }),
    }
}

/// An error when `name` is so near to one of our fields that a misspelling is likelier than a pasted text.
fn nearly_a_field(position: usize, name: &str) -> Option<QueryError> {
    let names = FieldName::NAMES.iter().map(|(name, _)| *name).chain(["title", "from", "until", "date"]);
    let (distance, known) = names.map(|known| (strsim::damerau_levenshtein(name, known), known)).min()?;
    (name.len() >= 4 && distance == 1)
        .then(|| QueryError::at(position, format!("There is no field “{name}:”; did you mean “{known}:”?")))
}
