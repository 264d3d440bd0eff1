//! Which sources are collected: `config/sources.toml`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::config_file::{self, ConfigError};
use bus::{Channel, SourceId};
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use crate::fetch::FetchConfig;

/// The part of `config/discovery.toml` that concerns collection.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// The file that lists the sources, relative to the configuration file.
    pub sources: PathBuf,
    /// How public sources are fetched.
    pub fetch: FetchConfig,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self { sources: PathBuf::from("sources.toml"), fetch: FetchConfig::default() }
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

/// The kinds of sources, each with what its collector needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// An RSS, Atom or JSON feed.
    Feed {
        /// Its address.
        url: Url,
    },
    /// Hashtags on a Mastodon server.
    Mastodon {
        /// The server.
        url: Url,
        /// The hashtags, without `#`.
        tags: Vec<String>,
        /// How far back the first collection goes.
        backfill: Duration,
    },
    /// A folder into which transcripts of meetings are put.
    Transcripts {
        /// The folder.
        folder: PathBuf,
    },
}

impl SourceKind {
    /// The name of the kind, as in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Feed { .. } => "feed",
            Self::Mastodon { .. } => "mastodon",
            Self::Transcripts { .. } => "transcripts",
        }
    }

    /// Where the source is, for people.
    pub fn location(&self) -> String {
        match self {
            Self::Feed { url } => url.to_string(),
            Self::Mastodon { url, tags, .. } => {
                let tags: Vec<String> = tags.iter().map(|tag| format!("#{tag}")).collect();
                format!("{url} {}", tags.join(" "))
            }
            Self::Transcripts { folder } => folder.display().to_string(),
        }
    }
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
    let file: SourcesFile = config_file::parse(path, text)?;
    let mut ids = HashSet::new();
    let mut sources = Vec::with_capacity(file.source.len());
    for entry in file.source {
        let start = entry.span().start.min(text.len());
        let line = text[..start].matches('\n').count() + 1;
        let entry = entry.into_inner();
        let invalid = |message: String| ConfigError::Invalid {
            path: path.to_owned(),
            line,
            message: format!("source `{}`: {message}", entry.id),
        };
        if !ids.insert(entry.id.clone()) {
            return Err(invalid("this id is used twice: give each source an id of its own".to_owned()));
        }
        sources.push(entry.check(path.parent().unwrap_or(Path::new(""))).map_err(invalid)?);
    }
    Ok(sources)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    #[serde(default)]
    source: Vec<toml::Spanned<Entry>>,
}

/// One `[[source]]` as it is written. It is flat, so that a misspelt key can be named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: SourceId,
    name: String,
    kind: KindName,
    url: Option<String>,
    folder: Option<PathBuf>,
    tags: Option<Vec<String>>,
    backfill: Option<String>,
    channel: Option<Channel>,
    place: Option<String>,
    language: Option<String>,
    every: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Feed,
    Mastodon,
    Transcripts,
}

impl KindName {
    /// The channel and the interval of a source that does not say.
    fn defaults(self) -> (Channel, Duration) {
        match self {
            Self::Feed => (Channel::News, Duration::from_hours(1)),
            Self::Mastodon => (Channel::Social, Duration::from_mins(10)),
            Self::Transcripts => (Channel::Offline, Duration::from_secs(30)),
        }
    }
}

impl Entry {
    fn check(&self, base: &Path) -> Result<SourceConfig, String> {
        let (channel, every) = self.kind.defaults();
        let every = match &self.every {
            Some(text) => duration("every", text, Duration::from_secs(1))?,
            None => every,
        };
        if self.name.trim().is_empty() {
            return Err("`name` is empty: give it a name that people recognise".to_owned());
        }
        Ok(SourceConfig {
            id: self.id.clone(),
            name: self.name.trim().to_owned(),
            channel: self.channel.unwrap_or(channel),
            place: self.place.clone(),
            language: self.language.clone(),
            every,
            kind: self.kind(base)?,
        })
    }

    fn kind(&self, base: &Path) -> Result<SourceKind, String> {
        let stray = |key: &str, given: bool, kind: &str| {
            if given { Err(format!("`{key}` has no meaning for a source of kind `{kind}`: remove it")) } else { Ok(()) }
        };
        match self.kind {
            KindName::Feed => {
                stray("folder", self.folder.is_some(), "feed")?;
                stray("tags", self.tags.is_some(), "feed")?;
                stray("backfill", self.backfill.is_some(), "feed")?;
                Ok(SourceKind::Feed { url: self.url()? })
            }
            KindName::Mastodon => {
                stray("folder", self.folder.is_some(), "mastodon")?;
                let backfill = match &self.backfill {
                    Some(text) => duration("backfill", text, Duration::ZERO)?,
                    None => Duration::from_hours(168),
                };
                Ok(SourceKind::Mastodon { url: self.url()?, tags: self.tags()?, backfill })
            }
            KindName::Transcripts => {
                stray("url", self.url.is_some(), "transcripts")?;
                stray("tags", self.tags.is_some(), "transcripts")?;
                stray("backfill", self.backfill.is_some(), "transcripts")?;
                let folder = self.folder.as_ref().ok_or("`folder` is missing: name the folder to watch")?;
                Ok(SourceKind::Transcripts { folder: base.join(folder) })
            }
        }
    }

    fn url(&self) -> Result<Url, String> {
        let text = self.url.as_ref().ok_or("`url` is missing: give its address")?;
        let url = Url::parse(text).map_err(|error| format!("`url`: {text} is not an address ({error})"))?;
        crate::fetch::check_form(&url).map_err(|reason| format!("`url`: {reason}"))?;
        Ok(url)
    }

    fn tags(&self) -> Result<Vec<String>, String> {
        let tags = self.tags.as_deref().unwrap_or_default();
        if tags.is_empty() {
            return Err("`tags` is missing: name at least one hashtag".to_owned());
        }
        tags.iter()
            .map(|tag| {
                let tag = tag.trim_start_matches('#');
                let fits = !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || c == '_');
                if fits { Ok(tag.to_owned()) } else { Err(format!("`tags`: `{tag}` is not a hashtag")) }
            })
            .collect()
    }
}

/// A duration such as "60m", "2h" or "7 days".
fn duration(key: &str, text: &str, least: Duration) -> Result<Duration, String> {
    let parsed: Option<Duration> = text.parse::<SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
    match parsed {
        Some(duration) if duration >= least => Ok(duration),
        Some(_) => Err(format!("`{key}`: {text} is too short: write at least 1s")),
        None => Err(format!("`{key}`: {text} is not a duration: write it like 30s, 60m or 24h")),
    }
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
        let feeds = sources.iter().filter(|s| matches!(s.kind, SourceKind::Feed { .. })).count();
        assert!(feeds >= 30, "{feeds} feeds");
        assert!(sources.iter().any(|s| matches!(s.kind, SourceKind::Mastodon { .. })));
        assert!(sources.iter().any(|s| matches!(s.kind, SourceKind::Transcripts { .. })));
        let polite = Duration::from_mins(5);
        assert!(sources.iter().all(|s| s.every >= polite || matches!(s.kind, SourceKind::Transcripts { .. })));
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
        assert_eq!(sources[0].kind, SourceKind::Transcripts { folder: PathBuf::from("config/meetings") });
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
        assert!(scheme.contains("`url`: only http and https"), "{scheme}");
        let secret = error_of(&good.replace("https://", "https://user:pass@"));
        assert!(secret.contains("user name or password"), "{secret}");
        let every = error_of(&format!("{good}every = \"often\"\n"));
        assert!(every.contains("`every`: often is not a duration"), "{every}");
        let tags = error_of(&format!("{good}tags = [\"nhs\"]\n"));
        assert!(tags.contains("`tags` has no meaning"), "{tags}");
    }
}
