//! What is known of a meeting besides what was said: from front matter, a NOTE block, a sidecar file or the file's name.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::when::{date, in_england, time};

/// A meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    /// What it was called.
    pub title: Option<String>,
    /// The day, in England.
    pub date: Option<Date>,
    /// When it began, in England.
    pub time: Option<Time>,
    /// Where it was held, in words.
    pub place: Option<String>,
    /// Who met ("Leeds carers' group").
    pub group: Option<String>,
    /// How many people were in the room, of whom perhaps only some spoke.
    pub people: Option<u32>,
    /// The language spoken, as a BCP 47 tag.
    pub language: Option<String>,
    /// Its identity, where several files are of one meeting.
    pub event: Option<String>,
    /// The people concerned took back what they said: all of it is to be deleted.
    pub withdrawn: bool,
}

impl Meeting {
    /// Takes the value of one key. Keys that mean nothing to us are passed over.
    ///
    /// # Errors
    /// Plain words, when the value cannot be read.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let value = value.trim().trim_matches(['"', '\'']).trim();
        if value.is_empty() {
            return Ok(());
        }
        let text = || Some(value.to_owned());
        match key.trim().to_ascii_lowercase().as_str() {
            "title" | "name" | "subject" => self.title = text(),
            "place" | "location" | "venue" | "town" => self.place = text(),
            "group" => self.group = text(),
            "language" | "lang" => self.language = text(),
            "event" | "meeting" => self.event = text(),
            "withdrawn" => self.withdrawn = matches!(value, "yes" | "true" | "Yes" | "True"),
            "people" | "attendees" | "attendance" | "participants" => {
                let people = value.parse().map_err(|_| format!("`{key}: {value}` is not a number of people"))?;
                self.people = Some(people);
            }
            "date" => {
                let (date, time) = date(value).ok_or_else(|| {
                    format!("`{key}: {value}` is not a date: write it like 2025-10-04 or 4 October 2025")
                })?;
                self.date = Some(date);
                self.time = time.or(self.time);
            }
            "time" | "start" | "started" => {
                let time = time(value).ok_or_else(|| format!("`{key}: {value}` is not a time: write it like 18:30"))?;
                self.time = Some(time);
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes every line of the form `key: value`.
    pub(super) fn set_lines<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
        for line in lines {
            if let Some((key, value)) = line.split_once(':') {
                self.set(key, value)?;
            }
        }
        Ok(())
    }

    /// Takes the keys of a sidecar file in TOML.
    pub(super) fn set_table(&mut self, table: toml::Table) -> Result<(), String> {
        for (key, value) in table {
            let value = match value {
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            self.set(&key, &value)?;
        }
        Ok(())
    }

    /// Takes what `over` says in place of what this says.
    pub(super) fn overlay(&mut self, over: &Self) {
        fn put<T: Clone>(ours: &mut Option<T>, theirs: Option<&T>) {
            if let Some(theirs) = theirs {
                *ours = Some(theirs.clone());
            }
        }
        put(&mut self.title, over.title.as_ref());
        put(&mut self.date, over.date.as_ref());
        put(&mut self.time, over.time.as_ref());
        put(&mut self.place, over.place.as_ref());
        put(&mut self.group, over.group.as_ref());
        put(&mut self.people, over.people.as_ref());
        put(&mut self.language, over.language.as_ref());
        put(&mut self.event, over.event.as_ref());
        self.withdrawn |= over.withdrawn;
    }

    /// Fills in what is still unknown from the file's name ("2025-10-04-leeds-assembly").
    pub(super) fn set_from_name(&mut self, stem: &str) {
        let dated = stem.get(..10).and_then(date).filter(|(_, time)| time.is_none());
        let rest = if dated.is_some() { &stem[10..] } else { stem };
        self.date = self.date.or(dated.map(|(date, _)| date));
        if self.title.is_none() {
            let words: Vec<&str> = rest.split(['-', '_', ' ', '.']).filter(|word| !word.is_empty()).collect();
            let mut title = words.join(" ");
            if let Some(first) = title.chars().next() {
                title.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
                self.title = Some(title);
            }
        }
    }

    /// When it began (UTC). Without a time it counts as noon, so that the day is right wherever it is shown.
    pub(super) fn began(&self) -> Option<Timestamp> {
        in_england(self.date?, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting(lines: &str) -> Result<Meeting, String> {
        let mut meeting = Meeting::default();
        meeting.set_lines(lines.lines())?;
        Ok(meeting)
    }

    #[test]
    fn lines_give_all_that_is_known() {
        let meeting = meeting(
            "title: \"Carers: what we need\"\nDate: 4 October 2025\nstart: 6.30pm\nvenue: Leeds\npeople: 23\ngroup: Carers\ncolour: blue",
        )
        .unwrap();
        assert_eq!(meeting.title.as_deref(), Some("Carers: what we need"));
        assert_eq!(meeting.place.as_deref(), Some("Leeds"));
        assert_eq!(meeting.people, Some(23));
        // British summer time: half past six in the evening is half past five UTC.
        assert_eq!(meeting.began().unwrap().to_string(), "2025-10-04T17:30:00Z");
    }

    #[test]
    fn a_date_that_is_none_is_named() {
        let error = meeting("date: next week").unwrap_err();
        assert_eq!(error, "`date: next week` is not a date: write it like 2025-10-04 or 4 October 2025");
    }

    #[test]
    fn what_somebody_says_counts_more() {
        let mut ours = meeting("title: A\nplace: York").unwrap();
        ours.overlay(&meeting("place: Leeds\npeople: 3").unwrap());
        assert_eq!((ours.title.as_deref(), ours.place.as_deref(), ours.people), (Some("A"), Some("Leeds"), Some(3)));
    }

    #[test]
    fn the_files_name_fills_in() {
        let mut meeting = Meeting::default();
        meeting.set_from_name("2025-10-04-leeds_carers assembly");
        assert_eq!(meeting.title.as_deref(), Some("Leeds carers assembly"));
        assert_eq!(meeting.date, Some(jiff::civil::date(2025, 10, 4)));
        let mut named = Meeting { title: Some("T".into()), ..Meeting::default() };
        named.set_from_name("é");
        assert_eq!(named.title.as_deref(), Some("T"));
    }

    #[test]
    fn a_sidecar_is_a_table() {
        let mut meeting = Meeting::default();
        let table = "title = \"Assembly\"\ndate = 2025-10-04\npeople = 40\nwithdrawn = true\n".parse().unwrap();
        meeting.set_table(table).unwrap();
        assert_eq!((meeting.people, meeting.withdrawn), (Some(40), true));
        assert!(meeting.date.is_some());
    }
}
