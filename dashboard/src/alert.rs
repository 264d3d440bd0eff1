//! What somebody asked to be told: that an issue rises which concerns them.

use index::trends::model::Status;
use index::trends::{Issue, IssueId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Audience;
use crate::labels;

/// An issue that crossed the threshold of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The name of the rule.
    pub rule: String,
    /// The issue.
    pub issue: IssueId,
    /// What it is called.
    pub label: String,
    /// What it is doing.
    pub status: Status,
    /// Voices in 7 days.
    pub voices: u64,
    /// Posts in 7 days.
    pub posts: u64,
    /// Posts in the 7 days before.
    pub posts_before: u64,
    /// When it was first seen to concern the rule (UTC).
    pub at: Timestamp,
}

impl Alert {
    /// The alert that `issue`, as it is now, concerns `rule`.
    pub fn new(rule: &str, issue: &Issue, at: Timestamp) -> Self {
        Self {
            rule: rule.to_owned(),
            issue: issue.id,
            label: issue.label.clone(),
            status: issue.status,
            voices: issue.voices,
            posts: issue.posts,
            posts_before: issue.posts_before,
            at,
        }
    }

    /// It in a sentence for this audience.
    pub fn sentence(&self, audience: Audience) -> String {
        let voices = audience.count(self.voices).of("voice", "voices");
        let posts = audience.count(self.posts).of("post", "posts");
        let before = audience.count(self.posts_before);
        format!(
            "‘{}’ is {}: {voices} in {posts} in 7 days; {before} in the 7 days before.",
            self.label,
            labels::status(self.status).to_lowercase()
        )
    }

    /// The page of the issue, as a path of the site.
    pub fn path(&self) -> String {
        format!("/issues/{}", self.issue)
    }

    /// A name that stays the same, and is another one when the issue comes back later.
    pub(crate) fn id(&self) -> String {
        let rule = self.rule.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        format!("urn:discovery:alert:{rule}:{}:{}", self.issue, self.at.as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::issue;

    #[test]
    fn the_sentence_has_the_numbers_that_the_audience_may_see() {
        let alert = Alert::new("Lifts", &issue("Broken lift", &[3, 4]), Timestamp::UNIX_EPOCH);
        assert_eq!(
            alert.sentence(Audience::Staff),
            "‘Broken lift’ is rising: 7 voices in 7 posts in 7 days; 100 in the 7 days before."
        );
        assert_eq!(
            alert.sentence(Audience::Public),
            "‘Broken lift’ is rising: fewer than 10 voices in fewer than 10 posts in 7 days; 100 in the 7 days before."
        );
        assert!(alert.id().starts_with("urn:discovery:alert:lifts:"));
    }
}
