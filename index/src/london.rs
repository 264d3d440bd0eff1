//! Days and hours as people in England have them.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

static LONDON: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/London").expect("the time zone database is built in"));

/// When `date` begins in Europe/London (UTC).
pub fn midnight(date: Date) -> Timestamp {
    // Clocks in London never change at midnight, and a date too far off to be a time is at its end.
    date.to_zoned(LONDON.clone()).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

/// The date in Europe/London at `time`.
pub fn date(time: Timestamp) -> Date {
    time.to_zoned(LONDON.clone()).date()
}

/// The full hour at or before `time`. London is always full hours from UTC.
pub fn hour(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(3600)).unwrap_or(Timestamp::MIN)
}

/// The beginnings of the days from that of `from` up to the last before `until`, at most `most + 1` of them.
pub fn days(from: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
    let first = date(from);
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .map(midnight)
        .take_while(|&begin| begin < until)
        .take(most + 1)
        .collect()
}

/// The same for hours.
pub fn hours(from: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
    std::iter::successors(Some(hour(from)), |&begin| begin.checked_add(1.hour()).ok())
        .take_while(|&begin| begin < until)
        .take(most + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_have_23_and_25_hours_when_the_clocks_change() {
        let spring = days(time("2026-03-28T12:00:00Z"), time("2026-03-31T00:00:00Z"), 100);
        let lengths: Vec<i64> =
            spring.windows(2).map(|pair| (pair[1].as_second() - pair[0].as_second()) / 3600).collect();
        assert_eq!(lengths, [24, 23, 24]);
        let autumn = days(time("2026-10-24T12:00:00Z"), time("2026-10-26T12:00:00Z"), 100);
        let lengths: Vec<i64> =
            autumn.windows(2).map(|pair| (pair[1].as_second() - pair[0].as_second()) / 3600).collect();
        assert_eq!(lengths, [24, 25]);
    }

    #[test]
    fn a_summer_day_begins_at_23_utc() {
        assert_eq!(days(time("2026-07-01T23:30:00Z"), time("2026-07-02T10:00:00Z"), 9), [time("2026-07-01T23:00:00Z")]);
    }

    #[test]
    fn steps_are_bounded() {
        assert_eq!(hours(time("2000-01-01T00:00:00Z"), time("2026-01-01T00:00:00Z"), 10).len(), 11);
    }
}
