//! What can be put forward for the agenda, an issue of Discovery or a flag of Gather, and the numbers of this hour that its
//! score is made from.

use civic::assembly::candidates::Candidate;
use civic::assembly::score::Inputs;
use civic::gather::{self, Evidence, Flag, FlagId, FlagState};
use index::trends::{Issue, TrendList};
use index::{AnalyticsError, Filter};
use jiff::SignedDuration;

use super::inputs;
use crate::error::AppError;
use crate::format::sentence_start;
use crate::pages::gather as flags;
use crate::pages::issue::{Found, find};
use crate::params::Params;
use crate::site::Site;

/// Something that can be put forward.
pub enum Matter {
    /// An issue that is listed or held.
    Issue(Box<Issue>),
    /// A flag that gathers support, or did until its deadline.
    Flag(Box<Flag>),
}

impl Matter {
    /// The flag or the issue with this id; a flag goes before an issue.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::NoIssue`] and its kin, or [`AppError::BadRequest`] for a flag that was refused,
    /// merged or routed.
    pub async fn find(site: &Site, issue: &str, flag: &str) -> Result<Self, AppError> {
        if flag.is_empty() {
            let list = site.trends().ok_or(AppError::NotYet)?;
            return match find(site, &list, issue)? {
                Found::Issue(issue) => Ok(Self::Issue(Box::new(issue.clone()))),
                Found::Merged(_) => Err(AppError::NoIssue),
            };
        }
        let flag = flags::found(site, flag).await?;
        match flag.state {
            FlagState::Published | FlagState::Closed => Ok(Self::Flag(Box::new(flag))),
            _ => Err(AppError::BadRequest("only a flag that was published can be put forward".to_owned())),
        }
    }

    /// What it is called.
    pub fn label(&self) -> String {
        match self {
            Self::Issue(issue) => issue.label.clone(),
            Self::Flag(flag) => sentence_start(&flag.want),
        }
    }

    /// Its page.
    pub fn address(&self) -> String {
        match self {
            Self::Issue(issue) => format!("/issues/{}", issue.id),
            Self::Flag(flag) => flags::href(&flag.id),
        }
    }

    /// What the form proposes to call it. The words of who raised a flag go when that person is erased, so that they are not
    /// made the title of a candidate, which stays: the organiser writes one.
    pub fn title(&self) -> String {
        match self {
            Self::Issue(issue) => issue.label.clone(),
            Self::Flag(_) => String::new(),
        }
    }

    /// How a form says which it is: field and value.
    pub fn field(&self) -> (&'static str, String) {
        match self {
            Self::Issue(issue) => ("issue", issue.id.to_string()),
            Self::Flag(flag) => ("flag", flag.id.to_string()),
        }
    }

    /// The issue that it is, or that the flag is about.
    pub fn issue(&self) -> Option<String> {
        match self {
            Self::Issue(issue) => Some(issue.id.to_string()),
            Self::Flag(flag) => match &flag.evidence {
                Evidence::Issue(id) => Some(id.clone()),
                Evidence::Search(_) | Evidence::None => None,
            },
        }
    }

    /// The flag that it is.
    pub fn flag(&self) -> Option<String> {
        match self {
            Self::Issue(_) => None,
            Self::Flag(flag) => Some(flag.id.to_string()),
        }
    }

    /// What its score is made from now.
    ///
    /// # Errors
    /// When the posts or the record cannot be read.
    pub async fn inputs(&self, site: &Site) -> Result<Inputs, AppError> {
        numbers_now(site, self.issue(), self.flag(), None).await
    }
}

/// What the score of a candidate would be made from now. Where its issue is no longer listed, what was heard stays as it was.
///
/// # Errors
/// When the posts or the record cannot be read.
pub async fn inputs_now(site: &Site, candidate: &Candidate) -> Result<Inputs, AppError> {
    numbers_now(site, candidate.issue.clone(), candidate.flag.clone(), Some(&candidate.inputs)).await
}

async fn numbers_now(
    site: &Site,
    issue: Option<String>,
    flag: Option<String>,
    before: Option<&Inputs>,
) -> Result<Inputs, AppError> {
    let flag = flag.as_deref().and_then(FlagId::parse);
    let (its_issue, its_flag) = (issue.clone(), flag.clone());
    let (supporters, found) = site
        .record()
        .read(move |db| {
            let found = its_flag.as_ref().map(|flag| gather::find(db, flag)).transpose()?.flatten();
            Ok((gather::supporters(db, its_flag.as_ref(), its_issue.as_deref())?, found))
        })
        .await?;
    let list = site.trends();
    let listed = list.as_ref().zip(issue).and_then(|(list, id)| listed(site, list, &id));
    let mut inputs = match (listed, found.map(|flag| flag.evidence)) {
        (Some(issue), _) => inputs::of_issue(issue, &site.parts.labels),
        (None, Some(Evidence::Search(query))) => of_search(site, &query).await?,
        _ => before.cloned().unwrap_or_else(|| inputs::of_nothing(&site.parts.labels)),
    };
    inputs.supporters_online = supporters.online;
    inputs.supporters_offline = supporters.on_paper;
    Ok(inputs)
}

/// The issue with this id, or the one that it was merged into, while it is listed.
fn listed<'a>(site: &Site, list: &'a TrendList, id: &str) -> Option<&'a Issue> {
    match find(site, list, id).ok()? {
        Found::Issue(issue) => Some(issue),
        Found::Merged(into) => list.issues.iter().find(|issue| issue.id == into),
    }
}

/// Of what a search finds in the last 7 days. A search that cannot be read finds nothing.
async fn of_search(site: &Site, query: &str) -> Result<Inputs, AppError> {
    let week = SignedDuration::from_hours(24 * 7);
    let now = site.now();
    let filter = Params::read(query).filter(None);
    let latest = Filter { from: Some(now - week), until: Some(now), ..filter.clone() };
    let earlier = Filter { from: Some(now - week - week), until: Some(now - week), ..filter };
    match inputs::of_search(&*site.parts.analytics, &latest, &earlier, &site.parts.labels).await {
        Ok(inputs) => Ok(inputs),
        Err(AnalyticsError::Query(_)) => Ok(inputs::of_nothing(&site.parts.labels)),
        Err(error) => Err(error.into()),
    }
}
