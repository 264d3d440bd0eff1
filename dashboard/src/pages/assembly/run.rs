//! Beginning a cycle, and changing when and where it meets.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use civic::assembly::cycles;

use super::{cycle, words};
use crate::decision::decide;
use crate::error::AppError;
use crate::pages::Problems;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::sent::Sent;
use crate::site::Site;

/// What was typed about a cycle.
struct Typed {
    name: String,
    place: String,
    day: String,
    time: String,
}

impl Typed {
    fn of(sent: &Sent) -> Self {
        Self { name: sent.text("name"), place: sent.text("place"), day: sent.text("day"), time: sent.text("time") }
    }

    fn fields(&self, page: FormPage, problems: &Problems) -> FormPage {
        let [day, time] = words::moment_fields(&self.day, &self.time, problems);
        page.field(Field::new("name", "Name").hint("For example, Spring 2027").typed(&self.name).checked(problems))
            .field(day)
            .field(time)
            .field(Field::new("place", "Where the Assembly meets").typed(&self.place).checked(problems))
    }
}

/// `/assembly/begin`.
///
/// # Errors
/// When the page cannot be written.
pub async fn begin_page(site: Site) -> Result<Response, AppError> {
    let typed = Typed { name: String::new(), place: String::new(), day: String::new(), time: "14:00".to_owned() };
    begin_form(&site, &typed, &Vec::new()).show(None)
}

/// `POST /assembly/begin`.
///
/// # Errors
/// When the record cannot be written.
pub async fn begin(site: Site, sent: Sent) -> Result<Response, AppError> {
    let typed = Typed::of(&sent);
    let meets_at = match words::typed_moment(&sent) {
        Ok(meets_at) => meets_at,
        Err(problems) => {
            let page = begin_form(&site, &typed, &problems).wrong(problems).show(None)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (rules, name, place) = (site.parts.assembly.clone(), typed.name.clone(), typed.place.clone());
    decide(
        &site,
        move |tx| cycles::begin(tx, &rules, &name, &place, meets_at),
        |id| format!("/assembly/cycles/{id}"),
        async |message| begin_form(&site, &typed, &Vec::new()).show(Some(message)),
    )
    .await
}

/// `/assembly/cycles/{id}/change`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn change_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let cycle = cycle::find(&site, &id).await?;
    let (day, time) = words::as_typed(cycle.meets_at);
    let typed = Typed { name: cycle.name, place: cycle.place, day, time };
    change_form(&site, &id, cycle.version, &typed, "", &Vec::new()).show(None)
}

/// `POST /assembly/cycles/{id}/change`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn change(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (typed, read, reason) = (Typed::of(&sent), sent.version()?, sent.text("reason"));
    let meets_at = match words::typed_moment(&sent) {
        Ok(meets_at) => meets_at,
        Err(problems) => {
            let page = change_form(&site, &id, read, &typed, &reason, &problems).wrong(problems).show(None)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (cycle, name, place, why) = (cycle::parse(&id)?, typed.name.clone(), typed.place.clone(), reason.clone());
    decide(
        &site,
        move |tx| cycles::change(tx, &cycle, read, &name, &place, meets_at, &why),
        |()| format!("/assembly/cycles/{id}"),
        async |message| change_form(&site, &id, read, &typed, &reason, &Vec::new()).show(Some(message)),
    )
    .await
}

fn begin_form(site: &Site, typed: &Typed, problems: &Problems) -> FormPage {
    let gates = &site.parts.assembly.gates;
    let gates: Vec<String> =
        gates.iter().map(|gate| format!("{} (lets {} through)", gate.kind.name(), gate.keep)).collect();
    let page =
        FormPage::new(site, Section::Assembly, "Begin a cycle", "/assembly/begin", "Begin the cycle").about(format!(
            "Its gates, as configured now: {}. They stay so for this cycle, whatever is configured later.",
            gates.join(", ")
        ));
    typed.fields(page, problems)
}

fn change_form(site: &Site, id: &str, version: i64, typed: &Typed, reason: &str, problems: &Problems) -> FormPage {
    let address = format!("/assembly/cycles/{id}");
    let page = FormPage::new(site, Section::Assembly, "Change the meeting", format!("{address}/change"), "Change it")
        .from(address, typed.name.clone())
        .with("version", &version);
    typed
        .fields(page, problems)
        .field(Field::long("reason", "Why?").hint("Published: name nobody").typed(reason).checked(problems))
}
