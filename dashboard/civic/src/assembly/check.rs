//! What is asked of the words that people write, and of the columns that hold more than SQLite knows.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;

use crate::error::RecordError;

/// The longest name or label, in characters.
pub const SHORT: usize = 200;

/// The longest reason, in characters.
pub const REASON: usize = 2_000;

/// The longest response of the Board, in characters.
pub const LONG: usize = 20_000;

/// The text without the space around it, if it says something and is not too long. `what` begins the sentence that
/// refuses it: "Enter ...".
pub fn text(text: &str, what: &str, longest: usize) -> Result<String, RecordError> {
    let text = text.trim();
    let is_plain = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if text.is_empty() || !is_plain {
        return Err(RecordError::refused(format!("Enter {what}")));
    }
    if text.chars().count() > longest {
        return Err(RecordError::refused(format!("Enter {what} in at most {longest} characters")));
    }
    Ok(text.to_owned())
}

/// A reason: it is read by everybody, so it must be there.
pub fn reason(words: &str) -> Result<String, RecordError> {
    text(words, "a reason: it is published with the decision", REASON)
}

/// The moment in a column.
pub fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_second(row.get(column)?).map_err(|error| unreadable(column, Type::Integer, error))
}

/// The moment in a column, if there is one.
pub fn maybe_moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|_| moment(row, column)).transpose()
}

/// The day in a column.
pub fn day(row: &Row<'_>, column: usize) -> rusqlite::Result<Date> {
    row.get::<_, String>(column)?.parse().map_err(|error: jiff::Error| unreadable(column, Type::Text, error))
}

/// The JSON in a column.
pub fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(|error| unreadable(column, Type::Text, error))
}

/// The value in a column that is one of a few words.
pub fn word<T: Copy>(row: &Row<'_>, column: usize, all: &[T], slug: fn(T) -> &'static str) -> rusqlite::Result<T> {
    let found: String = row.get(column)?;
    all.iter()
        .copied()
        .find(|value| slug(*value) == found)
        .ok_or_else(|| unreadable(column, Type::Text, format!("`{found}` is not known here")))
}

fn unreadable(
    column: usize,
    kind: Type,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, error.into())
}
