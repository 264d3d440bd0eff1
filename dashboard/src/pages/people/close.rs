//! Closing an account for good: one's own, or as an administrator that of somebody who asked for it.

use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use civic::closed::{self, Closed};
use civic::{Account, AccountId, RecordError, account};

use super::erasures;
use crate::decision::decide;
use crate::error::AppError;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;
use crate::visitor::{self, Visitor};

/// What the log of decisions says of somebody who closes the own account.
const ASKED: &str = "The person whose account it was closed it";

/// What becomes of everything.
const WHAT: [&str; 3] = [
    "Your name, your address, your password and your sessions are removed. Your support and your comments are withdrawn. A flag of \
     yours that nobody else supports is withdrawn; of one that others support, what it asks for stays, and who asked and why \
     is forgotten.",
    "Your votes stay counted and name nobody. What you decided as staff stays public with your role and your reason, as it was.",
    "This cannot be undone.",
];

#[derive(Template)]
#[template(path = "people/closed.html")]
struct ClosedPage {
    chrome: Chrome,
    certificate: String,
    closed: Closed,
}

/// `/account/close`.
///
/// # Errors
/// When the page cannot be written.
pub async fn page(site: Site) -> Result<Response, AppError> {
    own_form(&site).show(None)
}

/// `POST /account/close`.
///
/// # Errors
/// [`AppError::SignIn`], and when the record cannot be written.
pub async fn close(mut site: Site, sent: Sent) -> Result<Response, AppError> {
    let id = site.visitor.account().ok_or(AppError::SignIn)?.id.clone();
    if !sent.has("sure") || sent.text("sure") != "close" {
        let page = own_form(&site).show(Some("Write the word close to say that you are sure".to_owned()))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let closing = site.record().decide(site.actor()?, site.now(), move |tx| closed::close(tx, &id, ASKED)).await;
    let (certificate, closed) = match closing {
        Ok(closed) => closed,
        Err(RecordError::Refused(message)) => {
            let page = own_form(&site).show(Some(message))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    closed::scrub(site.record()).await?;
    site.visitor = Visitor::unknown(site.parts.audience);
    let page = ClosedPage { chrome: Chrome::new(&site, Section::Other, "Your account is closed"), certificate, closed };
    Ok(([(header::SET_COOKIE, visitor::forget()?)], render(&page)?).into_response())
}

fn own_form(site: &Site) -> FormPage {
    let page = FormPage::new(site, Section::Other, "Close your account for good", "/account/close", "Close my account")
        .from("/account", "Your account");
    WHAT.into_iter().fold(page, FormPage::about).field(Field::new("sure", "Are you sure?").hint("Write the word close"))
}

/// `/admin/accounts/{id}/close`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn admin_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let account = found(&site, &id).await?;
    admin_form(&site, &account, "").show(None)
}

/// `POST /admin/accounts/{id}/close`.
///
/// # Errors
/// [`AppError::NotFound`], and when the record cannot be written.
pub async fn admin_close(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let account = found(&site, &id).await?;
    let reason = sent.text("reason");
    let (which, why) = (account.id.clone(), reason.clone());
    let answer = decide(
        &site,
        move |tx| closed::close(tx, &which, &why),
        |(certificate, _)| format!("{}/{certificate}", erasures::ADDRESS),
        async |message| admin_form(&site, &account, &reason).show(Some(message)),
    )
    .await?;
    closed::scrub(site.record()).await?;
    Ok(answer)
}

fn admin_form(site: &Site, account: &Account, reason: &str) -> FormPage {
    FormPage::new(
        site,
        Section::Other,
        format!("Close the account of {} for good", account.name),
        format!("/admin/accounts/{}/close", account.id),
        "Close it for good",
    )
    .from(format!("/admin/accounts/{}", account.id), "The account")
    .about(
        "For somebody who asked for it. Name, address, password and sessions are removed; support and comments are withdrawn; votes \
         and decisions stay counted and name nobody. To keep somebody out, take away the right to sign in instead.",
    )
    .field(Field::long("reason", "Why?").hint("Kept in the log of decisions for good: name nobody").typed(reason))
}

async fn found(site: &Site, id: &str) -> Result<Account, AppError> {
    let id = AccountId::parse(id).ok_or(AppError::NotFound)?;
    site.record().read(move |db| account::find(db, &id)).await?.ok_or(AppError::NotFound)
}
