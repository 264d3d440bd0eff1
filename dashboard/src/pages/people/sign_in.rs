//! Signing in and out.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use civic::account::{self, NotSignedIn};
use civic::{Account, session};

use super::{address_of_ours, with_next};
use crate::error::AppError;
use crate::format;
use crate::limits::{What, Who};
use crate::pages::form::Field;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;
use crate::visitor;

#[derive(Template)]
#[template(path = "people/sign_in.html")]
pub(super) struct SignInPage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    fields: Vec<Field>,
    next: String,
    /// Signing in with an account elsewhere: words and address.
    elsewhere: Option<(String, String)>,
    /// Whether people can make an account themselves.
    registration: bool,
    /// The made-up accounts of a demonstration, role and address, and the one password of all.
    demo: Option<(Vec<(&'static str, String)>, String)>,
}

impl SignInPage {
    /// The page, with what was typed and what is wrong.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(super) async fn new(
        site: &Site,
        next: &str,
        email: &str,
        problems: Vec<(&'static str, String)>,
    ) -> Result<Self, AppError> {
        let fields = vec![
            Field::new("email", "E-mail address").of("email", "username").typed(email).checked(&problems),
            Field::new("password", "Password").of("password", "current-password").checked(&problems),
            Field::new("code", "Code from your app")
                .hint("6 digits. Leave it out if your account has no app")
                .of("text", "one-time-code")
                .checked(&problems),
        ];
        let next = address_of_ours(next);
        Ok(Self {
            chrome: Chrome::new(site, Section::Other, "Sign in"),
            problems,
            fields,
            elsewhere: site
                .openid
                .as_ref()
                .map(|openid| (openid.button().to_owned(), with_next("/sign-in/elsewhere", next))),
            next: next.to_owned(),
            registration: site.parts.sign_in.registration,
            demo: demo_accounts(site).await?,
        })
    }
}

/// The accounts of a demonstration, which everybody at this machine may use.
async fn demo_accounts(site: &Site) -> Result<Option<(Vec<(&'static str, String)>, String)>, AppError> {
    let Some(password) = site.parts.demo_password.clone() else { return Ok(None) };
    let mut accounts = site.record().read(account::all).await?;
    accounts.sort_by_key(|account| account.role);
    // Accounts that a visitor registered are not for everybody.
    let made_up = accounts.into_iter().filter_map(|account| Some((account.role.name(), account.email?)));
    Ok(Some((made_up.filter(|(_, email)| email.ends_with("@demo.invalid")).collect(), password)))
}

/// `/sign-in`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let next = asked(&query.unwrap_or_default(), "next").unwrap_or_else(|| "/".to_owned());
    Ok(render(&SignInPage::new(&site, &next, "", Vec::new()).await?)?.into_response())
}

/// `POST /sign-in`.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn sign_in(site: Site, sent: Sent) -> Result<Response, AppError> {
    let (email, next) = (sent.text("email"), sent.text("next"));
    site.take(What::SignIn, Who::typed(&email))?;
    let turn = site.turn().await?;
    let outcome =
        account::sign_in(site.record(), &email, sent.exact("password"), &sent.text("code"), site.now()).await?;
    drop(turn);
    match outcome {
        Ok(account) => welcome_in(&site, &account, &next).await,
        Err(reason) => {
            let message = match reason {
                NotSignedIn::Wrong => "The e-mail address, the password or the code is not right".to_owned(),
                NotSignedIn::Locked(until) => {
                    format!(
                        "There were too many wrong passwords for this account: try again at {}",
                        format::moment(until)
                    )
                }
            };
            let page = SignInPage::new(&site, &next, &email, vec![("email", message)]).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
        }
    }
}

/// Opens a session and goes on to `next`. A session from before ends: its cookie could have been planted.
pub(super) async fn welcome_in(site: &Site, account: &Account, next: &str) -> Result<Response, AppError> {
    if let Some(old) = site.visitor.session() {
        session::close(site.record(), old).await?;
    }
    let token = session::open(site.record(), &account.id, site.now()).await?;
    Ok(([(header::SET_COOKIE, visitor::keep(&token)?)], Redirect::to(address_of_ours(next))).into_response())
}

/// `POST /sign-out`.
///
/// # Errors
/// When the record cannot be written.
pub async fn sign_out(site: Site, _: Sent) -> Result<Response, AppError> {
    if let Some(token) = site.visitor.session() {
        session::close(site.record(), token).await?;
    }
    let is_from_elsewhere = site.visitor.account().is_some_and(Account::is_from_elsewhere);
    let to = if is_from_elsewhere && site.openid.is_some() { "/signed-out" } else { "/" };
    Ok(([(header::SET_COOKIE, visitor::forget()?)], Redirect::to(to)).into_response())
}
