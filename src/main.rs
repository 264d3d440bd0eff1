//! The `discovery` program: reads the command line and runs what it asks for.

mod admin;
mod alerts;
mod author_key;
mod cli;
mod commands;
mod config;
mod counts;
mod drain;
mod entrances;
mod erasure;
mod failure;
mod lag;
mod logging;
mod outward;
mod pages;
mod run;
mod stages;
mod supervisor;
mod withdrawals;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::cli::{Bench, Cli, Command, Topics};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::PdfText) {
        // It confines itself first of all: it has no threads, no log and no configuration.
        return ingest::documents::pdf::child::run();
    }
    let outcome = logging::start(&cli.global).and_then(|()| {
        logging::keep_text_out_of_panics();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(execute(cli))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the last word of a command line program goes to stderr")]
            {
                eprintln!("discovery: {error:#}");
            }
            failure::exit_code(&error)
        }
    }
}

async fn execute(cli: Cli) -> Result<()> {
    let global = &cli.global;
    match cli.command {
        Command::Run(run) => run::everything(global, &run).await,
        Command::Demo(demo) => Box::pin(commands::demo::execute(global, &demo)).await,
        Command::Ingest(stage) => run::ingest_only(global, &stage).await,
        Command::Enrich(stage) => run::enrich_only(global, &stage).await,
        Command::Index(stage) => run::index_only(global, &stage).await,
        Command::Analytics(analytics) => run::analytics_only(global, &analytics).await,
        Command::Serve(run) => run::serve_only(global, &run).await,
        Command::Import(import) => commands::import::execute(global, &import).await,
        Command::Search(search) => commands::search::execute(global, &search).await,
        Command::Trends(trends) => commands::trends::execute(global, trends),
        Command::Source(source) => commands::source::execute(global, &source).await,
        Command::Check(check) => commands::check::execute(global, &check).await,
        Command::Correct(correct) => commands::correct::execute(global, &correct).await,
        Command::Corrections(corrections) => commands::corrections::execute(global, &corrections).await,
        Command::Deadletter(deadletter) => commands::deadletter::execute(global, &deadletter).await,
        Command::Erase(erase) => commands::erase::execute(global, &erase).await,
        Command::Account(account) => commands::account::execute(global, account),
        Command::Record(record) => commands::record::execute(global, &record),
        Command::Bench(Bench::Pipeline(bench)) => commands::bench::execute(global, &bench).await,
        Command::Bench(Bench::Pages(bench)) => commands::bench::pages::execute(global, &bench).await,
        Command::Bench(Bench::Trends(bench)) => commands::bench::trends::execute(global, &bench),
        Command::Eval(eval) => commands::eval::execute(global, &eval),
        Command::Train(train) => commands::train::execute(global, &train),
        Command::Topics(Topics::Test { text }) => commands::topics::execute(global, &text),
        Command::PdfText => anyhow::bail!("a PDF is read in a process of its own"),
        Command::Completions { shell } => commands::completions::execute(shell),
    }
}
