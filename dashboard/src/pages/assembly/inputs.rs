//! What the score of a candidate is made from, and how that reads.

use bus::{Channel, SentimentLabel};
use civic::assembly::score::{Inputs, Part, Share};
use index::trends::Issue;
use index::{Analytics, AnalyticsError, Dimension, Filter};

use crate::format::{counted, percent, thousands};
use crate::labels::{self, Labels};

/// Of an issue as it is listed now. Voices by source type are those of the window in which each rise is clearest.
pub fn of_issue(issue: &Issue, labels: &Labels) -> Inputs {
    let offline = issue.channels.iter().find(|evidence| evidence.channel == Channel::Offline);
    Inputs {
        voices: issue.voices,
        voices_offline: offline.map_or(0, |offline| offline.voices.min(issue.voices)),
        posts: issue.posts,
        posts_before: issue.posts_before,
        channels: issue.channels.iter().map(|one| (one.channel.slug().to_owned(), one.voices)).collect(),
        channels_known: Channel::ALL.len() as u64,
        regions: issue
            .regions
            .iter()
            .filter(|(region, _)| labels.regions.contains_key(region))
            .map(|(region, posts)| (region.clone(), *posts))
            .collect(),
        regions_known: labels.regions.len() as u64,
        felt: issue.sentiment.values().sum(),
        negative: issue.sentiment.get(&SentimentLabel::Negative).copied().unwrap_or_default(),
        supporters_online: 0,
        supporters_offline: 0,
    }
}

/// Of what a filter lets through, in the last 7 days and in the 7 before.
///
/// # Errors
/// Those of the analytics.
pub async fn of_search(
    analytics: &dyn Analytics,
    latest: &Filter,
    earlier: &Filter,
    labels: &Labels,
) -> Result<Inputs, AnalyticsError> {
    let (totals, before) = (analytics.totals(latest).await?, analytics.totals(earlier).await?);
    let channels = analytics.groups(latest, Dimension::Channel, Channel::ALL.len() + 1).await?;
    let regions = analytics.groups(latest, Dimension::Region, labels.regions.len() + 1).await?;
    let feelings = analytics.groups(latest, Dimension::Sentiment, SentimentLabel::ALL.len() + 1).await?;
    let posts_of = |slug: &str| feelings.iter().find(|group| group.key == slug).map_or(0, |group| group.totals.posts);
    let offline = channels.iter().find(|group| group.key == Channel::Offline.slug());
    Ok(Inputs {
        voices: totals.voices,
        voices_offline: offline.map_or(0, |group| group.totals.voices.min(totals.voices)),
        posts: totals.posts,
        posts_before: before.posts,
        channels: channels.iter().map(|group| (group.key.clone(), group.totals.voices)).collect(),
        regions: regions
            .iter()
            .filter(|group| labels.regions.contains_key(&group.key))
            .map(|group| (group.key.clone(), group.totals.posts))
            .collect(),
        felt: SentimentLabel::ALL.iter().map(|label| posts_of(label.slug())).sum(),
        negative: posts_of(SentimentLabel::Negative.slug()),
        ..of_nothing(labels)
    })
}

/// Of something of which nothing was heard.
pub fn of_nothing(labels: &Labels) -> Inputs {
    Inputs {
        channels_known: Channel::ALL.len() as u64,
        regions_known: labels.regions.len() as u64,
        ..Inputs::default()
    }
}

/// One part of a score as a row of a table.
pub struct ShareRow {
    /// Its name.
    pub name: &'static str,
    /// How it is made.
    pub rule: &'static str,
    /// What it is made from here.
    pub from: String,
    /// From 0 to 1.
    pub value: String,
    /// The most points that it can give.
    pub most: String,
    /// The points that it gives.
    pub points: String,
}

/// The parts of a score as rows.
pub fn rows(inputs: &Inputs, parts: &[Share], names: &Labels) -> Vec<ShareRow> {
    let row = |share: &Share| ShareRow {
        name: share.part.name(),
        rule: share.part.rule(),
        from: from(inputs, share.part, names),
        value: format!("{:.2}", share.value),
        most: format!("{:.1}", share.most),
        points: format!("{:.1}", share.points),
    };
    parts.iter().map(row).collect()
}

/// What a part is made from, in words. Counts were made coarse before they were kept: 5 stands for 1 to 9.
pub fn from(inputs: &Inputs, part: Part, names: &Labels) -> String {
    match part {
        Part::Voices => format!("{} in 7 days", heard(inputs.voices, "voice", "voices")),
        Part::Growth => format!(
            "{} in 7 days, {} in the 7 before",
            heard(inputs.posts, "post", "posts"),
            heard(inputs.posts_before, "post", "posts")
        ),
        Part::Channels => spread(inputs.channels.iter().map(|(slug, voices)| {
            let name = Channel::from_slug(slug).map_or("Others", labels::channel);
            (name, *voices)
        })),
        Part::Regions => spread(inputs.regions.iter().map(|(slug, posts)| (names.region(slug), *posts))),
        Part::Severity => format!(
            "{} negative of {} with a feeling",
            heard(inputs.negative, "post", "posts"),
            heard(inputs.felt, "post", "posts")
        ),
        Part::Support => format!(
            "{} online, {} on paper",
            counted(inputs.supporters_online, "supporter", "supporters"),
            thousands(inputs.supporters_offline)
        ),
        Part::Offline => format!(
            "{} of {} in meetings, {} of {} on paper",
            heard(inputs.voices_offline, "voice", "voices"),
            few(inputs.voices),
            thousands(inputs.supporters_offline),
            counted(inputs.supporters(), "supporter", "supporters")
        ),
    }
}

fn few(count: u64) -> String {
    if (1..10).contains(&count) { "fewer than 10 (counted as 5)".to_owned() } else { thousands(count) }
}

fn heard(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", few(count), if count == 1 { one } else { many })
}

fn spread<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    let mut counts: Vec<(&str, u64)> = counts.filter(|(_, count)| *count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    let shares: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name} {}", percent(*count as f64 / all as f64))).collect();
    if shares.is_empty() { "None".to_owned() } else { shares.join(", ") }
}
