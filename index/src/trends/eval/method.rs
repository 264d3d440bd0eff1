//! The methods that can be compared: ours, ours with a part left out, and those of others.

use std::fmt;
use std::str::FromStr;

use bus::Channel;

use super::stream::StreamPost;

/// A way to find what is rising.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The detector as it runs.
    #[default]
    Ours,
    /// The same, but every post speaks for an author of its own.
    WithoutVoices,
    /// The same, but all channels are one.
    WithoutBalance,
    /// The same, but what is usual at this time of each week is not expected.
    WithoutHabits,
    /// The same, but what is held is listed.
    WithoutGate,
    /// A method of others, under the same grouping.
    Of(Statistic),
}

/// A statistic by which others tell what is rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// JLH on distinct voices, behind our gate: the baseline to beat.
    JlhGated,
    /// JLH, the score of Elasticsearch's significant terms.
    Jlh,
    /// The tail of a negative binomial.
    Nb,
    /// `SigniTrend` (Schubert, Weiler, Kriegel, KDD 2014): the deviation from an exponentially weighted mean.
    SigniTrend,
    /// Kleinberg's automaton of two states (KDD 2002).
    Kleinberg,
    /// EARS C2 (Hutwagner et al. 2003): the deviation from a week that ended two days before.
    EarsC2,
    /// Mastodon's: chi-square of today's accounts against those of the day before.
    Mastodon,
    /// The count.
    Raw,
}

/// Every method and the name that it goes by.
pub const METHODS: [(&str, Method); 13] = [
    ("ours", Method::Ours),
    ("ours-without-voices", Method::WithoutVoices),
    ("ours-without-balance", Method::WithoutBalance),
    ("ours-without-habits", Method::WithoutHabits),
    ("ours-without-gate", Method::WithoutGate),
    ("jlh-gated", Method::Of(Statistic::JlhGated)),
    ("jlh", Method::Of(Statistic::Jlh)),
    ("nb", Method::Of(Statistic::Nb)),
    ("signitrend", Method::Of(Statistic::SigniTrend)),
    ("kleinberg", Method::Of(Statistic::Kleinberg)),
    ("ears-c2", Method::Of(Statistic::EarsC2)),
    ("mastodon", Method::Of(Statistic::Mastodon)),
    ("raw", Method::Of(Statistic::Raw)),
];

impl Method {
    /// The post as this method sees it.
    pub(super) fn see(self, mut post: StreamPost) -> StreamPost {
        match self {
            Self::WithoutVoices => post.author = Some(post.id.clone()),
            Self::WithoutBalance => post.channel = Channel::Social,
            _ => {}
        }
        post
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = METHODS.iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| *method).ok_or_else(|| {
            let names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
            format!("there is no method of this name; there are {}", names.join(", "))
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = METHODS.iter().find(|(_, method)| method == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_name() {
        for (name, method) in METHODS {
            assert_eq!(name.parse(), Ok(method));
            assert_eq!(method.to_string(), name);
        }
        assert!("jhl".parse::<Method>().unwrap_err().contains("jlh-gated"));
    }
}
