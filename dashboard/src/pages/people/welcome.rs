//! Accepting an invitation, and making an account oneself where that is allowed.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use civic::account::{self, Invitation};
use civic::{Actor, RecordError, Role, Token};

use super::sign_in::welcome_in;
use crate::error::AppError;
use crate::pages::form::Field;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "people/welcome.html")]
struct WelcomePage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    name: String,
    role: &'static str,
    fields: Vec<Field>,
    token: String,
    /// What is typed into an app, and the address that opens one: for staff.
    app: Option<(String, String)>,
}

impl WelcomePage {
    fn new(site: &Site, token: &Token, offered: &Invitation, problems: Vec<(&'static str, String)>) -> Self {
        let needs_code = needs_code(site, offered);
        let mut fields = vec![password_field().checked(&problems)];
        if needs_code {
            let code = Field::new("code", "The code that your app shows now").hint("6 digits");
            fields.push(code.of("text", "one-time-code").checked(&problems));
        }
        let account = offered.account.email.clone().unwrap_or_default();
        let factor = &offered.second_factor;
        Self {
            chrome: Chrome::new(site, Section::Other, "Welcome"),
            problems,
            name: offered.account.name.clone(),
            role: offered.account.role.name(),
            fields,
            token: token.text(),
            app: needs_code.then(|| (factor.key(), factor.address(&account).unwrap_or_default())),
        }
    }
}

#[derive(Template)]
#[template(path = "people/register.html")]
struct RegisterPage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    fields: Vec<Field>,
}

impl RegisterPage {
    fn new(site: &Site, name: &str, email: &str, problems: Vec<(&'static str, String)>) -> Self {
        let fields = vec![
            Field::new("name", "What should we call you?")
                .hint("Other people do not see it")
                .of("text", "nickname")
                .typed(name)
                .checked(&problems),
            Field::new("email", "E-mail address").of("email", "username").typed(email).checked(&problems),
            password_field().checked(&problems),
        ];
        Self { chrome: Chrome::new(site, Section::Other, "Make an account"), problems, fields }
    }
}

fn password_field() -> Field {
    Field::new("password", "Choose a password")
        .hint("At least 15 characters: three or four words do well")
        .of("password", "new-password")
}

fn needs_code(site: &Site, offered: &Invitation) -> bool {
    site.parts.sign_in.staff_needs_code && offered.account.role.is_staff()
}

/// `/welcome?token=`: the page behind an invitation's link.
///
/// # Errors
/// [`AppError::BadRequest`] when the link is no longer good.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let token = asked(&query.unwrap_or_default(), "token");
    let token = token.and_then(|token| Token::parse(&token)).ok_or_else(broken_link)?;
    let offered = offered(&site, &token).await?;
    Ok(render(&WelcomePage::new(&site, &token, &offered, Vec::new()))?.into_response())
}

/// `POST /welcome`.
///
/// # Errors
/// [`AppError::BadRequest`] when the link is no longer good.
pub async fn accept(site: Site, sent: Sent) -> Result<Response, AppError> {
    let token = Token::parse(&sent.text("token")).ok_or_else(broken_link)?;
    let offered = offered(&site, &token).await?;
    let (password, code) = (sent.exact("password").to_owned(), needs_code(&site, &offered).then(|| sent.text("code")));
    let (link, actor) = (token.clone(), offered.account.actor());
    let turn = site.turn().await?;
    let accepted =
        site.record().decide(actor, site.now(), move |tx| account::accept(tx, &link, &password, code.as_deref())).await;
    drop(turn);
    match accepted {
        Ok(account) => welcome_in(&site, &account, "/").await,
        Err(RecordError::Refused(message)) => {
            let field = if message.starts_with("The code") { "code" } else { "password" };
            let page = WelcomePage::new(&site, &token, &offered, vec![(field, message)]);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `/register`.
///
/// # Errors
/// [`AppError::NoPage`] where nobody can make an account.
pub async fn register_page(site: Site) -> Result<Response, AppError> {
    is_open(&site)?;
    Ok(render(&RegisterPage::new(&site, "", "", Vec::new()))?.into_response())
}

/// `POST /register`.
///
/// # Errors
/// [`AppError::NoPage`] where nobody can make an account.
pub async fn register(site: Site, sent: Sent) -> Result<Response, AppError> {
    is_open(&site)?;
    let (name, email) = (sent.text("name"), sent.text("email"));
    let (password, its_name, its_email) = (sent.exact("password").to_owned(), name.clone(), email.clone());
    let turn = site.turn().await?;
    // Nobody is signed in yet: it is the form that makes the account.
    let made = site
        .record()
        .decide(Actor::Visitor, site.now(), move |tx| account::register(tx, &its_name, &its_email, &password))
        .await;
    drop(turn);
    match made {
        Ok(account) => welcome_in(&site, &account, "/").await,
        Err(RecordError::Refused(message)) => {
            let field = match &message {
                message if message.contains("name of at most") => "name",
                message if message.contains("e-mail") => "email",
                _ => "password",
            };
            let page = RegisterPage::new(&site, &name, &email, vec![(field, message)]);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn is_open(site: &Site) -> Result<(), AppError> {
    if site.parts.sign_in.registration { Ok(()) } else { Err(AppError::NoPage) }
}

async fn offered(site: &Site, token: &Token) -> Result<Invitation, AppError> {
    let (token, now) = (token.clone(), site.now());
    Ok(site.record().read(move |db| account::invitation(db, &token, now)).await?)
}

fn broken_link() -> AppError {
    AppError::BadRequest("this link is not whole: copy all of it, or ask for a new one".to_owned())
}

/// The roles that can be given, for forms.
pub(super) fn roles() -> [(Role, &'static str); 6] {
    Role::ALL.map(|role| {
        let what = match role {
            Role::Public => "Takes part in Gather: raises flags, supports, comments",
            Role::Viewer => "Reads posts word for word and exact counts",
            Role::Analyst => "Also corrects tags, hands in documents, releases what is held, approves quotes",
            Role::Organiser => "Also runs the Assembly: gates, votes, packs, and the Board’s answers",
            Role::Moderator => "Reads as a viewer, and decides which words stand in Gather",
            Role::Admin => "Everything, and gives roles and erases people’s data",
        };
        (role, what)
    })
}
