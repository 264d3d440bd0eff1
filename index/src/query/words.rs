//! From the tree to a sentence that a person can check.

use jiff::civil::Date;

use super::{FieldName, Node, Query, Words};
use crate::filter::NONE;

pub(super) fn describe(query: &Query) -> String {
    let Some(root) = &query.root else { return "all posts".to_owned() };
    let conditions = match root {
        Node::And(nodes) => nodes.as_slice(),
        single => std::slice::from_ref(single),
    };
    let (mut with, mut that_are, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for condition in conditions {
        match condition {
            Node::Not(inner) if is_text(inner) => without.push(inline(inner)),
            // Alone, a choice needs no parentheses.
            Node::Or(nodes) if conditions.len() == 1 && is_text(condition) => with.push(join(nodes, " or ")),
            _ if is_text(condition) => with.push(inline(condition)),
            Node::Or(nodes) => that_are.push(format!("either {}", join(nodes, " or "))),
            _ => that_are.push(inline(condition)),
        }
    }
    let mut parts = Vec::new();
    if !with.is_empty() {
        parts.push(format!("with {}", with.join(" and ")));
    }
    parts.extend(that_are);
    if !without.is_empty() {
        parts.push(format!("without {}", without.join(" or ")));
    }
    format!("posts {}", parts.join(", "))
}

/// Whether the condition is about words alone.
fn is_text(node: &Node) -> bool {
    match node {
        Node::Text(_) | Node::Title(_) => true,
        Node::Field(..) | Node::Dates { .. } => false,
        Node::Not(inner) => is_text(inner),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().all(is_text),
    }
}

fn join(nodes: &[Node], between: &str) -> String {
    nodes.iter().map(inline).collect::<Vec<_>>().join(between)
}

/// A condition within a sentence.
fn inline(node: &Node) -> String {
    match node {
        Node::Text(words) => describe_words(words),
        Node::Title(words) => format!("{} in the title", describe_words(words)),
        Node::Field(field, value) => describe_field(*field, value),
        Node::Dates { from, until } => describe_dates(*from, *until),
        Node::Not(inner) => format!("not {}", inline(inner)),
        Node::And(nodes) => format!("({})", join(nodes, " and ")),
        Node::Or(nodes) => format!("({})", join(nodes, " or ")),
    }
}

fn describe_words(words: &Words) -> String {
    match words {
        Words::Word(text) | Words::Phrase { text, slop: 0 } => format!("“{text}”"),
        Words::Prefix(prefix) => format!("a word that begins with “{prefix}”"),
        Words::Phrase { text, slop } => format!("“{text}” loosely (up to {slop} words out of place)"),
        Words::Near { left, right, within } => format!("“{left}” within {within} words of “{right}”"),
    }
}

fn describe_field(field: FieldName, value: &str) -> String {
    let none = value == NONE;
    match field {
        FieldName::Channel => format!("of source type {value}"),
        FieldName::Region if none => "about no region".to_owned(),
        FieldName::Region => format!("about the region {value}"),
        FieldName::Topic if none => "on no topic".to_owned(),
        FieldName::Topic => format!("on the topic {value}"),
        FieldName::Feeling if none => "with no feeling scored".to_owned(),
        FieldName::Feeling => format!("feeling {value}"),
        FieldName::Language if none => "in an unknown language".to_owned(),
        FieldName::Language => format!("in the language {value}"),
        FieldName::Source => format!("from the source {value}"),
    }
}

fn describe_dates(from: Option<Date>, until: Option<Date>) -> String {
    match (from, until) {
        (Some(from), Some(until)) if from == until => format!("on {}", day(from)),
        (Some(from), Some(until)) => format!("from {} to {}", day(from), day(until)),
        (Some(from), None) => format!("from {} on", day(from)),
        (None, Some(until)) => format!("up to {}", day(until)),
        (None, None) => "at any time".to_owned(),
    }
}

fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}
