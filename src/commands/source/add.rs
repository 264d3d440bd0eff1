//! `discovery source add URL`: finds out what the address is, tries it, and adds it to sources.toml.

use std::io::{Write as _, stdout};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use bus::Channel;
use bus::config_file;
use clap::Args;
use ingest::fetch::Gateway;
use ingest::identify::{self, Choices, Proposal};
use ingest::{SourceConfig, sources};
use serde_json::json;
use url::Url;

use super::file;
use super::test::{self, Trial};
use crate::cli::Global;
use crate::run;

#[derive(Clone, Debug, Args)]
pub struct Add {
    /// A feed, a page that names one, a subreddit, a forum, a hashtag, a community, a video, a search
    #[arg(value_name = "URL", value_parser = address)]
    pub url: Url,
    /// Its name on the pages, instead of the one that it gives itself
    #[arg(long)]
    pub name: Option<String>,
    /// Its id, which can never be changed, instead of one made of its name
    #[arg(long)]
    pub id: Option<String>,
    /// What kind of place its posts are said in: social, forum, news, comment or offline
    #[arg(long, value_parser = channel)]
    pub channel: Option<Channel>,
    /// Where its posts are about, if they name no place
    #[arg(long)]
    pub place: Option<String>,
    /// Show what would be added, and add nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Adds the source, if it can be collected.
///
/// # Errors
/// When the address is no source, is collected already, or gives nothing at the trial; then the file stays as it is.
pub async fn execute(global: &Global, add: &Add) -> Result<()> {
    let config = run::load(global)?;
    let path = config.sources_file();
    let text = config_file::read_text(&path)?;
    let known = sources::parse(&path, &text)?;
    let gateway = Gateway::new(&config.ingest.fetch)?;
    let proposal = identify::identify(&add.url, &gateway).await.map_err(|reason| anyhow!(reason))?;
    let id = add.id.clone().unwrap_or_else(|| proposal.id(known.iter().map(|source| source.id.as_str())));
    let entry = proposal.entry(&id, &add.choices());
    let extended = file::appended(&text, &entry);
    let source = added(&path, &extended, &known)?;
    let trial = test::try_all(&config, vec![source]).await?.pop().context("one source was tried")?;
    let write = trial.is_ok() && !add.dry_run;
    if write {
        file::replace(&path, &text, &extended)?;
    }
    tell(add, &proposal, &entry, &trial, write, &path)?;
    match &trial.error {
        Some(_) if !add.dry_run => bail!("nothing was added to {}", path.display()),
        _ => Ok(()),
    }
}

impl Add {
    fn choices(&self) -> Choices {
        Choices {
            name: self.name.clone(),
            channel: self.channel.map(|channel| channel.slug().to_owned()),
            place: self.place.clone(),
        }
    }
}

/// The last source of `extended`, the text of the file at `path` with one more entry than `known`. The whole text is
/// parsed, so that what is written can be read again.
fn added(path: &Path, extended: &str, known: &[SourceConfig]) -> Result<SourceConfig> {
    let source = sources::parse(path, extended)?.pop().context("an entry was appended")?;
    if let Some(twin) = known.iter().find(|known| known.kind == source.kind) {
        bail!("this is collected already, as `{}`: {}", twin.id, twin.kind.location());
    }
    Ok(source)
}

fn tell(add: &Add, proposal: &Proposal, entry: &str, trial: &Trial, written: bool, path: &Path) -> Result<()> {
    let mut out = stdout().lock();
    if add.json {
        let note = &proposal.note;
        let told = json!({ "kind": proposal.kind, "entry": entry, "note": note, "trial": trial, "written": written });
        writeln!(out, "{told}")?;
        return Ok(out.flush()?);
    }
    writeln!(out, "{entry}")?;
    writeln!(out, "{}  {trial}", if trial.is_ok() { "ok   " } else { "WRONG" })?;
    for example in trial.probe.iter().flat_map(|probe| &probe.examples) {
        writeln!(out, "         {example}")?;
    }
    if let Some(note) = &proposal.note {
        writeln!(out, "note   {note}")?;
    }
    if written {
        writeln!(out, "added to {}; start discovery anew to collect it", path.display())?;
    }
    Ok(out.flush()?)
}

/// An address, with or without `https://`.
fn address(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    Url::parse(&whole).map_err(|error| format!("{text} is not an address ({error})"))
}

fn channel(slug: &str) -> Result<Channel, String> {
    let slugs = || Channel::ALL.map(Channel::slug).join(", ");
    Channel::from_slug(slug).ok_or_else(|| format!("expected one of {}", slugs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# What we listen to\n[[source]]\nid = \"a\" # never change it\nname = \"A\"\nkind = \"feed\"\nurl = \"https://a.example/feed\"\n";

    fn entry(id: &str, url: &str) -> String {
        format!("[[source]]\nid = \"{id}\"\nname = \"B\"\nkind = \"feed\"\nurl = \"{url}\"\n")
    }

    #[test]
    fn what_is_there_already_and_what_cannot_be_read_again_is_refused() {
        let path = Path::new("sources.toml");
        let known = sources::parse(path, LIST).unwrap();
        let extended = file::appended(LIST, &entry("b", "https://b.example/feed"));
        assert_eq!(added(path, &extended, &known).unwrap().id.as_str(), "b");
        let error = |entry: &str| added(path, &file::appended(LIST, entry), &known).unwrap_err().to_string();
        assert!(error(&entry("b", "https://a.example/feed")).contains("collected already, as `a`"));
        assert!(error(&entry("a", "https://b.example/feed")).contains("used twice"));
        let slug = error(&entry("No Slug", "https://b.example/feed"));
        assert!(slug.starts_with("sources.toml:9: `No Slug`"), "{slug}");
    }

    #[test]
    fn an_address_needs_no_scheme() {
        assert_eq!(address(" example.org/feed ").unwrap().as_str(), "https://example.org/feed");
        assert!(address("https://").is_err());
        assert_eq!(channel("forum"), Ok(Channel::Forum));
        assert!(channel("pub").unwrap_err().contains("offline"));
    }
}
