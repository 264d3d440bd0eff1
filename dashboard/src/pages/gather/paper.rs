//! Supporters on paper: a sheet that was signed where people have no account.

use axum::extract::Path;
use axum::response::Response;
use civic::gather::{self, Flag, read_sheet};

use super::{found, href};
use crate::decision::decide as keep;
use crate::error::AppError;
use crate::format::counted;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::sent::Sent;
use crate::site::Site;

/// `/gather/flags/{id}/paper`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    form(&site, &flag, "", "").show(None)
}

/// `POST /gather/flags/{id}/paper`: shows what was read; sent again with what was seen, takes it in.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn take_in(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    let (text, place) = (sent.text("sheet"), sent.text("place"));
    let sheet = match read_sheet(&text) {
        Ok(sheet) => sheet,
        Err(error) => return form(&site, &flag, &text, &place).show(Some(error.to_string())),
    };
    // What is confirmed must be what was shown.
    let seen = blake3::hash(text.as_bytes()).to_hex().to_string();
    if sent.text("seen") != seen {
        let mut read = vec![format!("This sheet names {}", counted(sheet.people() as u64, "person", "people"))];
        if sheet.repeated > 0 {
            read.push(format!("{} more than once", counted(sheet.repeated as u64, "is named", "are named")));
        }
        if !sheet.refused.is_empty() {
            let lines: Vec<String> = sheet.refused.iter().take(20).map(ToString::to_string).collect();
            read.push(format!("these lines name nobody: {}", lines.join(", ")));
        }
        return form(&site, &flag, &text, &place)
            .about(format!("{}. Send it again to count them.", read.join("; ")))
            .with("seen", &seen)
            .show(None);
    }
    let id = flag.id.clone();
    let signed = place.clone();
    keep(
        &site,
        move |tx| gather::take_in_sheet(tx, &id, &sheet, &signed),
        |_| href(&flag.id),
        async |message| form(&site, &flag, &text, &place).show(Some(message)),
    )
    .await
}

fn form(site: &Site, flag: &Flag, sheet: &str, place: &str) -> FormPage {
    FormPage::new(site, Section::Gather, "Add supporters on paper", format!("{}/paper", href(&flag.id)), "Read the sheet")
        .from(href(&flag.id), "The flag")
        .about("People without an account count too. Names tell them apart and are not kept. You see what was read before anybody counts.")
        .quoting(format!("I want {}", flag.want))
        .field(Field::new("place", "Where and when was it signed?").hint("Published, for example: Leeds library, 4 October 2026").typed(place))
        .field(Field::long("sheet", "The people").hint("One a line: the name, and perhaps a postcode, with a comma between").typed(sheet))
}
