//! From tokens to the tree, by recursive descent with a limit on depth and on words.

use super::lex::{Kind, Token};
use super::{DEEPEST, MOST_TERMS, Node, QueryError, Words};
use crate::schema::analyzer;

pub(super) fn parse(tokens: &[Token]) -> Result<Node, QueryError> {
    check_words(tokens)?;
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let node = parser.any()?;
    if let Some(token) = parser.peek() {
        let message = "This “)” closes nothing: remove it, or add “(” before the words it belongs to";
        return Err(QueryError::at(token.position, message));
    }
    node.ok_or_else(|| QueryError::at(1, "There is no word to search for: use letters or digits"))
}

/// Looks at each word as the index would: how many there are, and whether each can be found at all.
fn check_words(tokens: &[Token]) -> Result<(), QueryError> {
    let mut analyzer = analyzer();
    let mut count = 0;
    for token in tokens {
        let Kind::Leaf(node) = &token.kind else { continue };
        count += match node {
            Node::Text(words) | Node::Title(words) => {
                let (Words::Word(text)
                | Words::Prefix(text)
                | Words::Phrase { text, .. }
                | Words::Near { left: text, .. }) = words;
                let mut terms = 0;
                analyzer.token_stream(text).process(&mut |_| terms += 1);
                if terms == 0 {
                    return Err(QueryError::at(token.position, "This word is too long to be found: shorten it"));
                }
                terms
            }
            _ => 1,
        };
        if count > MOST_TERMS {
            let message = format!("There are too many words: {MOST_TERMS} at most, so leave out the common ones");
            return Err(QueryError::at(token.position, message));
        }
    }
    Ok(())
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, kind: &Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.at += usize::from(found);
        found
    }

    /// `all OR all ...`; `None` when there is nothing but empty parentheses.
    fn any(&mut self) -> Result<Option<Node>, QueryError> {
        let mut nodes = Vec::new();
        nodes.extend(self.all()?);
        while let Some(token) = self.peek().filter(|token| token.kind == Kind::Or) {
            let position = token.position;
            self.at += 1;
            if nodes.is_empty() {
                return Err(needs_words(position, &Kind::Or));
            }
            nodes.push(self.all()?.ok_or_else(|| needs_words(position, &Kind::Or))?);
        }
        Ok((!nodes.is_empty()).then(|| Node::any(nodes)))
    }

    /// `one AND one one ...`
    fn all(&mut self) -> Result<Option<Node>, QueryError> {
        let mut nodes = Vec::new();
        while let Some(token) = self.peek() {
            let position = token.position;
            match token.kind {
                Kind::Or | Kind::Close => break,
                Kind::And => {
                    self.at += 1;
                    let after =
                        self.peek().is_some_and(|next| matches!(next.kind, Kind::Open | Kind::Not | Kind::Leaf(_)));
                    if nodes.is_empty() || !after {
                        return Err(needs_words(position, &Kind::And));
                    }
                }
                _ => nodes.extend(self.one()?),
            }
        }
        Ok((!nodes.is_empty()).then(|| Node::all(nodes)))
    }

    /// `NOT one`, or words that may be near others.
    fn one(&mut self) -> Result<Option<Node>, QueryError> {
        let Some(token) = self.peek() else { return Ok(None) };
        let position = token.position;
        if self.eat(&Kind::Not) {
            self.descend(position)?;
            let inner = self
                .one()?
                .ok_or_else(|| QueryError::at(position, "NOT needs a word after it, such as NOT dentist"))?;
            self.depth -= 1;
            return Ok(Some(inner.negate()));
        }
        let mut node = self.primary()?;
        let mut last = node.clone();
        let mut pairs = Vec::new();
        while let Some(&Token { position, kind: Kind::Near(within) }) = self.peek() {
            self.at += 1;
            let next = if self.peek().is_some() { self.primary()? } else { None };
            pairs.push(near(position, last, next.clone(), within)?);
            last = next;
        }
        if !pairs.is_empty() {
            node = Some(Node::all(pairs));
        }
        Ok(node)
    }

    /// A word, or something in parentheses.
    fn primary(&mut self) -> Result<Option<Node>, QueryError> {
        let Some(token) = self.peek() else { return Ok(None) };
        let position = token.position;
        match &token.kind {
            Kind::Leaf(node) => {
                let node = node.clone();
                self.at += 1;
                Ok(Some(node))
            }
            Kind::Open => {
                self.at += 1;
                self.descend(position)?;
                let inner = self.any()?;
                self.depth -= 1;
                if self.eat(&Kind::Close) {
                    return Ok(inner);
                }
                Err(QueryError::at(position, "This “(” is never closed: add “)” after the words it belongs to"))
            }
            Kind::Near(_) => Err(near_needs_words(position)),
            other => Err(needs_words(position, other)),
        }
    }

    fn descend(&mut self, position: usize) -> Result<(), QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message =
                format!("The query is nested too deeply: use at most {DEEPEST} levels of parentheses and NOT");
            return Err(QueryError::at(position, message));
        }
        Ok(())
    }
}

fn near(position: usize, left: Option<Node>, right: Option<Node>, within: u8) -> Result<Node, QueryError> {
    let single = |word: &str| word.chars().all(char::is_alphanumeric);
    match (left, right) {
        (Some(Node::Text(Words::Word(left))), Some(Node::Text(Words::Word(right))))
            if single(&left) && single(&right) =>
        {
            Ok(Node::Text(Words::Near { left, right, within }))
        }
        _ => Err(near_needs_words(position)),
    }
}

fn near_needs_words(position: usize) -> QueryError {
    let message =
        "NEAR needs a single word on each side, such as queue NEAR/5 phone; for more words use \"queue phone\"~5";
    QueryError::at(position, message)
}

fn needs_words(position: usize, kind: &Kind) -> QueryError {
    let name = kind.name();
    let message = format!(
        "{name} needs a word on each side, such as queue {name} appointment; as an ordinary word, write it in small letters"
    );
    QueryError::at(position, message)
}
