//! Which sources are collected: `config/sources.toml`.

pub(crate) mod values;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::config_file::{self, ConfigError};
use bus::{Channel, SourceId};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::alarm::AlarmConfig;
pub use crate::collectors::SourceKind;
use crate::fetch::FetchConfig;
use crate::push::PushConfig;

/// The part of `config/discovery.toml` that concerns collection.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// The file that lists the sources, relative to the configuration file.
    pub sources: PathBuf,
    /// How public sources are fetched.
    pub fetch: FetchConfig,
    /// Who is told when a source needs somebody.
    pub alarm: AlarmConfig,
    /// Who may send posts to `/api/v1/posts`.
    pub push: Vec<PushConfig>,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            sources: PathBuf::from("sources.toml"),
            fetch: FetchConfig::default(),
            alarm: AlarmConfig::default(),
            push: Vec::new(),
        }
    }
}

/// One configured source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// Its short name, part of the identity of its posts: never change it.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// What kind of place its posts are said in.
    pub channel: Channel,
    /// Where it is, for posts that name no place.
    pub place: Option<String>,
    /// The language it claims as a BCP 47 tag, for posts that claim none.
    pub language: Option<String>,
    /// How often it is asked, at most.
    pub every: Duration,
    /// What is read, and where.
    pub kind: SourceKind,
}

/// Reads the sources listed in the file at `path`. A relative folder is relative to the file.
///
/// # Errors
/// [`ConfigError`], naming the file, the line and what is wrong.
pub fn read(path: &Path) -> Result<Vec<SourceConfig>, ConfigError> {
    parse(path, &config_file::read_text(path)?)
}

/// Parses `text`, the content of the file at `path`.
///
/// # Errors
/// [`ConfigError::Invalid`], naming the file, the line and what is wrong.
pub fn parse(path: &Path, text: &str) -> Result<Vec<SourceConfig>, ConfigError> {
    let invalid = |error: Fault| ConfigError::at_offset(path, text, error.offset, &error.message);
    let mut sources = Vec::new();
    let mut ids = HashSet::new();
    for (offset, entry) in entries(text).map_err(invalid)? {
        let mut source = source(offset, entry).map_err(invalid)?;
        source.kind.resolve_paths(path.parent().unwrap_or(Path::new("")));
        if !ids.insert(source.id.clone()) {
            let message = format!("source `{}`: this id is used twice: give each source an id of its own", source.id);
            return Err(invalid(Fault { offset, message }));
        }
        sources.push(source);
    }
    Ok(sources)
}

/// What is wrong, and at which byte of the file.
struct Fault {
    offset: usize,
    message: String,
}

impl Fault {
    /// A fault that serde found; `fallback` is where it is if serde does not say.
    fn of(error: &toml::de::Error, fallback: usize) -> Self {
        Self { offset: error.span().map_or(fallback, |span| span.start), message: error.message().to_owned() }
    }
}

/// What every `[[source]]` has, whatever its kind.
#[derive(Deserialize)]
struct Common {
    id: SourceId,
    name: String,
    kind: String,
    channel: Option<Channel>,
    place: Option<String>,
    language: Option<String>,
    #[serde(default, deserialize_with = "values::interval")]
    every: Option<Duration>,
}

/// The keys of [`Common`].
const COMMON: [&str; 7] = ["id", "name", "kind", "channel", "place", "language", "every"];

/// The tables of all `[[source]]`, each with where it begins.
fn entries(text: &str) -> Result<Vec<(usize, DeTable<'_>)>, Fault> {
    let document = DeTable::parse(text).map_err(|error| Fault::of(&error, 0))?.into_inner();
    let mut entries = Vec::new();
    for (key, value) in document {
        if key.get_ref() != "source" {
            let message = format!("unknown field `{}`, expected `source`", key.get_ref());
            return Err(Fault { offset: key.span().start, message });
        }
        let offset = value.span().start;
        let DeValue::Array(list) = value.into_inner() else {
            return Err(Fault { offset, message: "write [[source]], with two brackets, for each source".to_owned() });
        };
        for entry in list {
            let offset = entry.span().start;
            match entry.into_inner() {
                DeValue::Table(table) => entries.push((offset, table)),
                _ => return Err(Fault { offset, message: "a source is a table: write [[source]]".to_owned() }),
            }
        }
    }
    Ok(entries)
}

/// The source that one `[[source]]`, which begins at `offset`, describes.
fn source(offset: usize, table: DeTable<'_>) -> Result<SourceConfig, Fault> {
    let (common, own): (DeTable<'_>, DeTable<'_>) =
        table.into_iter().partition(|(key, _)| COMMON.contains(&key.get_ref().as_ref()));
    let spanned = |table| Deserializer::from(Spanned::new(offset..offset, table));
    let common = Common::deserialize(spanned(common)).map_err(|error| Fault::of(&error, offset))?;
    let about = |message: String| Fault { offset, message: format!("source `{}`: {message}", common.id) };
    let kind = match SourceKind::deserialize(&common.kind, spanned(own)) {
        Some(Ok(kind)) => kind,
        Some(Err(error)) => {
            let mut fault = Fault::of(&error, offset);
            if fault.message.starts_with("unknown field") {
                // The keys that all kinds have may be what was meant.
                let others: Vec<String> = COMMON.iter().map(|key| format!("`{key}`")).collect();
                fault.message =
                    format!("{} for a source of kind `{}`, or {}", fault.message, common.kind, others.join(", "));
            } else {
                fault.message = format!("source `{}`: {}", common.id, fault.message);
            }
            return Err(fault);
        }
        None => {
            let names: Vec<String> = SourceKind::NAMES.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("unknown kind `{}`, expected one of {}", common.kind, names.join(", "));
            return Err(Fault { offset, message });
        }
    };
    if common.name.trim().is_empty() {
        return Err(about("`name` is empty: give it a name that people recognise".to_owned()));
    }
    Ok(SourceConfig {
        name: common.name.trim().to_owned(),
        channel: common.channel.unwrap_or(kind.default_channel()),
        every: common.every.unwrap_or(kind.default_every()),
        id: common.id,
        place: common.place,
        language: common.language,
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        parse(Path::new("config/sources.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_list_is_valid_and_broad() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sources.toml");
        let sources = read(&path).unwrap_or_else(|error| panic!("{error}"));
        let feeds = sources.iter().filter(|s| s.kind.name() == "feed").count();
        assert!(feeds >= 30, "{feeds} feeds");
        assert!(sources.iter().any(|s| s.kind.name() == "mastodon"));
        assert!(sources.iter().any(|s| s.kind.name() == "transcripts"));
        let polite = Duration::from_mins(5);
        assert!(sources.iter().all(|s| s.every >= polite || s.kind.name() == "transcripts"));
    }

    #[test]
    fn a_source_is_read_with_its_defaults() {
        let text = "[[source]]\nid = \"a\"\nname = \"A\"\nkind = \"feed\"\nurl = \"https://example.org/feed\"\n";
        let sources = parse(Path::new("x.toml"), text).unwrap();
        assert_eq!(sources[0].channel, Channel::News);
        assert_eq!(sources[0].every, Duration::from_hours(1));
    }

    #[test]
    fn a_folder_is_relative_to_the_file() {
        let text = "[[source]]\nid = \"a\"\nname = \"A\"\nkind = \"transcripts\"\nfolder = \"meetings\"\n";
        let sources = parse(Path::new("config/sources.toml"), text).unwrap();
        assert_eq!(sources[0].kind.location(), "config/meetings");
    }

    #[test]
    fn every_mistake_names_file_line_source_and_fix() {
        let good = "[[source]]\nid = \"a\"\nname = \"A\"\nkind = \"feed\"\nurl = \"https://example.org/feed\"\n";
        let twice = error_of(&format!("{good}\n{good}"));
        assert!(twice.starts_with("config/sources.toml:7: source `a`: this id is used twice"), "{twice}");
        let misspelt = error_of(&good.replace("url", "ulr"));
        assert!(misspelt.starts_with("config/sources.toml:5:"), "{misspelt}");
        assert!(misspelt.ends_with("did you mean `url`?"), "{misspelt}");
        let scheme = error_of(&good.replace("https:", "ftp:"));
        assert!(scheme.contains(":5: source `a`: only http and https"), "{scheme}");
        let secret = error_of(&good.replace("https://", "https://user:pass@"));
        assert!(secret.contains("user name or password"), "{secret}");
        let every = error_of(&format!("{good}every = \"often\"\n"));
        assert!(every.contains(":6: often is not a duration"), "{every}");
        let tags = error_of(&format!("{good}tags = [\"nhs\"]\n"));
        assert!(tags.contains(":6: unknown field `tags`, expected `url` for a source of kind `feed`"), "{tags}");
        let common = error_of(&format!("{good}chanel = \"news\"\n"));
        assert!(common.ends_with("did you mean `channel`?"), "{common}");
        let kind = error_of(&good.replace("\"feed\"", "\"fed\""));
        assert!(kind.contains("unknown kind `fed`") && kind.ends_with("did you mean `feed`?"), "{kind}");
        let table = error_of(&good.replace("[[source]]", "[source]"));
        assert!(table.contains("with two brackets"), "{table}");
    }
}
