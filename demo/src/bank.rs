//! The rules of the phrase files that every kind of post draws on, found once by name.

use std::sync::LazyLock;

use crate::grammar::{GRAMMAR, Mood};
use crate::outlet::FOLLOWED_TAGS;
use crate::person::{People, Role};
use crate::strands::STRANDS;
use crate::voice::Language;

/// The rules and topics that the composer needs by name.
pub(crate) static BANK: LazyLock<Bank> = LazyLock::new(Bank::new);

/// Numbers of rules and topics in [`GRAMMAR`].
#[derive(Debug)]
pub(crate) struct Bank {
    pub(crate) feel: ByMood,
    pub(crate) social_open: ByMood,
    pub(crate) emoji: ByMood,
    pub(crate) comment_open: ByMood,
    pub(crate) spoken_open: usize,
    pub(crate) spoken_close: ByMood,
    pub(crate) aside: usize,
    pub(crate) forum_open: usize,
    pub(crate) forum_context: usize,
    pub(crate) forum_close: ByMood,
    pub(crate) forum_reply: usize,
    pub(crate) staff_context: usize,
    pub(crate) title: usize,
    pub(crate) edit: usize,
    pub(crate) facilitator_open: usize,
    pub(crate) facilitator_close: usize,
    pub(crate) facilitator: usize,
    pub(crate) news_quote: usize,
    pub(crate) news_person: usize,
    pub(crate) news_body: ByMood,
    pub(crate) news_response: ByMood,
    pub(crate) news_close: usize,
    pub(crate) byline: usize,
    /// For each language but English: topic, openings, closings.
    languages: Vec<(Language, usize, usize, usize)>,
    /// The topic of each planned strand.
    pub(crate) strands: Vec<usize>,
    /// Ordinary topics with their weights, for those who work in the service and for everybody else.
    staff: Vec<(usize, f64)>,
    everybody: Vec<(usize, f64)>,
    /// For each topic, which of its tags are followed; never empty.
    pub(crate) followed: Vec<Vec<&'static str>>,
}

/// One rule for each mood.
#[derive(Debug)]
pub(crate) struct ByMood([usize; 3]);

impl ByMood {
    pub(crate) fn of(&self, mood: Mood) -> usize {
        self.0[mood as usize]
    }
}

impl Bank {
    /// The topic, openings and closings of `language`; `None` for English.
    pub(crate) fn language(&self, language: Language) -> Option<(usize, usize, usize)> {
        let found = self.languages.iter().find(|(known, ..)| *known == language);
        found.map(|&(_, topic, open, close)| (topic, open, close))
    }

    /// The ordinary topics that somebody in this role speaks of, with their weights.
    pub(crate) fn topics(&self, role: Role, at_work: bool) -> &[(usize, f64)] {
        if role == Role::Staff && at_work { &self.staff } else { &self.everybody }
    }

    fn new() -> Self {
        let languages = Language::OTHERS.map(|(language, _)| {
            let code = language.code();
            (language, topic(&format!("lang-{code}")), rule(&format!("{code}.open")), rule(&format!("{code}.close")))
        });
        let ordinary = |staff: bool| {
            let topics = GRAMMAR.topics.iter().enumerate();
            topics
                .filter(|(_, topic)| topic.weight > 0.0 && (topic.people == People::Staff) == staff)
                .map(|(index, topic)| (index, topic.weight))
                .collect()
        };
        let followed = GRAMMAR.topics.iter().map(|topic| {
            let tags: Vec<_> = topic.tags.iter().copied().filter(|tag| FOLLOWED_TAGS.contains(tag)).collect();
            if tags.is_empty() { vec!["NHS"] } else { tags }
        });
        Self {
            feel: by_mood("feel"),
            social_open: by_mood("social.open"),
            emoji: by_mood("emoji"),
            comment_open: by_mood("comment.open"),
            spoken_open: rule("spoken.open"),
            spoken_close: by_mood("spoken.close"),
            aside: rule("aside"),
            forum_open: rule("forum.open"),
            forum_context: rule("forum.context"),
            forum_close: by_mood("forum.close"),
            forum_reply: rule("forum.reply"),
            staff_context: rule("staff.context"),
            title: rule("title"),
            edit: rule("edit"),
            facilitator_open: rule("facilitator.open"),
            facilitator_close: rule("facilitator.close"),
            facilitator: rule("facilitator"),
            news_quote: rule("news.quote"),
            news_person: rule("news.person"),
            news_body: by_mood("news.body"),
            news_response: by_mood("news.response"),
            news_close: rule("news.close"),
            byline: rule("byline"),
            languages: languages.to_vec(),
            strands: STRANDS.iter().map(|strand| topic(strand.key)).collect(),
            staff: ordinary(true),
            everybody: ordinary(false),
            followed: followed.collect(),
        }
    }
}

fn rule(name: &str) -> usize {
    GRAMMAR.rule(name).unwrap_or_else(|| unreachable!("the phrase files have the rule {name}, as a test shows"))
}

fn by_mood(name: &str) -> ByMood {
    ByMood(["bad", "mixed", "good"].map(|mood| rule(&format!("{name}.{mood}"))))
}

fn topic(key: &str) -> usize {
    GRAMMAR.topic(key).unwrap_or_else(|| unreachable!("the phrase files have the topic {key}, as a test shows"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phrase_files_have_everything_that_is_asked_for() {
        let bank = &*BANK;
        assert!(bank.topics(Role::Staff, true).len() >= 2);
        assert!(bank.topics(Role::Patient, false).len() >= 30);
    }
}
