//! What was taken out where, for who asked for it.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::targets::Targets;

/// The outcome of an erasure. It names nobody.
#[derive(Debug)]
pub struct Certificate {
    at: Timestamp,
    people: usize,
    posts: usize,
    /// Posts taken out of the index.
    pub index: u64,
    /// Posts taken out of the memory of the trends.
    pub trends: u64,
    /// Records replaced in the log, or why they could not be.
    pub log: Result<u64, String>,
    /// Posts taken out of `ClickHouse`, where one is configured.
    pub clickhouse: Option<u64>,
    /// Approved quotes withdrawn from evidence packs.
    pub quotes: usize,
    /// Accounts that a backup had brought back.
    pub accounts: usize,
    /// The hash of the audit log with the entry of this erasure.
    pub audit: String,
}

impl Certificate {
    /// An erasure that begins now.
    pub fn begin(at: Timestamp, targets: &Targets) -> Self {
        let (people, posts) = targets.counts();
        Self {
            at,
            people,
            posts,
            index: 0,
            trends: 0,
            log: Ok(0),
            clickhouse: None,
            quotes: 0,
            accounts: 0,
            audit: String::new(),
        }
    }

    /// The same for machines, and for the record.
    pub fn to_json(&self) -> Value {
        json!({
            "what": "posts and people",
            "begun_at": self.at,
            "asked_for": { "people": self.people, "single_posts": self.posts },
            "removed": {
                "index": self.index,
                "trends": self.trends,
                "log": self.log.as_ref().ok(),
                "clickhouse": self.clickhouse,
                "quotes": self.quotes,
                "accounts": self.accounts,
            },
            "log_remains": self.log.as_ref().err(),
            "audit_hash": self.audit,
        })
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Certificate of erasure, {} (UTC)", self.at.strftime("%e %B %Y %H:%M"))?;
        writeln!(f, "  asked for: {} people, {} single posts", self.people, self.posts)?;
        writeln!(f, "  index:     {} posts removed, their files written anew", self.index)?;
        writeln!(f, "  trends:    {} posts forgotten, the list of issues counted again", self.trends)?;
        match &self.log {
            Ok(records) => writeln!(f, "  log:       {records} records emptied, its files written anew")?,
            Err(reason) => writeln!(f, "  log:       {reason}; until then its records remain there")?,
        }
        if let Some(posts) = self.clickhouse {
            writeln!(f, "  counts:    {posts} posts removed from ClickHouse, their files written anew")?;
        }
        writeln!(f, "  evidence:  {} quotes withdrawn from packs", self.quotes)?;
        if self.accounts > 0 {
            writeln!(f, "  accounts:  {} closed again", self.accounts)?;
        }
        writeln!(f, "  record:    its file written anew, its log of writes emptied")?;
        writeln!(f, "  from now:  what comes again from a source is not taken in")?;
        writeln!(f, "  backups:   restore one, then run `discovery erase --again`")?;
        writeln!(f, "  audit log: {}", self.audit)
    }
}
