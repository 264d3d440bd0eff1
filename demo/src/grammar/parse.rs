//! Reads phrase files.

use std::collections::HashMap;

use super::{Grammar, Mood, Phrase, Piece, Slot, Topic};
use crate::person::People;
use crate::weighted::Weighted;

impl Grammar {
    /// Parses phrase files, given as (name, content).
    ///
    /// # Errors
    /// Says which file and line is wrong, and how.
    pub(crate) fn parse(files: &[(&'static str, &'static str)]) -> Result<Self, String> {
        let names: HashMap<_, _> = files
            .iter()
            .flat_map(|(_, text)| text.lines().filter_map(|line| line.strip_prefix("rule ")).map(str::trim))
            .enumerate()
            .map(|(index, name)| (name, index))
            .collect();
        let mut grammar = Self { rules: Vec::new(), names, topics: Vec::new(), current: None };
        for (file, text) in files {
            let mut section = "";
            for (index, line) in text.lines().enumerate() {
                grammar.line(line, &mut section).map_err(|error| format!("{file}:{}: {error}", index + 1))?;
            }
        }
        let empty = grammar.names.iter().find(|(_, rule)| grammar.rules.get(**rule).is_none_or(Weighted::is_empty));
        if let Some((name, _)) = empty {
            return Err(format!("rule {name} is empty or defined twice"));
        }
        grammar.weigh();
        Ok(grammar)
    }

    fn line(&mut self, line: &'static str, section: &mut &'static str) -> Result<(), String> {
        if line.trim().is_empty() || line.starts_with("# ") {
            return Ok(());
        }
        let Some(phrase) = line.strip_prefix("  ") else {
            return self.header(line, section);
        };
        if *section == "rule" {
            let phrase = self.phrase(phrase)?;
            self.rules.last_mut().ok_or("no rule before this phrase")?.push(phrase);
            return Ok(());
        }
        let current = self.current.ok_or("no topic before this phrase")?;
        if matches!(*section, "say" | "more" | "story") {
            let (mood, phrase) = mood_of(phrase)?;
            if *section == "story" {
                let (headline, lead) = phrase.split_once(" // ").ok_or("write `headline // first sentence`")?;
                let story = (mood, self.phrase(headline)?, self.phrase(lead)?);
                self.topics[current].story.push(story);
            } else {
                let phrase = self.phrase(phrase)?;
                let topic = &mut self.topics[current];
                if *section == "say" { &mut topic.say } else { &mut topic.more }.push((mood, phrase));
            }
        } else {
            let phrase = self.phrase(phrase)?;
            match *section {
                "ask" => self.topics[current].ask.push(phrase),
                "title" => self.topics[current].title.push(phrase),
                other => return Err(format!("there is no section `{other}`")),
            }
        }
        Ok(())
    }

    fn header(&mut self, line: &'static str, section: &mut &'static str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        *section = words.next().unwrap_or("");
        match *section {
            "rule" => self.rules.push(Weighted::default()),
            "about" => {
                let key = words.next().unwrap_or("");
                self.current = Some(self.topic(key).ok_or_else(|| format!("there is no topic `{key}` so far"))?);
            }
            "topic" => {
                self.current = Some(self.topics.len());
                let mut word = || words.next().ok_or("expected `topic KEY WEIGHT PEOPLE #TAG...`");
                let (key, weight, people) = (word()?, word()?, word()?);
                self.topics.push(Topic {
                    key,
                    weight: weight.parse().map_err(|_| format!("`{weight}` is not a weight"))?,
                    people: People::from_name(people).ok_or_else(|| format!("`{people}` is not a kind of people"))?,
                    tags: words.map(|tag| tag.trim_start_matches('#')).collect(),
                    say: Weighted::default(),
                    more: Weighted::default(),
                    ask: Weighted::default(),
                    title: Weighted::default(),
                    story: Weighted::default(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn phrase(&self, text: &'static str) -> Result<Phrase, String> {
        let (phrase, rest) = self.pieces(text, false)?;
        if rest.is_empty() { Ok(phrase) } else { Err(format!("unexpected `{rest}`")) }
    }

    /// Parses pieces up to the end, or, within a choice, up to `|` or `]`, and returns what is left.
    fn pieces(&self, mut text: &'static str, nested: bool) -> Result<(Phrase, &'static str), String> {
        let mut phrase = Vec::new();
        loop {
            let end = text.find(|c| matches!(c, '{' | '[') || (nested && matches!(c, '|' | ']'))).unwrap_or(text.len());
            if end > 0 {
                phrase.push(Piece::Text(&text[..end]));
            }
            text = &text[end..];
            if let Some(rest) = text.strip_prefix('{') {
                let (name, rest) = rest.split_once('}').ok_or("a `{` is not closed")?;
                phrase.push(self.named(name)?);
                text = rest;
            } else if let Some(mut rest) = text.strip_prefix('[') {
                let mut choices = Vec::new();
                loop {
                    let (choice, after) = self.pieces(rest, true)?;
                    choices.push(choice);
                    if let Some(after) = after.strip_prefix(']') {
                        text = after;
                        break;
                    }
                    rest = after.strip_prefix('|').ok_or("a `[` is not closed")?;
                }
                phrase.push(Piece::Choice(choices));
            } else {
                return Ok((phrase, text));
            }
        }
    }

    fn named(&self, name: &str) -> Result<Piece, String> {
        if let Some(rule) = self.rule(name) {
            return Ok(Piece::Rule(rule));
        }
        if let Some(slot) = Slot::from_name(name) {
            return Ok(Piece::Slot(slot));
        }
        let range = name.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        match range {
            Some((low, high)) if low <= high => Ok(Piece::Number(low, high)),
            _ => Err(format!("there is no rule or slot `{name}`")),
        }
    }
}

fn mood_of(phrase: &'static str) -> Result<(Mood, &'static str), &'static str> {
    match phrase.split_at_checked(2) {
        Some(("- ", phrase)) => Ok((Mood::Bad, phrase)),
        Some(("~ ", phrase)) => Ok((Mood::Mixed, phrase)),
        Some(("+ ", phrase)) => Ok((Mood::Good, phrase)),
        _ => Err("begin with the mood: -, ~ or +"),
    }
}

impl Slot {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "who" => Self::Who,
            "whom" => Self::Whom,
            "they" => Self::They,
            "them" => Self::Them,
            "their" => Self::Their,
            "have" => Self::Have,
            "are" => Self::Are,
            "s" => Self::S,
            "do" => Self::Do,
            "theyve" => Self::Theyve,
            "theyre" => Self::Theyre,
            "town" => Self::Town,
            "today" => Self::Today,
            "yesterday" => Self::Yesterday,
            "later" => Self::Later,
            _ => return None,
        })
    }
}
