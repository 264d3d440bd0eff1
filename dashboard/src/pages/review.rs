//! Deciding about an issue that a check held back, and what was decided.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use civic::Permission::WorkOnPosts;
use civic::reviews::{self, Verdict};
use civic::{RecordError, Role};
use index::trends::{Issue, IssueId};

use crate::error::AppError;
use crate::findings::why_held;
use crate::format;
use crate::pages::form::{Field, Pick};
use crate::sent::Sent;
use crate::site::Site;

/// What an issue's page says of decisions about it, and the form to make one.
pub struct ReviewPart {
    /// What was decided, by which role, when and why.
    pub decided: Option<String>,
    /// The form, for who may decide about what is or was held.
    pub form: Option<ReviewForm>,
}

/// The form of a decision.
pub struct ReviewForm {
    /// Where it is sent.
    pub action: String,
    /// The version of the decision that is shown.
    pub version: i64,
    /// Released or held.
    pub picks: Vec<Pick>,
    /// The reason.
    pub field: Field,
}

impl ReviewPart {
    /// That of an issue.
    pub fn new(site: &Site, issue: &Issue, is_held: bool) -> Self {
        let review = site.reviews.of(issue.id);
        let decided = review.as_ref().map(|review| {
            let role = review.role.parse().map_or_else(|_| review.role.clone(), |role: Role| role.name().to_owned());
            let what = match review.verdict {
                Verdict::Released => format!("A check held this issue back, because it {}", why_held(issue)),
                Verdict::Confirmed => "A check held this issue back, and it stays held".to_owned(),
            };
            let then = if review.verdict == Verdict::Released { "released it" } else { "confirmed that" };
            format!("{what}. {role} {then} on {}: “{}”", format::moment(review.at), review.reason)
        });
        let may_decide = site.may(WorkOnPosts) && (is_held || review.is_some());
        let form = may_decide.then(|| {
            let pick = |verdict: Verdict, label: &str, hint: &str| Pick {
                value: verdict.slug().to_owned(),
                label: label.to_owned(),
                hint: hint.to_owned(),
                is_chosen: review.as_ref().is_some_and(|review| review.verdict == verdict),
            };
            ReviewForm {
                action: format!("/issues/{}/review", issue.id),
                version: review.as_ref().map_or(0, |review| review.version),
                picks: vec![
                    pick(Verdict::Released, "Release it", "It is listed for everybody, with your reason"),
                    pick(Verdict::Confirmed, "Keep it held", "Only staff sees it"),
                ],
                field: Field::long("reason", "Why?").hint("Everybody can read this: name nobody"),
            }
        });
        Self { decided, form }
    }
}

/// `POST /issues/{id}/review`.
///
/// # Errors
/// [`AppError::NoIssue`], [`AppError::Changed`], or [`AppError::BadRequest`] where the reason or the choice is missing.
pub async fn decide(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let id: IssueId = id.parse().map_err(|_| AppError::NoIssue)?;
    let list = site.trends().ok_or(AppError::NotYet)?;
    let is_held = list.held.iter().any(|issue| issue.id == id);
    if !is_held && site.reviews.of(id).is_none() {
        return Err(AppError::NoIssue);
    }
    let account = site.visitor.account().ok_or(AppError::SignIn)?;
    let (verdict, role): (Result<Verdict, RecordError>, _) = (sent.text("verdict").parse(), account.role.slug());
    let (verdict, read, reason) = (verdict?, sent.version()?, sent.text("reason"));
    site.record()
        .decide(account.actor(), site.now(), move |tx| {
            reviews::decide(tx, &id.to_string(), read, verdict, &reason, role)
        })
        .await?;
    site.reviews.changed();
    Ok(Redirect::to(&format!("/issues/{id}")).into_response())
}
