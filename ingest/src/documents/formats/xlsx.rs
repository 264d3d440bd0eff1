//! Workbooks: the first sheet that holds a table. Only what stands in the cells is read, never a formula.
//!
//! A reader of our own, because cells are kept as they come, row by row: a workbook may name a cell at the far end of the
//! sheet, and must not make us lay out everything in between.

use jiff::ToSpan;
use jiff::civil::DateTime;

use super::super::archive::Archive;
use super::super::limits::{Budget, MAX_COLUMNS, MAX_ROWS};
use super::super::table::Table;
use super::super::xml::{Node, attribute, text, walk};

/// All cells together hold at most so much: many may show one long text.
const MAX_CELL_BYTES: usize = 32 << 20;

/// So many sheets are tried.
const MAX_SHEETS: usize = 10;

pub(in super::super) fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Table, String> {
    let mut archive = Archive::open(bytes, budget)?;
    let mut part = |name: &str, budget: &mut Budget| -> Result<Option<String>, String> {
        Ok(archive.read(name, budget)?.map(text))
    };
    let Some(workbook) = part("xl/workbook.xml", budget)? else {
        return Err("is not a workbook: save it again as .xlsx".to_owned());
    };
    let strings = part("xl/sharedStrings.xml", budget)?.map_or(Ok(Vec::new()), |xml| shared_strings(&xml))?;
    let dates = part("xl/styles.xml", budget)?.map_or(Ok(Vec::new()), |xml| date_styles(&xml))?;
    let relations = part("xl/_rels/workbook.xml.rels", budget)?.unwrap_or_default();
    let mut first = None;
    for path in sheets(&workbook, &relations)?.into_iter().take(MAX_SHEETS) {
        let Some(xml) = part(&path, budget)? else { continue };
        let rows = Sheet { strings: &strings, dates: &dates, ..Sheet::default() }.read(&xml)?;
        let table = Table::from_rows(rows.into_iter().map(Ok))?;
        if !table.rows.is_empty() {
            return Ok(table);
        }
        first.get_or_insert(table);
    }
    Ok(first.unwrap_or_default())
}

/// The paths of the sheets, in their order in the book.
fn sheets(workbook: &str, relations: &str) -> Result<Vec<String>, String> {
    let mut targets: Vec<(String, String)> = Vec::new();
    walk(relations, |node| {
        if let Node::Open("Relationship", tag) = node
            && let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target"))
        {
            let target = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
            targets.push((id, target));
        }
        Ok(())
    })?;
    let mut paths = Vec::new();
    walk(workbook, |node| {
        if let Node::Open("sheet", tag) = node {
            let target = attribute(tag, "id").and_then(|id| targets.iter().find(|(known, _)| *known == id));
            paths.extend(target.map(|(_, path)| path.clone()));
        }
        Ok(())
    })?;
    if paths.is_empty() {
        paths.push("xl/worksheets/sheet1.xml".to_owned());
    }
    Ok(paths)
}

/// The texts that cells refer to by number.
fn shared_strings(xml: &str) -> Result<Vec<String>, String> {
    let mut strings = Vec::new();
    let (mut current, mut in_text, mut phonetic) = (String::new(), false, false);
    walk(xml, |node| {
        match node {
            Node::Open("rPh", _) => phonetic = true,
            Node::Close("rPh") => phonetic = false,
            Node::Open("t", _) => in_text = !phonetic,
            Node::Close("t") => in_text = false,
            Node::Text(text) if in_text => current.push_str(&text),
            Node::Close("si") => strings.push(std::mem::take(&mut current)),
            Node::Open(..) | Node::Close(_) | Node::Text(_) => {}
        }
        Ok(())
    })?;
    Ok(strings)
}

/// For each style of cells, whether it shows numbers as dates.
fn date_styles(xml: &str) -> Result<Vec<bool>, String> {
    let (mut own, mut styles, mut in_cells) = (Vec::new(), Vec::new(), false);
    walk(xml, |node| {
        match node {
            Node::Open("numFmt", tag) => {
                let code = attribute(tag, "formatCode").unwrap_or_default().to_lowercase();
                let code = code.split('"').step_by(2).collect::<String>();
                own.extend(attribute(tag, "numFmtId").filter(|_| code.contains(['y', 'd']) && !code.contains("red]")));
            }
            Node::Open("cellXfs", _) => in_cells = true,
            Node::Close("cellXfs") => in_cells = false,
            Node::Open("xf", tag) if in_cells => {
                let format = attribute(tag, "numFmtId").unwrap_or_default();
                let built_in =
                    format.parse().is_ok_and(|number: u32| matches!(number, 14..=17 | 22 | 27..=36 | 50..=58));
                styles.push(built_in || own.contains(&format));
            }
            Node::Open(..) | Node::Close(_) | Node::Text(_) => {}
        }
        Ok(())
    })?;
    Ok(styles)
}

/// Reads the rows of a sheet.
#[derive(Default)]
struct Sheet<'a> {
    strings: &'a [String],
    dates: &'a [bool],
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    bytes: usize,
    /// The column of the cell that we are in.
    column: usize,
    kind: String,
    is_date: bool,
    value: String,
    in_value: bool,
}

impl Sheet<'_> {
    fn read(mut self, xml: &str) -> Result<Vec<Vec<String>>, String> {
        walk(xml, |node| self.visit(node))?;
        Ok(self.rows)
    }

    fn visit(&mut self, node: Node<'_>) -> Result<(), String> {
        match node {
            Node::Open("row", _) => self.row = Vec::new(),
            Node::Open("c", tag) => {
                self.column = attribute(tag, "r").and_then(|at| column(&at)).unwrap_or(self.row.len());
                self.kind = attribute(tag, "t").unwrap_or_default();
                let style = attribute(tag, "s").and_then(|style| style.parse::<usize>().ok());
                self.is_date = style.and_then(|style| self.dates.get(style)).copied().unwrap_or_default();
                self.value.clear();
            }
            Node::Open("v" | "t", _) => self.in_value = true,
            Node::Close("v" | "t") => self.in_value = false,
            Node::Text(text) if self.in_value => self.value.push_str(&text),
            Node::Close("c") => {
                if self.column >= MAX_COLUMNS {
                    return Ok(());
                }
                if self.row.len() <= self.column {
                    self.row.resize(self.column + 1, String::new());
                }
                let cell = self.cell();
                self.bytes += cell.len();
                if self.bytes > MAX_CELL_BYTES {
                    return Err(format!("holds more than {} MiB of text: split it", MAX_CELL_BYTES >> 20));
                }
                self.row[self.column] = cell;
            }
            Node::Close("row") => {
                if self.rows.len() > MAX_ROWS {
                    return Err(format!("has more than {MAX_ROWS} rows: split it"));
                }
                self.rows.push(std::mem::take(&mut self.row));
            }
            Node::Open(..) | Node::Close(_) | Node::Text(_) => {}
        }
        Ok(())
    }

    /// What a reader sees in the cell.
    fn cell(&mut self) -> String {
        let value = std::mem::take(&mut self.value);
        match self.kind.as_str() {
            "s" => {
                value.trim().parse().ok().and_then(|place: usize| self.strings.get(place)).cloned().unwrap_or_default()
            }
            "e" => String::new(),
            "" | "n" if self.is_date => date(&value).unwrap_or(value),
            _ => value,
        }
    }
}

/// The number of the column, from 0, that the name of a cell tells ("AB12").
fn column(cell: &str) -> Option<usize> {
    let letters = cell.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let number = letters.fold(0, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// The date, and the time if there is one, that a number of days since the end of 1899 stands for.
fn date(value: &str) -> Option<String> {
    let days: f64 = value.trim().parse().ok().filter(|days| (1.0..200_000.0).contains(days))?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 200,000 days are 17,280,000,000 seconds")]
    let seconds = (days * 86_400.0).round() as i64;
    let at = DateTime::constant(1899, 12, 30, 0, 0, 0, 0).checked_add(seconds.seconds()).ok()?;
    let format = if seconds % 86_400 == 0 { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S" };
    Some(at.strftime(format).to_string())
}
