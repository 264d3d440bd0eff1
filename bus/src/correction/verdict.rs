//! What staff say about tags, before it is tied to the posts that it is about.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use super::{Correction, Ruling};
use crate::post::{Place, Post, SentimentLabel};

/// The longest reason, in characters.
pub const MAX_WHY: usize = 500;
/// The longest name of who corrects, in characters.
pub const MAX_BY: usize = 100;
/// The most subjects and the most places that a post can be corrected to.
pub const MAX_VALUES: usize = 20;

/// What staff say about the tags of posts; tags that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The language as an ISO 639-1 code, `None` within for unknown.
    pub language: Option<Option<String>>,
    /// The feeling, `None` within for none.
    pub sentiment: Option<Option<SentimentLabel>>,
    /// The subjects, by slug.
    pub topics: Option<Vec<String>>,
    /// The places.
    pub places: Option<Vec<Place>>,
    /// Who says so: a role or an account of the staff.
    pub by: String,
    /// Why, in their own words.
    pub why: String,
}

/// Why a verdict cannot be passed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerdictError {
    /// No tag is named.
    #[error("nothing is corrected: say what the topics, the feeling, the language or the places are")]
    Nothing,
    /// No reason.
    #[error("give a reason: whoever reads the correction later must be able to follow it")]
    NoReason,
    /// Nobody.
    #[error("say who corrects: a role or an account of the staff")]
    Nobody,
    /// The reason or the name is too long.
    #[error("the {what} is longer than {limit} characters: shorten it")]
    TooLong {
        /// Which of both.
        what: &'static str,
        /// The most characters.
        limit: usize,
    },
    /// Too many subjects or places.
    #[error("a post is not about more than {MAX_VALUES} {0}: name those that matter")]
    TooMany(&'static str),
}

impl Verdict {
    /// The correction of `post` that says this at the time `at`.
    ///
    /// # Errors
    /// [`VerdictError`], which says what to do.
    pub fn about(&self, post: &Post, at: Timestamp) -> Result<Correction, VerdictError> {
        self.check()?;
        let (by, why) = (self.by.trim(), self.why.trim());
        Ok(Correction {
            language: self.language.clone().map(|to| ruling(to, by, why, at)),
            sentiment: self.sentiment.map(|to| ruling(to, by, why, at)),
            topics: self.topics.as_deref().map(|topics| ruling(distinct(topics), by, why, at)),
            places: self.places.clone().map(|to| ruling(to, by, why, at)),
            ..Correction::of(post)
        })
    }

    /// Whether it can be passed, whatever the post.
    ///
    /// # Errors
    /// [`VerdictError`], which says what to do.
    pub fn check(&self) -> Result<(), VerdictError> {
        if self.language.is_none() && self.sentiment.is_none() && self.topics.is_none() && self.places.is_none() {
            return Err(VerdictError::Nothing);
        }
        for (what, text, limit, missing) in [
            ("reason", self.why.trim(), MAX_WHY, VerdictError::NoReason),
            ("name of who corrects", self.by.trim(), MAX_BY, VerdictError::Nobody),
        ] {
            if text.is_empty() {
                return Err(missing);
            }
            if text.chars().count() > limit {
                return Err(VerdictError::TooLong { what, limit });
            }
        }
        if self.topics.as_ref().is_some_and(|topics| topics.len() > MAX_VALUES) {
            return Err(VerdictError::TooMany("topics"));
        }
        if self.places.as_ref().is_some_and(|places| places.len() > MAX_VALUES) {
            return Err(VerdictError::TooMany("places"));
        }
        Ok(())
    }
}

fn ruling<T>(to: T, by: &str, why: &str, at: Timestamp) -> Ruling<T> {
    Ruling { to, by: by.to_owned(), why: why.to_owned(), at }
}

/// Each topic once, where it is named first.
fn distinct(topics: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    topics.iter().filter(|topic| seen.insert(topic.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict() -> Verdict {
        let topics = Some(["food", "staff", "food"].map(str::to_owned).to_vec());
        Verdict { topics, by: " analyst ".to_owned(), why: "read it".to_owned(), ..Verdict::default() }
    }

    #[test]
    fn it_needs_a_tag_a_reason_and_somebody_who_says_so() {
        assert_eq!(verdict().check(), Ok(()));
        assert_eq!(Verdict { topics: None, ..verdict() }.check(), Err(VerdictError::Nothing));
        assert_eq!(Verdict { why: " \n".to_owned(), ..verdict() }.check(), Err(VerdictError::NoReason));
        assert_eq!(Verdict { by: String::new(), ..verdict() }.check(), Err(VerdictError::Nobody));
        let long = Verdict { why: "x".repeat(MAX_WHY + 1), ..verdict() }.check().unwrap_err();
        assert_eq!(long.to_string(), "the reason is longer than 500 characters: shorten it");
        let many = Some(vec!["food".to_owned(); MAX_VALUES + 1]);
        assert_eq!(Verdict { topics: many, ..verdict() }.check(), Err(VerdictError::TooMany("topics")));
    }

    #[test]
    fn a_topic_that_is_named_twice_is_said_once() {
        let post = crate::correction::tests::post("x").post;
        let said = verdict().about(&post, Timestamp::UNIX_EPOCH).unwrap().topics.unwrap();
        assert_eq!((said.to.len(), said.by.as_str(), said.why.as_str()), (2, "analyst", "read it"));
    }
}
