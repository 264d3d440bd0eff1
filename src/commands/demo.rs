//! `discovery demo`: the whole pipeline over a made-up conversation, which a local site serves to the real collectors.

mod assembly;
mod gather;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bus::data_dir::Part;
use civic::{Actor, Role, account};
use dashboard::{Notice, SignInConfig};
use demo::{Conversation, DemoSite};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::author_key;
use crate::cli::{Demo, Global};
use crate::config::Config;
use crate::pages::People;
use crate::run::{self, Base};
use crate::supervisor::Supervisor;

/// What a demonstration must remember to go on where it stopped.
const STATE_FILE: &str = "demonstration.json";

/// The content of [`STATE_FILE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Where the eight weeks end and the live part begins (UTC).
    live_from: Timestamp,
    /// Where the local site listens: the same again, since collection remembers addresses on it.
    site: SocketAddr,
}

/// Runs the demonstration until it is interrupted.
///
/// # Errors
/// When it cannot start, or a stage fails.
pub async fn execute(global: &Global, demo: &Demo) -> Result<()> {
    let mut config = run::load(global)?;
    config.listen_as(&demo.run)?;
    if global.data_dir.is_none() {
        config.data_dir = beside(&config.data_dir);
    }
    if demo.fresh {
        remove_earlier(&config.data_dir)?;
    }
    // It needs nothing that is not here: whatever carries real posts stays free of made-up ones.
    config.bus.kafka = None;
    // Nobody is told of what is made up.
    config.alerts.rules.clear();
    let base = Base::open(&config, &Part::ALL).await?;
    let mut supervisor = Supervisor::until_interrupted()?;
    let path = base.data.path().join(STATE_FILE);
    let earlier = read_state(&path)?;
    let live_from = earlier.map_or_else(Timestamp::now, |state| state.live_from);
    let listen = earlier.map_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), |state| state.site);
    let site = DemoSite::start(
        Conversation::new(demo::SEED, live_from),
        Arc::new(Timestamp::now),
        listen,
        &base.data.path().join("transcripts"),
        supervisor.cancel().clone(),
    )
    .await
    .context("begin anew with --fresh if the port stays taken")?;
    fs::write(&path, serde_json::to_vec(&State { live_from, site: site.addr })?)
        .with_context(|| format!("cannot write {}", path.display()))?;

    // The sources are written out as well, so that a curious user can read what the collectors read.
    let sources_file = base.data.path().join("sources.toml");
    fs::write(&sources_file, &site.sources_toml).with_context(|| format!("cannot write {}", sources_file.display()))?;
    let sources = ingest::sources::parse(&sources_file, &site.sources_toml)?;
    let mut base = base;
    base.config.ingest.fetch.host_delay_ms = 0;
    base.config.ingest.fetch.allow_addresses = vec![site.addr];
    let people = made_up_people(&mut base.config)?;
    assembly::make(&people.record, live_from)?;
    let (record, latest) = (people.record.clone(), base.data.trends().join(index::trends::LATEST));
    supervisor.spawn("made-up flags", move |cancel| gather::raise_on_issues(record, latest, live_from, cancel));
    let id_key = author_key::of_made_up_people();
    let outcome = run::pipeline(base, sources, id_key, Notice::Fictional, people, supervisor).await;
    site.finished().await;
    outcome
}

/// Whether a data directory is that of a demonstration, whose people are made up.
pub fn is_demonstration(data_dir: &Path) -> bool {
    data_dir.join(STATE_FILE).is_file()
}

/// An account for each role, with a password that is new at every start and shown where one signs in. The pages of a
/// demonstration answer on this machine only.
fn made_up_people(config: &mut Config) -> Result<People> {
    config.dashboard.sign_in = SignInConfig { registration: true, staff_needs_code: false, openid: None };
    if !config.dashboard.listen.ip().is_loopback() {
        bail!(
            "a demonstration has accounts that everybody may use, so it is shown on this machine only: leave out --listen, \
             or use 127.0.0.1"
        );
    }
    let mut people = People::of(config)?;
    let password = civic::Token::new()?.text()[..20].to_owned();
    let known = people.record.read_now(account::all)?;
    people.record.decide_now(Actor::Operator, Timestamp::now(), |tx| {
        for role in Role::ALL {
            let email = format!("{role}@demo.invalid");
            let known = known.iter().find(|account| account.email.as_deref() == Some(&email));
            let link = match known {
                Some(known) => account::invite_again(tx, &known.id)?,
                None => account::invite(tx, role.name(), &email, role)?.1,
            };
            account::accept(tx, &link, &password, None)?;
        }
        Ok(())
    })?;
    people.demo_password = Some(password);
    Ok(people)
}

/// The data directory of the demonstration: beside that of real use, never inside or the same.
fn beside(data_dir: &Path) -> PathBuf {
    let mut name = data_dir.file_name().map_or_else(|| "data".into(), ToOwned::to_owned);
    name.push("-demo");
    data_dir.with_file_name(name)
}

fn read_state(path: &Path) -> Result<Option<State>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let state = serde_json::from_slice(&text);
    state.map(Some).with_context(|| format!("{} is damaged: begin anew with --fresh", path.display()))
}

/// Removes an earlier demonstration, and nothing else: a directory without its state file may hold real data.
fn remove_earlier(data_dir: &Path) -> Result<()> {
    if !data_dir.exists() {
        return Ok(());
    }
    if !is_demonstration(data_dir) {
        bail!(
            "{} holds no demonstration, and is left alone: choose another directory with --data-dir",
            data_dir.display()
        );
    }
    // Claiming it first makes sure that no running demonstration loses its ground.
    drop(bus::DataDir::claim(data_dir)?);
    fs::remove_dir_all(data_dir).with_context(|| format!("cannot remove {}", data_dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_anew_never_touches_real_data() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("precious"), "x").unwrap();
        assert!(remove_earlier(&data).unwrap_err().to_string().contains("left alone"));
        fs::write(data.join(STATE_FILE), "{}").unwrap();
        remove_earlier(&data).unwrap();
        assert!(!data.exists());
        remove_earlier(&data).unwrap();
    }

    #[test]
    fn the_demonstration_lives_beside_real_data() {
        assert_eq!(beside(Path::new("/var/lib/data")), Path::new("/var/lib/data-demo"));
    }
}
