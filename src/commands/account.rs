//! `discovery account add|link|list`: people get accounts without a page, above all the first administrator.

use std::io::{Write as _, stdout};

use anyhow::{Context as _, Result};
use civic::account;
use civic::{Actor, Role, Token};
use jiff::Timestamp;

use crate::cli::{Account, Global};
use crate::{pages, run};

/// Makes an account or a link, or lists the accounts.
///
/// # Errors
/// When the record cannot be used, or the account cannot be made.
pub fn execute(global: &Global, command: Account) -> Result<()> {
    let config = run::load(global)?;
    let record = pages::open_record(&config.data_dir)?;
    let now = Timestamp::now();
    let mut out = stdout().lock();
    match command {
        Account::Add { email, name, role } => {
            let name = name.unwrap_or_else(|| email.clone());
            let (_, token) = record.decide_now(Actor::Operator, now, |tx| account::invite(tx, &name, &email, role))?;
            writeln!(out, "{}", invitation(&config.dashboard, role, &token))?;
        }
        Account::Link { email } => {
            let mut known = record.read_now(account::all)?.into_iter();
            let account = known
                .find(|account| account.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(&email)))
                .with_context(|| format!("no account signs in with {email}: `discovery account list` shows them"))?;
            let token = record.decide_now(Actor::Operator, now, |tx| account::invite_again(tx, &account.id))?;
            writeln!(out, "{}", invitation(&config.dashboard, account.role, &token))?;
        }
        Account::List => {
            let accounts = record.read_now(account::all)?;
            for account in &accounts {
                let (role, state, with) = (account.role.slug(), account.state(), account.signs_in_with());
                writeln!(out, "{role:<9}  {state:<15}  {with}  {}", account.name)?;
            }
            if accounts.is_empty() {
                writeln!(out, "no accounts yet: discovery account add EMAIL --role admin")?;
            }
        }
    }
    Ok(out.flush()?)
}

fn invitation(config: &dashboard::DashboardConfig, role: Role, token: &Token) -> String {
    format!(
        "Send this link to nobody but the owner of the account ({role}). It works once, for three days:\n\
         http://{}/welcome?token={}\n\
         Where the pages are reached under another name, put that in place of http://{}",
        config.listen,
        token.text(),
        config.listen,
    )
}
