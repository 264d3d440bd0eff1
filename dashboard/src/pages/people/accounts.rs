//! Accounts for administrators: who has which role, invitations, and changes with their reason.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use civic::account;
use civic::{Account, AccountId, RecordError, Role, Token};

use super::welcome::roles;
use crate::error::AppError;
use crate::pages::form::{Field, Pick};
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "people/accounts.html")]
struct AccountsPage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    rows: Vec<AccountRow>,
    fields: Vec<Field>,
    picks: Vec<Pick>,
}

struct AccountRow {
    href: String,
    name: String,
    email: String,
    role: &'static str,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "people/account_admin.html")]
struct OnePage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    row: AccountRow,
    picks: Vec<Pick>,
    /// Whether the role is given where the person signs in, so that one that is given here lasts until then.
    role_from_elsewhere: bool,
    is_disabled: bool,
    version: i64,
    fields: Vec<Field>,
}

#[derive(Template)]
#[template(path = "people/link.html")]
struct LinkPage {
    chrome: Chrome,
    name: String,
    path: String,
}

/// `/admin/accounts`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site) -> Result<Response, AppError> {
    Ok(render(&accounts_page(&site, ["", ""], Role::Viewer, Vec::new()).await?)?.into_response())
}

/// `POST /admin/accounts`: invites somebody, and shows the link to send.
///
/// # Errors
/// When the record cannot be written.
pub async fn invite(site: Site, sent: Sent) -> Result<Response, AppError> {
    let (name, email) = (sent.text("name"), sent.text("email"));
    let role = a_role(&sent)?;
    let (its_name, its_email) = (name.clone(), email.clone());
    let invited = site
        .record()
        .decide(site.actor()?, site.now(), move |tx| account::invite(tx, &its_name, &its_email, role))
        .await;
    match invited {
        Ok((_, token)) => link_page(&site, name, &token),
        Err(RecordError::Refused(message)) => {
            let field = if message.contains("e-mail") { "email" } else { "name" };
            let page = accounts_page(&site, [&name, &email], role, vec![(field, message)]).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `/admin/accounts/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn one(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let account = found(&site, &id).await?;
    let page = one_page(&site, &account, &account, "", Vec::new());
    Ok(render(&page)?.into_response())
}

/// `POST /admin/accounts/{id}`: gives another role, or takes away the right to sign in.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn change(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let before = found(&site, &id).await?;
    let (role, is_disabled, reason, read) =
        (a_role(&sent)?, sent.has("disabled"), sent.text("reason"), sent.version()?);
    let wanted = Account { role, is_disabled, version: read, ..before.clone() };
    if reason.is_empty() {
        let problems = vec![("reason", "Enter why: it is kept in the audit log".to_owned())];
        let page = one_page(&site, &wanted, &before, "", problems);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response());
    }
    let (id, why) = (before.id.clone(), reason.clone());
    let changed = site
        .record()
        .decide(site.actor()?, site.now(), move |tx| account::change(tx, &id, read, role, is_disabled, &why))
        .await;
    match changed {
        Ok(()) => Ok(Redirect::to("/admin/accounts").into_response()),
        Err(RecordError::Refused(message)) => {
            let page = one_page(&site, &wanted, &before, &reason, vec![("role-1", message)]);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/accounts/{id}/link`: a new link, for who lost the old one, the password or the app.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn link(site: Site, Path(id): Path<String>, _: Sent) -> Result<Response, AppError> {
    let account = found(&site, &id).await?;
    let id = account.id.clone();
    let token = site.record().decide(site.actor()?, site.now(), move |tx| account::invite_again(tx, &id)).await?;
    link_page(&site, account.name, &token)
}

fn link_page(site: &Site, name: String, token: &Token) -> Result<Response, AppError> {
    let chrome = Chrome::new(site, Section::Other, "Send this link");
    Ok(render(&LinkPage { chrome, name, path: format!("/welcome?token={}", token.text()) })?.into_response())
}

async fn accounts_page(
    site: &Site,
    [name, email]: [&str; 2],
    role: Role,
    problems: Vec<(&'static str, String)>,
) -> Result<AccountsPage, AppError> {
    let accounts = site.record().read(account::all).await?;
    Ok(AccountsPage {
        chrome: Chrome::new(site, Section::Other, "Accounts"),
        rows: accounts.into_iter().map(row).collect(),
        fields: vec![
            Field::new("name", "Name").typed(name).checked(&problems),
            Field::new("email", "E-mail address").of("email", "off").typed(email).checked(&problems),
        ],
        picks: picks(role),
        problems,
    })
}

fn one_page(
    site: &Site,
    wanted: &Account,
    before: &Account,
    reason: &str,
    problems: Vec<(&'static str, String)>,
) -> OnePage {
    OnePage {
        chrome: Chrome::new(site, Section::Other, format!("Account of {}", before.name)),
        picks: picks(wanted.role),
        role_from_elsewhere: before.is_from_elsewhere()
            && site.parts.sign_in.openid.as_ref().is_some_and(|openid| !openid.roles.is_empty()),
        is_disabled: wanted.is_disabled,
        version: wanted.version,
        row: row(before.clone()),
        fields: vec![
            Field::long("reason", "Why?")
                .hint("Kept in the audit log for good: name nobody")
                .typed(reason)
                .checked(&problems),
        ],
        problems,
    }
}

fn row(account: Account) -> AccountRow {
    AccountRow {
        href: format!("/admin/accounts/{}", account.id),
        email: account.signs_in_with().to_owned(),
        role: account.role.name(),
        state: account.state(),
        name: account.name,
    }
}

fn picks(chosen: Role) -> Vec<Pick> {
    let pick = |(role, what): (Role, &str)| Pick {
        value: role.slug().to_owned(),
        label: role.name().to_owned(),
        hint: what.to_owned(),
        is_chosen: role == chosen,
    };
    roles().map(pick).into()
}

fn a_role(sent: &Sent) -> Result<Role, AppError> {
    sent.text("role").parse().map_err(AppError::BadRequest)
}

async fn found(site: &Site, id: &str) -> Result<Account, AppError> {
    let id = AccountId::parse(id).ok_or(AppError::NotFound)?;
    site.record().read(move |db| account::find(db, &id)).await?.ok_or(AppError::NotFound)
}
