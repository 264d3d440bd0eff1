//! The command line: what can be asked of `discovery`, and with which exit code it answers.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use index::trends::eval::Method;

use crate::commands::correct::Correct;
use crate::commands::corrections::Corrections;
use crate::commands::source::Source;
use crate::commands::trends::Trends;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed while running; the message says what and what to do next
  2  the command line is wrong
  3  the configuration is wrong; the message names the file and the line
  4  the data directory cannot be used: in use by another process, from a newer version, or not writable
  5  done in part: some files or records were refused, and each is named";

/// The listening space of NHS Citizen: what people say in public about health and care, which issues are rising,
/// and why.
#[derive(Debug, Parser)]
#[command(name = "discovery", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Where the configuration is: discovery.toml, sources.toml, topics.toml, places/, lexicon/, models/
    #[arg(long, global = true, env = "DISCOVERY_CONFIG_DIR", default_value = "config", value_name = "DIR")]
    pub config_dir: PathBuf,
    /// Where the data is kept; overrides `data_dir` of discovery.toml
    #[arg(long, global = true, env = "DISCOVERY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Log as JSON lines, for machines that read logs
    #[arg(long, global = true, env = "DISCOVERY_LOG_JSON")]
    pub log_json: bool,
    /// What to log: error, warn, info, debug or trace, also by part ("info,ingest=debug")
    #[arg(long, global = true, env = "DISCOVERY_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: String,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every stage in one process, and show the pages
    Run(Run),
    /// Run the whole pipeline on a made-up conversation, clearly marked as such
    Demo(Demo),
    /// Run the collectors only: from the sources to the bus
    Ingest(Stage),
    /// Run enrichment only: from collected posts to tagged ones
    Enrich(Stage),
    /// Run indexing and trend detection only
    Index(Stage),
    /// Fill `ClickHouse` only: from tagged posts to the table that counts come from
    Analytics(AnalyticsStage),
    /// Show the pages only, over what is indexed
    Serve(Run),
    /// Explain the list of trends, prove it, or leave something out of it
    #[command(subcommand)]
    Trends(Trends),
    /// Take in transcripts, minutes, forms, e-mails and feed files
    Import(Import),
    /// Search the posts
    Search(Search),
    /// List the sources, try them, and add to them
    #[command(subcommand)]
    Source(Source),
    /// Check the configuration, the sources and the index; name file, line and fix
    Check(Check),
    /// Set the topics, the feeling, the language or the places of posts right
    Correct(Correct),
    /// List what staff have corrected, or export it to learn from
    #[command(subcommand)]
    Corrections(Corrections),
    /// Show or retry the records that a stage could not process
    #[command(subcommand)]
    Deadletter(Deadletter),
    /// Take a person or a post out of everything that is kept, for good
    Erase(Erase),
    /// Give people accounts: the first administrator is made here
    #[command(subcommand)]
    Account(Account),
    /// Check and copy the record of decisions
    #[command(subcommand)]
    Record(Record),
    /// Measure this machine
    #[command(subcommand)]
    Bench(Bench),
    /// Measure how good the parts are, on labelled data of your own
    #[command(subcommand)]
    Eval(Eval),
    /// Fit the models to labelled texts
    #[command(subcommand)]
    Train(Train),
    /// Take the text out of a PDF: the confined process that reads PDFs for the others
    #[command(name = ingest::documents::pdf::COMMAND, hide = true)]
    PdfText,
    /// See which subjects a text gets, and why
    #[command(subcommand)]
    Topics(Topics),
    /// Print the completion script of a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Where to show the pages; overrides dashboard.listen of discovery.toml
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where to answer /healthz, /readyz and /metrics; overrides `dashboard.admin_listen`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
    /// The models that tag posts; overrides `enrich.transformer.enabled`
    #[arg(long, value_enum)]
    pub tier: Option<Tier>,
}

#[derive(Clone, Debug, Args)]
pub struct Stage {
    /// Where to answer /healthz, /readyz and /metrics; without it, nowhere
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
}

#[derive(Clone, Debug, Args)]
pub struct AnalyticsStage {
    #[command(flatten)]
    pub stage: Stage,
    /// The bus was made anew: read it from its beginning, and keep what was counted
    #[arg(long)]
    pub new_bus: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    pub run: Run,
    /// Begin anew, without the posts of an earlier demonstration
    #[arg(long)]
    pub fresh: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Import {
    /// Documents (.txt .md .vtt .srt .sbv .docx .pdf .csv .xlsx .json .eml .html .zip) and feed files (.xml .rss .atom
    /// .json), or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which columns of a table mean what: text (also several times), date, place, group, author, id, title, language,
    /// event, url; for example text=Comments,date=Received
    #[arg(long, value_name = "MEANING=COLUMN", value_delimiter = ',')]
    pub map: Vec<String>,
    /// Where the meeting was held ("Leeds"); like the options below, it counts more than what the files say
    #[arg(long)]
    pub place: Option<String>,
    /// When ("2025-10-04", "4 October 2025 18:30")
    #[arg(long)]
    pub date: Option<String>,
    /// Who met ("Leeds carers' group")
    #[arg(long)]
    pub group: Option<String>,
    /// What the meeting was called
    #[arg(long)]
    pub title: Option<String>,
    /// Print what would be taken in, redacted, and keep nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object for each file, or with --dry-run for each post
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Search {
    /// Words, "phrases", AND OR NOT, prefix*, field:value; all words must occur
    #[arg(value_name = "QUERY")]
    pub query: String,
    /// How many posts to print, at most 100
    #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: u16,
    /// In which order
    #[arg(long, value_enum, default_value_t = SortBy::Newest)]
    pub sort: SortBy,
    /// Print one JSON object with the total and the posts
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SortBy {
    /// Newest first
    Newest,
    /// Best match first
    Best,
}

#[derive(Clone, Debug, Args)]
pub struct Check {
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Deadletter {
    /// List them, with the reason and where each came from
    List {
        /// Print one JSON object for each
        #[arg(long)]
        json: bool,
    },
    /// Show one whole, with what it held: it may be what somebody wrote
    Show {
        /// Which one, as `list` names it: bus topic, partition and offset, such as posts/0/17
        #[arg(value_name = "TOPIC/PARTITION/OFFSET")]
        origin: String,
    },
    /// Put them back where they came from, to be tried again
    Replay,
}

#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["author", "post", "text", "account", "again"]))]
pub struct Erase {
    /// Everything that this author said at --source: the name or id as the source writes it
    #[arg(long, value_name = "NAME", requires = "source")]
    pub author: Option<String>,
    /// The source of the author, by its id in sources.toml
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// The post with this id; also several times
    #[arg(long, value_name = "ID")]
    pub post: Vec<String>,
    /// The posts that this search finds, at most 1,000
    #[arg(long, value_name = "QUERY")]
    pub text: Option<String>,
    /// The account with this e-mail address, or this id
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["author", "post", "text", "again"])]
    pub account: Option<String>,
    /// Everything that was ever erased: after a backup was restored
    #[arg(long)]
    pub again: bool,
    /// Why, for the audit log, which keeps it for good: name nobody
    #[arg(long, value_name = "WORDS", required_unless_present = "again")]
    pub reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Account {
    /// Make an account, and print the link by which its owner chooses a password
    Add {
        /// What its owner signs in with
        #[arg(value_name = "EMAIL")]
        email: String,
        /// What its owner is called; when not given, the e-mail address
        #[arg(long)]
        name: Option<String>,
        /// public, viewer, analyst, organiser, moderator or admin
        #[arg(long)]
        role: civic::Role,
    },
    /// Print a new link for an account: for who lost the password, the app or the first link
    Link {
        /// What its owner signs in with
        #[arg(value_name = "EMAIL")]
        email: String,
    },
    /// List the accounts
    List,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Record {
    /// Check that no entry of the audit log was changed or removed
    Verify,
    /// Copy the record to a new file while it is in use; put in place of record.sqlite3, it is restored
    Backup {
        /// The new file
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum Eval {
    /// The language of posts: accuracy, and how often a language without a name is labelled all the same
    Language(EvalTexts),
    /// Redaction: what is left of personal details, and what is replaced without need, by kind
    Redaction(EvalRedaction),
    /// The trend detector, on a stream of posts in which issues and decoys are planted
    Trends(EvalTrends),
    /// The reading of feeds, beside what feedparser makes of the same files
    Feeds(EvalFeeds),
    /// Sentiment, on labelled English texts
    Sentiment(EvalTags),
    /// Subjects, on labelled English texts
    Topics(EvalTopics),
}

#[derive(Clone, Debug, Args)]
pub struct EvalFeeds {
    /// The directory with the feeds in `files/` and feedparser's results in `expected_feedparser.jsonl`
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct EvalTags {
    /// Labelled texts, one JSON object a line
    #[arg(value_name = "FILE.jsonl")]
    pub file: PathBuf,
    #[command(flatten)]
    pub fields: Fields,
    /// Which models to ask
    #[arg(long, value_enum, default_value_t = Tier::Fast)]
    pub tier: Tier,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct EvalTopics {
    #[command(flatten)]
    pub tags: EvalTags,
    /// Leave out subjects that fewer rows than this have
    #[arg(long, default_value_t = 20, value_name = "ROWS")]
    pub least: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Tier {
    /// The n-gram models in config/models
    Fast,
    /// Those, blended with an encoder of the BERT family: enrich.transformer of discovery.toml, in a build with rust-bert
    Transformer,
}

/// Which fields of a JSON object to read; without, the usual names are tried, and the answer says what was taken.
#[derive(Clone, Debug, Args)]
pub struct Fields {
    /// The field with the text
    #[arg(long, value_name = "NAME")]
    pub text_field: Option<String>,
    /// The field with the label: for sentiment words, 0/1/2 or -1/0/1; for subjects a list, or one text with ; between
    #[arg(long, value_name = "NAME")]
    pub label_field: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Train {
    /// The classifier of languages: config/models/language.bin
    Language(TrainLanguage),
    /// Sentiment: negative, neutral, positive
    Sentiment(TrainSentiment),
    /// Subjects of config/topics.toml
    Topics(TrainTopics),
}

#[derive(Clone, Debug, Args)]
pub struct TrainSentiment {
    #[command(flatten)]
    pub with: TrainWith,
    /// Labelled answers of people who were asked, such as comments of patients; the other files are posts
    #[arg(long, value_name = "FILE.jsonl")]
    pub comments: Vec<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct TrainWith {
    /// Labelled texts, one JSON object a line
    #[arg(required = true, value_name = "FILE.jsonl")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub fields: Fields,
    /// Where to write the model and its card; config/models to use them
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What the card should say of the data
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// Which models to fit: those of the transformer tier after the fast ones, from the same files
    #[arg(long, value_enum, default_value_t = Tier::Fast)]
    pub tier: Tier,
}

#[derive(Clone, Debug, Args)]
pub struct TrainTopics {
    #[command(flatten)]
    pub with: TrainWith,
    /// Texts that are about none of the subjects, so that the heads know other talk
    #[arg(long, value_name = "FILE.jsonl")]
    pub background: Vec<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Topics {
    /// Tag a text, and name the phrase or the weights behind each tag
    Test {
        /// The text, in English
        text: String,
    },
}

#[derive(Clone, Debug, Args)]
pub struct EvalTexts {
    /// Labelled texts, one JSON object a line
    #[arg(value_name = "FILE.jsonl")]
    pub file: PathBuf,
    /// The field that holds the text; when not given, `text`
    #[arg(long, value_name = "NAME")]
    pub text_field: Option<String>,
    /// The field that holds the label; when not given, the usual one of this evaluation
    #[arg(long, value_name = "NAME")]
    pub label_field: Option<String>,
    /// Print the table as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct EvalRedaction {
    /// Marked posts, one JSON object a line: text, spans (kind, text), and perhaps part
    #[arg(value_name = "FILE.jsonl")]
    pub file: PathBuf,
    /// Print the table as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct TrainLanguage {
    /// Labelled texts, one JSON object a line: lang (ISO 639-1, or `x-NAME` for what is to have no label), text
    #[arg(value_name = "FILE.jsonl", required = true)]
    pub files: Vec<PathBuf>,
    /// The folder that language.bin and language.sha256 are written to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub struct EvalTrends {
    /// The posts, one JSON object a line in order of arrival: id, t, channel, source, author, event, text, lang, place.
    /// Without files, the demonstration's own conversation is taken
    #[arg(value_name = "POSTS.jsonl", requires = "truth")]
    pub posts: Option<PathBuf>,
    /// What is planted in them: issues, decoys, `score_from`
    #[arg(value_name = "TRUTH.json")]
    pub truth: Option<PathBuf>,
    /// Take the made-up stream with this number instead: issues in many wordings, brigades, a hijack
    #[arg(long, value_name = "NUMBER", conflicts_with = "posts")]
    pub planted: Option<u64>,
    /// In a made-up stream, let the volume fall to a quarter and rise to four times the usual
    #[arg(long, requires = "planted")]
    pub swing: bool,
    /// In a made-up stream, let the forums be silent for four weeks
    #[arg(long, requires = "planted")]
    pub silence: bool,
    /// What tells what is rising: ours, ours-without-voices, ours-without-balance, ours-without-gate, jlh-gated, jlh, nb,
    /// signitrend, kleinberg, ears-c2, mastodon, raw
    #[arg(long, default_value = "ours")]
    pub method: Method,
    /// Hours of the stream's time between two lists
    #[arg(long, value_name = "HOURS", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=168))]
    pub every: i64,
    /// Print the table as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Bench {
    /// Send made-up posts through the whole pipeline, and the same documents into bare Tantivy
    Pipeline(BenchPipeline),
    /// Ask for the pages of Gather and the Assembly, over a made-up record that is full
    Pages(BenchPages),
    /// Send a made-up stream through the trend detector, at the end of which 3,000 words rise at once
    Trends(BenchTrends),
}

#[derive(Clone, Debug, Args)]
pub struct BenchTrends {
    /// How many posts go through it
    #[arg(long, default_value_t = 3_000_000)]
    pub posts: usize,
    /// Over how many days
    #[arg(long, default_value_t = 360)]
    pub days: u32,
    /// How many words rise on the last of them
    #[arg(long, default_value_t = 3_000)]
    pub rising: u32,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct BenchPages {
    /// How many flags there are
    #[arg(long, default_value_t = 1_000)]
    pub flags: u32,
    /// How many people support the first of them
    #[arg(long, default_value_t = 10_000)]
    pub supporters: u32,
    /// How many comments it has
    #[arg(long, default_value_t = 1_000)]
    pub comments: u32,
    /// How often each page is asked for
    #[arg(long, default_value_t = 100)]
    pub times: u32,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct BenchPipeline {
    /// How many posts to send as fast as they go
    #[arg(long, default_value_t = 100_000)]
    pub posts: usize,
    /// Posts a second while the time from collection to searchable is measured
    #[arg(long, default_value_t = 500)]
    pub rate: u32,
    /// For how many seconds that is measured
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
    /// Measure over the Kafka cluster of [bus.kafka] as well, in topics of its own, which are deleted afterwards
    #[arg(long, value_enum, default_value_t = BenchBus::Embedded)]
    pub bus: BenchBus,
    /// With --bus kafka: measure also until everything is counted in [analytics.clickhouse], in a database of its own
    #[arg(long, value_enum, default_value_t = BenchAnalytics::Index)]
    pub analytics: BenchAnalytics,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// Over which log the pipeline is measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BenchBus {
    /// That of one machine
    Embedded,
    /// That, and Kafka
    Kafka,
}

/// Where posts are counted while the pipeline is measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BenchAnalytics {
    /// In the search index
    Index,
    /// There, and in analytics.clickhouse
    Clickhouse,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
