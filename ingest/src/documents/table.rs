//! Tables: forms that were typed in, exports of surveys. Each row is one or several contributions.

use super::columns::{Columns, Role, named, told};
use super::limits::{MAX_CELLS, MAX_COLUMNS, MAX_LINE_BYTES, MAX_ROWS};
use super::when::moment;
use super::{Contribution, Own};

/// A table with a header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) header: Vec<String>,
    /// The rows; one may be shorter or longer than the header.
    pub(super) rows: Vec<Vec<String>>,
}

/// So many rows tell whether a column holds sentences.
const SAMPLE: usize = 200;

/// Words that a cell of a column of sentences has on average, at least.
const SENTENCE_WORDS: usize = 6;

impl Table {
    /// A table from rows of which the first that is not empty is the header.
    pub(super) fn from_rows(rows: impl IntoIterator<Item = Result<Vec<String>, String>>) -> Result<Self, String> {
        let mut table = Self::default();
        let mut cells = 0;
        for row in rows {
            let row = row?;
            let is_empty = row.iter().all(|cell| cell.trim().is_empty());
            if row.len() > MAX_COLUMNS {
                return Err(format!("has more than {MAX_COLUMNS} columns: keep those that are needed"));
            }
            cells += row.len();
            if table.rows.len() >= MAX_ROWS || cells > MAX_CELLS {
                return Err(format!("has more than {MAX_ROWS} rows, or {MAX_CELLS} cells: split it"));
            }
            if row.iter().any(|cell| cell.len() > MAX_LINE_BYTES) {
                return Err(format!(
                    "has a cell of more than {} KiB: perhaps a quotation mark is not closed",
                    MAX_LINE_BYTES >> 10
                ));
            }
            if is_empty {
                continue;
            }
            if table.header.is_empty() {
                table.header = row.into_iter().map(|name| name.trim().to_owned()).collect();
            } else {
                table.rows.push(row);
            }
        }
        Ok(table)
    }
}

/// The contributions in `table`, whose columns mean what `columns` says, or else what their names tell.
pub(super) fn contributions(
    table: &Table,
    columns: &Columns,
    warnings: &mut Vec<String>,
) -> Result<Vec<Contribution>, String> {
    let layout = Layout::of(table, columns)?;
    let mut found = Vec::new();
    let mut undated = 0_usize;
    for row in &table.rows {
        let own = layout.own(row);
        undated += usize::from(layout.date.is_some() && own.said_at.is_none());
        for &column in &layout.texts {
            let text = cell(row, Some(column)).unwrap_or_default();
            let mut own = own.clone();
            if layout.texts.len() > 1 {
                // Several questions on one form: each answer stands under its question.
                own.title = Some(table.header[column].clone());
                own.id = own.id.map(|id| format!("{id} {}", table.header[column]));
            }
            let speaker = cell(row, layout.author).map(str::to_owned);
            found.push(Contribution { own, ..Contribution::new(speaker, None, text) });
        }
    }
    if layout.guessed {
        let names: Vec<String> = layout.texts.iter().map(|&column| table.header[column].clone()).collect();
        warnings.push(format!("no column is called text; taken as such: {}", named(&names)));
    }
    if undated > 0 {
        warnings.push(format!("{undated} rows have no date that can be read: they count as of the day of the file"));
    }
    Ok(found)
}

/// The places of the columns by what they mean.
struct Layout {
    texts: Vec<usize>,
    /// Whether the texts were told by what is in the columns.
    guessed: bool,
    date: Option<usize>,
    place: Option<usize>,
    group: Option<usize>,
    author: Option<usize>,
    id: Option<usize>,
    title: Option<usize>,
    language: Option<usize>,
    event: Option<usize>,
    url: Option<usize>,
}

impl Layout {
    fn of(table: &Table, columns: &Columns) -> Result<Self, String> {
        let header = &table.header;
        if header.is_empty() {
            return Err("holds no table: its first row must name the columns".to_owned());
        }
        let mut texts = columns.said(Role::Text, header)?;
        if texts.is_empty() {
            texts.extend(told(Role::Text, header));
        }
        let guessed = texts.is_empty();
        if guessed {
            texts = (0..header.len()).filter(|&column| holds_sentences(table, column)).collect();
        }
        if texts.is_empty() {
            return Err(format!(
                "does not tell which column is what people said; its columns are {}: say it, as in text=Comments",
                named(header)
            ));
        }
        let one = |role| -> Result<Option<usize>, String> {
            let said = columns.said(role, header)?.first().copied();
            Ok(said.or_else(|| told(role, header)).filter(|column| !texts.contains(column)))
        };
        Ok(Self {
            guessed,
            date: one(Role::Date)?,
            place: one(Role::Place)?,
            group: one(Role::Group)?,
            author: one(Role::Author)?,
            id: one(Role::Id)?,
            title: one(Role::Title)?,
            language: one(Role::Language)?,
            event: one(Role::Event)?,
            url: one(Role::Url)?,
            texts,
        })
    }

    /// What `row` says of itself.
    fn own(&self, row: &[String]) -> Own {
        let text = |column| cell(row, column).map(str::to_owned);
        Own {
            id: text(self.id),
            said_at: cell(row, self.date).and_then(moment),
            title: text(self.title),
            place: text(self.place),
            group: text(self.group),
            language: text(self.language),
            event: text(self.event),
            url: text(self.url).filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        }
    }
}

/// What stands in a cell, if anything does.
fn cell(row: &[String], column: Option<usize>) -> Option<&str> {
    let text = row.get(column?)?.trim();
    let is_empty = matches!(text.to_ascii_lowercase().as_str(), "" | "n/a" | "na" | "none" | "null" | "-");
    (!is_empty).then_some(text)
}

/// Whether a column holds sentences of people: many words, and hardly ever the same.
fn holds_sentences(table: &Table, column: usize) -> bool {
    let cells: Vec<&str> = table.rows.iter().take(SAMPLE).filter_map(|row| cell(row, Some(column))).collect();
    let words: usize = cells.iter().map(|text| text.split_whitespace().count()).sum();
    let distinct = cells.iter().collect::<std::collections::HashSet<_>>().len();
    !cells.is_empty() && words >= cells.len() * SENTENCE_WORDS && distinct * 3 >= cells.len() * 2
}
