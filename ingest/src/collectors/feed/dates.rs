//! Dates as feeds write them: W3C and ISO 8601 in all lengths, RFC 822 with its variants, `asctime`, and the forms of
//! some Korean, Greek and Hungarian programs.
//!
//! A date without a zone is in UTC, a day without a time is its beginning, as in feedparser.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

/// The instant that `text` names.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    const LONGEST: usize = 100;
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let text = &text.to_lowercase();
    w3c(text).or_else(|| words(text)).or_else(|| iso8601(text)).or_else(|| korean(text))
}

/// A day: year, month, day of the month.
type Day = (i64, i64, i64);
/// A time of day: hour, minute, second.
type Time = (i64, i64, i64);

fn instant((year, month, day): Day, (hour, minute, second): Time, offset_minutes: i64) -> Option<Timestamp> {
    let year = i16::try_from(year).ok().filter(|year| *year > 0)?;
    let day = civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    // Some write midnight as 24:00, and there are leap seconds.
    if !(0..=24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let midnight = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    midnight.checked_add(SignedDuration::from_secs(hour * 3_600 + (minute - offset_minutes) * 60 + second)).ok()
}

/// `2004-01-31T10:15:00.25+01:00`, shortened from the right, with a space for the `T`.
fn w3c(text: &str) -> Option<Timestamp> {
    let (day, rest) = text.split_once(['t', ' ']).unwrap_or((text, ""));
    let mut parts = day.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let month = parts.next().unwrap_or("1");
    let day = (number(year)?, number(month).or_else(|| hungarian_month(month))?, number(parts.next().unwrap_or("1"))?);
    let (time, offset) = time_with_offset(rest.trim())?;
    instant(day, time, offset)
}

/// A time of day and the minutes east of UTC; midnight if there is nothing.
fn time_with_offset(text: &str) -> Option<(Time, i64)> {
    if text.is_empty() {
        return Some(((0, 0, 0), 0));
    }
    let zone_at = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ','));
    let (time, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    Some((time_of_day(time)?, offset(zone.trim())?))
}

/// `10`, `10:15`, `10:15:30` or `10:15:30.25`.
fn time_of_day(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':').map(|part| number(part.split(['.', ',']).next().unwrap_or(part)));
    Some((parts.next()??, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?))
}

/// Minutes east of UTC. A name that nobody knows is taken for UTC.
fn offset(zone: &str) -> Option<i64> {
    let zone = zone.strip_prefix("etc/").unwrap_or(zone);
    let signed =
        zone.strip_prefix("gmt").or(zone.strip_prefix("utc")).filter(|rest| !rest.is_empty()).unwrap_or(zone).trim();
    let sign = match signed.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some(named_offset(zone)),
    };
    let digits: String = signed[1..].chars().filter(|&c| c != ':').take_while(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number(&digits)?, 0),
        3 => (number(&digits[..1])?, number(&digits[1..])?),
        4.. => (number(&digits[..2])?, number(&digits[2..4])?),
        0 => return None,
    };
    Some(sign * (hours * 60 + minutes))
}

fn named_offset(zone: &str) -> i64 {
    60 * match zone.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default() {
        "adt" => -3,
        "ast" | "at" | "edt" => -4,
        "est" | "et" | "cdt" => -5,
        "cst" | "ct" | "mdt" => -6,
        "mst" | "mt" | "pdt" => -7,
        "pst" | "pt" => -8,
        "a" => -1,
        "n" | "met" | "cet" | "bst" => 1,
        "mest" | "cest" | "eet" => 2,
        "eest" | "msk" => 3,
        "m" => -12,
        "y" => 12,
        _ => 0,
    }
}

/// Dates with the name of the month, in the order of RFC 822 or any other, and days with slashes beginning with the year.
fn words(text: &str) -> Option<Timestamp> {
    let (mut day, mut month, mut year, mut time, mut zone) = (None, None, None, None, 0);
    let spaced = if text.contains(|c: char| c.is_alphabetic()) { text.replace(',', " ") } else { text.to_owned() };
    for token in spaced.split_whitespace() {
        let first = token.chars().next()?;
        if let Some((y, rest)) = token.split_once('/').filter(|(y, _)| y.len() == 4) {
            let (m, d) = rest.split_once('/')?;
            (year, month, day) = (number(y), number(m), number(d));
        } else if first.is_ascii_digit() && token.contains(':') && time.is_none() {
            let (of_day, offset) = time_with_offset(token)?;
            time = Some(of_day);
            zone = offset;
        } else if first.is_ascii_digit() && token.contains('-') && month.is_none() {
            // 31-jan-2004
            let mut parts = token.splitn(3, '-');
            day = parts.next().and_then(number);
            month = parts.next().and_then(named_month);
            year = parts.next().and_then(full_year);
        } else if first.is_ascii_digit() {
            let digits = token.trim_end_matches(|c: char| !c.is_ascii_digit());
            match number(digits) {
                Some(value) if day.is_none() && digits.len() <= 2 => day = Some(value),
                Some(_) if year.is_none() => year = full_year(digits),
                _ => {}
            }
        } else if first == '(' {
            // A zone that is named after it was given as a number.
            break;
        } else if matches!(first, '+' | '-') && time.is_some() {
            zone = offset(token)?;
        } else if let Some(named) = named_month(token).filter(|_| month.is_none()) {
            month = Some(named);
        } else if time.is_some() {
            match token {
                "pm" => time = time.map(|(hour, minute, second)| (hour % 12 + 12, minute, second)),
                "am" => time = time.map(|(hour, minute, second)| (hour % 12, minute, second)),
                _ => zone = offset(token)?,
            }
        }
    }
    instant((year?, month?, day?), time.unwrap_or_default(), zone)
}

/// A year of which the century may be missing.
fn full_year(digits: &str) -> Option<i64> {
    let year = number(digits)?;
    Some(match digits.len() {
        4.. => year,
        3 => return None,
        _ if year < 90 => 2_000 + year,
        _ => 1_900 + year,
    })
}

/// The month that `name` (in lower case) begins with, in English or Greek.
fn named_month(name: &str) -> Option<i64> {
    const ENGLISH: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const GREEK: [&[&str]; 12] = [
        &["ιαν"],
        &["φεβ"],
        &["μάρ", "μαρ", "μάώ", "μαώ"],
        &["απρ"],
        &["μάι", "μαϊ", "μαι"],
        &["ιούν", "ιον", "ιουν"],
        &["ιούλ", "ιολ", "ιουλ"],
        &["αύγ", "αυγ"],
        &["σεπ"],
        &["οκτ"],
        &["νοέ", "νοε"],
        &["δεκ"],
    ];
    let english = ENGLISH.iter().position(|month| name.starts_with(month));
    let month = english.or_else(|| GREEK.iter().position(|names| names.iter().any(|month| name.starts_with(month))))?;
    i64::try_from(month + 1).ok()
}

fn hungarian_month(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "januá", "februá", "márciu", "ápril", "május", "június", "július", "august", "szept", "októb", "novemb",
        "decemb",
    ];
    let month = MONTHS.iter().position(|month| name.starts_with(month))?;
    i64::try_from(month + 1).ok()
}

/// The short forms of ISO 8601: `20040131`, `2004-031`, `040131`, `04-031`, `-0401`.
fn iso8601(text: &str) -> Option<Timestamp> {
    let (day, rest) = match text.split_once('t') {
        Some(parts) => parts,
        None => text.split_once(' ').unwrap_or((text, "")),
    };
    let digits: String = day.chars().filter(|&c| c != '-').collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| number(&digits[from..to]);
    let century = |year: i64| 2_000 + year;
    let ordinal = |year: i64, day: i64| {
        instant((year, 1, 1), (0, 0, 0), (1 - day) * 24 * 60).filter(|_| (1..=366).contains(&day))
    };
    let start = match (digits.len(), day.starts_with('-')) {
        (8, false) => instant((part(0, 4)?, part(4, 6)?, part(6, 8)?), (0, 0, 0), 0),
        (7, false) => ordinal(part(0, 4)?, part(4, 7)?),
        (6, false) => instant((century(part(0, 2)?), part(2, 4)?, part(4, 6)?), (0, 0, 0), 0),
        (5, false) => ordinal(century(part(0, 2)?), part(2, 5)?),
        (4, true) => instant((century(part(0, 2)?), part(2, 4)?, 1), (0, 0, 0), 0),
        _ => None,
    }?;
    let day = start.to_zoned(TimeZone::UTC).date();
    let (time, offset) = time_with_offset(rest.trim())?;
    instant((day.year().into(), day.month().into(), day.day().into()), time, offset)
}

/// `2004년 05월 28일 01:31:15` and `2004-05-25 오후 11:23:17`, in Korea's time.
fn korean(text: &str) -> Option<Timestamp> {
    const EAST_MINUTES: i64 = 9 * 60;
    if let Some((year, rest)) = text.split_once('년') {
        let (month, rest) = rest.split_once('월')?;
        let (day, time) = rest.split_once('일')?;
        let day = (number(year)?, number(month.trim())?, number(day.trim())?);
        return instant(day, time_of_day(time.trim())?, EAST_MINUTES);
    }
    let mut words = text.split_whitespace();
    let mut day = words.next()?.splitn(3, '-').map(number);
    let afternoon = match words.next()? {
        "오전" => 0,
        "오후" => 12,
        _ => return None,
    };
    let (hour, minute, second) = time_of_day(words.next()?)?;
    instant((day.next()??, day.next()??, day.next()??), (hour + afternoon, minute, second), EAST_MINUTES)
}

/// Digits, and few of them.
fn number(digits: &str) -> Option<i64> {
    (digits.len() <= 4 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All of these are one instant.
    #[track_caller]
    fn all(instant: &str, texts: &[&str]) {
        for text in texts {
            assert_eq!(parse(text).map(|at| at.to_string()).as_deref(), Some(instant), "{text}");
        }
    }

    #[test]
    fn w3c_dates_of_all_lengths() {
        all(
            "2025-03-09T10:20:30Z",
            &[
                "2025-03-09T10:20:30Z",
                "2025-03-09t11:20:30+01:00",
                "2025-03-09 05:20:30 -0500",
                "2025-03-09T10:20:30",
                "2025-3-9T10:20:30Z",
                "2025-03-09 10:20:30 GMT",
                "2025-03-09 05:20:30 est",
            ],
        );
        all("2025-03-09T10:20:00Z", &["2025-03-09T10:20Z", "2025-03-09 10:20", "2025-03-09T10:20"]);
        all(
            "2025-03-09T00:00:00Z",
            &["2025-03-09", "20250309", "2025-068", "250309", "25-03-09", "2025-03-08T24:00:00Z"],
        );
        all("2025-03-01T00:00:00Z", &["2025-03"]);
        all("2025-01-01T00:00:00Z", &["2025"]);
        assert!(parse("2025-03-09T10:20:30.25Z").is_some());
    }

    #[test]
    fn rfc_822_and_its_variants() {
        all(
            "2025-03-09T10:20:30Z",
            &[
                "Sun, 09 Mar 2025 10:20:30 GMT",
                "Sun, 09 Mar 2025 05:20:30 -0500 (PST)",
                "Sun, 9 Mar 25 10:20:30 +0000",
                "09 March 2025 10:20:30 UT",
                "Sun, 09 Mar 2025 05:20:30 EST",
                "Sunday, 9 Mar 2025 06:20:30 edt",
                "Sun, Mar 09 2025 10:20:30 GMT",
                "Sun Mar  9 10:20:30 2025",
                "Sun Mar 09 11:20:30 +0100 2025",
                "Sun, 09 Mar 2025 05:20:30 GMT-05:00",
                "Sun, 09 Mar 2025 10:20:30 Etc/GMT",
                "Sun, 09 Mar 2025 10:20:30 Z",
                "9-Mar-2025 10:20:30",
                "Sun, 2025/03/09 06:20:30 EDT",
                "Κυρ, 09 Μαρ 2025 12:20:30 EET",
                "March 9, 2025 10:20:30 AM",
                "Sun,09 Mar 2025 10:20:30 +00:00",
                "Mon, 09 Mar 2025 10:20:30 GMT",
            ],
        );
        all("2025-03-09T10:20:00Z", &["Sun, 09 Mar 2025 10:20 GMT"]);
        all("2025-03-09T00:00:00Z", &["Sun, 09 Mar 2025", "9 Mar 2025", "March 9, 2025"]);
        all("1998-03-09T00:00:00Z", &["9 Mar 98"]);
    }

    #[test]
    fn korean_and_hungarian_programs() {
        all("2025-03-09T14:20:30Z", &["2025년 03월 09일 23:20:30", "2025-03-09 오후 11:20:30"]);
        all("2025-07-13T14:15:00Z", &["2025-július-13T9:15-05:00"]);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "March",
            "2025-13-01",
            "31 Feb 2025",
            "99:99",
            "12345678901234567890",
            "Mar 2025",
            "-",
            "2025-03-09T25:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "([0-9]{1,4}|[-+:/, .tz]|mar|sun|gmt|년|월|오후|\\PC){0,12}") {
            parse(&text);
        }

        #[test]
        fn what_is_written_is_read(seconds in 0i64..4_000_000_000) {
            let at = Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(parse(&at.to_string()), Some(at));
            let rfc = at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
            prop_assert_eq!(parse(&rfc), Some(at));
        }
    }
}
