//! Approving what people said for everybody's eyes, and withdrawing it.

use std::collections::HashSet;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bus::{Channel, Enriched, PostId};
use civic::assembly::QuoteId;
use civic::assembly::quotes::{self, Approval, Quote, Stance};

use crate::decision::decide;
use crate::error::AppError;
use crate::format;
use crate::labels;
use crate::pages::Section;
use crate::pages::form::{Field, Pick};
use crate::pages::form_page::{Choice, FormPage};
use crate::sent::Sent;
use crate::site::Site;

/// An approved quote, as everybody may read it.
pub struct Approved {
    /// Its words.
    pub words: String,
    /// Where and when it was said.
    pub said: String,
    /// Whether the words are not the author's own.
    pub is_paraphrase: bool,
    /// Whether it sees the matter otherwise.
    pub is_counter: bool,
    /// Where it is withdrawn.
    pub withdraw: String,
}

impl Approved {
    /// The quote, if it is not withdrawn.
    pub fn of(quote: &Quote) -> Option<Self> {
        Some(Self {
            words: quote.words.clone()?,
            said: said(&quote.channel, quote),
            is_paraphrase: quote.is_paraphrase,
            is_counter: quote.stance == Stance::Counter,
            withdraw: format!("/quotes/{}/withdraw", quote.id),
        })
    }
}

/// Where and when a quote was said: no more exactly than the month, so that nobody is found by it.
fn said(channel: &str, quote: &Quote) -> String {
    let channel = Channel::from_slug(channel).map_or("", labels::said_in);
    format!("{channel}, {}", format::month_and_year(quote.said_on))
}

/// The quotes that are approved for an issue and whose posts are still there.
///
/// # Errors
/// When the record or the posts cannot be read.
pub async fn of_issue(site: &Site, issue: &str) -> Result<Vec<Approved>, AppError> {
    let issue = issue.to_owned();
    let quotes = site.record().read(move |db| quotes::of_issue(db, &issue)).await?;
    let there = still_there(site, &quotes).await?;
    Ok(quotes.iter().filter(|quote| there.contains(&quote.id)).filter_map(Approved::of).collect())
}

/// Which of the quotes come from posts that are still there: what was deleted is not shown even before its quotes are
/// withdrawn.
///
/// # Errors
/// When the posts cannot be read.
pub async fn still_there(site: &Site, quotes: &[Quote]) -> Result<HashSet<QuoteId>, AppError> {
    let post = |quote: &Quote| quote.post.as_deref().and_then(|id| id.parse::<PostId>().ok());
    let ids: HashSet<PostId> = quotes.iter().filter_map(post).collect();
    let found = site.parts.searcher.get(&ids.into_iter().collect::<Vec<_>>()).await?;
    let there: HashSet<PostId> = found.iter().map(|found| found.post.id).collect();
    Ok(quotes
        .iter()
        .filter(|quote| post(quote).is_some_and(|id| there.contains(&id)))
        .map(|quote| quote.id.clone())
        .collect())
}

/// `/posts/{id}/quote`: the form that approves words of a post.
///
/// # Errors
/// [`AppError::NoPost`].
pub async fn approve_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let post = stored(&site, &id).await?;
    form(&site, &post, &Typed { words: post.post.text.clone(), ..Typed::default() }).show(None)
}

/// `POST /posts/{id}/quote`.
///
/// # Errors
/// [`AppError::NoPost`].
pub async fn approve(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let post = stored(&site, &id).await?;
    let typed = Typed {
        words: sent.text("words"),
        kind: sent.text("kind"),
        stance: sent.text("stance"),
        issue: sent.text("issue"),
        reason: sent.text("reason"),
    };
    if typed.kind.is_empty() || typed.stance.is_empty() {
        let page =
            form(&site, &post, &typed).show(Some("Say what kind of words these are, and on whose side".to_owned()))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let approval = Approval {
        post: post.post.id.to_string(),
        author: post.post.author.map(|author| author.to_string()),
        stored: post.post.text.clone(),
        issue: Some(typed.issue.clone()).filter(|issue| !issue.is_empty()),
        words: typed.words.clone(),
        is_paraphrase: typed.kind == "paraphrase",
        stance: if typed.stance == "counter" { Stance::Counter } else { Stance::View },
        channel: post.post.channel.slug().to_owned(),
        said_on: format::london(post.post.created_at).date(),
        reason: typed.reason.clone(),
    };
    decide(
        &site,
        move |tx| quotes::approve(tx, &approval),
        |_| format!("/posts/{id}#approved"),
        async |message| form(&site, &post, &typed).show(Some(message)),
    )
    .await
}

/// `/quotes/{id}/withdraw`: the form that withdraws a quote.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn withdraw_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let quote = found(&site, &id).await?;
    withdraw_form(&site, &quote, quote.version, "").show(None)
}

/// `POST /quotes/{id}/withdraw`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn withdraw(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let quote = found(&site, &id).await?;
    let (which, read, reason) = (quote.id.clone(), sent.version()?, sent.text("reason"));
    let typed = reason.clone();
    let back = quote.post.as_ref().map_or_else(|| "/assembly".to_owned(), |post| format!("/posts/{post}"));
    decide(
        &site,
        move |tx| quotes::withdraw(tx, &which, read, &reason),
        |()| back,
        async |message| withdraw_form(&site, &quote, read, &typed).show(Some(message)),
    )
    .await
}

/// What was typed and chosen about words of a post.
#[derive(Default)]
struct Typed {
    words: String,
    kind: String,
    stance: String,
    issue: String,
    reason: String,
}

fn form(site: &Site, post: &Enriched, typed: &Typed) -> FormPage {
    let id = post.post.id;
    let page = FormPage::new(site, Section::Assembly, "Approve words for public pages", format!("/posts/{id}/quote"), "Approve them")
        .from(format!("/posts/{id}"), "The post")
        .about("Everybody will read them, also in evidence packs. Leave out what could tell who wrote them; where that cannot be done, write your own words.")
        .quoting(post.post.text.clone())
        .choice(Choice::new(
            "kind",
            "What kind of words are these?",
            &typed.kind,
            &[("quote", "Word for word from the post"), ("paraphrase", "The same in my own words")],
        ))
        .field(Field::long("words", "The words").hint("At most 600 characters").typed(&typed.words))
        .choice(Choice::new(
            "stance",
            "On whose side are they?",
            &typed.stance,
            &[("view", "They speak for the issue"), ("counter", "They see it otherwise")],
        ))
        .field(Field::long("reason", "Why may they be shown?").hint("Published: name nobody").typed(&typed.reason));
    match issues(site, id, &typed.issue) {
        Some(choice) => page.choice(choice),
        None => page,
    }
}

/// The issues that the post belongs to, so that the words can be shown with one.
fn issues(site: &Site, id: PostId, chosen: &str) -> Option<Choice> {
    let list = site.trends()?;
    let all = list.issues.iter().chain(site.held(&list));
    let of_post = all.filter(|issue| issue.recent.contains(&id) || issue.quotes.contains(&id));
    let mut picks: Vec<Pick> = of_post
        .map(|issue| Pick {
            value: issue.id.to_string(),
            label: issue.label.clone(),
            hint: String::new(),
            is_chosen: issue.id.to_string() == chosen,
        })
        .collect();
    if let [only] = &mut picks[..] {
        only.is_chosen = true;
    }
    (!picks.is_empty()).then_some(Choice { name: "issue", legend: "With which issue are they shown?", picks })
}

fn withdraw_form(site: &Site, quote: &Quote, version: i64, reason: &str) -> FormPage {
    let back = quote.post.as_ref().map_or_else(|| "/assembly".to_owned(), |post| format!("/posts/{post}"));
    let words = quote.words.clone().unwrap_or_else(|| "It was withdrawn already.".to_owned());
    FormPage::new(site, Section::Assembly, "Withdraw a quote", format!("/quotes/{}/withdraw", quote.id), "Withdraw it")
        .from(back, "Back")
        .about("Its words go from all pages and packs, for good. The packs say that a quote was withdrawn, and why.")
        .quoting(words)
        .with("version", &version)
        .field(Field::long("reason", "Why?").hint("Published: name nobody").typed(reason))
}

async fn stored(site: &Site, id: &str) -> Result<Enriched, AppError> {
    let id: PostId = id.parse().map_err(|_| AppError::NoPost)?;
    site.parts.searcher.get(&[id]).await?.into_iter().next().ok_or(AppError::NoPost)
}

async fn found(site: &Site, id: &str) -> Result<Quote, AppError> {
    let id = QuoteId::parse(id).ok_or(AppError::NotFound)?;
    Ok(site.record().read(move |db| quotes::find(db, &id)).await?)
}
