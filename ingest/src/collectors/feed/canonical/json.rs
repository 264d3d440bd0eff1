//! JSON Feed to JSON Feed 1.1 as feed-rs reads it: fields of the wrong type are mended or left out, links made absolute,
//! dates written alike.

use serde_json::{Map, Value, json};
use url::Url;

use crate::collectors::feed::dates;

/// A JSON feed, and where its older entries are.
pub(in super::super) struct JsonFeed {
    pub(in super::super) text: String,
    pub(in super::super) older: Option<Url>,
    /// How many entries were too many.
    pub(in super::super) discarded: usize,
}

/// Rewrites `text`, which came from `base`.
///
/// # Errors
/// Plain words, when it is no JSON feed.
pub(in super::super) fn canonical(text: &str, base: &Url, max_entries: usize) -> Result<JsonFeed, String> {
    let feed: Value =
        serde_json::from_str(text).map_err(|error| format!("the answer is JSON, but not a JSON feed ({error})"))?;
    let version = string(&feed, "version").unwrap_or_default();
    let items = match feed.get("items") {
        Some(Value::Array(items)) => items.as_slice(),
        None | Some(Value::Null) if version.contains("jsonfeed") => &[],
        _ => return Err("the answer is JSON, but not a JSON feed (it has no list of `items`)".to_owned()),
    };
    let mut out = Map::new();
    out.insert("version".to_owned(), json!("https://jsonfeed.org/version/1.1"));
    out.insert("title".to_owned(), json!(string(&feed, "title").unwrap_or_default()));
    copy(&feed, &mut out, &["language"]);
    out.insert("items".to_owned(), items.iter().take(max_entries).map(|item| self::item(item, base)).collect());
    Ok(JsonFeed {
        text: Value::Object(out).to_string(),
        older: string(&feed, "next_url").and_then(|next| base.join(&next).ok()),
        discarded: items.len().saturating_sub(max_entries),
    })
}

fn item(item: &Value, base: &Url) -> Value {
    let mut out = Map::new();
    copy(item, &mut out, &["id", "title", "content_html", "content_text", "summary"]);
    for name in ["url", "external_url"] {
        if let Some(link) = string(item, name) {
            out.insert(name.to_owned(), json!(base.join(&link).map_or(link, String::from)));
        }
    }
    for name in ["date_published", "date_modified"] {
        if let Some(at) = string(item, name).and_then(|text| dates::parse(&text)) {
            out.insert(name.to_owned(), json!(at.to_string()));
        }
    }
    let authors = item.get("authors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names: Vec<Value> = authors
        .iter()
        .chain(item.get("author"))
        .filter_map(|author| string(author, "name").or_else(|| author.as_str().map(str::to_owned)))
        .map(|name| json!({ "name": name }))
        .collect();
    if !names.is_empty() {
        out.insert("authors".to_owned(), Value::Array(names));
    }
    Value::Object(out)
}

fn copy(from: &Value, to: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(text) = string(from, name) {
            to.insert((*name).to_owned(), Value::String(text));
        }
    }
}

/// The field `name` as text; numbers are read as they are written.
fn string(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_are_mended_and_links_are_absolute() {
        let base = Url::parse("https://example.org/feeds/").unwrap();
        let text = r#"{"version":"https://jsonfeed.org/version/1","title":null,"next_url":"2.json","items":[
            {"id":7,"url":"../a","date_published":"Sun, 09 Mar 2025 10:20:30 GMT","author":{"name":"Ann"},"tags":[1]},
            "nothing"]}"#;
        let feed = canonical(text, &base, 10).unwrap();
        assert_eq!(feed.older.unwrap().as_str(), "https://example.org/feeds/2.json");
        insta::assert_snapshot!(feed.text, @r#"{"items":[{"authors":[{"name":"Ann"}],"date_published":"2025-03-09T10:20:30Z","id":"7","url":"https://example.org/a"},{}],"title":"","version":"https://jsonfeed.org/version/1.1"}"#);
    }

    #[test]
    fn other_json_is_no_feed() {
        let base = Url::parse("https://example.org/").unwrap();
        assert!(canonical("{}", &base, 10).is_err());
        assert!(canonical("{\"items\":", &base, 10).is_err());
        assert!(canonical(r#"{"version":"https://jsonfeed.org/version/1.1"}"#, &base, 10).is_ok());
    }
}
