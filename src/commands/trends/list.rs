//! `discovery trends list`.

use std::io::{Write, stdout};

use anyhow::Result;
use bus::Channel;
use index::trends::{Issue, TrendList, snapshot};
use jiff::tz::TimeZone;
use serde_json::json;

use super::{directory, latest};
use crate::config::Config;

/// Prints the issues, of one channel or of all, and the days of the snapshots.
pub(super) fn print(config: &Config, channel: Option<Channel>, json: bool) -> Result<()> {
    let list = latest(config)?;
    let issues = ranked(&list, channel);
    let snapshots = snapshots(config);
    let mut out = stdout().lock();
    if json {
        let object = json!({ "as_of": list.as_of, "method": list.method, "hash": list.hash, "channel": channel,
            "issues": issues, "held": if channel.is_none() { &list.held[..] } else { &[] }, "snapshots": snapshots });
        return Ok(writeln!(out, "{object}")?);
    }
    let as_of = list.as_of.to_zoned(TimeZone::get("Europe/London")?);
    writeln!(out, "{}, by {}", as_of.strftime("%-d %B %Y, %H:%M"), list.method)?;
    for (place, issue) in (1..).zip(&issues) {
        let of = channel.and_then(|channel| issue.evidence_in(channel));
        let (voices, of) = of.map_or((issue.voices, String::new()), |evidence| {
            (evidence.voices, format!(", of {:.1} expected in {} h", evidence.expected, evidence.window_h))
        });
        writeln!(out, "{place:3}  {}  {}: {} ({voices} voices{of})", issue.id, issue.label, status(issue))?;
    }
    if issues.is_empty() {
        writeln!(out, "nothing is above its usual range")?;
    }
    if channel.is_none() && !list.held.is_empty() {
        writeln!(out, "held:")?;
        for issue in &list.held {
            writeln!(out, "     {}  {} ({} voices in {} posts)", issue.id, issue.label, issue.voices, issue.posts)?;
        }
    }
    if !snapshots.is_empty() {
        writeln!(out, "snapshots: {}", snapshots.join(", "))?;
    }
    Ok(out.flush()?)
}

/// The issues of a list; of one channel those that rise in it, the clearest rise first.
fn ranked(list: &TrendList, channel: Option<Channel>) -> Vec<&Issue> {
    let mut issues: Vec<&Issue> = list.issues.iter().collect();
    if let Some(channel) = channel {
        issues.retain(|issue| issue.p_in(channel) < 1.0);
        issues.sort_by(|one, two| one.p_in(channel).total_cmp(&two.p_in(channel)));
    }
    issues
}

/// What an issue is doing, in a word.
pub(super) fn status(issue: &Issue) -> String {
    format!("{:?}", issue.status).to_lowercase()
}

/// The days of the snapshots that are kept.
fn snapshots(config: &Config) -> Vec<String> {
    let files = std::fs::read_dir(snapshot::directory(&directory(config))).into_iter().flatten().flatten();
    let stem = |file: std::fs::DirEntry| Some(file.path().file_stem()?.to_str()?.to_owned());
    let mut days: Vec<String> = files.filter_map(stem).collect();
    days.sort();
    days
}

#[cfg(test)]
mod tests {
    use super::super::tests::data;
    use super::*;

    #[test]
    fn the_list_of_a_channel_is_in_the_order_of_its_own_evidence() {
        let (_dir, config) = data();
        let list = latest(&config).unwrap();
        assert_eq!(ranked(&list, None).len(), list.issues.len());
        let social = ranked(&list, Some(Channel::Social));
        assert_eq!(social.len(), 2);
        let p = |issue: &Issue| issue.evidence_in(Channel::Social).unwrap().p;
        assert!(p(social[0]) <= p(social[1]));
        assert!(ranked(&list, Some(Channel::Offline)).is_empty());
    }
}
