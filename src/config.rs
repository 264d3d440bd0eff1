//! The configuration of the whole program, composed of what each crate can be told.

use std::path::{Path, PathBuf};

use bus::config_file::{self, ConfigError};
use bus::embedded::BusConfig;
use civic::assembly::AssemblyConfig;
use civic::gather::GatherConfig;
use dashboard::{DashboardConfig, OpenIdConfig};
use enrich::EnrichConfig;
use index::trends::TrendsConfig;
use index::{AnalyticsConfig, IndexConfig, Retention};
use ingest::{IngestConfig, SourceConfig};
use serde::Deserialize;

use crate::alerts::AlertsConfig;
use crate::author_key;
use crate::cli::{Global, Run, Tier};

/// The name of the main file in the configuration directory.
pub const FILE: &str = "discovery.toml";

/// `config/discovery.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the data is kept.
    pub data_dir: PathBuf,
    /// Where the secret for author pseudonyms is kept; `None` means the user's configuration directory.
    pub author_key_file: Option<PathBuf>,
    /// The log between the stages.
    pub bus: BusConfig,
    /// What is collected, and how.
    pub ingest: IngestConfig,
    /// Tagging.
    pub enrich: EnrichConfig,
    /// The search index.
    pub index: IndexConfig,
    /// Where counts come from.
    pub analytics: AnalyticsConfig,
    /// Trending issues.
    pub trends: TrendsConfig,
    /// How long posts are kept, by kind of source.
    pub retention: Retention,
    /// Who is told of which issues.
    pub alerts: AlertsConfig,
    /// The pages.
    pub dashboard: DashboardConfig,
    /// The rules of Gather.
    pub gather: GatherConfig,
    /// The rules of the Assembly.
    pub assembly: AssemblyConfig,
    /// Where the file was read: its directory.
    #[serde(skip)]
    pub dir: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            author_key_file: None,
            bus: BusConfig::default(),
            ingest: IngestConfig::default(),
            enrich: EnrichConfig::default(),
            index: IndexConfig::default(),
            analytics: AnalyticsConfig::default(),
            trends: TrendsConfig::default(),
            retention: Retention::default(),
            alerts: AlertsConfig::default(),
            dashboard: DashboardConfig::default(),
            gather: GatherConfig::default(),
            assembly: AssemblyConfig::default(),
            dir: PathBuf::new(),
        }
    }
}

impl Config {
    /// Reads `discovery.toml` of the configuration directory, and applies what the command line says otherwise.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn load(global: &Global) -> Result<Self, ConfigError> {
        let mut config: Self = config_file::read(&global.config_dir.join(FILE))?;
        config.dir.clone_from(&global.config_dir);
        if let Some(data_dir) = &global.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        config.check_rules()?;
        config.check_analytics()?;
        config.index.retention.clone_from(&config.retention);
        config.trends.retention.clone_from(&config.retention);
        Ok(config)
    }

    /// Applies the addresses and the tier of the command line, and checks who could reach the pages.
    ///
    /// # Errors
    /// [`ConfigError`], naming the option or the line.
    pub fn listen_as(&mut self, run: &Run) -> Result<(), ConfigError> {
        if let Some(listen) = run.listen {
            self.dashboard.listen = listen;
        }
        if let Some(admin) = run.admin_listen {
            self.dashboard.admin_listen = admin;
        }
        if let Some(tier) = run.tier {
            self.enrich.transformer.enabled = matches!(tier, Tier::Transformer);
        }
        self.check_audience()
    }

    /// Checks that the rules of Gather, of the Assembly and of retention can be followed.
    fn check_rules(&self) -> Result<(), ConfigError> {
        let said = |checked: Result<(), civic::RecordError>| checked.map_err(|error| error.to_string());
        for (checked, key) in [
            (said(self.gather.check()), "open_days"),
            (said(self.assembly.check()), "gates"),
            (self.retention.check().map_err(|error| error.to_string()), "retention"),
            (self.check_one_retention(), "trends.retention"),
        ] {
            checked.map_err(|message| {
                let path = self.dir.join(FILE);
                let text = config_file::read_text(&path).unwrap_or_default();
                ConfigError::at(&path, &text, key, message)
            })?;
        }
        Ok(())
    }

    /// Checks that nobody writes a second retention, which would be passed over.
    fn check_one_retention(&self) -> Result<(), String> {
        if self.trends.retention.keeps_all() {
            return Ok(());
        }
        Err("write how long posts are kept into [retention], which counts for the index and the trends".to_owned())
    }

    /// Checks that there is a store for the counts that the pages ask for.
    fn check_analytics(&self) -> Result<(), ConfigError> {
        self.analytics.for_pages().map(|_| ()).map_err(|error| {
            let path = self.dir.join(FILE);
            let text = config_file::read_text(&path).unwrap_or_default();
            ConfigError::at(&path, &text, "store", error.to_string())
        })
    }

    /// Checks that the pages for staff are shown on this machine only, and that people can sign in as is said.
    ///
    /// # Errors
    /// [`ConfigError`], naming the line.
    pub fn check_audience(&self) -> Result<(), ConfigError> {
        let path = self.dir.join(FILE);
        let text = config_file::read_text(&path).unwrap_or_default();
        self.dashboard.check().map_err(|error| ConfigError::at(&path, &text, "listen", error.to_string()))?;
        let openid = self.dashboard.sign_in.openid.as_ref();
        let checked = openid.map_or(Ok(()), OpenIdConfig::check);
        checked.map_err(|(key, message)| ConfigError::at(&path, &text, key, message))
    }

    /// The sources to be collected.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn sources(&self) -> Result<Vec<SourceConfig>, ConfigError> {
        ingest::sources::read(&self.sources_file())
    }

    /// The file that lists the sources.
    pub fn sources_file(&self) -> PathBuf {
        self.dir.join(&self.ingest.sources)
    }

    /// The file of the author key.
    pub fn author_key_file(&self) -> PathBuf {
        self.author_key_file.clone().unwrap_or_else(author_key::default_path)
    }
}

/// Whether the configuration directory is there at all: the commonest mistake is to start in another folder.
///
/// # Errors
/// A sentence that says so.
pub fn expect_dir(dir: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        dir.join(FILE).is_file(),
        "there is no {}: start discovery in the project's folder, or say where the configuration is with --config-dir",
        dir.join(FILE).display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> (PathBuf, String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(FILE);
        let text = config_file::read_text(&path).unwrap();
        (path, text)
    }

    #[test]
    fn the_shipped_file_says_the_defaults_and_says_every_key() {
        let (path, text) = shipped();
        let shipped: Config = config_file::parse(&path, &text).unwrap();
        assert_eq!(format!("{shipped:#?}"), format!("{:#?}", Config::default()));
        // With its comment marks taken away, the file must still parse: the optional keys are spelt right as well.
        let all: String =
            text.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).flat_map(|line| [line, "\n"]).collect();
        let _: Config = config_file::parse(&path, &all).unwrap();
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line_and_the_nearest_one() {
        let (path, text) = shipped();
        let text = text.replace("\nretention_hours", "\nretension_hours");
        let error = config_file::parse::<Config>(&path, &text).unwrap_err().to_string();
        assert!(error.contains("discovery.toml:") && error.ends_with("did you mean `retention_hours`?"), "{error}");
    }
}
