//! One answer of the Board: what it says, what it does, what is different since; and the forms that keep it.

use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use civic::Permission::Organise;
use civic::assembly::answers::{self, Answer};
use civic::assembly::{ActionId, AnswerId};

use super::words;
use crate::decision::decide;
use crate::error::AppError;
use crate::format;
use crate::pages::Problems;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::period::parse_date;
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/answer.html")]
struct AnswerPage {
    chrome: Chrome,
    id: String,
    candidate: String,
    cycle: String,
    owner: String,
    due: String,
    state: (&'static str, &'static str),
    late: Option<String>,
    response: Option<String>,
    answered: Option<String>,
    actions: Vec<ActionRow>,
    may_organise: bool,
}

struct ActionRow {
    id: String,
    what: String,
    owner: String,
    due: String,
    done: Option<String>,
    changed: Option<String>,
}

/// `/assembly/answers/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let answer = found(&site, &id).await?;
    let today = format::london(site.now()).date();
    let page = AnswerPage {
        chrome: Chrome::new(&site, Section::Assembly, answer.label.clone()),
        id: answer.id.to_string(),
        candidate: format!("/assembly/candidates/{}", answer.candidate),
        state: words::answer_state(answer.state(today)),
        late: answer.days_late(today).map(words::days_late),
        due: format::date(answer.due_on),
        answered: answer.answered_at.map(format::moment),
        actions: answer
            .actions
            .into_iter()
            .map(|action| ActionRow {
                id: action.id.to_string(),
                what: action.what,
                owner: action.owner,
                due: format::date(action.due_on),
                done: action.done_at.map(|at| format::date(format::london(at).date())),
                changed: action.changed,
            })
            .collect(),
        cycle: answer.cycle,
        owner: answer.owner,
        response: answer.response,
        may_organise: site.may(Organise),
    };
    Ok(render(&page)?.into_response())
}

/// `/assembly/answers/{id}/respond`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn respond_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let answer = found(&site, &id).await?;
    respond_form(&site, &answer, answer.version, answer.response.as_deref().unwrap_or_default()).show(None)
}

/// `POST /assembly/answers/{id}/respond`: publishes what the Board says.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn respond(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (answer, read, response) = (found(&site, &id).await?, sent.version()?, sent.text("response"));
    let (which, typed) = (answer.id.clone(), response.clone());
    decide(
        &site,
        move |tx| answers::respond(tx, &which, read, &response),
        |()| address(&answer),
        async |message| respond_form(&site, &answer, read, &typed).show(Some(message)),
    )
    .await
}

fn respond_form(site: &Site, answer: &Answer, version: i64, typed: &str) -> FormPage {
    FormPage::new(
        site,
        Section::Assembly,
        "What the Board answers",
        format!("{}/respond", address(answer)),
        "Publish the answer",
    )
    .from(address(answer), answer.label.clone())
    .about("Published at once. Whatever is changed later shows in the log of decisions.")
    .with("version", &version)
    .field(Field::long("response", "The answer").typed(typed))
}

/// `/assembly/answers/{id}/assign`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn assign_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let answer = found(&site, &id).await?;
    let due = words::day_as_typed(answer.due_on);
    assign_form(&site, &answer, answer.version, [&answer.owner, &due, ""], &Vec::new()).show(None)
}

/// `POST /assembly/answers/{id}/assign`: says which office answers by when.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn assign(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (answer, read) = (found(&site, &id).await?, sent.version()?);
    let (owner, day, reason) = (sent.text("owner"), sent.text("day"), sent.text("reason"));
    let typed = [&owner, &day, &reason].map(String::clone);
    let typed = [typed[0].as_str(), &typed[1], &typed[2]];
    let Some(due_on) = parse_date(&day) else {
        let problems = not_a_day();
        return wrong(assign_form(&site, &answer, read, typed, &problems), problems);
    };
    let which = answer.id.clone();
    let (its_owner, why) = (owner.clone(), reason.clone());
    decide(
        &site,
        move |tx| answers::assign(tx, &which, read, &its_owner, due_on, &why),
        |()| address(&answer),
        async |message| assign_form(&site, &answer, read, typed, &Vec::new()).show(Some(message)),
    )
    .await
}

fn assign_form(site: &Site, answer: &Answer, version: i64, typed: [&str; 3], problems: &Problems) -> FormPage {
    let [owner, day, reason] = typed;
    FormPage::new(site, Section::Assembly, "Who answers by when", format!("{}/assign", address(answer)), "Change it")
        .from(address(answer), answer.label.clone())
        .with("version", &version)
        .field(Field::new("owner", "The office that answers").typed(owner))
        .field(day_field(day, problems))
        .field(Field::long("reason", "Why?").hint("Published: name nobody").typed(reason))
}

/// `/assembly/answers/{id}/promise`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn promise_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let answer = found(&site, &id).await?;
    promise_form(&site, &answer, answer.version, ["", "", ""], &Vec::new()).show(None)
}

/// `POST /assembly/answers/{id}/promise`: adds something that the Board does.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn promise(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (answer, read) = (found(&site, &id).await?, sent.version()?);
    let (what, owner, day) = (sent.text("what"), sent.text("owner"), sent.text("day"));
    let typed = [&what, &owner, &day].map(String::clone);
    let typed = [typed[0].as_str(), &typed[1], &typed[2]];
    let Some(due_on) = parse_date(&day) else {
        let problems = not_a_day();
        return wrong(promise_form(&site, &answer, read, typed, &problems), problems);
    };
    let which = answer.id.clone();
    let (promised, its_owner) = (what.clone(), owner.clone());
    decide(
        &site,
        move |tx| answers::promise(tx, &which, read, &promised, &its_owner, due_on),
        |_| address(&answer),
        async |message| promise_form(&site, &answer, read, typed, &Vec::new()).show(Some(message)),
    )
    .await
}

fn promise_form(site: &Site, answer: &Answer, version: i64, typed: [&str; 3], problems: &Problems) -> FormPage {
    let [what, owner, day] = typed;
    FormPage::new(site, Section::Assembly, "Add an action", format!("{}/promise", address(answer)), "Add it")
        .from(address(answer), answer.label.clone())
        .with("version", &version)
        .field(Field::long("what", "What is done?").typed(what))
        .field(Field::new("owner", "The office that does it").typed(owner))
        .field(day_field(day, problems))
}

/// `/assembly/answers/{id}/done?action=ID`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn done_page(site: Site, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let answer = found(&site, &id).await?;
    let action = asked(&query.unwrap_or_default(), "action");
    let action = action.and_then(|id| ActionId::parse(&id)).ok_or(AppError::NotFound)?;
    let changed = answer.actions.iter().find(|known| known.id == action).ok_or(AppError::NotFound)?.changed.clone();
    done_form(&site, &answer, answer.version, &action, &changed.unwrap_or_default()).show(None)
}

/// `POST /assembly/answers/{id}/done`: writes down that an action was done, and what is different since.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn done(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (answer, read, changed) = (found(&site, &id).await?, sent.version()?, sent.text("changed"));
    let action = ActionId::parse(&sent.text("action")).ok_or(AppError::NotFound)?;
    let (which, of, typed) = (answer.id.clone(), action.clone(), changed.clone());
    decide(
        &site,
        move |tx| answers::done(tx, &which, read, &of, Some(&changed)),
        |()| address(&answer),
        async |message| done_form(&site, &answer, read, &action, &typed).show(Some(message)),
    )
    .await
}

fn done_form(site: &Site, answer: &Answer, version: i64, action: &ActionId, changed: &str) -> FormPage {
    let what = answer.actions.iter().find(|known| known.id == *action).map_or("", |action| &action.what);
    FormPage::new(site, Section::Assembly, "An action was done", format!("{}/done", address(answer)), "Keep it")
        .from(address(answer), answer.label.clone())
        .about(what)
        .with("version", &version)
        .with("action", action)
        .field(
            Field::long("changed", "What is different since?")
                .hint("Leave it empty while nobody can tell: doing something and changing something are counted apart")
                .typed(changed),
        )
}

fn wrong(page: FormPage, problems: Problems) -> Result<Response, AppError> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page.wrong(problems).show(None)?).into_response())
}

fn day_field(day: &str, problems: &Problems) -> Field {
    Field::new("day", "By which day").hint("For example, 6/8/2027").typed(day).checked(problems)
}

fn not_a_day() -> Problems {
    vec![("day", "By which day must be a real date, like 6/8/2027".to_owned())]
}

fn address(answer: &Answer) -> String {
    format!("/assembly/answers/{}", answer.id)
}

async fn found(site: &Site, id: &str) -> Result<Answer, AppError> {
    let id = AnswerId::parse(id).ok_or(AppError::NotFound)?;
    Ok(site.record().read(move |db| answers::find(db, &id)).await?)
}
