//! Supporters on paper: people without an account count too, once each, and their names are not kept.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};
use serde_json::json;

use super::flags::{FlagId, words};
use super::support::{change_count, signed, takes_support};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::random;
use crate::store::Tx;

/// The most people on one sheet.
const MOST: usize = 10_000;

/// The people on a sheet, each as one line of words that tell them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    people: BTreeSet<String>,
    /// Lines that named somebody who was on the sheet already.
    pub repeated: usize,
    /// Lines that named nobody, by their number.
    pub refused: Vec<usize>,
}

impl Sheet {
    /// How many people there are.
    pub fn people(&self) -> usize {
        self.people.len()
    }
}

/// Reads a sheet: a table in CSV with a line for each person. What stands in a line (a name, and perhaps a postcode or a number)
/// tells people apart. A first line of headings is passed over.
///
/// # Errors
/// When it holds nobody, or too many.
pub fn read_sheet(text: &str) -> Result<Sheet, RecordError> {
    let (mut people, mut repeated, mut refused) = (BTreeSet::new(), 0, Vec::new());
    for (number, line) in text.lines().enumerate() {
        let cells: Vec<String> = line.split([',', ';', '\t']).map(plain).filter(|cell| !cell.is_empty()).collect();
        let is_heading = number == 0 && cells.first().is_some_and(|cell| HEADINGS.contains(&cell.as_str()));
        if is_heading || line.trim().is_empty() {
            continue;
        }
        if !cells.iter().any(|cell| cell.chars().any(char::is_alphabetic)) {
            refused.push(number + 1);
        } else if !people.insert(cells.join(" ")) {
            repeated += 1;
        }
    }
    if people.is_empty() {
        return Err(RecordError::refused("The sheet names nobody: write one person a line, with the name first"));
    }
    if people.len() > MOST {
        return Err(RecordError::refused(format!("The sheet names more than {MOST} people: split it")));
    }
    Ok(Sheet { people, repeated, refused })
}

/// Headings that a first line may have.
const HEADINGS: [&str; 4] = ["name", "supporter", "full name", "person"];

/// Counts the people on a sheet as supporters, and gives how many were new. `place` says where and when they signed.
///
/// # Errors
/// When the flag takes no support.
pub fn take_in_sheet(tx: &mut Tx<'_>, flag: &FlagId, sheet: &Sheet, place: &str) -> Result<usize, RecordError> {
    takes_support(tx, flag)?;
    let place = words(place, 200, "where and when it was signed")?;
    let key = paper_key(tx)?;
    let mut new = 0;
    for person in &sheet.people {
        // The same for every flag, so that who signed for two that are merged is counted once.
        let hash = *blake3::keyed_hash(&key, person.as_bytes()).as_bytes();
        new += tx.execute(
            "INSERT INTO paper_supporters (flag, person, sheet) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![flag.as_str(), hash, place],
        )?;
    }
    change_count(tx, flag, 0, signed(new))?;
    let detail = json!({ "signed": place, "people": sheet.people(), "new": new });
    tx.log(&Entry::new(Part::Public, "flag.paper_support", "flag", flag.as_str()).with(detail))?;
    Ok(new)
}

/// The key under which people on paper are told apart, made at the first sheet.
fn paper_key(tx: &Tx<'_>) -> Result<[u8; 32], RecordError> {
    let known: Option<[u8; 32]> =
        tx.query_row("SELECT value FROM secrets WHERE name = 'paper'", [], |row| row.get(0)).optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    let key = random::bytes::<32>()?;
    tx.execute("INSERT INTO secrets (name, value) VALUES ('paper', ?1)", [key])?;
    Ok(key)
}

/// A cell in lower case, without marks and double spaces: the same person writes the name in many ways.
fn plain(cell: &str) -> String {
    let letters: String = cell.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}
