//! One's own account.

use askama::Template;
use axum::response::Html;

use crate::error::AppError;
use crate::pages::{Chrome, Section, render};
use crate::site::Site;

#[derive(Template)]
#[template(path = "people/account.html")]
struct AccountPage {
    chrome: Chrome,
    name: String,
    email: Option<String>,
    role: &'static str,
    what: &'static str,
}

/// `/account`.
///
/// # Errors
/// [`AppError::SignIn`].
pub async fn page(site: Site) -> Result<Html<String>, AppError> {
    let account = site.visitor.account().ok_or(AppError::SignIn)?;
    let what = super::welcome::roles().into_iter().find(|(role, _)| *role == account.role).map_or("", |(_, what)| what);
    render(&AccountPage {
        chrome: Chrome::new(&site, Section::Other, "Your account"),
        name: account.name.clone(),
        email: account.email.clone(),
        role: account.role.name(),
        what,
    })
}
