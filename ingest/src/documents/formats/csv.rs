//! Tables as text: fields separated by commas, semicolons, tabs or bars.

use super::super::table::Table;

/// What may separate fields, the commonest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads `text`. A quotation mark that is never closed takes the rest of the text into one field, as the format says.
pub(in super::super) fn parse(text: &str) -> Result<Table, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    Table::from_rows(reader.records().map(|record| {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            format!("cannot be read as a table at line {line}: save it again as CSV")
        })?;
        Ok(record.iter().map(str::to_owned).collect())
    }))
}

/// What separates the fields of the first line: whatever occurs in it most, outside of quotation marks.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        if let Some(place) = DELIMITERS.iter().position(|&known| known == byte).filter(|_| !quoted) {
            counts[place] += 1;
        }
    }
    // Of equal counts the first: `max_by_key` would give the last.
    let most = counts.iter().copied().max().unwrap_or_default();
    counts.iter().position(|&count| count == most).map_or(b',', |place| DELIMITERS[place])
}
