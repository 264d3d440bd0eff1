//! `discovery trends`: the list as it is, everything behind one issue, what rests on one source alone, and proof that a list is what
//! comes out of what was said.

mod explain;
mod list;
mod replay;
mod without;

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use bus::{Channel, EventId, PostId, SourceId};
use clap::{Args, Subcommand, ValueEnum};
use index::trends::{LATEST, TrendList};

use crate::cli::Global;
use crate::config::Config;
use crate::run;

#[derive(Clone, Debug, Subcommand)]
pub enum Trends {
    /// List what is rising, and the snapshots that are kept
    List {
        /// Only what is heard in one kind of place, by the strength of its rise there
        #[arg(long, value_name = "KIND")]
        channel: Option<Kind>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print everything behind one issue
    Explain {
        /// Its id, the beginning of its id, or words of its name
        #[arg(value_name = "ISSUE")]
        issue: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compute the list of a snapshot again, and say whether the same comes out
    Replay {
        /// A file, or the day of a snapshot that is kept (2026-11-26)
        #[arg(value_name = "SNAPSHOT")]
        snapshot: PathBuf,
    },
    /// Show how the list changes when something is left out
    Without(Without),
}

#[derive(Clone, Debug, Args)]
pub struct Without {
    #[command(flatten)]
    pub left_out: LeftOut,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct LeftOut {
    /// A source, by its id in sources.toml
    #[arg(long, value_name = "ID")]
    pub source: Option<SourceId>,
    /// An NHS region, by its short name in config/places/regions.csv: the posts that name it
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// A meeting, by its event
    #[arg(long, value_name = "EVENT")]
    pub meeting: Option<EventId>,
    /// Everything by the accounts that posted the same text as this post, or nearly the same
    #[arg(long, value_name = "POST")]
    pub copies_of: Option<PostId>,
}

/// A kind of place, as it is written on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    Social,
    Forum,
    News,
    Comment,
    Offline,
}

impl From<Kind> for Channel {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Social => Self::Social,
            Kind::Forum => Self::Forum,
            Kind::News => Self::News,
            Kind::Comment => Self::Comment,
            Kind::Offline => Self::Offline,
        }
    }
}

/// Answers from what the trends stage has written; Discovery may be running.
///
/// # Errors
/// When there is no list yet, or a file of it cannot be read.
pub fn execute(global: &Global, command: Trends) -> Result<()> {
    let config = run::load(global)?;
    match command {
        Trends::List { channel, json } => list::print(&config, channel.map(Channel::from), json),
        Trends::Explain { issue, json } => explain::print(&latest(&config)?, &issue, json),
        Trends::Replay { snapshot } => replay::print(&config, &snapshot),
        Trends::Without(without) => without::print(&config, without),
    }
}

/// Where the trends stage keeps its files.
fn directory(config: &Config) -> PathBuf {
    config.data_dir.join("trends")
}

/// The newest list.
fn latest(config: &Config) -> Result<TrendList> {
    let path = directory(config).join(LATEST);
    TrendList::read(&path)?.ok_or_else(|| {
        anyhow!(
            "there is no list of trends in {}: run `discovery run` or `discovery demo` first",
            config.data_dir.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use index::testing::{RISING_AT, rising};
    use index::trends::STATE;

    use super::*;

    /// A data directory in which the trends stage has been at work.
    pub(super) fn data() -> (tempfile::TempDir, Config) {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
        let mut detector = rising();
        std::fs::create_dir_all(directory(&config)).unwrap();
        detector.save(&directory(&config).join(STATE)).unwrap();
        let list = detector.list(RISING_AT);
        std::fs::write(directory(&config).join(LATEST), serde_json::to_vec(&list).unwrap()).unwrap();
        (dir, config)
    }

    #[test]
    fn without_a_list_it_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
        assert!(latest(&config).unwrap_err().to_string().contains("discovery run"));
    }
}
