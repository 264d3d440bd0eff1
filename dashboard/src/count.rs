//! Counts as a reader may see them: small ones are not shown to the public, because they could point at a person.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::config::Audience;
use crate::format::thousands;

/// Below this a count is not shown to the public.
pub const FEWEST_SHOWN: u64 = 10;

/// A number of posts or voices, or that it is too small to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The number itself.
    Exact(u64),
    /// Fewer than [`FEWEST_SHOWN`], and none is one of the possibilities.
    Few,
}

impl Audience {
    /// The count as this audience may see it.
    pub fn count(self, number: u64) -> Count {
        match self {
            Self::Public if number < FEWEST_SHOWN => Count::Few,
            Self::Public | Self::Staff => Count::Exact(number),
        }
    }

    /// A split of a whole as this audience may see it. Where one part alone would be left out, it could be had by
    /// subtraction, so the next smallest is left out with it.
    pub fn counts(self, numbers: &[u64]) -> Vec<Count> {
        let mut counts: Vec<Count> = numbers.iter().map(|&number| self.count(number)).collect();
        if counts.iter().filter(|&&count| count == Count::Few).count() == 1 {
            let next = (0..numbers.len()).filter(|&part| counts[part] != Count::Few).min_by_key(|&part| numbers[part]);
            if let Some(part) = next {
                counts[part] = Count::Few;
            }
        }
        counts
    }

    /// What to say beside a chart of counts.
    pub fn chart_note(self) -> &'static str {
        match self {
            Self::Public => " Counts under 10 are drawn as none.",
            Self::Staff => "",
        }
    }
}

impl Count {
    /// The number, where it may be shown.
    pub fn exact(self) -> Option<u64> {
        match self {
            Self::Exact(number) => Some(number),
            Self::Few => None,
        }
    }

    /// The number as a chart draws it: what may not be shown is drawn as none.
    pub fn plotted(self) -> f64 {
        self.exact().unwrap_or(0) as f64
    }

    /// With its noun: "1 post", "18,432 posts", "fewer than 10 posts".
    pub fn of(self, one: &str, many: &str) -> String {
        format!("{self} {}", if self == Self::Exact(1) { one } else { many })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(number) => f.write_str(&thousands(*number)),
            Self::Few => write!(f, "fewer than {FEWEST_SHOWN}"),
        }
    }
}

/// In JSON a number, or `null` where it is too small to be shown.
impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.exact().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_are_for_staff_only() {
        assert_eq!(Audience::Staff.count(3).of("post", "posts"), "3 posts");
        assert_eq!(Audience::Public.count(9).of("post", "posts"), "fewer than 10 posts");
        assert_eq!(Audience::Public.count(0), Count::Few);
        assert_eq!(Audience::Public.count(10), Count::Exact(10));
    }

    #[test]
    fn one_small_part_cannot_be_had_by_subtraction() {
        assert_eq!(Audience::Public.counts(&[120, 3, 40]), [Count::Exact(120), Count::Few, Count::Few]);
        assert_eq!(Audience::Public.counts(&[120, 3, 4]), [Count::Exact(120), Count::Few, Count::Few]);
        assert_eq!(Audience::Public.counts(&[120, 30]), [Count::Exact(120), Count::Exact(30)]);
        assert_eq!(Audience::Staff.counts(&[120, 3]), [Count::Exact(120), Count::Exact(3)]);
    }
}
