//! Signing in with an account that people have elsewhere: the way out, and the way back.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use civic::{RecordError, account};

use super::address_of_ours;
use super::sign_in::{SignInPage, welcome_in};
use crate::error::AppError;
use crate::openid::{Attempt, Failure, OpenId};
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::site::Site;

#[derive(Template)]
#[template(path = "people/signed_out.html")]
struct SignedOutPage {
    chrome: Chrome,
    host: String,
    /// Where one signs out at the provider too.
    out: Option<String>,
}

/// `/sign-in/elsewhere?next=`: on to the provider. It is a link and no form, for browsers follow no form to another site.
///
/// # Errors
/// [`AppError::NoPage`] where no provider is configured.
pub async fn begin(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let openid = configured(&site)?;
    let next = asked(&query.unwrap_or_default(), "next").unwrap_or_else(|| "/".to_owned());
    let attempt = Attempt::new(address_of_ours(&next), site.now())?;
    match openid.way_out(&attempt, site.now()).await {
        Ok(url) => {
            Ok(([(header::SET_COOKIE, attempt.keep(openid.key()?)?)], Redirect::to(url.as_str())).into_response())
        }
        Err(failure) => not_signed_in(&site, &attempt.next, &failure).await,
    }
}

/// `/sign-in/elsewhere/return`: where the provider sends people back to.
///
/// # Errors
/// [`AppError::NoPage`] where no provider is configured.
pub async fn come_back(site: Site, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let openid = configured(&site)?;
    let mut response = answer(&site, openid, &headers, &query.unwrap_or_default()).await?;
    response.headers_mut().append(header::SET_COOKIE, Attempt::forget()?);
    Ok(response)
}

async fn answer(site: &Site, openid: &OpenId, headers: &HeaderMap, query: &str) -> Result<Response, AppError> {
    let attempt = openid.under_way(headers, site.now());
    // Hashes are compared in constant time.
    let state = asked(query, "state").map(|state| blake3::hash(state.as_bytes()));
    let is_ours = |attempt: &Attempt| state == Some(blake3::hash(attempt.state().as_bytes()));
    let Some(attempt) =
        attempt.filter(is_ours).filter(|_| asked(query, "iss").is_none_or(|iss| openid.is_issuer(&iss)))
    else {
        let message = "This sign-in was not begun in this browser, or more than ten minutes ago: begin again here";
        return problem(site, "/", StatusCode::UNPROCESSABLE_ENTITY, message).await;
    };
    let Some(code) = asked(query, "code") else {
        let message = match asked(query, "error").as_deref() {
            Some("access_denied") => "You stopped signing in, so you are not signed in. You can begin again",
            _ => "The other site could not sign you in. Begin again; if it goes on, tell the people who run it",
        };
        return problem(site, &attempt.next, StatusCode::UNPROCESSABLE_ENTITY, message).await;
    };
    let person = match openid.who(&attempt, &code, site.now()).await {
        Ok(person) => person,
        Err(failure) => return not_signed_in(site, &attempt.next, &failure).await,
    };
    match account::vouched_for(site.record(), person, site.now()).await {
        Ok(account) => welcome_in(site, &account, &attempt.next).await,
        Err(RecordError::Refused(message)) => problem(site, "/", StatusCode::UNPROCESSABLE_ENTITY, &message).await,
        Err(error) => Err(error.into()),
    }
}

/// `/signed-out`: that one is signed out here, and perhaps not there.
///
/// # Errors
/// [`AppError::NoPage`] where no provider is configured.
pub async fn signed_out(site: Site) -> Result<Response, AppError> {
    let openid = configured(&site)?;
    let out = openid.way_to_sign_out().await.map(String::from);
    let chrome = Chrome::new(&site, Section::Other, "You are signed out");
    Ok(render(&SignedOutPage { chrome, host: openid.host(), out })?.into_response())
}

fn configured(site: &Site) -> Result<&OpenId, AppError> {
    site.openid.as_ref().ok_or(AppError::NoPage)
}

/// The page to sign in, with what went wrong. The log has the reason, which is of no use to who signs in.
async fn not_signed_in(site: &Site, next: &str, failure: &Failure) -> Result<Response, AppError> {
    tracing::warn!(reason = %failure, "somebody is not signed in with an account elsewhere");
    let (status, message) = match failure {
        Failure::Unreachable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The other site does not answer at the moment: try again in a minute. Accounts of this site still work",
        ),
        Failure::Refused(_) | Failure::Untrusted(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "What the other site answered could not be trusted: begin again. If it goes on, tell the people who run this site",
        ),
        Failure::NotAdmitted => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Your organisation is not among those that sign in here: ask the people who run this site",
        ),
    };
    problem(site, next, status, message).await
}

async fn problem(site: &Site, next: &str, status: StatusCode, message: &str) -> Result<Response, AppError> {
    let page = SignInPage::new(site, next, "", vec![("elsewhere", message.to_owned())]).await?;
    Ok((status, render(&page)?).into_response())
}
