//! The score of a candidate: seven parts, each from 0 to 1, and their weighted mean from 0 to 100.
//!
//! It says in which order to look at candidates. It decides nothing: gates do, and people may depart from it with a reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::RecordError;

/// So many voices in a week make the part full; each doubling on the way there adds the same.
const VOICES_FULL: f64 = 2_000.0;

/// Growth to so many times the week before makes the part full.
const GROWTH_FULL: f64 = 8.0;

/// So many supporters make the part full.
const SUPPORT_FULL: f64 = 5_000.0;

/// What a score is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Distinct voices in the last 7 days.
    pub voices: u64,
    /// Of these, those heard offline.
    pub voices_offline: u64,
    /// Posts in the last 7 days.
    pub posts: u64,
    /// Posts in the 7 days before.
    pub posts_before: u64,
    /// Voices by channel (slug).
    pub channels: BTreeMap<String, u64>,
    /// So many channels there are.
    pub channels_known: u64,
    /// Posts by region (slug).
    pub regions: BTreeMap<String, u64>,
    /// So many regions there are.
    pub regions_known: u64,
    /// Posts with a feeling.
    pub felt: u64,
    /// Of these, those whose feeling is negative.
    pub negative: u64,
    /// Supporters in Gather who have an account.
    pub supporters_online: u64,
    /// Supporters on sheets of paper.
    pub supporters_offline: u64,
}

/// A part of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// How many people spoke.
    Voices,
    /// How much more was said than in the week before.
    Growth,
    /// How evenly the voices are spread over channels.
    Channels,
    /// How evenly the posts are spread over regions.
    Regions,
    /// The share of posts whose feeling is negative.
    Severity,
    /// Supporters, with and without an account.
    Support,
    /// The share of voices and supporters that were heard offline: what is heard only there has no other way in.
    Offline,
}

impl Part {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Voices, Self::Growth, Self::Channels, Self::Regions, Self::Severity, Self::Support, Self::Offline];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Voices => "Voices",
            Self::Growth => "Growth",
            Self::Channels => "Spread over source types",
            Self::Regions => "Spread over regions",
            Self::Severity => "Negative feeling",
            Self::Support => "Supporters",
            Self::Offline => "Heard offline",
        }
    }

    /// How it is made, in a sentence.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Voices => "Distinct voices of 7 days on a logarithmic scale, full at 2,000",
            Self::Growth => "Posts of 7 days against the 7 days before on a logarithmic scale, full at 8 times as many",
            Self::Channels => "How evenly voices are spread over all source types (Shannon’s evenness)",
            Self::Regions => "How evenly posts with a place are spread over all regions (Shannon’s evenness)",
            Self::Severity => "The share of negative posts among those whose feeling was scored",
            Self::Support => "Supporters in Gather, online and on paper, on a logarithmic scale, full at 5,000",
            Self::Offline => "The share of voices and supporters heard offline: full for what is heard only there",
        }
    }
}

/// What counts how much. Only the proportions matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// Of [`Part::Voices`].
    pub voices: f64,
    /// Of [`Part::Growth`].
    pub growth: f64,
    /// Of [`Part::Channels`].
    pub channels: f64,
    /// Of [`Part::Regions`].
    pub regions: f64,
    /// Of [`Part::Severity`].
    pub severity: f64,
    /// Of [`Part::Support`].
    pub support: f64,
    /// Of [`Part::Offline`].
    pub offline: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { voices: 25.0, growth: 10.0, channels: 10.0, regions: 15.0, severity: 10.0, support: 20.0, offline: 10.0 }
    }
}

impl Weights {
    /// Of one part.
    pub fn of(&self, part: Part) -> f64 {
        match part {
            Part::Voices => self.voices,
            Part::Growth => self.growth,
            Part::Channels => self.channels,
            Part::Regions => self.regions,
            Part::Severity => self.severity,
            Part::Support => self.support,
            Part::Offline => self.offline,
        }
    }

    fn sum(&self) -> f64 {
        Part::ALL.iter().map(|part| self.of(*part)).sum()
    }

    pub(super) fn check(&self) -> Result<(), RecordError> {
        let is_sound = Part::ALL.iter().all(|part| self.of(*part).is_finite() && self.of(*part) >= 0.0);
        if is_sound && self.sum() > 0.0 && self.sum().is_finite() {
            Ok(())
        } else {
            Err(RecordError::refused("assembly.weights must be numbers of 0 and more, and not all of them 0"))
        }
    }
}

/// One part of a score, worked out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Which part.
    pub part: Part,
    /// From 0 to 1.
    pub value: f64,
    /// The most points that it can give.
    pub most: f64,
    /// The points that it gives.
    pub points: f64,
}

/// A score with its parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The sum of the points, 0 to 100.
    pub total: f64,
    /// The parts in the order of [`Part::ALL`].
    pub parts: Vec<Share>,
}

impl Score {
    /// Works it out.
    pub fn of(inputs: &Inputs, weights: &Weights) -> Self {
        let sum = weights.sum();
        let parts: Vec<Share> = Part::ALL
            .into_iter()
            .map(|part| {
                let value = inputs.value(part).clamp(0.0, 1.0);
                let most = 100.0 * weights.of(part) / sum;
                Share { part, value, most, points: value * most }
            })
            .collect();
        Self { total: parts.iter().map(|share| share.points).sum(), parts }
    }
}

/// Published numbers must not tell who spoke: counts from 1 to 9 are counted as this.
const FEW: u64 = 5;

impl Inputs {
    /// The same without counts from 1 to 9 of what people said: as they are kept, scored and published.
    #[must_use]
    pub fn coarsened(&self) -> Self {
        let coarse = |count: u64| if (1..10).contains(&count) { FEW } else { count };
        let all = |counts: &BTreeMap<String, u64>| {
            counts.iter().map(|(name, count)| (name.clone(), coarse(*count))).collect()
        };
        Self {
            voices: coarse(self.voices),
            voices_offline: coarse(self.voices_offline),
            posts: coarse(self.posts),
            posts_before: coarse(self.posts_before),
            channels: all(&self.channels),
            regions: all(&self.regions),
            felt: coarse(self.felt),
            negative: coarse(self.negative),
            ..*self
        }
    }

    /// All supporters.
    pub fn supporters(&self) -> u64 {
        self.supporters_online.saturating_add(self.supporters_offline)
    }

    fn value(&self, part: Part) -> f64 {
        match part {
            Part::Voices => towards(self.voices, VOICES_FULL),
            Part::Growth => {
                // One more on both sides, so that a first post is no infinite growth.
                let ratio = (self.posts as f64 + 1.0) / (self.posts_before as f64 + 1.0);
                ratio.ln() / GROWTH_FULL.ln()
            }
            Part::Channels => evenness(&self.channels, self.channels_known),
            Part::Regions => evenness(&self.regions, self.regions_known),
            Part::Severity => share(self.negative, self.felt),
            Part::Support => towards(self.supporters(), SUPPORT_FULL),
            Part::Offline => share(
                self.voices_offline.saturating_add(self.supporters_offline),
                self.voices.saturating_add(self.supporters()),
            ),
        }
    }
}

/// How far a number has come on a logarithmic scale.
fn towards(number: u64, full: f64) -> f64 {
    (number as f64).ln_1p() / full.ln_1p()
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// Shannon's evenness: the entropy of the counts over the largest that `known` classes can have.
fn evenness(counts: &BTreeMap<String, u64>, known: u64) -> f64 {
    let all: f64 = counts.values().map(|count| *count as f64).sum();
    if all == 0.0 || known < 2 {
        return 0.0;
    }
    let entropy: f64 = counts
        .values()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = *count as f64 / all;
            -share * share.ln()
        })
        .sum();
    entropy / (known as f64).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inputs() -> impl Strategy<Value = Inputs> {
        let map = || prop::collection::btree_map("[a-e]", 0_u64..5_000, 0..5);
        let count = 0_u64..20_000;
        (
            (count.clone(), count.clone(), count.clone(), count.clone()),
            (map(), map()),
            (count.clone(), count.clone(), count.clone(), count),
        )
            .prop_map(
                |((voices, offline, posts, before), (channels, regions), (felt, negative, online, paper))| Inputs {
                    voices,
                    voices_offline: offline.min(voices),
                    posts,
                    posts_before: before,
                    channels,
                    channels_known: 5,
                    regions,
                    regions_known: 7,
                    felt,
                    negative: negative.min(felt),
                    supporters_online: online,
                    supporters_offline: paper,
                },
            )
    }

    fn value(inputs: &Inputs, part: Part) -> f64 {
        let score = Score::of(inputs, &Weights::default());
        score.parts.iter().find(|share| share.part == part).unwrap().value
    }

    proptest! {
        #[test]
        fn every_part_lies_between_0_and_1_and_the_points_add_up(inputs in inputs()) {
            let score = Score::of(&inputs, &Weights::default());
            prop_assert!((0.0..=100.000_001).contains(&score.total), "{score:?}");
            for share in &score.parts {
                prop_assert!((0.0..=1.0).contains(&share.value), "{share:?}");
                prop_assert!(share.points <= share.most);
            }
            let sum: f64 = score.parts.iter().map(|share| share.points).sum();
            prop_assert!((sum - score.total).abs() < 1e-9);
            prop_assert!((score.parts.iter().map(|share| share.most).sum::<f64>() - 100.0).abs() < 1e-9);
        }

        #[test]
        fn more_of_what_counts_never_lowers_its_part(inputs in inputs(), more in 1_u64..5_000) {
            let grown = |change: fn(&mut Inputs, u64)| {
                let mut grown = inputs.clone();
                change(&mut grown, more);
                grown
            };
            let voices = grown(|inputs, more| inputs.voices += more);
            prop_assert!(value(&voices, Part::Voices) >= value(&inputs, Part::Voices));
            let posts = grown(|inputs, more| inputs.posts += more);
            prop_assert!(value(&posts, Part::Growth) >= value(&inputs, Part::Growth));
            let before = grown(|inputs, more| inputs.posts_before += more);
            prop_assert!(value(&before, Part::Growth) <= value(&inputs, Part::Growth));
            let paper = grown(|inputs, more| inputs.supporters_offline += more);
            prop_assert!(Score::of(&paper, &Weights::default()).total >= Score::of(&inputs, &Weights::default()).total);
        }

        #[test]
        fn only_the_proportions_of_the_weights_matter(inputs in inputs(), times in 0.1_f64..50.0) {
            let weights = Weights::default();
            let scaled = Weights {
                voices: weights.voices * times, growth: weights.growth * times, channels: weights.channels * times,
                regions: weights.regions * times, severity: weights.severity * times,
                support: weights.support * times, offline: weights.offline * times,
            };
            let difference = Score::of(&inputs, &weights).total - Score::of(&inputs, &scaled).total;
            prop_assert!(difference.abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_heard_evenly_everywhere_is_spread_fully_and_what_is_heard_in_one_place_not_at_all() {
        let even: BTreeMap<String, u64> = ["a", "b", "c"].map(|key| (key.to_owned(), 20)).into();
        assert!((evenness(&even, 3) - 1.0).abs() < 1e-12);
        let one: BTreeMap<String, u64> = [("a".to_owned(), 500)].into();
        assert!(evenness(&one, 3).abs() < 1e-12);
        assert!(evenness(&BTreeMap::new(), 3).abs() < 1e-12);
    }

    #[test]
    fn what_is_heard_only_offline_has_the_whole_bonus() {
        let inputs = Inputs { voices: 12, voices_offline: 12, supporters_offline: 40, ..Inputs::default() };
        assert!((value(&inputs, Part::Offline) - 1.0).abs() < 1e-12);
        assert!(value(&Inputs { supporters_online: 500, ..inputs }, Part::Offline) < 0.1);
    }
}
