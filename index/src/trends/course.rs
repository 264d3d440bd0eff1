//! The course of an issue over time: when its rise began, what is usual, and what it is doing now.

use super::clock::{DAY, WEEK};
use super::model::Status;

/// Days looked at, back from the moment of the list.
const DAYS: usize = 35;
/// Of these, the last seven are not what is usual.
const PRESENT: usize = 7;
/// The part of its peak under which an issue is falling.
const FALLEN: f64 = 0.6;
/// A rise is followed back for this many days at most.
const LONGEST_RISE: usize = 21;

/// The voices of an issue in each 24 hours back from the moment of the list, and what follows from them.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Voices 0 to 24 hours ago, 24 to 48, and so on.
    voices: [u32; DAYS],
    /// Posts in the same way.
    posts: [u32; DAYS],
    /// Days known.
    known: usize,
    /// Days of which much was not collected.
    uncollected: [bool; DAYS],
}

impl Course {
    /// Nothing is missing on any day.
    pub(super) const ALL_COLLECTED: [bool; DAYS] = [false; DAYS];

    /// The course of posts of these ages (in seconds) and whether each is a voice, of which `days_seen` are known, though on
    /// the `uncollected` ones not all.
    pub(super) fn new(posts: impl Iterator<Item = (i64, bool)>, days_seen: i64, uncollected: [bool; DAYS]) -> Self {
        let known = usize::try_from(days_seen).unwrap_or(0).min(DAYS);
        let mut course = Self { voices: [0; DAYS], posts: [0; DAYS], known, uncollected };
        for (age, is_voice) in posts {
            if let Some(day) = usize::try_from(age / DAY).ok().filter(|&day| day < DAYS) {
                course.posts[day] += 1;
                course.voices[day] += u32::from(is_voice);
            }
        }
        course
    }

    /// What is usual in a day: the 10th and 90th percentile of the posts on the days before the last seven that were collected.
    pub(super) fn usual(&self) -> (f64, f64) {
        let before = PRESENT..self.known.max(PRESENT);
        let mut days: Vec<u32> = before.filter(|&day| !self.uncollected[day]).map(|day| self.posts[day]).collect();
        days.sort_unstable();
        (percentile(&days, 0.1), percentile(&days, 0.9))
    }

    /// How old the present rise is at most, in seconds: the days on end above the usual, one quiet day allowed.
    pub(super) fn rise_age(&self) -> i64 {
        let (_, high) = self.usual();
        let is_up = |day: usize| f64::from(self.posts[day]) > high;
        let mut days = 1;
        for day in 0..LONGEST_RISE {
            if is_up(day) {
                days = day + 1;
            } else if day > days && !self.uncollected[day] {
                break;
            }
        }
        i64::try_from(days).map_or(WEEK, |days| days * DAY)
    }

    /// What the issue is doing. Two days together are compared, because the days of a week differ. What is silent for want of
    /// collection does not fall, and what is heard again does not rise.
    pub(super) fn status(&self) -> Status {
        let rise = usize::try_from(self.rise_age() / DAY).unwrap_or(1);
        let two_days = |day: usize| self.voices[day] + self.voices[day + 1];
        let peak = (0..rise).map(two_days).max().unwrap_or(0);
        let (now, before) = (two_days(0), two_days(2));
        let (during, ever_before) = self.voices.split_at(rise);
        let is_new = 10 * ever_before.iter().sum::<u32>() <= during.iter().sum();
        if f64::from(now) < FALLEN * f64::from(peak) && self.is_collected(0, 2) {
            Status::Falling
        } else if rise <= 3 && is_new {
            Status::New
        } else if (is_growing(now, before) && self.is_collected(2, 4)) || self.is_growing_by_the_week() {
            Status::Rising
        } else {
            Status::Sustained
        }
    }

    /// Growth that is too slow to show from one day to the next: this week against the last, while the last two days
    /// keep up with the week.
    fn is_growing_by_the_week(&self) -> bool {
        let days = |from: usize, to: usize| self.voices[from..to].iter().sum::<u32>();
        let (week, before) = (days(0, 7), days(7, 14));
        self.known >= 14 && is_growing(week, before) && 7 * days(0, 2) >= 2 * week && self.is_collected(7, 14)
    }

    fn is_collected(&self, from: usize, to: usize) -> bool {
        !self.uncollected[from..to].contains(&true)
    }
}

/// At least a fifth more, and more than the noise of small numbers.
fn is_growing(now: u32, before: u32) -> bool {
    f64::from(now) > 1.2 * f64::from(before) && f64::from(now) - f64::from(before) >= f64::from(before).sqrt()
}

/// The value under which this part of the sorted values lies (nearest rank).
fn percentile(sorted: &[u32], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil().max(1.0);
    let nth = (1..=sorted.len()).find(|&n| n as f64 >= rank);
    nth.map_or(0.0, |n| f64::from(sorted[n - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A course with these voices in the last days, the last day first.
    fn course(voices: &[u32]) -> Course {
        let ages = voices.iter().zip(0..).flat_map(|(&count, day)| (0..count).map(move |_| (day * DAY + 60, true)));
        Course::new(ages, 35, Course::ALL_COLLECTED)
    }

    #[test]
    fn what_was_not_collected_neither_falls_nor_rises() {
        let told = |voices: &[u32], uncollected: &[usize]| {
            let mut course = course(voices);
            for &day in uncollected {
                course.uncollected[day] = true;
            }
            course.status()
        };
        let silent = [3, 9, 20, 18, 12, 12, 12, 12];
        assert_eq!((told(&silent, &[]), told(&silent, &[0])), (Status::Falling, Status::Sustained));
        let back = [20, 20, 2, 2, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20];
        assert_eq!((told(&back, &[]), told(&back, &[2, 3])), (Status::Rising, Status::Sustained));
        let mut usual = course(&[10; 20]);
        usual.posts[8..14].fill(0);
        usual.uncollected[8..14].fill(true);
        usual.known = 20;
        assert_eq!(usual.usual(), (10.0, 10.0));
    }

    #[test]
    fn the_status_follows_the_days() {
        assert_eq!(course(&[9, 4]).status(), Status::New);
        assert_eq!(course(&[20, 14, 11, 8, 5, 3, 2, 1]).status(), Status::Rising);
        assert_eq!(course(&[10; 14]).status(), Status::Sustained);
        let slow: Vec<u32> = (0..30).map(|day| 60 - 2 * day).collect();
        assert_eq!(course(&slow).status(), Status::Rising, "a fifth more each week");
        assert_eq!(course(&[3, 9, 20, 18, 12]).status(), Status::Falling);
    }

    #[test]
    fn a_rise_goes_back_over_one_quiet_day_to_the_usual_level() {
        assert_eq!(course(&[5, 4, 0, 3, 2, 0, 0, 9]).rise_age(), 5 * DAY);
    }

    #[test]
    fn usual_is_what_was_before_the_last_week() {
        let mut voices = vec![50; 7];
        voices.extend((0..28).map(|day| day % 10));
        assert_eq!(course(&voices).usual(), (0.0, 8.0));
    }
}
