//! `discovery correct`: staff set the tags of a post, or of all posts of a search, right.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stderr, stdin, stdout};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use bus::data_dir::Part;
use bus::{BusTopic, Change, Enriched, Place, Post, PostId, Record, SentimentLabel, Verdict};
use clap::Args;
use enrich::{Chain, language};
use index::{Filter, Index, SearchRequest, Sort};
use jiff::Timestamp;

use crate::cli::Global;
use crate::drain::drain;
use crate::failure::InPart;
use crate::run::{self, Base};

/// More posts than this are asked about first.
const ASK_FROM: usize = 20;

/// The most that one command corrects: a search that is wider is not one that somebody has looked through.
const MOST: usize = 1_000;

/// Corrections that are appended at once.
const BATCH: usize = 500;

#[derive(Clone, Debug, Args)]
pub struct Correct {
    /// The posts, by the id at the end of the address of their pages
    #[arg(value_name = "POST", required_unless_present = "search", conflicts_with = "search")]
    pub posts: Vec<PostId>,
    /// All posts that this search finds, at most 1,000, in the grammar of `discovery search`
    #[arg(long, value_name = "QUERY")]
    pub search: Option<String>,
    /// What it is about: a topic's slug or name in topics.toml; several times for several; `none` for none
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// How it feels: negative, neutral, positive, or none
    #[arg(long, value_name = "FEELING")]
    pub sentiment: Option<String>,
    /// Its language as an ISO 639-1 code, or unknown
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Where it is about, by a name that the gazetteer knows ("Leeds"); several times for several; `none` for nowhere
    #[arg(long, value_name = "PLACE")]
    pub place: Vec<String>,
    /// Why: kept with the correction, in your words
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Who corrects: a role or an account of the staff, not the name of a person
    #[arg(long, value_name = "ROLE", default_value = "command line")]
    pub by: String,
    /// Do not ask before many posts are corrected
    #[arg(long)]
    pub yes: bool,
}

/// Corrects the posts, and where no stage runs waits until the new tags count.
///
/// # Errors
/// When what is said makes no sense, a post is not there, or the data directory is in use. [`InPart`] when some posts are not
/// there.
pub async fn execute(global: &Global, correct: &Correct) -> Result<()> {
    let config = run::load(global)?;
    let base = Base::open(&config, &[Part::Index]).await.context(
        "corrections are made here where nothing else works in the data directory; while `discovery run` does, use the page of the post",
    )?;
    let verdict = verdict(correct, &base.chain)?;
    let index = Index::open(&base.data.index())?;
    let (posts, missing) = chosen(correct, &index).await?;
    if !correct.yes && posts.len() > ASK_FROM && !agreed(posts.len())? {
        bail!("nothing was corrected");
    }
    let at = Timestamp::now();
    let records: Vec<Record> = posts
        .iter()
        .map(|post| Ok(Change::<Post>::Correct(Box::new(verdict.about(&post.post, at)?)).to_record()))
        .collect::<Result<_>>()?;
    for batch in records.chunks(BATCH) {
        base.bus.append(BusTopic::Posts, batch.to_vec()).await?;
    }
    if config.bus.kafka.is_none() {
        drain(&base, &index, "correct").await?;
    }
    writeln!(stdout(), "{} corrected", counted(posts.len()))?;
    match missing {
        0 => Ok(()),
        missing => Err(InPart { refused: missing, all: correct.posts.len() }.into()),
    }
}

/// What the command line says, checked against the configuration.
fn verdict(correct: &Correct, chain: &Chain) -> Result<Verdict> {
    let verdict = Verdict {
        language: correct.language.as_deref().map(language_said).transpose()?,
        sentiment: correct.sentiment.as_deref().map(sentiment_said).transpose()?,
        topics: topics_said(&correct.topic, chain)?,
        places: places_said(&correct.place, chain)?,
        by: correct.by.clone(),
        why: correct.why.clone(),
    };
    verdict.check()?;
    Ok(verdict)
}

fn language_said(code: &str) -> Result<Option<String>> {
    match code {
        "unknown" => Ok(None),
        code if language::NAMED.contains(&code) => Ok(Some(code.to_owned())),
        _ => bail!("--language: `{code}` is none of {}, unknown", language::NAMED.join(", ")),
    }
}

fn sentiment_said(label: &str) -> Result<Option<SentimentLabel>> {
    if label == "none" {
        return Ok(None);
    }
    let known = SentimentLabel::from_slug(label).map(Some);
    known.ok_or_else(|| anyhow!("--sentiment: `{label}` is none of negative, neutral, positive, none"))
}

fn topics_said(names: &[String], chain: &Chain) -> Result<Option<Vec<String>>> {
    let slug = |name: &String| {
        let topic = chain.topics().all().iter().find(|topic| topic.slug == *name || topic.name == *name);
        let topic =
            topic.ok_or_else(|| anyhow!("--topic: topics.toml has no `{name}`: give a slug or a name of it"))?;
        Ok(topic.slug.clone())
    };
    several(names, "--topic", |names| names.iter().map(slug).collect())
}

fn places_said(names: &[String], chain: &Chain) -> Result<Option<Vec<Place>>> {
    let place_of = |name: &String| {
        let place = chain.places_named(name).into_iter().next();
        place.ok_or_else(|| {
            anyhow!("--place: the gazetteer has no `{name}`: give a town, a trust, a hospital or a region of England")
        })
    };
    several(names, "--place", |names| names.iter().map(place_of).collect())
}

/// What an option that may be given several times says; `none` alone says that there is none.
fn several<T>(
    names: &[String],
    option: &str,
    read: impl FnOnce(&[String]) -> Result<Vec<T>>,
) -> Result<Option<Vec<T>>> {
    match names {
        [] => Ok(None),
        [none] if none == "none" => Ok(Some(Vec::new())),
        names if names.iter().any(|name| name == "none") => bail!("{option}: `none` and something else"),
        names => read(names).map(Some),
    }
}

/// The posts that are meant, and how many of those that were named are not there.
async fn chosen(correct: &Correct, index: &Index) -> Result<(Vec<Enriched>, usize)> {
    let searcher = index.searcher();
    let Some(query) = &correct.search else {
        let posts = searcher.get(&correct.posts).await?;
        for id in correct.posts.iter().filter(|id| posts.iter().all(|post| post.post.id != **id)) {
            writeln!(stderr(), "{id}: there is no such post, or no longer")?;
        }
        ensure!(!posts.is_empty(), "none of these posts is there");
        return Ok((posts.clone(), correct.posts.len() - posts.len()));
    };
    let filter = Filter { query: query.clone(), ..Filter::default() };
    let request = SearchRequest { filter: filter.clone(), sort: Sort::Newest, page: 1, per_page: 1 };
    let total = searcher.search(request).await?.total;
    ensure!(total > 0, "the search finds nothing");
    ensure!(
        usize::try_from(total).is_ok_and(|total| total <= MOST),
        "the search finds {total} posts, and at most {MOST} are corrected at once: narrow it by a word or a date"
    );
    Ok((searcher.export(filter, MOST).await?, 0))
}

/// Asks whether so many posts are to be corrected.
fn agreed(posts: usize) -> Result<bool> {
    ensure!(stdin().is_terminal(), "this would correct {}: say --yes if that is meant", counted(posts));
    write!(stderr(), "Correct {}? [y/N] ", counted(posts))?;
    stderr().flush()?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn counted(posts: usize) -> String {
    if posts == 1 { "1 post".to_owned() } else { format!("{posts} posts") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn said(change: impl FnOnce(&mut Correct)) -> Result<Verdict> {
        let mut correct = Correct {
            posts: Vec::new(),
            search: None,
            topic: Vec::new(),
            sentiment: None,
            language: None,
            place: Vec::new(),
            why: "read it".to_owned(),
            by: "analyst".to_owned(),
            yes: false,
        };
        change(&mut correct);
        let chain = Chain::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"))?;
        verdict(&correct, &chain)
    }

    #[test]
    fn what_is_said_is_checked_against_the_configuration() {
        let verdict = said(|correct| {
            correct.topic = vec!["Dentistry".to_owned()];
            correct.sentiment = Some("none".to_owned());
            correct.language = Some("cy".to_owned());
            correct.place = vec!["Leeds".to_owned()];
        })
        .unwrap();
        assert_eq!(verdict.topics.unwrap().len(), 1);
        assert_eq!((verdict.sentiment, verdict.language), (Some(None), Some(Some("cy".to_owned()))));
        assert_eq!(verdict.places.unwrap()[0].region.as_deref(), Some("north-east-and-yorkshire"));
        assert_eq!(said(|correct| correct.topic = vec!["none".to_owned()]).unwrap().topics, Some(Vec::new()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        let refused = |change: fn(&mut Correct)| said(change).unwrap_err().to_string();
        assert!(refused(|_| {}).starts_with("nothing is corrected"));
        assert!(refused(|correct| correct.topic = vec!["zeppelins".to_owned()]).contains("has no `zeppelins`"));
        assert!(refused(|correct| correct.language = Some("xx".to_owned())).contains("`xx` is none of"));
        assert!(refused(|correct| correct.sentiment = Some("good".to_owned())).contains("`good` is none of"));
        assert!(refused(|correct| correct.place = vec!["Atlantis".to_owned()]).contains("has no `Atlantis`"));
        let both = refused(|correct| correct.topic = vec!["none".to_owned(), "Dentistry".to_owned()]);
        assert_eq!(both, "--topic: `none` and something else");
    }
}
