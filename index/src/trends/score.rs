//! How unusual a count is: voices now against voices expected, channel by channel and window by window.

use bus::Channel;

use super::clock::{DAY, HOUR, WEEK};
use super::stats::{combine, negative_binomial_tail, strength};

/// The most windows that a channel has.
pub(super) const WINDOWS: usize = 5;

/// Length of the baseline.
pub(super) const BASELINE: i64 = 28 * DAY;

/// Voices over those expected, under which nothing is a rise, however sure.
const MIN_RATIO: f64 = 1.5;

/// The guard of the windows in which growth over weeks shows.
const GUARD_OF_GROWTH: u32 = 168;

/// Weeks ago at which the same window is looked at, for habits.
const WEEKS_AGO: [i64; 3] = [1, 2, 3];

/// A window ends at the moment of the list and has to hold a minimum of voices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Its length in hours.
    pub(super) hours: u32,
    /// Hours before it that are neither counted nor usual, since the rise may have begun in them.
    pub(super) guard_h: u32,
    /// Voices under which it shows nothing.
    pub(super) min_voices: u32,
}

/// The windows of a channel, shortest first.
pub(super) fn windows(channel: Channel) -> &'static [Window] {
    const fn windows<const N: usize>(of: [(u32, u32, u32); N]) -> [Window; N] {
        let mut windows = [Window { hours: 0, guard_h: 0, min_voices: 0 }; N];
        let mut at = 0;
        while at < N {
            windows[at] = Window { hours: of[at].0, guard_h: of[at].1, min_voices: of[at].2 };
            at += 1;
        }
        windows
    }
    // What grows over weeks is no more than its own last month: the last window of
    // conversations is compared with what was before. In rooms and in the news there is too little of anything to see it.
    const SOCIAL: [Window; 5] = windows([(6, 24, 4), (24, 24, 4), (72, 24, 6), (168, 0, 8), (168, 168, 8)]);
    const FORUM: [Window; 5] = windows([(6, 24, 4), (24, 24, 4), (72, 24, 5), (168, 0, 6), (168, 168, 6)]);
    const NEWS: [Window; 2] = windows([(24, 24, 3), (168, 0, 5)]);
    const OFFLINE: [Window; 2] = windows([(24, 24, 3), (168, 0, 3)]);
    match channel {
        Channel::Social => &SOCIAL,
        Channel::Forum | Channel::Comment => &FORUM,
        Channel::News => &NEWS,
        Channel::Offline => &OFFLINE,
    }
}

/// What one post in the baseline counts for, where its source was collected all the time.
const WHOLE: u8 = 16;
/// The part of a baseline that has to be collected, or nothing can be said of it.
const MIN_COLLECTED: f64 = 0.25;

/// How the posts of one source count in each window of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weights([Option<u8>; WINDOWS]);

impl Weights {
    /// Those of a source that was collected all the time.
    pub(super) const WHOLE: Self = Self([Some(WHOLE); WINDOWS]);

    /// Those of a source of which the part `missing(from, until)` was not collected between these ages in seconds, the larger first.
    /// What is usual is what it would have said in the time that is collected now. Where too little of its baseline is there,
    /// nothing of it counts, neither now nor before.
    pub(super) fn of(channel: Channel, days_seen: i64, missing: impl Fn(i64, i64) -> f64) -> Self {
        let mut weights = [Some(WHOLE); WINDOWS];
        for (window, weight) in windows(channel).iter().zip(&mut weights) {
            let length = i64::from(window.hours) * HOUR;
            let end = length + i64::from(window.guard_h) * HOUR;
            let begin = (end + BASELINE).min(days_seen * DAY).max(end + HOUR);
            let (now, before) = (1.0 - missing(length, 0), 1.0 - missing(begin, end));
            *weight = (before >= MIN_COLLECTED).then(|| {
                let weight = (f64::from(WHOLE) * now / before).round();
                // At most four times the whole, by the least that has to be collected.
                (0..=u8::MAX).find(|&small| f64::from(small) >= weight).unwrap_or(u8::MAX)
            });
        }
        Self(weights)
    }
}

/// Which counts of its channel a post of a certain age belongs to: one bit a count of [`Tally`]; and what it counts for there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Roles {
    bits: u32,
    weights: Weights,
}

impl Roles {
    /// The roles of a post that is `age` seconds old, of a source with these weights.
    pub(super) fn of(channel: Channel, age: i64, weights: Weights) -> Self {
        let mut bits = 0;
        for (index, window) in windows(channel).iter().enumerate() {
            if weights.0[index].is_none() {
                continue;
            }
            let length = i64::from(window.hours) * HOUR;
            bits |= u32::from((0..length).contains(&age)) << index;
            let guard = i64::from(window.guard_h) * HOUR;
            bits |= u32::from((length + guard..length + guard + BASELINE).contains(&age)) << (WINDOWS + index);
            for (nth, weeks) in WEEKS_AGO.iter().enumerate() {
                let is_then =
                    (length < WEEK || window.guard_h > 0) && (weeks * WEEK..weeks * WEEK + length).contains(&age);
                bits |= u32::from(is_then) << (2 * WINDOWS + WEEKS_AGO.len() * index + nth);
            }
        }
        Self { bits, weights }
    }

    /// Whether the post counts for none.
    pub(super) fn are_none(self) -> bool {
        self.bits == 0
    }
}

/// Counts of one channel: now, in the baseline (in sixteenths), and in the same window of other weeks, by window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally([u32; WINDOWS * (2 + WEEKS_AGO.len())]);

impl Tally {
    /// Counts one post.
    pub(super) fn add(&mut self, roles: Roles) {
        let mut bits = roles.bits;
        while bits != 0 {
            let count = bits.trailing_zeros() as usize;
            let in_baseline = count.checked_sub(WINDOWS).filter(|window| *window < WINDOWS);
            self.0[count] += in_baseline.map_or(1, |window| roles.weights.0[window].unwrap_or(0).into());
            bits &= bits - 1;
        }
    }

    /// Takes one post back out of the windows that end now; what was usual stays.
    pub(super) fn take_from_now(&mut self, roles: Roles) {
        for (window, count) in self.0[..WINDOWS].iter_mut().enumerate() {
            *count -= roles.bits >> window & 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    fn is_empty_now(&self) -> bool {
        self.0[..WINDOWS].iter().all(|&count| count == 0)
    }

    /// Posts in a window.
    pub(super) fn now(&self, window: usize) -> u32 {
        self.0[window]
    }

    fn baseline(&self, window: usize) -> f64 {
        f64::from(self.0[WINDOWS + window]) / f64::from(WHOLE)
    }

    fn weeks_ago(&self, window: usize) -> &[u32] {
        &self.0[2 * WINDOWS + WEEKS_AGO.len() * window..][..WEEKS_AGO.len()]
    }
}

/// Counts of all channels, in the order of [`Channel::ALL`].
pub(super) type Tallies = [Tally; Channel::ALL.len()];

/// The position of a channel in [`Tallies`].
pub(super) fn position(channel: Channel) -> usize {
    match channel {
        Channel::Social => 0,
        Channel::Forum => 1,
        Channel::News => 2,
        Channel::Comment => 3,
        Channel::Offline => 4,
    }
}

/// The clearest rise in one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rise {
    pub(super) channel: Channel,
    /// Which of the channel's windows.
    pub(super) window: usize,
    /// Voices in the window.
    pub(super) voices: u32,
    /// Voices expected.
    pub(super) expected: f64,
    /// Probability of as many if nothing had changed, times the windows tried.
    pub(super) p: f64,
}

impl Rise {
    /// Whether it shows against the weeks before the last only.
    pub(super) fn is_growth_over_weeks(&self) -> bool {
        windows(self.channel)[self.window].guard_h == GUARD_OF_GROWTH
    }

    /// The part of the voices that is due to the rise.
    pub(super) fn attributable(&self) -> f64 {
        (1.0 - self.expected / f64::from(self.voices)).max(0.0)
    }
}

/// The evidence of all channels together.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Channels with a rise, clearest first.
    pub(super) rises: Vec<Rise>,
    /// What the online conversations show together where no one of them shows a rise; counted under the first.
    pub(super) pooled: Option<Rise>,
    /// Combined strength.
    pub(super) score: f64,
}

impl Evidence {
    /// The clearest rise.
    pub(super) fn best(&self) -> Option<&Rise> {
        self.rises.first().or(self.pooled.as_ref())
    }
}

/// What the counts of something (`heard`) say against those of everything (`all`), of which `days_seen` days are known.
///
/// Every channel that has a baseline weighs the same, so that one with many posts never outvotes one with few.
pub(super) fn judge(heard: &Tallies, all: &Tallies, days_seen: i64) -> Evidence {
    let mut rises = Vec::new();
    let mut p_values = Vec::new();
    for channel in Channel::ALL {
        let (heard, all) = (&heard[position(channel)], &all[position(channel)]);
        if (0..windows(channel).len()).all(|window| all.baseline(window) <= 0.0) {
            continue;
        }
        let rise = clearest(channel, heard, all, days_seen);
        p_values.push(rise.map_or(1.0, |rise| rise.p));
        rises.extend(rise);
    }
    rises.sort_by(|one, two| one.p.total_cmp(&two.p));
    let pooled = pooled(heard, all, days_seen);
    p_values.extend(pooled.map(|rise| rise.p));
    Evidence { rises, pooled, score: strength(combine(&p_values)) }
}

/// Channels in which people talk to each other: few voices in each can be many together.
const CONVERSATIONS: [Channel; 3] = [Channel::Forum, Channel::Social, Channel::Comment];

/// The rise of all conversations taken together, if voices are heard in two of them or more.
fn pooled(heard: &Tallies, all: &Tallies, days_seen: i64) -> Option<Rise> {
    let [first, ..] = CONVERSATIONS;
    let speaking = CONVERSATIONS.iter().filter(|&&channel| !heard[position(channel)].is_empty_now()).count();
    if speaking < 2 {
        return None;
    }
    let sum = |tallies: &Tallies| {
        let mut sum = Tally::default();
        for channel in CONVERSATIONS {
            sum.merge(&tallies[position(channel)]);
        }
        sum
    };
    clearest(first, &sum(heard), &sum(all), days_seen)
}

/// The voices of a channel in one of its windows, whether they are a rise or not.
pub(super) fn level(channel: Channel, window: usize, heard: &Tally, all: &Tally, days_seen: i64) -> Rise {
    let voices = heard.now(window);
    if all.baseline(window) <= 0.0 {
        return Rise { channel, window, voices, expected: 0.0, p: 1.0 };
    }
    let (expected, size) = expect(channel, window, heard, all, days_seen);
    let p = negative_binomial_tail(voices, expected, size) * windows(channel).len() as f64;
    Rise { channel, window, voices, expected, p: p.min(1.0) }
}

fn clearest(channel: Channel, heard: &Tally, all: &Tally, days_seen: i64) -> Option<Rise> {
    let rises = windows(channel).iter().enumerate().filter_map(|(index, window)| {
        if heard.now(index) < window.min_voices || all.baseline(index) <= 0.0 {
            return None;
        }
        if window.guard_h == GUARD_OF_GROWTH && !is_growing(heard.now(index), heard.weeks_ago(index)[0]) {
            return None;
        }
        let rise = level(channel, index, heard, all, days_seen);
        (f64::from(rise.voices) >= MIN_RATIO * rise.expected).then_some(rise)
    });
    rises.min_by(|one, two| one.p.total_cmp(&two.p))
}

/// Whether there are enough more voices than a week before: what is compared with weeks before the last has to grow still, or a
/// habit of three weeks would be a rise.
fn is_growing(now: u32, before: u32) -> bool {
    f64::from(now) >= 1.2 * f64::from(before) && f64::from(now) - f64::from(before) >= f64::from(before).sqrt()
}

/// The expected voices in a window and the size of the negative binomial around them.
fn expect(channel: Channel, window: usize, heard: &Tally, all: &Tally, days_seen: i64) -> (f64, f64) {
    let dispersion = if channel == Channel::Offline { 0.1 } else { 0.05 };
    let before = heard.baseline(window) + unseen(channel);
    let share = f64::from(all.now(window)) / all.baseline(window);
    let days = i64::from(windows(channel)[window].hours / 24) + 1;
    let weeks = WEEKS_AGO.iter().zip(heard.weeks_ago(window)).zip(all.weeks_ago(window));
    // A week of which most was not collected tells nothing of habits.
    let known =
        weeks.filter(|((weeks, _), all_then)| *weeks * 7 + days <= days_seen && 4 * *all_then >= all.now(window));
    let (sum, weeks) = known.fold((0_u32, 0_u32), |(sum, weeks), ((_, count), _)| (sum + count, weeks + 1));
    let is_daily = windows(channel)[window].guard_h < GUARD_OF_GROWTH;
    let habit = if weeks == 0 || !is_daily { 0.0 } else { f64::from(sum) / f64::from(weeks) };
    ((before * share).max(habit), 1.0 / (1.0 / before + dispersion))
}

/// What is added to the voices of the baseline: a term never heard before is expected a little. Half a voice is the
/// usual prior of a rate of which nothing is known (Jeffreys). In meetings few people speak, and of their words few come
/// up again, so that half a voice would hide what four speakers say; a quarter did not, and raised no false alarm on
/// the development streams.
fn unseen(channel: Channel) -> f64 {
    if channel == Channel::Offline { 0.25 } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies(channel: Channel, ages: impl Iterator<Item = i64>) -> Tallies {
        let mut tallies = Tallies::default();
        for age in ages {
            tallies[position(channel)].add(Roles::of(channel, age, Weights::WHOLE));
        }
        tallies
    }

    /// One post every ten minutes for 36 days.
    fn everything(channel: Channel) -> Tallies {
        tallies(channel, (0..36 * DAY).step_by(600))
    }

    #[test]
    fn positions_are_those_of_all_channels() {
        for (at, channel) in Channel::ALL.into_iter().enumerate() {
            assert_eq!(position(channel), at);
        }
    }

    #[test]
    fn eight_new_voices_in_a_day_are_strong_and_a_steady_stream_is_nothing() {
        let all = everything(Channel::Social);
        let new = tallies(Channel::Social, (0..8).map(|n| n * 2 * HOUR));
        assert!(judge(&new, &all, 36).score > 6.0);
        let steady = tallies(Channel::Social, (0..36 * DAY).step_by(7_200));
        assert!(judge(&steady, &all, 36).score < 1.0);
    }

    #[test]
    fn three_speakers_outweigh_the_silence_of_other_channels() {
        let mut all = everything(Channel::Social);
        all[position(Channel::Offline)] = tallies(Channel::Offline, (0..36 * DAY).step_by(3_600))[4];
        let offline = tallies(Channel::Offline, [HOUR, 30 * HOUR, 50 * HOUR, 51 * HOUR].into_iter());
        let evidence = judge(&offline, &all, 36);
        assert_eq!(evidence.best().map(|rise| rise.channel), Some(Channel::Offline));
        assert!(evidence.score > 2.5, "{evidence:?}");
    }

    #[test]
    fn a_weekly_habit_is_expected() {
        let all = everything(Channel::Social);
        let ages = |weeks: std::ops::Range<i64>| weeks.flat_map(|week| (0..30).map(move |n| week * WEEK + n * 240));
        let habit = judge(&tallies(Channel::Social, ages(0..5)), &all, 36);
        let once = judge(&tallies(Channel::Social, ages(0..1)), &all, 36);
        assert!(habit.score < 2.0 && once.score > 10.0, "{} {}", habit.score, once.score);
    }

    #[test]
    fn what_was_not_collected_is_made_up_for() {
        let weights = |collected_now: f64, collected_before: f64| {
            let missing = |from: i64, until: i64| {
                if until == 0 && from <= WEEK { 1.0 - collected_now } else { 1.0 - collected_before }
            };
            Weights::of(Channel::News, 36, missing).0[0]
        };
        assert_eq!(weights(1.0, 1.0), Some(16));
        assert_eq!(weights(1.0, 0.5), Some(32));
        assert_eq!(weights(0.0, 1.0), Some(0));
        assert_eq!(weights(1.0, 0.2), None);
        assert_eq!(weights(1.0, 0.25), Some(64));
    }

    #[test]
    fn without_a_baseline_nothing_is_unusual() {
        let all = tallies(Channel::Social, (0..DAY).step_by(60));
        assert!(judge(&all, &all, 1).rises.is_empty());
    }
}
