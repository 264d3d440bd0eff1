//! Measuring redaction against posts whose personal details are marked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Redactor, postcode};

/// A post, and what in it could identify a person.
#[derive(Clone, Debug, Deserialize)]
pub struct MarkedPost {
    /// What is said.
    pub text: String,
    /// The personal details, word for word.
    pub spans: Vec<Mark>,
    /// The part of the set that it belongs to; figures are given for each part.
    #[serde(default)]
    pub part: Option<String>,
}

/// One personal detail.
#[derive(Clone, Debug, Deserialize)]
pub struct Mark {
    /// What it is.
    pub kind: Kind,
    /// As it stands in the text.
    pub text: String,
}

/// Kinds of personal detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The ten digits of a patient.
    NhsNumber,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A full postcode.
    Postcode,
    /// The name of an account.
    Handle,
    /// A date of birth.
    DateOfBirth,
    /// What opens something in a link.
    Url,
    /// The name of a person who is introduced.
    Name,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::NhsNumber,
        Self::Phone,
        Self::Email,
        Self::Postcode,
        Self::Handle,
        Self::DateOfBirth,
        Self::Url,
        Self::Name,
    ];

    /// Whether it has a form of its own; a name and a date are told only by the words around them.
    pub fn is_structured(self) -> bool {
        !matches!(self, Self::Name | Self::DateOfBirth)
    }

    /// What its placeholder begins with; secrets are cut out of links without one.
    fn placeholder(self) -> Option<&'static str> {
        match self {
            Self::NhsNumber => Some("[NHS number]"),
            Self::Phone => Some(super::digits::PHONE),
            Self::Email => Some("[email]"),
            Self::Postcode => Some(postcode::PREFIX),
            Self::Handle => Some("[handle]"),
            Self::DateOfBirth => Some("[date of birth]"),
            Self::Url => None,
            Self::Name => Some("[name]"),
        }
    }
}

/// Counts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Details that are marked.
    pub marked: usize,
    /// Those of them that are gone from the text.
    pub gone: usize,
    /// Placeholders that were put in.
    pub placed: usize,
    /// Those of them that stand for a marked detail of their kind.
    pub placed_right: usize,
}

impl Counts {
    /// Share of the marked details that are gone; 1 where none is marked.
    pub fn recall(&self) -> f64 {
        if self.marked == 0 { 1.0 } else { self.gone as f64 / self.marked as f64 }
    }

    /// Share of the placeholders that are right; 1 where none was put in.
    pub fn precision(&self) -> f64 {
        if self.placed == 0 { 1.0 } else { self.placed_right as f64 / self.placed as f64 }
    }

    /// Adds those of another kind or part.
    pub fn add(&mut self, other: &Self) {
        self.marked += other.marked;
        self.gone += other.gone;
        self.placed += other.placed;
        self.placed_right += other.placed_right;
    }
}

/// A post in which something was left, or replaced without need.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// The number of the post, from 1.
    pub row: usize,
    /// Which kind.
    pub kind: Kind,
    /// Whether a detail was left; else something else was replaced.
    pub left: bool,
}

/// Redacts every post and counts, by part and kind.
pub fn evaluate(redactor: &Redactor, posts: &[MarkedPost]) -> (BTreeMap<String, BTreeMap<Kind, Counts>>, Vec<Fault>) {
    let mut parts: BTreeMap<String, BTreeMap<Kind, Counts>> = BTreeMap::new();
    let mut faults = Vec::new();
    for (index, post) in posts.iter().enumerate() {
        let part = parts.entry(post.part.clone().unwrap_or_else(|| "all".to_owned())).or_default();
        let redacted = redactor.redact(&post.text);
        for kind in Kind::ALL {
            let counts = count(kind, post, &redacted);
            if counts.gone < counts.marked {
                faults.push(Fault { row: index + 1, kind, left: true });
            }
            if counts.placed_right < counts.placed {
                faults.push(Fault { row: index + 1, kind, left: false });
            }
            part.entry(kind).or_default().add(&counts);
        }
    }
    (parts, faults)
}

fn count(kind: Kind, post: &MarkedPost, redacted: &str) -> Counts {
    let marks = post.spans.iter().filter(|mark| mark.kind == kind);
    let (marked, gone) =
        marks.fold((0, 0), |(marked, gone), mark| (marked + 1, gone + usize::from(!redacted.contains(&mark.text))));
    let placed = kind.placeholder().map_or(0, |placeholder| {
        redacted.matches(placeholder).count().saturating_sub(post.text.matches(placeholder).count())
    });
    Counts { marked, gone, placed, placed_right: placed.min(marked) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Posts written for this, before the rules were tried on them; `test` is the part that no rule was fitted to.
    const POSTS: &str = include_str!("../../tests/redaction.jsonl");

    fn posts() -> Vec<MarkedPost> {
        POSTS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn structured_details_go_and_little_else_does() {
        let posts = posts();
        assert!(posts.len() >= 500);
        let (parts, faults) = evaluate(&Redactor::new(), &posts);
        assert_eq!(parts.keys().collect::<Vec<_>>(), ["dev", "test"]);
        for (part, kinds) in &parts {
            let mut structured = Counts::default();
            kinds.iter().filter(|(kind, _)| kind.is_structured()).for_each(|(_, counts)| structured.add(counts));
            assert!(structured.recall() >= 0.99, "{part}: {structured:?} {faults:?}");
            assert!(structured.precision() >= 0.95, "{part}: {structured:?} {faults:?}");
        }
    }

    #[test]
    fn a_detail_left_and_a_word_replaced_are_both_seen() {
        let mark = |kind, text: &str| Mark { kind, text: text.to_owned() };
        let post = |text: &str, spans| MarkedPost { text: text.to_owned(), spans, part: None };
        let posts = [
            post("ring 07700 900123", vec![mark(Kind::Phone, "07700 900123")]),
            post("ring 07700 900123", vec![]),
            post("see Blessing", vec![mark(Kind::Name, "Blessing")]),
        ];
        let (parts, faults) = evaluate(&Redactor::new(), &posts);
        assert_eq!(parts["all"][&Kind::Phone], Counts { marked: 1, gone: 1, placed: 2, placed_right: 1 });
        assert!((parts["all"][&Kind::Name].recall()).abs() < 1e-9);
        assert_eq!(faults.len(), 2);
    }
}
