//! All issues, and the rows and tables that pages about issues share.

use askama::Template;
use axum::response::Html;
use bus::Channel;
use civic::Permission::ReadPosts;
use index::trends::Issue;
use index::trends::model::Status;

use crate::charts::spark;
use crate::config::Audience;
use crate::error::AppError;
use crate::facet::Facet;
use crate::findings;
use crate::format::{self, counted};
use crate::labels;
use crate::pages::{Chrome, Section, render};
use crate::params::Params;
use crate::site::Site;

/// A chance from which there is no rise.
const NO_RISE: f64 = 0.5;

/// Days of a small line in a row.
const SPARK_DAYS: usize = 14;

/// One issue in a table.
pub struct IssueRow {
    /// Its page.
    pub href: String,
    /// Its label.
    pub label: String,
    /// What it is doing, in a word.
    pub status: &'static str,
    /// The colour of that word's tag.
    pub colour: &'static str,
    /// Posts of the last 7 days against the 7 days before.
    pub change: String,
    /// The last whole day against the usual range.
    pub against_usual: String,
    /// Posts of the last 7 days.
    pub posts: String,
    /// Voices of the last 7 days.
    pub voices: String,
    /// The last 14 whole days as a small line.
    pub spark: String,
    /// The same in words.
    pub spark_words: String,
    /// How its posts feel.
    pub feeling: &'static str,
    /// The source types with evidence.
    pub channels: String,
}

impl IssueRow {
    /// The row of an issue.
    pub fn new(issue: &Issue, audience: Audience) -> Self {
        let (posts, before) = (audience.count(issue.posts), audience.count(issue.posts_before));
        let shown = posts.exact().is_some() && before.exact().is_some();
        // Today is not over: at the end of so small a line it would look like a fall.
        let whole_days = issue.days.split_last().map_or(&[][..], |(_, days)| days);
        let recent = &whole_days[whole_days.len().saturating_sub(SPARK_DAYS)..];
        let days: Vec<f64> = recent.iter().map(|day| audience.count(day.posts).plotted()).collect();
        Self {
            href: href(issue),
            label: issue.label.clone(),
            status: labels::status(issue.status),
            colour: labels::status_colour(issue.status),
            change: format::change(issue.posts, issue.posts_before).filter(|_| shown).unwrap_or_default(),
            against_usual: findings::against_usual(issue, audience),
            posts: posts.to_string(),
            voices: audience.count(issue.voices).to_string(),
            spark: spark(&days),
            spark_words: match (recent.first(), recent.last()) {
                (Some(first), Some(last)) => {
                    format!("from {} to {} posts a day", audience.count(first.posts), audience.count(last.posts))
                }
                _ => String::new(),
            },
            feeling: if posts.exact().is_some() { findings::feeling(&issue.sentiment) } else { "Not shown" },
            channels: match &issue.channels[..] {
                [only] => format!("{} only", labels::channel(only.channel)),
                several => format!("{} of {}", several.len(), Channel::ALL.len()),
            },
        }
    }
}

/// What a list of one kind of place says of an issue: its voices there beside those expected.
fn alone(issue: &Issue, channel: Channel, audience: Audience) -> String {
    match issue.evidence_in(channel) {
        Some(evidence) if evidence.p < NO_RISE => format!(
            "{} in {}, {} expected",
            audience.count(evidence.voices).of("voice", "voices"),
            findings::window(evidence.window_h),
            format::decimal(evidence.expected)
        ),
        _ => format!("No rise in {}", labels::channel(channel).to_lowercase()),
    }
}

/// The page of an issue.
pub fn href(issue: &Issue) -> String {
    format!("/issues/{}", issue.id)
}

/// Issues as a table.
#[derive(Default, Template)]
#[template(path = "issue_table.html")]
pub struct IssueTable {
    /// What it shows.
    pub caption: &'static str,
    /// One row an issue.
    pub rows: Vec<IssueRow>,
}

impl IssueTable {
    /// The table of some issues, in their order.
    pub fn new<'a>(issues: impl Iterator<Item = &'a Issue>, audience: Audience) -> Self {
        let rows = issues.map(|issue| IssueRow::new(issue, audience)).collect();
        Self { caption: "Issues with posts and voices of the last 7 days", rows }
    }
}

/// Posts day by day, for the table beside a chart.
#[derive(Default, Template)]
#[template(path = "day_table.html")]
pub struct DayTable {
    /// What it shows.
    pub caption: &'static str,
    /// The heading of each column after the date.
    pub columns: Vec<String>,
    /// The date, and its cells; newest first.
    pub rows: Vec<(String, Vec<String>)>,
}

impl DayTable {
    /// Adds a column that names the sources that could not be collected, if there is one to name.
    /// `missing` has a cell for each row, in the order of the rows.
    pub fn with_missing(mut self, missing: Vec<String>) -> Self {
        if missing.iter().any(|cell| !cell.is_empty()) {
            self.columns.push("Not collected".to_owned());
            for ((_, cells), missing) in self.rows.iter_mut().zip(missing) {
                cells.push(missing);
            }
        }
        self
    }
}

/// The posts a day of several issues.
pub fn day_table(issues: &[&Issue], audience: Audience) -> DayTable {
    let columns = issues.iter().map(|issue| issue.label.clone()).collect();
    let days = issues.first().map_or(&[][..], |issue| &issue.days);
    let rows = days.iter().enumerate().rev().map(|(place, day)| {
        let cells = issues
            .iter()
            .map(|issue| issue.days.get(place).map_or_else(String::new, |day| audience.count(day.posts).to_string()));
        (format::date(day.day), cells.collect())
    });
    DayTable { caption: "Posts a day", columns, rows: rows.collect() }
}

#[derive(Template)]
#[template(path = "issues.html")]
struct IssuesPage {
    chrome: Chrome,
    about: String,
    /// Address, name, number and whether it is chosen.
    statuses: Vec<(String, String, bool)>,
    rows: IssueTable,
    /// Addresses of the lists of one kind of place each, with name and whether it is chosen.
    kinds: Vec<(String, &'static str, bool)>,
    /// Whether the rows are issues that are held.
    held: bool,
    /// Whether something can be left out, by those who may.
    without: bool,
    reasons: Vec<Reason>,
    csv: String,
}

/// Why one issue is held.
struct Reason {
    label: String,
    href: String,
    /// Follows "it".
    doubt: &'static str,
    /// The rules that failed, with what was found.
    rules: Vec<String>,
}

/// `/issues`.
///
/// # Errors
/// [`AppError::NotYet`] while there is no list.
pub async fn page(site: Site, params: Params) -> Result<Html<String>, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let held = params.status == Some(Status::Held);
    let all = if held { site.held(&list) } else { &list.issues };
    let mut shown: Vec<&Issue> = all.iter().filter(|issue| held || params.concerns(issue)).collect();
    let kind = match params.chosen(Facet::Channel) {
        [slug] => Channel::from_slug(slug),
        _ => None,
    };
    if let Some(channel) = kind {
        // The list of one kind of place has its own order: that of the rise there.
        shown.sort_by(|one, two| one.p_in(channel).total_cmp(&two.p_in(channel)));
    }
    let with_status = |status| Params { status, ..params.clone() };
    let everything = (None, "All listed".to_owned(), list.issues.len());
    let each = labels::STATUSES.iter().filter_map(|status| {
        let number = match status {
            Status::Held => site.held(&list).len(),
            listed => list.issues.iter().filter(|issue| issue.status == *listed).count(),
        };
        (number > 0 || params.status == Some(*status))
            .then(|| (Some(*status), labels::status(*status).to_owned(), number))
    });
    let statuses = [everything].into_iter().chain(each).map(|(status, name, number)| {
        (with_status(status).href("/issues"), format!("{name} ({number})"), params.status == status)
    });
    let title = match (params.status, shown.len() as u64) {
        (Some(Status::Held), number) => {
            counted(number, "issue held for a person to check", "issues held for a person to check")
        }
        (Some(status), number) => format!("{}: {}", labels::status(status), counted(number, "issue", "issues")),
        (None, _) => findings::standing_out(&shown),
    };
    let reasons = shown.iter().filter(|_| held).map(|issue| {
        let failed = issue.gate.iter().filter(|check| !check.passed);
        Reason {
            label: issue.label.clone(),
            href: href(issue),
            doubt: findings::why_held(issue),
            rules: failed.map(|check| format!("asked: {}; found: {}", check.rule, check.found)).collect(),
        }
    });
    let mut rows = IssueTable::new(shown.iter().copied(), site.audience());
    if let Some(channel) = kind {
        for (row, issue) in rows.rows.iter_mut().zip(&shown) {
            row.channels = alone(issue, channel, site.audience());
        }
    }
    let of_kind = |slug: Option<&str>| {
        let all = params.without_facet(Facet::Channel);
        slug.map_or_else(|| all.clone(), |slug| all.with(Facet::Channel, slug)).href("/issues")
    };
    let each_kind =
        Channel::ALL.map(|channel| (of_kind(Some(channel.slug())), labels::channel(channel), kind == Some(channel)));
    let order = kind.map_or("Strongest first".to_owned(), |channel| {
        format!("By the rise in {} alone, clearest first", labels::channel(channel).to_lowercase())
    });
    render(&IssuesPage {
        chrome: Chrome::new(&site, Section::Issues, title),
        about: format!("As of {}. {order}.", format::moment(list.as_of)),
        kinds: [(of_kind(None), "All together", kind.is_none())].into_iter().chain(each_kind).collect(),
        without: site.may(ReadPosts),
        statuses: statuses.collect(),
        reasons: reasons.collect(),
        rows,
        held,
        csv: params.href("/download/issues.csv"),
    })
}
