//! What goes into an evidence pack: what is known of an issue at this moment, as everybody may see it.

use bus::Channel;
use civic::assembly::candidates::Candidate;
use civic::assembly::pack::{Count, Evidence, Table};
use index::trends::{Issue, TrendList};
use serde_json::json;

use crate::config::Audience;
use crate::count;
use crate::labels;
use crate::site::Site;

/// Source types with fewer than this share of the voices are named as hardly heard.
const HARDLY_HEARD: f64 = 0.05;

/// Regions with fewer posts than this, against their population, are named as hardly heard.
const HARDLY_NAMED: f64 = 0.5;

/// What is known of the candidate's issue now.
pub fn of(site: &Site, candidate: &Candidate, counter_views: String) -> Evidence {
    let list = site.trends();
    let issue = list.as_deref().and_then(|list| {
        let mut all = list.issues.iter().chain(&list.held);
        all.find(|issue| Some(issue.id.to_string()) == candidate.issue)
    });
    match (list.as_deref(), issue) {
        (Some(list), Some(issue)) => heard(site, list, issue, counter_views),
        _ => unheard(counter_views),
    }
}

fn unheard(counter_views: String) -> Evidence {
    Evidence {
        as_of: None,
        trends_hash: None,
        offsets: json!({}),
        method: "none: the issue was not listed when this was frozen".to_owned(),
        issue: json!(null),
        tables: Vec::new(),
        counter_views,
        missing: vec!["Nothing was heard in the sources of Discovery when this was frozen.".to_owned()],
        limits: vec!["No listening evidence: what is said here rests on its supporters alone.".to_owned()],
    }
}

fn heard(site: &Site, list: &TrendList, issue: &Issue, counter_views: String) -> Evidence {
    Evidence {
        as_of: Some(list.as_of),
        trends_hash: Some(list.hash.clone()),
        offsets: json!(list.offsets),
        method: list.method.clone(),
        issue: json!({
            "id": issue.id, "label": issue.label, "status": labels::status_slug(issue.status),
            "score": issue.score, "first_seen": issue.first_seen,
            "posts": shown(issue.posts), "voices": shown(issue.voices), "posts_before": shown(issue.posts_before),
            "baseline": issue.baseline, "usual": issue.usual,
            "terms": issue.terms.iter().map(|term| &term.term).collect::<Vec<_>>(),
            "query": issue.query,
        }),
        tables: tables(site, issue),
        counter_views,
        missing: missing(site, issue),
        limits: limits(site),
    }
}

/// A count as a public document has it.
fn shown(number: u64) -> Option<u64> {
    Audience::Public.count(number).exact()
}

fn tables(site: &Site, issue: &Issue) -> Vec<Table> {
    let by = |by: &str, rows| Table { by: by.to_owned(), rows };
    let days = issue.days.iter().map(|day| Count {
        name: day.day.to_string(),
        posts: shown(day.posts),
        voices: shown(day.voices),
    });
    let channels = issue.channels.iter().map(|evidence| Count {
        name: labels::channel(evidence.channel).to_owned(),
        posts: shown(evidence.posts),
        voices: shown(evidence.voices),
    });
    let regions = split(issue.regions.iter().map(|(slug, posts)| (site.parts.labels.region(slug).to_owned(), *posts)));
    let feelings = split(issue.sentiment.iter().map(|(label, posts)| (labels::sentiment(*label).to_owned(), *posts)));
    vec![by("channel", channels.collect()), by("region", regions), by("feeling", feelings), by("day", days.collect())]
}

/// A split of a whole, in which no small part can be had by subtraction.
fn split(parts: impl Iterator<Item = (String, u64)>) -> Vec<Count> {
    let parts: Vec<(String, u64)> = parts.collect();
    let counts = Audience::Public.counts(&parts.iter().map(|(_, posts)| *posts).collect::<Vec<_>>());
    parts.into_iter().zip(counts).map(|((name, _), count)| Count { name, posts: count.exact(), voices: None }).collect()
}

/// Who is not, or hardly, heard.
fn missing(site: &Site, issue: &Issue) -> Vec<String> {
    let mut missing =
        vec!["People who never speak in public, and those who do not have the words or the time.".to_owned()];
    let all: u64 = issue.channels.iter().map(|evidence| evidence.voices).sum();
    for channel in Channel::ALL {
        let voices = issue.channels.iter().find(|evidence| evidence.channel == channel).map_or(0, |one| one.voices);
        if (voices as f64) < HARDLY_HEARD * all as f64 || voices == 0 {
            missing.push(format!("{}: hardly or not heard on this.", labels::channel(channel)));
        }
    }
    let labels = &site.parts.labels;
    let named: u64 = issue.regions.iter().map(|(_, posts)| posts).sum();
    for slug in labels.regions.keys() {
        let posts = issue.regions.iter().find(|(region, _)| region == slug).map_or(0, |(_, posts)| *posts);
        let expected = labels.population_share(slug).unwrap_or_default() * named as f64;
        if (posts as f64) < HARDLY_NAMED * expected {
            missing.push(format!("{}: far fewer posts than its population.", labels.region(slug)));
        }
    }
    let silent: Vec<String> = (site.parts.health)()
        .into_iter()
        .filter(|source| source.open_gap().is_some())
        .map(|source| source.name)
        .collect();
    if !silent.is_empty() {
        missing.push(format!("Sources that could not be collected when this was frozen: {}.", silent.join(", ")));
    }
    missing
}

fn limits(site: &Site) -> Vec<String> {
    let mut limits = vec![
        "These posts come from people who chose to speak in public. They are not a survey and do not stand for everyone who uses the NHS.".to_owned(),
        format!("Counts under {} are not in this pack, because they could point at a person.", count::FEWEST_SHOWN),
        "Voices are distinct authors, each counted once in 24 hours; copies beyond the third of one text are not counted.".to_owned(),
        "Places are those that posts name, not where people live.".to_owned(),
    ];
    if let Some(right) = site.parts.feeling_right {
        limits.push(format!(
            "Feeling is set by machine, for English only; of labelled texts that it had not seen, it told {} right.",
            crate::format::percent(right)
        ));
    }
    limits
}
