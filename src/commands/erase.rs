//! `discovery erase`: a person, a post or an account is taken out of everything that is kept here, and a certificate says what
//! was taken out where. Where Discovery runs, it is asked to do it, because the log and the index are its own meanwhile.

use std::io::{IsTerminal as _, Write as _, stdin, stdout};

use anyhow::{Context as _, Result, bail, ensure};
use bus::{BusError, DataDir, IdKey};
use civic::erasures::{self, Counts};
use civic::{Actor, Record, account, closed};
use index::Index;
use jiff::Timestamp;

use crate::author_key;
use crate::cli::{Erase, Global};
use crate::commands::demo;
use crate::config::Config;
use crate::erasure::{Asked, Eraser, Targets};
use crate::{pages, run};

/// Finds what is to be erased, asks, erases, and prints the certificate.
///
/// # Errors
/// When something of it cannot be read or written; what was done until then stays done, and the same command goes on.
pub async fn execute(global: &Global, erase: &Erase) -> Result<()> {
    let config = run::load(global)?;
    ensure!(config.data_dir.is_dir(), "there is no data directory {}", config.data_dir.display());
    if let Some(email) = &erase.account {
        return close_account(&config, erase, email);
    }
    // Claimed for as long as this lasts: nobody may write what is being written anew.
    match DataDir::claim(&config.data_dir) {
        Ok(data) => at_once(&config, &data, erase).await,
        Err(BusError::InUse { owner, .. }) => leave_to(&config, erase, &owner).await,
        Err(error) => Err(error.into()),
    }
}

async fn at_once(config: &Config, data: &DataDir, erase: &Erase) -> Result<()> {
    let record = pages::open_record(&config.data_dir)?;
    let index = Index::open(&data.index())?;
    let targets = find(config, &record, &index, erase).await?;
    let bus = run::open_log(config, data).await?;
    let eraser = Eraser { config: config.clone(), record, index, trends: data.trends(), log: bus };
    let reason = erase.reason.as_deref().unwrap_or("a restored backup was cleaned again");
    let certificate = eraser.erase(targets, reason, |_| {}).await?;
    say(&certificate.to_string())
}

/// Asks the program that has the files to do it.
async fn leave_to(config: &Config, erase: &Erase, owner: &str) -> Result<()> {
    let record = pages::open_record(&config.data_dir)?;
    let index = Index::open_read_only(&config.data_dir.join("index"))?;
    let targets = find(config, &record, &index, erase).await?;
    let reason = erase.reason.as_deref().unwrap_or("a restored backup was cleaned again");
    let ask = |tx: &mut civic::Tx<'_>| erasures::ask(tx, &targets.noted(), &Counts::new(), reason);
    let id = record.decide_now(Actor::Operator, Timestamp::now(), ask)?;
    say(&format!(
        "Discovery runs here ({owner}) and does it within a minute; where only some of its stages run, it is done when \
         `discovery run` starts.\nThe certificate is at /admin/erasures/{id}\n"
    ))
}

/// What is named, after it was shown and agreed to.
async fn find(config: &Config, record: &Record, index: &Index, erase: &Erase) -> Result<Targets> {
    let asked = Asked {
        author: erase.author.clone(),
        source: erase.source.clone(),
        key: None,
        posts: erase.post.clone(),
        text: erase.text.clone(),
        again: erase.again,
    };
    let targets = Targets::find(record, index, &asked, || id_key(config)).await?;
    say(&targets.preview())?;
    agreed(erase)?;
    Ok(targets)
}

fn close_account(config: &Config, erase: &Erase, email: &str) -> Result<()> {
    let record = pages::open_record(&config.data_dir)?;
    let accounts = record.read_now(account::all)?;
    let found = accounts.into_iter().find(|account| {
        account.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email)) || account.id.as_str() == email
    });
    let account = found.with_context(|| format!("no account has the address or the id {email}"))?;
    say(&format!(
        "The account {} of the role {}, with its sessions, support and comments\n",
        account.id, account.role
    ))?;
    agreed(erase)?;
    let reason = erase.reason.as_deref().context("say why with --reason")?;
    let close = |tx: &mut civic::Tx<'_>| closed::close(tx, &account.id, reason);
    let (certificate, gone) = record.decide_now(Actor::Operator, Timestamp::now(), close)?;
    record.scrub()?;
    say(&format!("Certificate {certificate}\n{}\n", serde_json::to_string_pretty(&gone)?))
}

fn id_key(config: &Config) -> Result<IdKey> {
    if demo::is_demonstration(&config.data_dir) {
        return Ok(author_key::of_made_up_people());
    }
    author_key::load_or_create(&config.author_key_file(), &config.data_dir)
}

fn say(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Asks on the terminal, unless --yes says so.
fn agreed(erase: &Erase) -> Result<()> {
    if erase.yes {
        return Ok(());
    }
    ensure!(stdin().is_terminal(), "nobody can be asked here: look at what was found, and add --yes");
    say("Erase this for good? Type yes: ")?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        bail!("nothing was erased");
    }
    Ok(())
}
