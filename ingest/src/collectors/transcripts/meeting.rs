//! What is known of a meeting besides what was said: from front matter, a NOTE block, a sidecar file or the file's name.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

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
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
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

    /// Takes what a sidecar file in TOML says.
    pub(super) fn set_toml(&mut self, text: &str) -> Result<(), String> {
        let table: toml::Table =
            toml::from_str(text).map_err(|error| format!("its .toml file: {}", error.message()))?;
        for (key, value) in table {
            let value = match value {
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            self.set(&key, &value)?;
        }
        Ok(())
    }

    /// Fills in what is still unknown from the file's name ("2025-10-04-leeds-assembly").
    pub(super) fn set_from_name(&mut self, stem: &str) {
        let dated = stem.get(..10).and_then(date);
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
        let date = self.date?;
        let at = DateTime::from_parts(date, self.time.unwrap_or(jiff::civil::time(12, 0, 0, 0)));
        let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        Some(at.to_zoned(london).ok()?.timestamp())
    }
}

fn date(text: &str) -> Option<(Date, Option<Time>)> {
    if let Ok(at) = text.parse::<DateTime>() {
        let has_time = text.len() > 10;
        return Some((at.date(), has_time.then(|| at.time())));
    }
    ["%d/%m/%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%A %d %B %Y"]
        .iter()
        .find_map(|format| strtime::parse(format, text).ok()?.to_date().ok())
        .map(|date| (date, None))
}

fn time(text: &str) -> Option<Time> {
    let text = text.to_lowercase().replace(' ', "").replace('.', ":");
    ["%H:%M:%S", "%H:%M", "%I:%M%p", "%I%p"]
        .iter()
        .find_map(|format| strtime::parse(format, &text).ok()?.to_time().ok())
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
    fn dates_are_read_in_the_ways_people_write_them() {
        for text in ["2025-10-04", "04/10/2025", "4 October 2025", "4 Oct 2025", "Saturday 4 October 2025"] {
            assert_eq!(date(text), Some((jiff::civil::date(2025, 10, 4), None)), "{text}");
        }
        assert_eq!(date("2025-10-04 18:30").unwrap().1, Some(jiff::civil::time(18, 30, 0, 0)));
        let error = meeting("date: next week").unwrap_err();
        assert_eq!(error, "`date: next week` is not a date: write it like 2025-10-04 or 4 October 2025");
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
    fn a_sidecar_is_toml() {
        let mut meeting = Meeting::default();
        meeting.set_toml("title = \"Assembly\"\ndate = 2025-10-04\npeople = 40\nwithdrawn = true\n").unwrap();
        assert_eq!((meeting.people, meeting.withdrawn), (Some(40), true));
        assert!(meeting.date.is_some());
        assert!(meeting.set_toml("title = ").unwrap_err().starts_with("its .toml file: "));
    }
}
