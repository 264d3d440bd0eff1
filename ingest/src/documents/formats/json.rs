//! JSON: a list of objects, an object that holds one, or one object a line. Each object is the row of a table; what is
//! nested in it is passed over.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::limits::{MAX_CELLS, MAX_COLUMNS, MAX_JSON_BYTES, MAX_ROWS};
use super::super::table::Table;

pub(in super::super) fn parse(text: &str) -> Result<Table, String> {
    if text.len() > MAX_JSON_BYTES {
        return Err(format!("is larger than {} MiB: split it, or save it as CSV", MAX_JSON_BYTES >> 20));
    }
    let text = text.trim();
    // A list, or one object that holds one, ends where the text ends; of lines only the first does.
    let whole: Result<Rows, _> = serde_json::from_str(text);
    let rows = match whole {
        Ok(rows) => rows.0,
        Err(_) if text.starts_with('{') && text.contains('\n') => lines(text)?,
        Err(error) => return Err(explain(&error)),
    };
    table(rows)
}

fn lines(text: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if rows.len() >= MAX_ROWS {
            return Err(format!("has more than {MAX_ROWS} rows: split it"));
        }
        let row = serde_json::from_str(line).map_err(|_| {
            format!("is not JSON at line {}: write a list of objects, or one object a line", number + 1)
        })?;
        rows.push(row);
    }
    Ok(rows)
}

fn explain(error: &serde_json::Error) -> String {
    match error.classify() {
        // Our own words, with the place that serde adds.
        serde_json::error::Category::Data => error.to_string().split(" at line").next().unwrap_or_default().to_owned(),
        _ => format!("is not JSON at line {}: write a list of objects, or one object a line", error.line()),
    }
}

fn table(rows: Vec<Row>) -> Result<Table, String> {
    let mut table = Table::default();
    let mut all = 0;
    let mut places: HashMap<String, usize> = HashMap::new();
    for Row(fields) in rows {
        let mut cells = vec![String::new(); table.header.len()];
        for (name, value) in fields {
            let place = *places.entry(name).or_insert_with_key(|name| {
                table.header.push(name.clone());
                table.header.len() - 1
            });
            if place >= MAX_COLUMNS {
                return Err(format!("has more than {MAX_COLUMNS} columns: keep those that are needed"));
            }
            if cells.len() <= place {
                cells.resize(place + 1, String::new());
            }
            cells[place] = value;
        }
        all += cells.len();
        if all > MAX_CELLS {
            return Err(format!("has more than {MAX_CELLS} cells: split it"));
        }
        table.rows.push(cells);
    }
    Ok(table)
}

/// The flat fields of one object.
struct Row(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Row;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if let Value::Flat(text) = value {
                        fields.push((name, text));
                    }
                }
                Ok(Row(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A list of objects, or the first list of objects among the fields of an object.
struct Rows(Vec<Row>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Rows(rows) | Value::Object(_, Some(rows)) => Ok(Self(rows)),
            Value::Object(row, None) => Ok(Self(vec![row])),
            Value::Flat(_) | Value::Other => {
                Err(serde::de::Error::custom("holds no list of objects: write [{\"text\": \"...\"}, ...]"))
            }
        }
    }
}

/// A value, as far as it concerns us.
enum Value {
    Flat(String),
    Rows(Vec<Row>),
    /// An object's flat fields, and the first list of objects in it.
    Object(Row, Option<Vec<Row>>),
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Flat(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Flat(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Flat(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Flat(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Flat(number.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut fields, mut rows) = (Vec::new(), None);
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            match value {
                Value::Flat(text) => fields.push((name, text)),
                Value::Rows(found) => rows = rows.or(Some(found)),
                Value::Object(..) | Value::Other => {}
            }
        }
        Ok(Value::Object(Row(fields), rows))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut rows = Vec::new();
        while rows.len() < MAX_ROWS {
            match items.next_element::<Value>()? {
                Some(Value::Object(row, _)) => rows.push(row),
                Some(_) => {}
                None if rows.is_empty() => return Ok(Value::Other),
                None => return Ok(Value::Rows(rows)),
            }
        }
        if items.next_element::<IgnoredAny>()?.is_some() {
            return Err(serde::de::Error::custom(format!("has more than {MAX_ROWS} rows: split it")));
        }
        Ok(Value::Rows(rows))
    }
}
