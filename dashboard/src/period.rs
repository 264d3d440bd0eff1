//! Periods of time that a reader can choose, in days of London.

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};

use crate::format;

/// A period, as chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The last 24 hours.
    Day,
    /// The last 7 times 24 hours.
    Week,
    /// The last 28 times 24 hours.
    FourWeeks,
    /// Whole days in London, from the first to the last of them.
    Dates {
        /// The first day.
        first: Date,
        /// The last day; not before the first.
        last: Date,
    },
    /// No limit.
    Any,
}

/// A stretch of time (UTC), from an instant until just before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Window {
    /// The first instant in it.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Period {
    /// The periods that can be chosen by name, with their name in the URL and on screen.
    pub const NAMED: [(Self, &'static str, &'static str); 4] = [
        (Self::Day, "24h", "Last 24 hours"),
        (Self::Week, "7d", "Last 7 days"),
        (Self::FourWeeks, "28d", "Last 28 days"),
        (Self::Any, "any", "Any time"),
    ];

    /// The period that the URL's parameters name. One date alone means that day.
    pub fn read(name: Option<&str>, from: Option<Date>, to: Option<Date>) -> Option<Self> {
        if let Some((period, ..)) = Self::NAMED.into_iter().find(|(_, slug, _)| name == Some(slug)) {
            return Some(period);
        }
        let (from, to) = (from.or(to)?, to.or(from)?);
        Some(Self::Dates { first: from.min(to), last: from.max(to) })
    }

    /// The URL's parameters that name this period.
    pub fn pairs(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Dates { first, last } => {
                vec![("period", "dates".to_owned()), ("from", first.to_string()), ("to", last.to_string())]
            }
            named => Self::NAMED
                .iter()
                .filter(|(period, ..)| *period == named)
                .map(|(_, slug, _)| ("period", (*slug).to_owned()))
                .collect(),
        }
    }

    /// The stretch of time meant by this period at an instant; `None` for [`Period::Any`].
    pub fn window(self, now: Timestamp) -> Option<Window> {
        let last_hours = |hours| Window { from: now - SignedDuration::from_hours(hours), until: now };
        match self {
            Self::Day => Some(last_hours(24)),
            Self::Week => Some(last_hours(7 * 24)),
            Self::FourWeeks => Some(last_hours(28 * 24)),
            Self::Dates { first, last } => Some(Window {
                from: format::start_of_day(first),
                until: format::start_of_day(last.saturating_add(Span::new().days(1))),
            }),
            Self::Any => None,
        }
    }

    /// The stretch of the same length just before [`Period::window`].
    pub fn window_before(self, now: Timestamp) -> Option<Window> {
        if let Self::Dates { first, last } = self {
            let days = first.duration_until(last).as_hours() / 24 + 1;
            let day_before = first.saturating_sub(Span::new().days(1));
            return Self::Dates { first: first.saturating_sub(Span::new().days(days)), last: day_before }.window(now);
        }
        let window = self.window(now)?;
        Some(Window { from: window.from - window.until.duration_since(window.from), until: window.from })
    }

    /// The period in words: "Last 7 days", "16 to 22 November 2026".
    pub fn label(self) -> String {
        match self {
            Self::Dates { first, last } => format::dates(first, last),
            named => Self::NAMED
                .iter()
                .find(|(period, ..)| *period == named)
                .map_or_else(String::new, |(_, _, label)| (*label).to_owned()),
        }
    }

    /// What the period before is called in a sentence: "the 7 days before".
    pub fn before_label(self) -> &'static str {
        match self {
            Self::Day => "the 24 hours before",
            Self::Week => "the 7 days before",
            Self::FourWeeks => "the 28 days before",
            Self::Dates { .. } | Self::Any => "the same time before",
        }
    }
}

/// A date as people type it: 6/8/2018, 6-8-18, 6 August 2018, 6 Aug 2018 or 2018-08-06.
pub fn parse_date(typed: &str) -> Option<Date> {
    let typed = typed.trim();
    let date = typed.parse().ok().or_else(|| parse_british(typed))?;
    // Beyond these years there are no posts, and arithmetic with days would leave the calendar.
    (1900..=2200).contains(&date.year()).then_some(date)
}

fn parse_british(typed: &str) -> Option<Date> {
    let parts: Vec<&str> = typed.split(['/', '-', '.', ' ']).filter(|part| !part.is_empty()).collect();
    let [day, month, year] = parts[..] else { return None };
    let day: i8 = day.parse().ok()?;
    let month = month.parse::<i8>().ok().or_else(|| month_by_name(month))?;
    let year = match year.parse::<i16>().ok()? {
        short @ 0..=99 => 2000 + short,
        full => full,
    };
    Date::new(year, month, day).ok()
}

fn month_by_name(name: &str) -> Option<i8> {
    const STARTS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = name.get(..3)?.to_ascii_lowercase();
    (1_i8..).zip(STARTS).find(|(_, known)| *known == start).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// The days in London that a window touches, first and last.
    fn days(window: Window) -> (Date, Date) {
        let last = window.until - SignedDuration::from_nanos(1);
        (format::london(window.from).date(), format::london(last).date())
    }

    #[test]
    fn dates_are_read_as_people_type_them() {
        for typed in ["6/8/2018", "06/08/18", "6-8-2018", "6 August 2018", " 6 aug 2018 ", "2018-08-06", "6.8.2018"] {
            assert_eq!(parse_date(typed), Some(date(2018, 8, 6)), "{typed}");
        }
        for typed in ["31/2/2018", "yesterday", "8/2018", "6/8/20181", "é 1 1", ""] {
            assert_eq!(parse_date(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_day_when_the_clocks_change_is_a_whole_day() {
        let day = date(2026, 3, 29);
        let window = Period::Dates { first: day, last: day }.window(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(window.until.duration_since(window.from).as_hours(), 23);
        assert_eq!(days(window), (day, day));
    }

    #[test]
    fn the_period_before_has_the_same_length() {
        let now = "2026-11-22T14:00:00Z".parse().unwrap();
        let before = Period::Week.window_before(now).unwrap();
        assert_eq!(before.from.to_string(), "2026-11-08T14:00:00Z");
        assert_eq!(before.until, Period::Week.window(now).unwrap().from);

        let dates = Period::Dates { first: date(2026, 11, 16), last: date(2026, 11, 22) };
        assert_eq!(days(dates.window_before(now).unwrap()), (date(2026, 11, 9), date(2026, 11, 15)));
        assert_eq!(Period::Any.window_before(now), None);
    }

    #[test]
    fn dates_in_the_wrong_order_are_put_right() {
        let (early, late) = (date(2026, 11, 1), date(2026, 11, 3));
        assert_eq!(
            Period::read(Some("dates"), Some(late), Some(early)),
            Some(Period::Dates { first: early, last: late })
        );
        assert_eq!(Period::read(None, Some(early), None), Some(Period::Dates { first: early, last: early }));
        assert_eq!(Period::read(Some("fortnight"), None, None), None);
    }
}
