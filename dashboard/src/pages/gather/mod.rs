//! Gather: what people ask for, who supports it, and what became of it.

mod comments;
mod flag;
mod flags;
pub mod glance;
mod moderate;
mod paper;
mod raise;

use civic::Permission::{Moderate, TakePart, WorkOnPosts};
use civic::gather::{self, Evidence, Flag, FlagId, FlagState};
use civic::{Actor, Permission, RecordError};
use index::trends::IssueId;

use crate::error::AppError;
use crate::feeds;
use crate::routes::Access::{Anyone, Needs};
use crate::routes::Routes;
use crate::site::Site;

/// Routes of Gather.
pub fn routes() -> Routes {
    Routes::default()
        .get("/gather", Anyone, flags::page)
        .get("/gather/raise", Needs(TakePart), raise::page)
        .post("/gather/raise", Needs(TakePart), raise::raise)
        .get("/gather/flags/{id}", Anyone, flag::page)
        .post("/gather/flags/{id}/support", Needs(TakePart), flag::support)
        .post("/gather/flags/{id}/withdraw", Needs(TakePart), flag::withdraw)
        .post("/gather/flags/{id}/comment", Needs(TakePart), flag::comment)
        .get("/gather/flags/{id}/decide", Needs(Moderate), moderate::decide_page)
        .post("/gather/flags/{id}/decide", Needs(Moderate), moderate::decide)
        .get("/gather/flags/{id}/paper", Needs(WorkOnPosts), paper::page)
        .post("/gather/flags/{id}/paper", Needs(WorkOnPosts), paper::take_in)
        .post("/gather/flags/{id}/paper/read", Needs(WorkOnPosts), paper::read)
        .get("/gather/moderation", Needs(Moderate), moderate::page)
        .post("/gather/comments/{id}", Needs(Moderate), moderate::comment)
        .get("/gather/comments/{id}/remove", Needs(Moderate), comments::remove_page)
        .post("/gather/comments/{id}/remove", Needs(Moderate), comments::remove)
        .get("/download/flags.csv", Anyone, flags::csv)
        .get("/feeds/flags.atom", Anyone, feeds::flags)
        .get("/api/v1/flags", Anyone, flags::json)
        .get("/api/v1/flags/{id}", Anyone, flag::json)
}

/// The flag, if the visitor may see it: what waits or was refused is for who raised it and for moderators.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn found(site: &Site, id: &str) -> Result<Flag, AppError> {
    let id = FlagId::parse(id).ok_or(AppError::NotFound)?;
    let flag = site.record().read(move |db| gather::find(db, &id)).await?.ok_or(AppError::NotFound)?;
    let visitor = site.visitor.account().map(|account| account.id.as_str());
    let is_own = flag.raised_by.is_some() && flag.raised_by.as_deref() == visitor;
    if flag.state.is_public() || is_own || site.may(Permission::Moderate) { Ok(flag) } else { Err(AppError::NotFound) }
}

/// Closes flags whose deadline has passed: nobody decides that.
async fn close_overdue(site: &Site) -> Result<(), AppError> {
    let now = site.now();
    let is_overdue = site
        .record()
        .read(move |db| {
            let (open, _) = gather::list(db, &[FlagState::Published], gather::Order::Closing, 0, 1)?;
            Ok(open.first().is_some_and(|flag| flag.deadline <= now))
        })
        .await?;
    if is_overdue {
        match site.record().decide(Actor::Clock, now, gather::close_overdue).await {
            // Somebody else's page closed them in the meantime: nothing was left to log.
            Ok(_) | Err(RecordError::Unlogged) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The address of a flag's page.
pub fn href(id: &FlagId) -> String {
    format!("/gather/flags/{id}")
}

/// What a flag is about: words and, where there is one, the address.
fn evidence(site: &Site, evidence: &Evidence) -> (String, Option<String>) {
    match evidence {
        Evidence::Issue(id) => {
            let list = site.trends();
            let id: Option<IssueId> = id.parse().ok();
            let listed = list.as_ref().and_then(|list| list.issues.iter().find(|issue| Some(issue.id) == id));
            match (listed, id) {
                (Some(issue), Some(id)) => (format!("The issue ‘{}’", issue.label), Some(format!("/issues/{id}"))),
                (None, Some(id)) => ("An issue that is no longer listed".to_owned(), Some(format!("/issues/{id}"))),
                _ => ("No listening evidence".to_owned(), None),
            }
        }
        Evidence::Search(query) => ("Posts that a search finds".to_owned(), Some(format!("/search?{query}"))),
        Evidence::None => ("No listening evidence".to_owned(), None),
    }
}

/// Where a flag stands: the colour of the tag and its words.
fn state(state: FlagState) -> (&'static str, &'static str) {
    match state {
        FlagState::Waiting => ("yellow", "Waits for a moderator"),
        FlagState::Published => ("blue", "Gathers support"),
        FlagState::Refused => ("grey", "Not published"),
        FlagState::Merged => ("purple", "Merged"),
        FlagState::Routed => ("purple", "Sent to who can act"),
        FlagState::Closed => ("grey", "Closed"),
    }
}
