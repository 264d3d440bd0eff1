//! The statistics of others, each over the daily counts of one term.

use super::method::Statistic;
use crate::trends::stats::{negative_binomial_tail, strength};

/// Days looked at: the last one and those it is compared with.
pub(super) const DAYS: usize = 36;
/// Fewer than this in the last day show nothing.
pub(super) const MIN_COUNT: u32 = 4;
/// The days of a baseline of four weeks.
const BASELINE: std::ops::Range<usize> = 1..29;

/// Counts in each 24 hours back from now, the last day first.
pub(super) type Days = [u32; DAYS];

/// How strong the rise of a term with these `counts` is among `all`, and what was expected of the last day.
pub(super) fn judge(statistic: Statistic, counts: &Days, all: &Days) -> (f64, f64) {
    let sum = |days: &Days| days[BASELINE].iter().sum::<u32>();
    let before = f64::from(sum(counts)) + 0.5;
    let share = f64::from(all[0]) / f64::from(sum(all).max(1));
    let expected = before * share;
    let now = f64::from(counts[0]);
    if counts[0] < MIN_COUNT {
        return (0.0, expected);
    }
    let score = match statistic {
        // Relative and absolute change together, in posts of ten thousand.
        Statistic::Jlh | Statistic::JlhGated => {
            (now - expected).max(0.0) / f64::from(all[0].max(1)) * (now / expected) * 10_000.0
        }
        Statistic::Nb => strength(negative_binomial_tail(counts[0], expected, 1.0 / (1.0 / before + 0.05))),
        Statistic::SigniTrend => signitrend(counts, all),
        Statistic::Kleinberg => kleinberg(counts, all),
        Statistic::EarsC2 => ears_c2(counts),
        Statistic::Mastodon => {
            let day_before = f64::from(counts[1].max(1));
            if now > day_before { (now - day_before).powi(2) / day_before } else { 0.0 }
        }
        Statistic::Raw => now,
    };
    (score, expected)
}

/// Standard deviations above the weighted mean; the share of two posts is added to both, so that rare terms do not win by
/// their rarity.
fn signitrend(counts: &Days, all: &Days) -> f64 {
    const LEARNING: f64 = 0.1;
    let share = |day: usize| f64::from(counts[day]) / f64::from(all[day].max(1));
    let bias = 2.0 / f64::from(all[0].max(1));
    let oldest = BASELINE.end - 1;
    let (mut mean, mut variance) = (share(oldest), 0.0);
    for day in (1..oldest).rev() {
        let step = share(day) - mean;
        mean += LEARNING * step;
        variance = (1.0 - LEARNING) * (variance + LEARNING * step * step);
    }
    (share(0) - mean.max(bias)) / (variance.sqrt() + bias)
}

/// The weight of the burst that is going on: how much cheaper its days are in the state of twice the usual rate.
fn kleinberg(counts: &Days, all: &Days) -> f64 {
    const TIMES: f64 = 2.0;
    let days = BASELINE.end;
    let total: u32 = all[..days].iter().sum();
    let usual = (f64::from(counts[..days].iter().sum::<u32>()) / f64::from(total.max(1))).clamp(1e-9, 0.4);
    let cost = |rate: f64, day: usize| {
        let (count, of) = (f64::from(counts[day]), f64::from(all[day].max(counts[day])));
        -(count * rate.ln() + (of - count) * (1.0 - rate).ln())
    };
    let enter = (days as f64).ln();
    let (mut calm, mut burst, mut weight) = (0.0, enter, 0.0);
    for day in (0..days).rev() {
        let (low, high) = (cost(usual, day), cost((usual * TIMES).min(0.9), day));
        let goes_on = burst <= calm + enter;
        weight = if goes_on { weight + low - high } else { low - high };
        (calm, burst) = (calm.min(burst) + low, burst.min(calm + enter) + high);
    }
    if burst < calm { weight.max(0.0) } else { 0.0 }
}

/// Standard deviations above the mean of seven days that ended two days before.
fn ears_c2(counts: &Days) -> f64 {
    let week: Vec<f64> = counts[3..10].iter().map(|&count| f64::from(count)).collect();
    let mean = week.iter().sum::<f64>() / 7.0;
    let variance = week.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 6.0;
    (f64::from(counts[0]) - mean) / variance.sqrt().max(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Days = [1_000; DAYS];
    const EACH: [Statistic; 8] = [
        Statistic::JlhGated,
        Statistic::Jlh,
        Statistic::Nb,
        Statistic::SigniTrend,
        Statistic::Kleinberg,
        Statistic::EarsC2,
        Statistic::Mastodon,
        Statistic::Raw,
    ];

    #[test]
    fn every_statistic_prefers_a_rise_to_a_steady_count_and_a_great_rise_to_a_small_one() {
        let days = |now| {
            let mut days = [5; DAYS];
            days[0] = now;
            judge_all(&days)
        };
        let (steady, small, great) = (days(5), days(20), days(80));
        for (at, statistic) in EACH.iter().enumerate() {
            assert!(great[at] > small[at] && small[at] > steady[at], "{statistic:?} {} {}", small[at], great[at]);
        }
    }

    #[test]
    fn three_are_too_few_for_all() {
        let mut days = [0; DAYS];
        days[0] = 3;
        assert!(judge_all(&days).iter().all(|&score| score == 0.0));
    }

    #[test]
    fn a_burst_that_is_over_is_none() {
        let mut days = [2; DAYS];
        days[6] = 90;
        days[0] = 4;
        assert!(judge(Statistic::Kleinberg, &days, &ALL).0 < 1e-9);
    }

    fn judge_all(days: &Days) -> Vec<f64> {
        EACH.iter().map(|&statistic| judge(statistic, days, &ALL).0).collect()
    }
}
