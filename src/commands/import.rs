//! `discovery import FILE...`: files into the bus, and on through tagging and indexing.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use bus::Post;
use bus::data_dir::Part;
use index::Index;
use indicatif::{ProgressBar, ProgressStyle};
use ingest::documents::About;
use ingest::{ImportOptions, Imported};
use serde_json::json;

use crate::author_key;
use crate::cli::{Global, Import};
use crate::drain::drain;
use crate::failure::InPart;
use crate::run::{self, Base};

/// The source that imported posts belong to.
const SOURCE: &str = "import";

/// Imports the files, and waits until their posts can be found.
///
/// # Errors
/// [`InPart`] when some files were refused, each named on stderr; anything else when nothing can be accepted.
pub async fn execute(global: &Global, import: &Import) -> Result<()> {
    let config = run::load(global)?;
    let files = expand(&import.files)?;
    let about = about(import)?;
    if import.dry_run {
        return dry_run(&files, about, import.json).await;
    }
    let id_key = author_key::load_or_create(&config.author_key_file(), &config.data_dir)?;
    let base = Base::open(&config, &[Part::Index]).await.with_context(|| {
        format!(
            "cannot import into {}; while `discovery run` works there, put the files into its watched folder instead",
            config.data_dir.display()
        )
    })?;
    let source = SOURCE.parse().context("the name of the import source is valid")?;
    let options = ImportOptions { source, about, id_key };
    let intake = base.intake()?;
    let bar = progress_bar(files.len());
    let report = |imported: &Imported<'_>| tell(&bar, import.json, imported);
    let summary = ingest::import_files(&files, &options, &intake, report).await?;
    bar.set_message("tagging and indexing");
    let index = Index::open(&base.data.index())?;
    drain(&base, &index, "import").await?;
    bar.finish_and_clear();
    if !import.json {
        writeln!(
            stdout(),
            "{} posts from {} files can be found now",
            summary.posts,
            files.len() - summary.failed.len()
        )?;
    }
    match summary.failed.len() {
        0 => Ok(()),
        refused => Err(InPart { refused, all: files.len() }.into()),
    }
}

/// What the command line says of the meeting and of the columns of tables.
fn about(import: &Import) -> Result<About> {
    let mut about = About::default();
    let said = [("place", &import.place), ("date", &import.date), ("group", &import.group), ("title", &import.title)];
    for (key, value) in said {
        about.meeting.set(key, value.as_deref().unwrap_or_default()).map_err(|error| anyhow!("--{key}: {error}"))?;
    }
    for pair in &import.map {
        let (role, column) = pair
            .split_once('=')
            .ok_or_else(|| anyhow!("--map: `{pair}` says no column: write it like text=Comments,date=Received"))?;
        about.columns.set(role, column).map_err(|error| anyhow!("--map: {error}"))?;
    }
    Ok(about)
}

/// Prints what the files would add, redacted as it would be. It needs no data directory, and no key of the deployment:
/// pseudonyms are not shown.
async fn dry_run(files: &[PathBuf], about: About, json: bool) -> Result<()> {
    let source = SOURCE.parse().context("the name of the import source is valid")?;
    let options = ImportOptions { source, about, id_key: author_key::of_made_up_people() };
    let scrub = run::scrub();
    let mut out = stdout().lock();
    let mut refused = 0;
    for file in files {
        let given = match ingest::read_file(file.clone(), options.clone()).await {
            Ok(given) => given,
            Err(error) => {
                refused += 1;
                writeln!(stderr(), "{error}")?;
                continue;
            }
        };
        if !json {
            writeln!(out, "{}: {} posts would be taken in", file.display(), given.posts.len())?;
        }
        for warning in &given.warnings {
            writeln!(stderr(), "{}: {warning}", file.display())?;
        }
        for mut post in given.posts {
            scrub(&mut post);
            print_post(&mut out, file, &post, json)?;
        }
    }
    out.flush()?;
    if refused == 0 { Ok(()) } else { Err(InPart { refused, all: files.len() }.into()) }
}

fn print_post(out: &mut impl std::io::Write, file: &Path, post: &Post, json: bool) -> Result<()> {
    let place = post.place_hint.as_deref();
    if json {
        let object = json!({
            "file": file.display().to_string(), "text": post.text, "title": post.title, "created_at": post.created_at,
            "place": place, "event": post.event, "attendance": post.attendance, "language": post.language_hint, "has_author": post.author.is_some(),
        });
        return Ok(writeln!(out, "{object}")?);
    }
    let said_by = if post.author.is_some() { "" } else { ", by nobody in particular" };
    writeln!(
        out,
        "  {}{}{said_by}: {}",
        post.created_at,
        place.map(|place| format!(", {place}")).unwrap_or_default(),
        post.text
    )?;
    Ok(())
}

/// The files themselves, and the files in folders that were named.
fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> = path
                .read_dir()
                .with_context(|| format!("{} cannot be read", path.display()))?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<_, _>>()?;
            inside.retain(|path| path.is_file() && !is_hidden(path));
            inside.sort();
            files.append(&mut inside);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn progress_bar(files: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} files  {msg}").expect("the template is valid");
    ProgressBar::new(files as u64).with_style(style)
}

fn tell(bar: &ProgressBar, json: bool, imported: &Imported<'_>) {
    bar.inc(1);
    let path = imported.path.display().to_string();
    // Errors of stdout and stderr show themselves when the command ends; a progress report need not stop for them.
    bar.suspend(|| match &imported.outcome {
        Ok(posts) if json => drop(writeln!(stdout(), "{}", json!({ "file": path, "posts": posts }))),
        Err(error) if json => drop(writeln!(stdout(), "{}", json!({ "file": path, "error": error.reason }))),
        Ok(_) => {}
        Err(error) => drop(writeln!(stderr(), "{error}")),
    });
    for warning in &imported.warnings {
        bar.suspend(|| drop(writeln!(stderr(), "{path}: {warning}")));
    }
}
