//! News articles: a headline, what happened, and somebody's own words about it.

use super::writer::{Writer, capitalise};
use crate::bank::BANK;
use crate::grammar::GRAMMAR;
use crate::outlet::OUTLETS;
use crate::person::People;
use crate::spec::Spec;

impl Writer {
    /// Writes an article and returns its headline.
    pub(super) fn news(&mut self, spec: &Spec) -> Option<String> {
        if self.topic.story.is_empty() {
            return None;
        }
        let (mood, headline, lead) = self.topic.story.pick(&mut self.rng);
        self.mood = *mood;
        let mut title = String::new();
        GRAMMAR.write(headline, &self.context, &mut self.rng, &mut title);
        capitalise(&mut title);
        self.phrase(lead);
        if self.rng.chance(0.6) {
            self.rule(BANK.news_body.of(self.mood));
        }
        self.quote(spec);
        if self.rng.chance(0.55) {
            self.rule(BANK.news_response.of(self.mood));
        }
        if self.rng.chance(0.3) {
            self.rule(BANK.news_close);
        }
        Some(title)
    }

    /// Somebody's own words, between quotation marks, and who said them.
    fn quote(&mut self, spec: &Spec) {
        let said = self.said_aside();
        self.sentence.clear();
        GRAMMAR.write_rule(BANK.news_quote, &self.context, &mut self.rng, &mut self.sentence);
        let mut person = String::new();
        GRAMMAR.write_rule(BANK.news_person, &self.context, &mut self.rng, &mut person);
        let age = self.rng.range(19, 84);
        let who = match self.topic.people {
            People::Staff => format!("{person}, who works on a ward in {}", self.context.town),
            _ => format!("{person}, {age}, from {}", self.context.town),
        };
        let paper = spec.outlet.map_or("", |outlet| OUTLETS[outlet].name);
        let (said, stop) = match said.strip_suffix('.') {
            Some(said) => (said, true),
            None => (said.as_str(), false),
        };
        for sign in [",", "."] {
            let end = if stop { sign } else { "" };
            self.sentence = self.sentence.replace(&format!("QUOTE{sign}"), &format!("\"{said}{end}\""));
        }
        self.sentence = self.sentence.replace("PERSON", &who).replace("PAPER", paper);
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(&self.sentence);
    }

    /// What somebody says in the mood of the post, finished, but not added to it.
    fn said_aside(&mut self) -> String {
        let start = self.out.len();
        self.say_in_mood();
        self.out.split_off(start).trim_start().to_owned()
    }
}
