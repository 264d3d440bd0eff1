//! By what posts can be chosen from a list, with the names of each in URLs, on screen and in counts.

use bus::{Channel, SentimentLabel};
use index::Dimension;

/// Bytes of one value that are read at most.
pub const LONGEST_VALUE: usize = 200;

/// By what posts can be chosen from a list, in the order shown on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// Kind of place it was said in.
    Channel,
    /// NHS region that it is about.
    Region,
    /// Subject.
    Topic,
    /// Feeling.
    Feeling,
    /// Language.
    Language,
    /// Source.
    Source,
}

impl Facet {
    /// All facets, in the order shown on screen.
    pub const ALL: [Self; 6] = [Self::Channel, Self::Region, Self::Topic, Self::Feeling, Self::Language, Self::Source];

    /// The name of the URL parameter.
    pub fn key(self) -> &'static str {
        match self {
            Self::Channel => "type",
            Self::Region => "region",
            Self::Topic => "topic",
            Self::Feeling => "feeling",
            Self::Language => "language",
            Self::Source => "source",
        }
    }

    /// The name on screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Channel => "Source type",
            Self::Region => "Region",
            Self::Topic => "Topic",
            Self::Feeling => "Feeling",
            Self::Language => "Language",
            Self::Source => "Source",
        }
    }

    /// The dimension that counts are split by.
    pub fn dimension(self) -> Dimension {
        match self {
            Self::Channel => Dimension::Channel,
            Self::Region => Dimension::Region,
            Self::Topic => Dimension::Topic,
            Self::Feeling => Dimension::Sentiment,
            Self::Language => Dimension::Language,
            Self::Source => Dimension::Source,
        }
    }

    /// Whether posts without a value can be asked for, as [`index::NONE`].
    pub fn has_none(self) -> bool {
        matches!(self, Self::Region | Self::Topic | Self::Language)
    }

    /// Whether `value` can be one of this facet's.
    pub fn accepts(self, value: &str) -> bool {
        match self {
            Self::Channel => Channel::from_slug(value).is_some(),
            Self::Feeling => SentimentLabel::from_slug(value).is_some(),
            Self::Source => value.parse::<bus::SourceId>().is_ok(),
            Self::Region | Self::Topic | Self::Language => {
                (1..=LONGEST_VALUE).contains(&value.len()) && !value.chars().any(char::is_control)
            }
        }
    }
}
