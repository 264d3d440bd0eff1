//! When people write: hours of the day and days of the week, in local time.

use bus::Channel;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::LazyLock;

/// The clock on the wall in England.
pub(crate) static LONDON: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/London").expect("jiff carries the time zone database"));

/// One hour of the conversation as people live it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hour {
    /// Hour of the day, 0 to 23.
    pub(crate) hour: usize,
    /// Days since Monday.
    pub(crate) weekday: usize,
}

impl Hour {
    /// The local hour at `at`.
    pub(crate) fn of(at: Timestamp) -> Self {
        let local = at.to_zoned(LONDON.clone());
        let hour = usize::try_from(local.hour()).expect("an hour is not negative");
        let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).expect("from 0 to 6");
        Self { hour, weekday }
    }

    /// How much is written in this hour, where 1 is the average of a week.
    pub(crate) fn weight(self, channel: Channel) -> f64 {
        let (hours, weekend) = match channel {
            Channel::Social | Channel::Comment => (&SOCIAL, 0.86),
            Channel::Forum => (&FORUM, 1.05),
            Channel::News | Channel::Offline => (&NEWS, 0.45),
        };
        let sum: f64 = hours.iter().sum();
        let day = if self.weekday >= 5 { weekend } else { 1.0 };
        hours[self.hour] * 24.0 / sum * day * 7.0 / (5.0 + 2.0 * weekend)
    }
}

const SOCIAL: [f64; 24] = [
    1.6, 0.9, 0.6, 0.5, 0.5, 0.8, 2.0, 4.2, 6.2, 5.8, 5.2, 5.2, 6.0, 5.6, 4.8, 4.8, 5.2, 5.8, 6.4, 7.0, 7.2, 6.6, 4.8,
    2.9,
];
const FORUM: [f64; 24] = [
    2.0, 1.3, 0.9, 0.7, 0.7, 0.9, 1.7, 3.0, 4.2, 5.0, 5.2, 5.0, 5.0, 5.0, 4.6, 4.4, 4.4, 4.8, 5.8, 7.4, 8.4, 8.2, 6.2,
    3.6,
];
const NEWS: [f64; 24] = [
    0.4, 0.2, 0.2, 0.2, 0.8, 3.2, 6.5, 7.5, 7.5, 7.0, 7.0, 6.5, 6.0, 5.5, 5.5, 5.5, 6.0, 5.0, 3.0, 1.8, 1.4, 1.2, 1.0,
    0.6,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_has_the_weight_of_its_hours_and_nights_are_quiet() {
        for channel in Channel::ALL {
            let week: f64 = (0..7)
                .flat_map(|weekday| (0..24).map(move |hour| Hour { hour, weekday }))
                .map(|hour| hour.weight(channel))
                .sum();
            assert!((week - 168.0).abs() < 0.001, "{channel:?}: {week}");
        }
        let at = |hour| Hour { hour, weekday: 2 }.weight(Channel::Social);
        assert!(at(20) > 8.0 * at(3));
    }

    #[test]
    fn hours_are_those_of_england() {
        let hour = Hour::of("2026-07-06T23:30:00Z".parse().unwrap());
        assert_eq!((hour.hour, hour.weekday), (0, 1));
    }
}
