//! Moderation: what waits, and deciding about it with a reason in public.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use civic::gather::{self, Decision, Flag, FlagId, FlagState, Order};

use super::{found, href};
use crate::decision::decide as keep;
use crate::error::AppError;
use crate::format;
use crate::pages::form::Field;
use crate::pages::form_page::{Choice, FormPage};
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

/// So much is shown at once.
const SHOWN: u32 = 50;

/// Reasons that come up often; more can be written.
const REASONS: [(&str, &str); 6] = [
    ("It is within what the NHS in England can change", "Within remit"),
    ("It names or describes a person who can be recognised", "Names a person"),
    ("It insults or threatens", "Insults or threatens"),
    ("It is not about health or care", "Not about health or care"),
    ("It asks for help with one person’s care, which nobody here can give", "Asks for personal help"),
    ("", "Another reason, below"),
];

#[derive(Template)]
#[template(path = "gather/moderation.html")]
struct ModerationPage {
    chrome: Chrome,
    /// Address, words, and when they came.
    flags: Vec<(String, String, String)>,
    comments: Vec<WaitingComment>,
}

struct WaitingComment {
    action: String,
    flag: String,
    words: String,
    at: String,
    field_id: String,
}

/// `/gather/moderation`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site) -> Result<Response, AppError> {
    let (flags, comments) = site
        .record()
        .read(|db| {
            let (flags, _) = gather::list(db, &[FlagState::Waiting], Order::Newest, 0, SHOWN)?;
            Ok((flags, gather::waiting_comments(db, SHOWN)?))
        })
        .await?;
    let page = ModerationPage {
        chrome: Chrome::new(&site, Section::Gather, "What waits for a moderator"),
        flags: flags
            .into_iter()
            .map(|flag| (format!("{}/decide", href(&flag.id)), flag.want, format::moment(flag.raised_at)))
            .collect(),
        comments: comments
            .into_iter()
            .map(|comment| WaitingComment {
                action: format!("/gather/comments/{}", comment.id),
                flag: href(&comment.flag),
                words: comment.words,
                at: format::moment(comment.at),
                field_id: format!("reason-{}", comment.id),
            })
            .collect(),
    };
    Ok(render(&page)?.into_response())
}

/// `/gather/flags/{id}/decide`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn decide_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    form(&site, &flag, "").show(None)
}

/// `POST /gather/flags/{id}/decide`.
///
/// # Errors
/// [`AppError::NotFound`], or [`AppError::Changed`].
pub async fn decide(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    let (read, written) = (sent.version()?, sent.text("reason"));
    let usual = sent.text("usual");
    let reason =
        [usual.as_str(), written.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ");
    let to = sent.text("to");
    let decision = match sent.text("decision").as_str() {
        "publish" => Decision::Publish,
        "refuse" => Decision::Refuse,
        "route" => Decision::RouteTo(to),
        "merge" => {
            let into = FlagId::parse(to.rsplit('/').next().unwrap_or_default());
            match into {
                Some(into) => Decision::MergeInto(into),
                None => {
                    return form(&site, &flag, &written).show(Some("Write the address of the other flag".to_owned()));
                }
            }
        }
        _ => return form(&site, &flag, &written).show(Some("Choose what is decided".to_owned())),
    };
    let id = flag.id.clone();
    keep(
        &site,
        move |tx| gather::decide(tx, &id, read, &decision, &reason),
        |()| href(&flag.id),
        async |message| form(&site, &flag, &written).show(Some(message)),
    )
    .await
}

fn form(site: &Site, flag: &Flag, reason: &str) -> FormPage {
    let decisions: &[(&str, &str)] = if flag.state == FlagState::Waiting {
        &[
            ("publish", "Publish it"),
            ("refuse", "Do not publish it"),
            ("merge", "Merge it into another flag"),
            ("route", "Send it to who can act: it is out of remit here, and stays visible"),
        ]
    } else {
        &[
            ("merge", "Merge it into another flag"),
            ("route", "Send it to who can act: it is out of remit here, and stays visible"),
        ]
    };
    FormPage::new(site, Section::Gather, "Decide about a flag", format!("{}/decide", href(&flag.id)), "Decide")
        .from(href(&flag.id), "The flag")
        .quoting(format!("I want {} because {}", flag.want, flag.because))
        .with("version", &flag.version)
        .choice(Choice::new("decision", "What is decided?", "", decisions))
        .field(
            Field::new("to", "Where to?")
                .hint("The address of the other flag, or the name of the body; else leave it out"),
        )
        .choice(Choice::new("usual", "Why?", "", &REASONS))
        .field(Field::long("reason", "In your own words").hint("Everybody can read this: name nobody").typed(reason))
}

/// `POST /gather/comments/{id}`: publishes or removes a comment.
///
/// # Errors
/// [`AppError::Changed`] when somebody decided already, or [`AppError::BadRequest`] where the reason is missing.
pub async fn comment(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (publish, reason) = (sent.has("publish"), sent.text("reason"));
    site.record()
        .decide(site.actor()?, site.now(), move |tx| gather::moderate_comment(tx, &id, publish, &reason))
        .await?;
    Ok(Redirect::to("/gather/moderation").into_response())
}
