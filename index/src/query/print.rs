//! From the tree to a query that parses to the same tree.

use std::fmt;

use super::{Node, Words};

pub(super) fn node(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match node {
        Node::Text(words) => print_words(words, f),
        Node::Title(words) => {
            f.write_str("title:")?;
            print_words(words, f)
        }
        Node::Field(field, value) => write!(f, "{}:{value}", field.name()),
        Node::Dates { from: Some(from), until: Some(until) } => write!(f, "date:{from}..{until}"),
        Node::Dates { from: Some(from), until: None } => write!(f, "from:{from}"),
        Node::Dates { from: None, until: Some(until) } => write!(f, "until:{until}"),
        Node::Dates { from: None, until: None } => Ok(()),
        Node::Not(inner) => {
            f.write_str("NOT ")?;
            operand(inner, f)
        }
        Node::And(nodes) => join(nodes, " AND ", f),
        Node::Or(nodes) => join(nodes, " OR ", f),
    }
}

fn join(nodes: &[Node], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (position, inner) in nodes.iter().enumerate() {
        if position > 0 {
            f.write_str(between)?;
        }
        operand(inner, f)?;
    }
    Ok(())
}

/// Parentheses wherever they could matter: they never hurt.
fn operand(inner: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !matches!(inner, Node::And(_) | Node::Or(_)) {
        return node(inner, f);
    }
    f.write_str("(")?;
    node(inner, f)?;
    f.write_str(")")
}

fn print_words(words: &Words, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match words {
        Words::Word(word) => f.write_str(word),
        Words::Prefix(prefix) => write!(f, "{prefix}*"),
        Words::Phrase { text, slop: 0 } => write!(f, "\"{text}\""),
        Words::Phrase { text, slop } => write!(f, "\"{text}\"~{slop}"),
        Words::Near { left, right, within } => write!(f, "{left} NEAR/{within} {right}"),
    }
}
