//! From a filter and its query to a condition in SQL. Whatever a person typed is bound, never pasted.

use ::clickhouse::query::Query as Statement;
use bus::{Channel, EventId, SentimentLabel, SourceId};
use jiff::Timestamp;
use jiff::civil::Date;
use tantivy::tokenizer::TextAnalyzer;

use super::row::words;
use crate::document::milliseconds;
use crate::filter::Filter;
use crate::query::{FieldName, Node, Query, QueryError, Words, roots};
use crate::{london, schema};

/// A condition with the values for its question marks.
pub(super) struct Condition {
    pub(super) sql: String,
    values: Vec<Value>,
}

enum Value {
    Text(String),
    Texts(Vec<String>),
    Number(i64),
}

impl Condition {
    /// The posts that `filter` means.
    ///
    /// # Errors
    /// [`QueryError`], also for words near each other, which only the search index can tell.
    pub(super) fn of(filter: &Filter) -> Result<Self, QueryError> {
        let mut writer = Writer {
            made: Self { sql: "1".to_owned(), values: Vec::new() },
            analyzer: schema::analyzer(),
            folder: schema::folder(),
        };
        writer.filter(filter);
        if let Some(root) = &Query::parse(&filter.query)?.root {
            writer.sql(" AND ");
            writer.node(root)?;
        }
        Ok(writer.made)
    }

    /// Gives `statement` the values, in their order.
    pub(super) fn bind_to(self, statement: Statement) -> Statement {
        self.values.into_iter().fold(statement, |statement, value| match value {
            Value::Text(text) => statement.bind(text),
            Value::Texts(texts) => statement.bind(texts),
            Value::Number(number) => statement.bind(number),
        })
    }
}

struct Writer {
    made: Condition,
    analyzer: TextAnalyzer,
    folder: TextAnalyzer,
}

impl Writer {
    fn filter(&mut self, filter: &Filter) {
        self.any_of("channel IN ?", &filter.channels, |channel: &Channel| channel.slug());
        self.any_of("region IN ?", &filter.regions, |region: &String| region);
        self.any_of("hasAny(topics, ?)", &filter.topics, |topic: &String| topic);
        self.any_of("sentiment IN ?", &filter.sentiments, |label: &SentimentLabel| label.slug());
        self.any_of("language IN ?", &filter.languages, |language: &String| language);
        self.any_of("source IN ?", &filter.sources, SourceId::as_str);
        self.any_of("event IN ?", filter.event.as_slice(), EventId::as_str);
        if filter.from.is_some() || filter.until.is_some() {
            self.sql(" AND ");
            self.period(filter.from, filter.until);
        }
    }

    fn any_of<T>(&mut self, sql: &str, values: &[T], text: impl Fn(&T) -> &str) {
        if !values.is_empty() {
            self.sql(" AND ");
            self.with(sql, Value::Texts(values.iter().map(|value| text(value).to_owned()).collect()));
        }
    }

    fn period(&mut self, from: Option<Timestamp>, until: Option<Timestamp>) {
        self.sql("(1");
        if let Some(from) = from {
            self.with(" AND created_ms >= ?", Value::Number(milliseconds(from)));
        }
        if let Some(until) = until {
            self.with(" AND created_ms < ?", Value::Number(milliseconds(until)));
        }
        self.sql(")");
    }

    fn node(&mut self, node: &Node) -> Result<(), QueryError> {
        match node {
            Node::Text(words) => self.words("words", words)?,
            Node::Title(words) => self.words("title_words", words)?,
            Node::Field(FieldName::Topic, value) => self.with("has(topics, ?)", Value::Text(value.clone())),
            Node::Field(field, value) => self.with(&format!("{} = ?", column(*field)), Value::Text(value.clone())),
            Node::Dates { from, until } => {
                let next = |date: &Date| date.tomorrow().ok().map(london::midnight);
                self.period(from.map(london::midnight), until.as_ref().and_then(next));
            }
            Node::Not(inner) => {
                self.sql("NOT ");
                self.node(inner)?;
            }
            Node::And(nodes) => self.join(" AND ", nodes)?,
            Node::Or(nodes) => self.join(" OR ", nodes)?,
        }
        Ok(())
    }

    fn join(&mut self, between: &str, nodes: &[Node]) -> Result<(), QueryError> {
        for (position, node) in nodes.iter().enumerate() {
            self.sql(if position == 0 { "(" } else { between });
            self.node(node)?;
        }
        self.sql(")");
        Ok(())
    }

    fn words(&mut self, column: &str, wanted: &Words) -> Result<(), QueryError> {
        match wanted {
            Words::Word(text) | Words::Phrase { text, slop: 0 } => self.phrase(column, text),
            Words::Prefix(prefix) => self.prefix(column, prefix),
            Words::Phrase { .. } | Words::Near { .. } => {
                return Err(QueryError {
                    message:
                        "Counts in ClickHouse cannot tell which words are near each other: put them in quotes as one \
                              phrase, or ask for each word"
                            .to_owned(),
                    position: 1,
                });
            }
        }
        Ok(())
    }

    fn phrase(&mut self, column: &str, text: &str) {
        let mut found = words(&mut self.analyzer, text);
        // A word that was too long to be kept stands for nothing at the beginning of a phrase.
        found.drain(..found.iter().take_while(|word| word.is_empty()).count());
        match found.len() {
            0 => self.sql("0"),
            1 => self.with(&format!("has({column}, ?)"), Value::Text(found.remove(0))),
            _ => self.with(&format!("hasSubstr({column}, ?)"), Value::Texts(found)),
        }
    }

    fn prefix(&mut self, column: &str, prefix: &str) {
        let Some((_, prefix)) = schema::words(&mut self.folder, prefix).into_iter().next() else {
            return self.sql("0");
        };
        let roots = roots(&prefix);
        self.with(&format!("(arrayExists(word -> startsWith(word, ?), {column})"), Value::Text(prefix));
        if !roots.is_empty() {
            self.with(&format!(" OR hasAny({column}, ?)"), Value::Texts(roots));
        }
        self.sql(")");
    }

    fn sql(&mut self, sql: &str) {
        self.made.sql.push_str(sql);
    }

    fn with(&mut self, sql: &str, value: Value) {
        self.sql(sql);
        self.made.values.push(value);
    }
}

fn column(field: FieldName) -> &'static str {
    match field {
        FieldName::Channel => "channel",
        FieldName::Region => "region",
        FieldName::Topic => "topics",
        FieldName::Feeling => "sentiment",
        FieldName::Language => "language",
        FieldName::Source => "source",
    }
}
