//! `discovery trends without`: how the list changes when something is left out.

use std::io::{Write, stdout};

use anyhow::{Result, anyhow, bail};
use index::trends::STATE;
use index::trends::without::{Comparison, LeftOut, Moved, without};
use serde_json::json;

use super::{Without, directory, latest};
use crate::config::Config;

/// Prints the list with everything beside the list without.
pub(super) fn print(config: &Config, asked: Without) -> Result<()> {
    let mut out = stdout().lock();
    write(&mut out, config, asked)?;
    Ok(out.flush()?)
}

fn write(out: &mut impl Write, config: &Config, asked: Without) -> Result<()> {
    let (what, left_out) = left_out(asked.left_out)?;
    let as_of = latest(config)?.as_of;
    let compared = without(&directory(config).join(STATE), config.trends.clone(), Some(as_of), &left_out)?
        .ok_or_else(|| anyhow!("the state of the trends is not saved yet: try again in a minute"))?;
    if compared.left_out == 0 {
        bail!("no post that is remembered is of {what}: check how it is written");
    }
    if asked.json {
        let moved = |moved: &Moved| {
            json!({ "id": moved.issue.id, "label": moved.issue.label, "before": moved.before, "after": moved.after,
                "voices_before": moved.voices.0, "voices_after": moved.voices.1 })
        };
        let object = json!({ "as_of": as_of, "left_out": what, "posts": compared.posts, "posts_left_out": compared.left_out,
            "issues": compared.moved().iter().map(moved).collect::<Vec<_>>() });
        return Ok(writeln!(out, "{object}")?);
    }
    writeln!(out, "without {what}: {} of {} posts left out", compared.left_out, compared.posts)?;
    table(out, &compared)
}

fn table(out: &mut impl Write, compared: &Comparison) -> Result<()> {
    let place = |place: Option<usize>| place.map_or_else(|| "-".to_owned(), |place| place.to_string());
    writeln!(out, "  now  without  voices")?;
    for Moved { issue, before, after, voices } in compared.moved() {
        let note = match (before, after) {
            (Some(_), None) => ": not listed without it",
            (None, Some(_)) => ": listed only without it",
            _ => "",
        };
        let voices = format!("{} -> {}", voices.0, voices.1);
        writeln!(out, "{:>5}  {:>7}  {voices:<14}  {}{note}", place(before), place(after), issue.label)?;
    }
    Ok(())
}

/// What is left out, in words and for the detector.
fn left_out(asked: super::LeftOut) -> Result<(String, LeftOut)> {
    let super::LeftOut { source, region, meeting, copies_of } = asked;
    Ok(if let Some(source) = source {
        (format!("the source {source}"), LeftOut::Source(source))
    } else if let Some(region) = region {
        (format!("the region {region}"), LeftOut::Region(region))
    } else if let Some(meeting) = meeting {
        (format!("the meeting {meeting}"), LeftOut::Meeting(meeting))
    } else if let Some(post) = copies_of {
        (format!("the accounts that posted what {post} says"), LeftOut::CopiesOf(post))
    } else {
        bail!("say what to leave out: --source, --region, --meeting or --copies-of")
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::data;
    use super::*;

    fn told(source: &str) -> Result<String> {
        let (_dir, config) = data();
        let asked =
            super::super::LeftOut { source: Some(source.parse()?), region: None, meeting: None, copies_of: None };
        let mut out = Vec::new();
        write(&mut out, &config, Without { left_out: asked, json: false })?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn what_rests_on_one_source_is_shown() {
        insta::assert_snapshot!(told("one").unwrap());
    }

    #[test]
    fn a_source_that_nobody_heard_is_named() {
        assert!(told("four").unwrap_err().to_string().contains("the source four"));
    }
}
