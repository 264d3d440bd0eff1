//! Tables as files: RFC 4180, with cells that a spreadsheet would run as a formula made harmless.

use std::fmt::Write as _;

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A table under construction. Every row has as many cells as the heading.
pub struct Csv {
    name: String,
    text: String,
}

impl Csv {
    /// A table that is saved as `name`.csv.
    pub fn new(name: &str, heading: &[&str]) -> Self {
        let mut csv = Self { name: name.to_owned(), text: String::new() };
        csv.row(heading);
        csv
    }

    /// Adds a row.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            push_cell(&mut self.text, cell.as_ref());
        }
        self.text.push_str("\r\n");
    }
}

impl IntoResponse for Csv {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename=\"{}.csv\"", self.name);
        let headers =
            [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
        (headers, self.text).into_response()
    }
}

/// Cells that begin with one of these are formulas to a spreadsheet; an apostrophe in front makes them text.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn push_cell(text: &mut String, cell: &str) {
    let guard = if cell.starts_with(FORMULA_STARTS) { "'" } else { "" };
    if cell.contains([',', '"', '\n', '\r']) {
        write!(text, "\"{guard}{}\"", cell.replace('"', "\"\"")).expect("a String can always be written to");
    } else {
        text.push_str(guard);
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(content: &str) -> String {
        let mut text = String::new();
        push_cell(&mut text, content);
        text
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_becomes_text() {
        assert_eq!(cell("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        assert_eq!(["+1", "-1", "@SUM(A1)", "\tx"].map(cell), ["'+1", "'-1", "'@SUM(A1)", "'\tx"].map(String::from));
        assert_eq!(cell("\r=1"), "\"'\r=1\"");
        assert_eq!(cell("8am, again"), "\"8am, again\"");
        assert_eq!(cell("plain"), "plain");
    }

    proptest! {
        #[test]
        fn no_cell_can_begin_a_formula_or_break_its_row(content in "\\PC{0,20}|[=+@\t\r\n\",a-]{0,8}") {
            let written = cell(&content);
            let seen = written.strip_prefix('"').unwrap_or(&written);
            prop_assert!(!seen.starts_with(FORMULA_STARTS) || seen.is_empty());
            prop_assert_eq!(written.matches('"').count() % 2, 0);
            if !written.starts_with('"') {
                prop_assert!(!written.contains([',', '\n', '\r']));
            }
        }
    }
}
