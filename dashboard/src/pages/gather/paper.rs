//! Supporters on paper: a sheet that was signed where people have no account, handed in as a file or pasted.

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use civic::gather::{self, Flag, Sheet, read_sheet};

use super::{found, href};
use crate::decision::decide as keep;
use crate::error::AppError;
use crate::format::counted;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::{Chrome, Problems, Section, render};
use crate::sent::{Sent, TOKEN};
use crate::site::Site;

#[derive(Template)]
#[template(path = "gather/paper.html")]
struct PaperPage {
    chrome: Chrome,
    problems: Problems,
    flag: (String, String),
    fields: Vec<Field>,
    file_problem: Option<String>,
}

/// What the form was sent with.
#[derive(Default)]
struct Typed {
    token: String,
    place: String,
    sheet: String,
    file: String,
}

impl Typed {
    async fn read(mut form: Multipart) -> Result<Self, AppError> {
        let cut =
            |_| AppError::BadRequest("the form is too long, or did not arrive as a whole: split the sheet".to_owned());
        let mut typed = Self::default();
        while let Some(field) = form.next_field().await.map_err(cut)? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(cut)?;
            // What a spreadsheet of another century writes is read as far as it can be: names only tell people apart.
            let words = String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').replace("\r\n", "\n");
            match name.as_str() {
                TOKEN => typed.token = words,
                "place" => typed.place = words.trim().to_owned(),
                "sheet" => typed.sheet = words.trim().to_owned(),
                "file" => typed.file = words.trim().to_owned(),
                _ => {}
            }
        }
        Ok(typed)
    }

    /// The people: of the file, or of what was pasted.
    fn people(&self) -> Result<&str, (&'static str, String)> {
        match (self.file.is_empty(), self.sheet.is_empty()) {
            (false, true) => Ok(&self.file),
            (true, false) => Ok(&self.sheet),
            (true, true) => Err(("file", "Choose a file, or paste the people".to_owned())),
            (false, false) => Err(("file", "Choose a file or paste the people, not both".to_owned())),
        }
    }
}

/// `/gather/flags/{id}/paper`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    show(&site, &flag, &Typed::default(), Vec::new())
}

/// `POST /gather/flags/{id}/paper/read`: shows what was read.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::NotFromHere`].
pub async fn read(
    site: Site,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, AppError> {
    let typed = Typed::read(form.map_err(|_| AppError::NotFromHere)?).await?;
    if !site.admits(&headers, &typed.token) {
        return Err(AppError::NotFromHere);
    }
    let flag = found(&site, &id).await?;
    let read = typed
        .people()
        .and_then(|people| Ok((people, read_sheet(people).map_err(|error| ("sheet", error.to_string()))?)));
    match read {
        Ok((people, sheet)) => confirm(&site, &flag, people, &sheet, &typed.place).show(None),
        Err(problem) => {
            let page = show(&site, &flag, &typed, vec![problem])?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /gather/flags/{id}/paper`: takes in what was shown.
///
/// # Errors
/// [`AppError::NotFound`], or [`AppError::BadRequest`] when it is no sheet.
pub async fn take_in(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    let (text, place) = (sent.text("sheet"), sent.text("place"));
    let sheet = read_sheet(&text)?;
    let (id, signed, people) = (flag.id.clone(), place.clone(), sheet.clone());
    keep(
        &site,
        move |tx| gather::take_in_sheet(tx, &id, &people, &signed),
        |_| href(&flag.id),
        async |message| confirm(&site, &flag, &text, &sheet, &place).show(Some(message)),
    )
    .await
}

fn show(site: &Site, flag: &Flag, typed: &Typed, problems: Problems) -> Result<Response, AppError> {
    let page = PaperPage {
        chrome: Chrome::new(site, Section::Gather, "Add supporters on paper"),
        flag: (href(&flag.id), flag.want.clone()),
        file_problem: problems.iter().find(|(field, _)| *field == "file").map(|(_, message)| message.clone()),
        fields: vec![
            Field::long("sheet", "Or paste the people")
                .hint("One a line: the name, and perhaps a postcode, with a comma between")
                .typed(&typed.sheet)
                .checked(&problems),
            Field::new("place", "Where and when was it signed?")
                .hint("Published, for example: Leeds library, 4 October 2026")
                .typed(&typed.place),
        ],
        problems,
    };
    Ok(render(&page)?.into_response())
}

/// What was read, before anybody counts.
fn confirm(site: &Site, flag: &Flag, text: &str, sheet: &Sheet, place: &str) -> FormPage {
    let mut read = vec![format!("This sheet names {}", counted(sheet.people() as u64, "person", "people"))];
    if sheet.repeated > 0 {
        read.push(format!("{} more than once", counted(sheet.repeated as u64, "is named", "are named")));
    }
    if !sheet.refused.is_empty() {
        let lines: Vec<String> = sheet.refused.iter().take(20).map(ToString::to_string).collect();
        read.push(format!("these lines name nobody: {}", lines.join(", ")));
    }
    let address = format!("{}/paper", href(&flag.id));
    FormPage::new(site, Section::Gather, "Count these supporters?", address.clone(), "Count them")
        .from(address, "Another sheet")
        .quoting(format!("I want {}", flag.want))
        .about(format!("{}.", read.join("; ")))
        .about("Whoever is on another sheet of this flag already counts once. Names are not kept.")
        .with("sheet", &text)
        .field(Field::new("place", "Where and when was it signed?").hint("Published").typed(place))
}
