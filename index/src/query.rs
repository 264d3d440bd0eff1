//! The search grammar: what a person types, as a tree.
//!
//! ```text
//! queue appointment          both words (AND is the default); endings do not matter
//! "call back"  "gp ring"~3   a phrase; words at most 3 apart from being one
//! queue NEAR/5 phone         at most 5 words between them, in either order
//! wait*                      words that begin so (at least 2 letters)
//! a OR (b AND NOT c)  -d     operators are in capitals; a hyphen before a word means NOT
//! title:strike               in the headline
//! type:offline region:london topic:gp-access feeling:negative lang:cy source:nhs-news
//! from:2026-11-01 until:2026-11-22 date:2026-11-01..2026-11-22 date:2026-11-01
//! ```
//!
//! Days are those of Europe/London, the last one included. `NOT` binds tighter than `AND`, and `AND` tighter than
//! `OR`. Punctuation that means nothing here is passed over, so that a pasted link or a smiley is no error.

mod compile;
mod lex;
mod parse;
mod prefix;
mod print;
mod words;

use std::fmt;

use jiff::civil::Date;
use thiserror::Error;

pub(crate) use compile::{Compiled, Deadline, Marks, compile};
#[cfg(feature = "clickhouse")]
pub(crate) use prefix::roots;

/// The longest query, in bytes.
pub const LONGEST_BYTES: usize = 1024;
/// The deepest nesting of parentheses and `NOT`.
pub const DEEPEST: usize = 16;
/// The most words to look up; every word of a phrase counts.
pub const MOST_TERMS: usize = 32;
/// The widest distance of `NEAR/n` and `"a b"~n`, in words.
pub const WIDEST: u8 = 50;
/// The fewest letters before `*`.
pub const SHORTEST_PREFIX: usize = 2;

/// A query that was understood. The empty one means all posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What is asked for, or `None` for all posts.
    pub root: Option<Node>,
}

/// One condition on a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Words in the title or the text.
    Text(Words),
    /// Words in the title.
    Title(Words),
    /// A tag or an origin, by its slug; [`crate::NONE`] for posts without.
    Field(FieldName, String),
    /// Said between these days in Europe/London, both included.
    Dates {
        /// The first day.
        from: Option<Date>,
        /// The last day.
        until: Option<Date>,
    },
    /// Posts that do not fulfil it.
    Not(Box<Node>),
    /// Posts that fulfil all of at least two.
    And(Vec<Node>),
    /// Posts that fulfil any of at least two.
    Or(Vec<Node>),
}

/// Words to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// One word, as typed. What is one word here may be several in the index ("call-back"): then they are a phrase.
    Word(String),
    /// Words that begin so.
    Prefix(String),
    /// Words in this order, with at most `slop` moves to bring them together.
    Phrase {
        /// As typed.
        text: String,
        /// Moves, 0 for the exact phrase.
        slop: u8,
    },
    /// Two words, in either order, with at most `within` others between them.
    Near {
        /// One word.
        left: String,
        /// The other.
        right: String,
        /// The most words between.
        within: u8,
    },
}

/// The fields that can be asked for by `field:value`, besides the title and dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldName {
    /// `type:` or `channel:`.
    Channel,
    /// `region:`.
    Region,
    /// `topic:`.
    Topic,
    /// `feeling:` or `sentiment:`.
    Feeling,
    /// `lang:` or `language:`.
    Language,
    /// `source:`.
    Source,
}

/// Why a query cannot be read. Positions count characters from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message} (at character {position})")]
pub struct QueryError {
    /// What is wrong and how to mend it, in plain words.
    pub message: String,
    /// Where.
    pub position: usize,
}

impl QueryError {
    fn at(position: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), position }
    }
}

impl Query {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// [`QueryError`], with the position and how to mend it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST_BYTES {
            let position = text.char_indices().take_while(|(at, _)| *at < LONGEST_BYTES).count();
            return Err(QueryError::at(
                position,
                format!("The query is too long: shorten it to about {LONGEST_BYTES} characters"),
            ));
        }
        if matches!(text.trim(), "" | "*") {
            return Ok(Self::default());
        }
        Ok(Self { root: Some(parse::parse(&lex::lex(text)?)?) })
    }

    /// What is asked for, in words a person can check: `posts with “queue”, without “dentist”`.
    pub fn understood(&self) -> String {
        words::describe(self)
    }
}

/// The query as it could have been typed: parsing it gives the same tree.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            None => Ok(()),
            Some(root) => print::node(root, f),
        }
    }
}

impl Node {
    /// All of `nodes`, of which there is at least one; flat, so that there is one tree for one meaning.
    fn all(nodes: Vec<Node>) -> Node {
        Self::join(nodes, Node::And, |node| match node {
            Node::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Any of `nodes`, of which there is at least one.
    fn any(nodes: Vec<Node>) -> Node {
        Self::join(nodes, Node::Or, |node| match node {
            Node::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    fn join(
        nodes: Vec<Node>,
        make: impl FnOnce(Vec<Node>) -> Node,
        open: impl Fn(Node) -> Result<Vec<Node>, Node>,
    ) -> Node {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match open(node) {
                Ok(inner) => flat.extend(inner),
                Err(node) => flat.push(node),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { make(flat) }
    }

    fn negate(self) -> Node {
        match self {
            Node::Not(inner) => *inner,
            other => Node::Not(Box::new(other)),
        }
    }
}

impl FieldName {
    /// Every name that can stand before the colon, with its field.
    const NAMES: [(&'static str, FieldName); 9] = [
        ("type", Self::Channel),
        ("channel", Self::Channel),
        ("region", Self::Region),
        ("topic", Self::Topic),
        ("feeling", Self::Feeling),
        ("sentiment", Self::Feeling),
        ("lang", Self::Language),
        ("language", Self::Language),
        ("source", Self::Source),
    ];

    /// The shortest name, as it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "type",
            Self::Region => "region",
            Self::Topic => "topic",
            Self::Feeling => "feeling",
            Self::Language => "lang",
            Self::Source => "source",
        }
    }
}

#[cfg(test)]
mod tests;
