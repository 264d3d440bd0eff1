//! Dates and times in the ways people write them. Days and times of day are those in England.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// Orders of day, month and year; those with four digits of the year before those with two.
const DATES: [&str; 12] = [
    "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y",
    "%d/%m/%y", "%d.%m.%y", "%d-%b-%Y",
];

/// A date, and the time of day if one follows.
pub(super) fn date(text: &str) -> Option<(Date, Option<Time>)> {
    if let Ok(at) = text.parse::<DateTime>() {
        return Some((at.date(), (text.len() > 10).then(|| at.time())));
    }
    let text = plain(text);
    DATES.iter().find_map(|format| {
        let (read, end) = BrokenDownTime::parse_prefix(format, &text).ok()?;
        let date = read.to_date().ok().filter(|date| (1900..2200).contains(&date.year()))?;
        let rest = text[end..].trim_start_matches([' ', 'T']).trim();
        let rest = rest.strip_prefix("at ").unwrap_or(rest);
        match rest {
            "" => Some((date, None)),
            rest => time(rest).map(|time| (date, Some(time))),
        }
    })
}

/// A time of day.
pub(super) fn time(text: &str) -> Option<Time> {
    let text = text.to_lowercase().replace(' ', "").replace('.', ":");
    ["%H:%M:%S", "%H:%M", "%I:%M:%S%p", "%I:%M%p", "%I%p"].iter().find_map(|format| {
        let (read, end) = BrokenDownTime::parse_prefix(format, &text).ok()?;
        read.to_time().ok().filter(|_| end == text.len())
    })
}

/// A moment (UTC): with its zone, or a date and time in England. A date alone counts as noon, so that the day is right
/// wherever it is shown.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let (date, time) = date(text)?;
    in_england(date, time)
}

/// The moment (UTC) of a day and a time of day in England; noon, where there is no time.
pub(super) fn in_england(date: Date, time: Option<Time>) -> Option<Timestamp> {
    let at = DateTime::from_parts(date, time.unwrap_or(jiff::civil::time(12, 0, 0, 0)));
    let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    Some(at.to_zoned(london).ok()?.timestamp())
}

/// `text` without the name of a weekday, commas, and the letters of "4th".
fn plain(text: &str) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let is_day = |word: &str| {
        let small = word.trim_end_matches('.').to_lowercase();
        DAYS.iter().any(|day| small.starts_with(day)) && (small.len() <= 4 || small.ends_with("day"))
    };
    let mut words: Vec<&str> = words.skip_while(|word| is_day(word)).collect();
    for word in &mut words {
        let stem = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending));
        if let Some(stem) = stem.filter(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit())) {
            *word = stem;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_the_ways_people_write_them() {
        for text in [
            "2025-10-04",
            "2025/10/04",
            "04/10/2025",
            "4/10/25",
            "4.10.2025",
            "4 October 2025",
            "4th Oct 2025",
            "Saturday 4 October 2025",
            "Sat, 4 Oct 2025",
            "October 4, 2025",
            "4-Oct-2025",
        ] {
            assert_eq!(date(text), Some((jiff::civil::date(2025, 10, 4), None)), "{text}");
        }
        for text in [
            "2025-10-04 18:30",
            "2025-10-04T18:30:00",
            "04/10/2025 18:30",
            "October 4, 2025, 6:30PM",
            "4 October 2025 at 6.30pm",
        ] {
            assert_eq!(
                date(text),
                Some((jiff::civil::date(2025, 10, 4), Some(jiff::civil::time(18, 30, 0, 0)))),
                "{text}"
            );
        }
        for text in ["", "next week", "31/02/2025", "10", "4 October", "2025-10-04 later"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_has_its_own_zone_or_that_of_england() {
        assert_eq!(moment("2025-10-04T18:30:00+02:00").unwrap().to_string(), "2025-10-04T16:30:00Z");
        assert_eq!(moment("04/10/2025 18:30").unwrap().to_string(), "2025-10-04T17:30:00Z");
        assert_eq!(moment("04/10/2025").unwrap().to_string(), "2025-10-04T11:00:00Z");
        assert_eq!(moment("soon"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,30}|[0-9/ :.apm-]{0,20}") {
            let _ = moment(&text);
            let _ = time(&text);
        }
    }
}
