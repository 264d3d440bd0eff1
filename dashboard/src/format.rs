//! Dates, times and numbers as people in England read them. Instants are UTC inside and Europe/London on screen.

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

static LONDON: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/London").expect("the time zone database is compiled in"));

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The instant by the clocks of London.
pub fn london(at: Timestamp) -> Zoned {
    at.to_zoned(LONDON.clone())
}

/// The first instant of a day in London. (A day out of range, which no page can ask for, begins at the instant 0.)
pub fn start_of_day(day: Date) -> Timestamp {
    day.to_zoned(LONDON.clone()).map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
}

/// The instant of this day and time by the clocks of London. (One out of range, which no page can ask for, is the instant 0.)
pub fn at(day: Date, time: Time) -> Timestamp {
    day.to_datetime(time).to_zoned(LONDON.clone()).map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp())
}

/// "6 August 2018".
pub fn date(day: Date) -> String {
    format!("{} {} {}", day.day(), month(day), day.year())
}

/// "August 2018".
pub fn month_and_year(day: Date) -> String {
    format!("{} {}", month(day), day.year())
}

/// "6 August".
pub fn day_and_month(day: Date) -> String {
    format!("{} {}", day.day(), month(day))
}

/// "6 Aug", for the axes of charts.
pub fn short_date(day: Date) -> String {
    format!("{} {}", day.day(), &month(day)[..3])
}

/// "16 to 22 November 2026", saying month and year once where they are the same.
pub fn dates(first: Date, last: Date) -> String {
    if first == last {
        date(last)
    } else if first.year() != last.year() {
        format!("{} to {}", date(first), date(last))
    } else if first.month() != last.month() {
        format!("{} to {}", day_and_month(first), date(last))
    } else {
        format!("{} to {}", first.day(), date(last))
    }
}

/// "5:30pm", "5pm", "midday" or "midnight".
pub fn time(at: Timestamp) -> String {
    let clock = london(at);
    let (hour, minute) = (clock.hour(), clock.minute());
    let half = if hour < 12 { "am" } else { "pm" };
    let hour_of_12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    match (hour, minute) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (_, 0) => format!("{hour_of_12}{half}"),
        _ => format!("{hour_of_12}:{minute:02}{half}"),
    }
}

/// "6 August 2018, 5:30pm".
pub fn moment(at: Timestamp) -> String {
    format!("{}, {}", date(london(at).date()), time(at))
}

/// How long something took or lasts, in its largest unit: "3 minutes", "1 hour", "2 days".
pub fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// How long ago something was: "3 minutes ago", and within a few seconds "just now".
pub fn ago(length: SignedDuration) -> String {
    if length.as_secs() < 5 { "just now".to_owned() } else { format!("{} ago", duration(length)) }
}

/// A message with a capital letter at its start.
pub fn sentence_start(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// "18,432".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 post", "18,432 posts".
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// An expected number, which is seldom whole: "0.4", "6.5", "210".
pub fn decimal(number: f64) -> String {
    if number.abs() < 9.95 && number.fract().abs() > 0.049 { format!("{number:.1}") } else { thousands(whole(number)) }
}

/// "14%", "less than 1%". The share is from 0 to 1.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "less than 1%".to_owned() } else { format!("{:.0}%", share * 100.0) }
}

/// "3.9 times", from what is and what would be usual.
pub fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio >= 9.95 => format!("{} times", thousands(whole(ratio))),
        ratio if ratio > 0.0 && ratio < 0.05 => "less than 0.1 times".to_owned(),
        ratio => format!("{ratio:.1} times"),
    }
}

/// "up 118%", "down 5%" or "the same", against the period before; `None` where that had nothing.
pub fn change(now: u64, before: u64) -> Option<String> {
    if before == 0 {
        return None;
    }
    let percent = (now as f64 / before as f64 - 1.0) * 100.0;
    Some(match percent {
        p if p >= 0.5 => format!("up {}%", thousands(whole(p))),
        p if p <= -0.5 => format!("down {:.0}%", -p),
        _ => "the same".to_owned(),
    })
}

/// A probability as odds: "1 in 10,000". Below one in a billion the exact number says nothing more.
pub fn odds(p: f64) -> String {
    if p >= 0.5 {
        "1 in 2 or more".to_owned()
    } else if p < 1e-9 {
        "less than 1 in 1,000,000,000".to_owned()
    } else {
        let one_in = 1.0 / p;
        let magnitude = 10_f64.powf(one_in.log10().floor());
        format!("1 in {}", thousands(whole((one_in / magnitude).round() * magnitude)))
    }
}

/// "a", "a and b", "a, b and c".
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The nearest whole number that is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what u64 and f64 both hold")]
pub fn whole(number: f64) -> u64 {
    number.round().clamp(0.0, 9e15) as u64
}

fn month(day: Date) -> &'static str {
    // jiff's months run from 1 to 12.
    MONTHS[usize::from(day.month().unsigned_abs()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_written_as_the_nhs_writes_them() {
        assert_eq!(moment(at("2018-08-06T16:30:00Z")), "6 August 2018, 5:30pm");
        assert_eq!(time(at("2018-08-06T11:00:00Z")), "midday");
        assert_eq!(time(at("2018-08-05T23:00:00Z")), "midnight");
        assert_eq!(time(at("2018-01-06T00:05:00Z")), "12:05am");
        assert_eq!(time(at("2018-01-06T12:05:00Z")), "12:05pm");
        assert_eq!(time(at("2018-01-06T17:00:00Z")), "5pm");
    }

    #[test]
    fn clocks_go_forward_and_back() {
        // On 29 March 2026 the clocks go from 1am straight to 2am.
        assert_eq!(moment(at("2026-03-29T00:59:00Z")), "29 March 2026, 12:59am");
        assert_eq!(moment(at("2026-03-29T01:00:00Z")), "29 March 2026, 2am");
        // On 25 October 2026 the hour from 1am to 2am happens twice.
        assert_eq!(moment(at("2026-10-25T00:30:00Z")), "25 October 2026, 1:30am");
        assert_eq!(moment(at("2026-10-25T01:30:00Z")), "25 October 2026, 1:30am");
        let day = jiff::civil::date(2026, 10, 25);
        let hours = start_of_day(day.tomorrow().unwrap()).duration_since(start_of_day(day)).as_hours();
        assert_eq!(hours, 25);
    }

    #[test]
    fn a_day_in_london_begins_before_midnight_utc_in_summer() {
        assert_eq!(start_of_day(jiff::civil::date(2026, 7, 1)), at("2026-06-30T23:00:00Z"));
        assert_eq!(start_of_day(jiff::civil::date(2026, 1, 1)), at("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn spans_of_dates_say_month_and_year_once() {
        let day = jiff::civil::date;
        assert_eq!(dates(day(2026, 11, 16), day(2026, 11, 22)), "16 to 22 November 2026");
        assert_eq!(dates(day(2026, 10, 26), day(2026, 11, 22)), "26 October to 22 November 2026");
        assert_eq!(dates(day(2026, 12, 30), day(2027, 1, 2)), "30 December 2026 to 2 January 2027");
        assert_eq!(dates(day(2026, 12, 30), day(2026, 12, 30)), "30 December 2026");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0, 999, 1000, 18_432, 1_000_000].map(thousands),
            ["0", "999", "1,000", "18,432", "1,000,000"].map(String::from)
        );
        assert_eq!([0.44, 6.5, 7.0, 9.96, 210.4].map(decimal), ["0.4", "6.5", "7", "10", "210"].map(String::from));
        assert_eq!([0.0, 0.001, 0.14, 1.0].map(percent), ["0%", "less than 1%", "14%", "100%"].map(String::from));
        assert_eq!(change(2624, 1204).as_deref(), Some("up 118%"));
        assert_eq!(change(95, 100).as_deref(), Some("down 5%"));
        assert_eq!(change(1000, 1001).as_deref(), Some("the same"));
        assert_eq!(change(5, 0), None);
        assert_eq!(
            [0.9, 0.04, 1.2e-4, 1e-30].map(odds),
            ["1 in 2 or more", "1 in 30", "1 in 8,000", "less than 1 in 1,000,000,000"].map(String::from)
        );
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
