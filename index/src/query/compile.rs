//! From a filter and its query to what Tantivy runs.

use std::collections::HashSet;
use std::ops::Bound;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery, Query as TantivyQuery, RangeQuery,
    TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{TantivyError, Term};

use super::prefix::PrefixQuery;
use super::{FieldName, Node, Query, QueryError, Words};
use crate::document::milliseconds;
use crate::filter::Filter;
use crate::london;
use crate::schema::{self, Fields};

type Boxed = Box<dyn TantivyQuery>;

/// When work must stop. Everything that runs over postings or documents asks it now and then.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// So much time from now.
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// Whether it has passed.
    pub fn passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// An error once it has passed, which stops Tantivy. The caller tells it from others by [`Deadline::passed`].
    pub fn check(self) -> tantivy::Result<()> {
        if self.passed() { Err(TantivyError::InternalError("out of time".to_owned())) } else { Ok(()) }
    }
}

/// A filter, ready to run.
pub struct Compiled {
    /// What Tantivy runs.
    pub query: Boxed,
    /// What the words of the query were understood to be.
    pub understood: String,
    /// What to mark in a text.
    pub marks: Marks,
}

/// The words that a query looks for, for marking them in a text.
#[derive(Debug, Default)]
pub struct Marks {
    /// Words without their endings.
    pub words: HashSet<String>,
    /// Beginnings of words, folded.
    pub prefixes: Vec<String>,
}

/// Reads the query of `filter` and joins it with the filter's other conditions.
///
/// # Errors
/// [`QueryError`].
pub fn compile(filter: &Filter, fields: &Fields, deadline: Deadline) -> Result<Compiled, QueryError> {
    let query = Query::parse(&filter.query)?;
    let mut compiler =
        Compiler { fields, deadline, analyzer: schema::analyzer(), folder: schema::folder(), marks: Marks::default() };
    let mut clauses = conditions(filter, fields);
    if let Some(root) = &query.root {
        clauses.push((Occur::Must, compiler.node(root)));
        compiler.mark(root);
    }
    let joined: Boxed = match clauses.len() {
        0 => Box::new(AllQuery),
        1 => clauses.remove(0).1,
        _ => Box::new(BooleanQuery::new(clauses)),
    };
    Ok(Compiled { query: joined, understood: query.understood(), marks: compiler.marks })
}

/// The conditions of a filter besides its query. They choose, but do not score.
fn conditions(filter: &Filter, fields: &Fields) -> Vec<(Occur, Boxed)> {
    let mut clauses = Vec::new();
    let mut any_of = |field: Field, values: Vec<&str>| {
        if !values.is_empty() {
            clauses.push((Occur::Must, any_term(field, &values)));
        }
    };
    any_of(fields.channel, filter.channels.iter().map(|channel| channel.slug()).collect());
    any_of(fields.region, filter.regions.iter().map(String::as_str).collect());
    any_of(fields.topic, filter.topics.iter().map(String::as_str).collect());
    any_of(fields.sentiment, filter.sentiments.iter().map(|label| label.slug()).collect());
    any_of(fields.language, filter.languages.iter().map(String::as_str).collect());
    any_of(fields.source, filter.sources.iter().map(bus::SourceId::as_str).collect());
    any_of(fields.event, filter.event.iter().map(bus::EventId::as_str).collect());
    if filter.from.is_some() || filter.until.is_some() {
        clauses.push((Occur::Must, period(fields, filter.from, filter.until)));
    }
    clauses
}

fn any_term(field: Field, values: &[&str]) -> Boxed {
    let mut terms: Vec<Term> = values.iter().map(|value| Term::from_field_text(field, value)).collect();
    let query: Boxed = if terms.len() == 1 {
        Box::new(TermQuery::new(terms.remove(0), IndexRecordOption::Basic))
    } else {
        Box::new(TermSetQuery::new(terms))
    };
    unscored(query)
}

fn unscored(query: Boxed) -> Boxed {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn period(fields: &Fields, from: Option<Timestamp>, until: Option<Timestamp>) -> Boxed {
    let term = |time| Term::from_field_i64(fields.created, milliseconds(time));
    let from = from.map_or(Bound::Unbounded, |time| Bound::Included(term(time)));
    let until = until.map_or(Bound::Unbounded, |time| Bound::Excluded(term(time)));
    unscored(Box::new(RangeQuery::new(from, until)))
}

struct Compiler<'a> {
    fields: &'a Fields,
    deadline: Deadline,
    analyzer: TextAnalyzer,
    folder: TextAnalyzer,
    marks: Marks,
}

impl Compiler<'_> {
    fn node(&mut self, node: &Node) -> Boxed {
        match node {
            Node::Text(words) => self.words(self.fields.text, words),
            Node::Title(words) => self.words(self.fields.title, words),
            Node::Field(field, value) => any_term(self.field(*field), &[value]),
            Node::Dates { from, until } => {
                let next = |date: &Date| date.tomorrow().ok().map(london::midnight);
                period(self.fields, from.map(london::midnight), until.as_ref().and_then(next))
            }
            Node::Not(_) => self.all(std::slice::from_ref(node)),
            Node::And(nodes) => self.all(nodes),
            Node::Or(nodes) => Box::new(BooleanQuery::union(nodes.iter().map(|node| self.node(node)).collect())),
        }
    }

    /// Tantivy needs something to leave out from, so a negation alone starts from all posts.
    fn all(&mut self, nodes: &[Node]) -> Boxed {
        let mut clauses: Vec<(Occur, Boxed)> = Vec::with_capacity(nodes.len() + 1);
        for node in nodes {
            clauses.push(match node {
                Node::Not(inner) => (Occur::MustNot, self.node(inner)),
                other => (Occur::Must, self.node(other)),
            });
        }
        if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            clauses.push((Occur::Must, unscored(Box::new(AllQuery))));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    fn words(&mut self, field: Field, words: &Words) -> Boxed {
        match words {
            Words::Word(text) => self.phrase(field, text, 0),
            Words::Phrase { text, slop } => self.phrase(field, text, u32::from(*slop)),
            Words::Prefix(prefix) => match self.fold(prefix) {
                Some(folded) => Box::new(PrefixQuery::new(field, folded, self.deadline)),
                None => Box::new(EmptyQuery),
            },
            Words::Near { left, right, within } => {
                // Tantivy's slop counts two moves more for words in the other order, so ask for both orders.
                let forward = format!("{left} {right}");
                let backward = format!("{right} {left}");
                let slop = u32::from(*within);
                Box::new(BooleanQuery::union(vec![
                    self.phrase(field, &forward, slop),
                    self.phrase(field, &backward, slop),
                ]))
            }
        }
    }

    fn phrase(&mut self, field: Field, text: &str, slop: u32) -> Boxed {
        let mut terms: Vec<(usize, Term)> = schema::words(&mut self.analyzer, text)
            .into_iter()
            .map(|(position, word)| (position, Term::from_field_text(field, &word)))
            .collect();
        match terms.len() {
            0 => Box::new(EmptyQuery),
            1 => Box::new(TermQuery::new(terms.remove(0).1, IndexRecordOption::WithFreqs)),
            _ => Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop)),
        }
    }

    fn fold(&mut self, prefix: &str) -> Option<String> {
        schema::words(&mut self.folder, prefix).into_iter().next().map(|(_, folded)| folded)
    }

    fn field(&self, field: FieldName) -> Field {
        match field {
            FieldName::Channel => self.fields.channel,
            FieldName::Region => self.fields.region,
            FieldName::Topic => self.fields.topic,
            FieldName::Feeling => self.fields.sentiment,
            FieldName::Language => self.fields.language,
            FieldName::Source => self.fields.source,
        }
    }

    /// Collects what to mark: everything that is looked for, and nothing that is left out.
    fn mark(&mut self, node: &Node) {
        match node {
            Node::Text(words) | Node::Title(words) => match words {
                Words::Word(text) | Words::Phrase { text, .. } => self.mark_words(text),
                Words::Near { left, right, .. } => {
                    self.mark_words(left);
                    self.mark_words(right);
                }
                Words::Prefix(prefix) => {
                    let folded = self.fold(prefix);
                    self.marks.prefixes.extend(folded);
                }
            },
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| self.mark(node)),
            Node::Field(..) | Node::Dates { .. } | Node::Not(_) => {}
        }
    }

    fn mark_words(&mut self, text: &str) {
        let words = schema::words(&mut self.analyzer, text);
        self.marks.words.extend(words.into_iter().map(|(_, word)| word));
    }
}
