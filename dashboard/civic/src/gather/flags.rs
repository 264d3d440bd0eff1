//! Flags: raising them, and what becomes of them.

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::config::GatherConfig;
use crate::account::AccountId;
use crate::audit::{Actor, Entry, Part};
use crate::error::RecordError;
pub use crate::ids::FlagId;
use crate::store::Tx;

/// The longest "I want ...", in characters.
pub const LONGEST_WANT: usize = 150;

/// The longest "because ...", in characters.
pub const LONGEST_BECAUSE: usize = 2_000;

/// Flags that one account may raise in a day.
const A_DAY: u32 = 5;

/// What a flag is about in Discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A trending issue, by its id.
    Issue(String),
    /// A search, by its query string.
    Search(String),
    /// Nothing: it says so.
    None,
}

impl Evidence {
    fn kind(&self) -> &'static str {
        match self {
            Self::Issue(_) => "issue",
            Self::Search(_) => "search",
            Self::None => "free",
        }
    }

    fn value(&self) -> &str {
        match self {
            Self::Issue(value) | Self::Search(value) => value,
            Self::None => "",
        }
    }
}

/// Where a flag stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagState {
    /// Only staff and who raised it see it.
    Waiting,
    /// It gathers support.
    Published,
    /// It was not published.
    Refused,
    /// It is the same as another.
    Merged,
    /// Another body can act on it.
    Routed,
    /// Its deadline passed.
    Closed,
}

impl FlagState {
    const ALL: [Self; 6] = [Self::Waiting, Self::Published, Self::Refused, Self::Merged, Self::Routed, Self::Closed];

    /// Its name in the record and in addresses.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Published => "published",
            Self::Refused => "refused",
            Self::Merged => "merged",
            Self::Routed => "routed",
            Self::Closed => "closed",
        }
    }

    /// Whether everybody sees what it says.
    pub fn is_public(self) -> bool {
        !matches!(self, Self::Waiting | Self::Refused)
    }
}

impl FromSql for FlagState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let slug = value.as_str()?;
        // The schema knows the same states; one that is not known is not shown.
        Ok(Self::ALL.into_iter().find(|state| state.slug() == slug).unwrap_or(Self::Waiting))
    }
}

impl ToSql for FlagState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.slug().into())
    }
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct NewFlag {
    /// "I want ..."
    pub want: String,
    /// "... because ..."
    pub because: String,
    /// What it is about.
    pub evidence: Evidence,
}

/// A flag as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Which one.
    pub id: FlagId,
    /// What it is about.
    pub evidence: Evidence,
    /// "I want ..."
    pub want: String,
    /// "... because ..."
    pub because: String,
    /// Who raised it, for that person's own pages.
    pub raised_by: Option<String>,
    /// When (UTC).
    pub raised_at: Timestamp,
    /// Where it stands.
    pub state: FlagState,
    /// The reason of the last decision.
    pub said: String,
    /// The flag that it was merged into, or the body that it was routed to.
    pub leads_to: String,
    /// Supporters aimed at.
    pub target: u32,
    /// Until when it gathers support (UTC).
    pub deadline: Timestamp,
    /// Supporters with an account.
    pub online: u32,
    /// Supporters on paper.
    pub offline: u32,
    /// For decisions: what was read must still be so.
    pub version: i64,
}

impl Flag {
    /// All supporters.
    pub fn supporters(&self) -> u32 {
        self.online + self.offline
    }
}

/// What staff decides about a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Everybody may see and support it.
    Publish,
    /// It is not published.
    Refuse,
    /// It is the same as this one, which gets its supporters.
    MergeInto(FlagId),
    /// This body can act on it.
    RouteTo(String),
}

/// In which order flags are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Most supporters first.
    Supported,
    /// Those that close soonest first.
    Closing,
}

/// Raises a flag under these rules. It waits for a moderator.
///
/// # Errors
/// When its words will not do, or the account has raised as many as it may in a day.
pub fn raise(tx: &mut Tx<'_>, rules: &GatherConfig, by: &AccountId, flag: &NewFlag) -> Result<FlagId, RecordError> {
    let want = words(&flag.want, LONGEST_WANT, "what you want")?;
    let because = words(&flag.because, LONGEST_BECAUSE, "why you want it")?;
    let since = (tx.now() - SignedDuration::from_hours(24)).as_second();
    let raised: u32 = tx.query_row(
        "SELECT count(*) FROM flags WHERE raised_by = ?1 AND raised_at > ?2",
        params![by.as_str(), since],
        |row| row.get(0),
    )?;
    if raised >= A_DAY {
        return Err(RecordError::refused(format!("You have raised {A_DAY} flags in a day: raise this one tomorrow")));
    }
    let id = FlagId::new(tx.now())?;
    tx.execute(
        "INSERT INTO flags (id, kind, evidence, want, because, raised_by, raised_at, state, target, deadline)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', ?8, ?9)",
        params![
            id.as_str(),
            flag.evidence.kind(),
            flag.evidence.value(),
            want,
            because,
            by.as_str(),
            tx.now().as_second(),
            rules.target,
            (tx.now() + rules.open_for()).as_second(),
        ],
    )?;
    tx.log(&Entry::new(Part::Public, "flag.raised", "flag", id.as_str()))?;
    // Who asks supports it.
    super::support::add(tx, &id, by)?;
    Ok(id)
}

/// Decides about a flag, with a reason that everybody can read. `read` is the version that was seen.
///
/// # Errors
/// When the decision does not fit where it stands, or the reason is missing, and [`RecordError::Changed`].
pub fn decide(tx: &mut Tx<'_>, id: &FlagId, read: i64, decision: &Decision, reason: &str) -> Result<(), RecordError> {
    let flag = find(tx, id)?.ok_or(RecordError::NotFound)?;
    if flag.version != read {
        return Err(RecordError::Changed);
    }
    let reason = words(reason, LONGEST_BECAUSE, "the reason")?;
    let fits = match decision {
        Decision::Publish | Decision::Refuse => flag.state == FlagState::Waiting,
        Decision::MergeInto(_) | Decision::RouteTo(_) => {
            matches!(flag.state, FlagState::Waiting | FlagState::Published)
        }
    };
    if !fits {
        return Err(RecordError::refused(format!("The flag is {} already", flag.state.slug())));
    }
    let (state, leads_to, action) = match decision {
        Decision::Publish => (FlagState::Published, String::new(), "flag.published"),
        Decision::Refuse => (FlagState::Refused, String::new(), "flag.refused"),
        Decision::MergeInto(other) => {
            merge(tx, id, other)?;
            (FlagState::Merged, other.to_string(), "flag.merged")
        }
        Decision::RouteTo(body) => (FlagState::Routed, words(body, LONGEST_WANT, "the body")?, "flag.routed"),
    };
    tx.execute(
        "UPDATE flags SET state = ?2, state_said = ?3, leads_to = ?4, version = version + 1 WHERE id = ?1",
        params![id.as_str(), state, reason, leads_to],
    )?;
    let entry = Entry::new(Part::Public, action, "flag", id.as_str()).because(&reason);
    tx.log(&entry.with(json!({ "leads_to": leads_to })))
}

/// Moves the supporters of one flag to another. Who supports both counts once.
fn merge(tx: &Tx<'_>, from: &FlagId, into: &FlagId) -> Result<(), RecordError> {
    let other =
        find(tx, into)?.ok_or_else(|| RecordError::refused("The other flag does not exist: check its address"))?;
    if from == into || other.state != FlagState::Published {
        return Err(RecordError::refused("A flag is merged into another one that is published"));
    }
    for (table, who) in [("supporters", "account"), ("paper_supporters", "person")] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE flag = ?1 AND {who} IN (SELECT {who} FROM {table} WHERE flag = ?2)"),
            [from.as_str(), into.as_str()],
        )?;
        tx.execute(&format!("UPDATE {table} SET flag = ?2 WHERE flag = ?1"), [from.as_str(), into.as_str()])?;
    }
    for flag in [from, into] {
        super::support::count(tx, flag)?;
    }
    Ok(())
}

/// Closes the flags whose deadline has passed; gives how many. Nothing is logged where there are none.
///
/// # Errors
/// When the record cannot be written.
pub fn close_overdue(tx: &mut Tx<'_>) -> Result<usize, RecordError> {
    debug_assert_eq!(tx.actor(), &Actor::Clock, "a deadline is nobody's decision");
    let now = tx.now().as_second();
    let ids: Vec<String> = tx
        .prepare("SELECT id FROM flags WHERE state = 'published' AND deadline <= ?1")?
        .query_map([now], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        tx.execute("UPDATE flags SET state = 'closed', version = version + 1 WHERE id = ?1", [id])?;
        tx.log(&Entry::new(Part::Public, "flag.closed", "flag", id).because("The deadline passed"))?;
    }
    Ok(ids.len())
}

/// The flag with this id.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, id: &FlagId) -> Result<Option<Flag>, RecordError> {
    Ok(db.query_row(&format!("SELECT {COLUMNS} FROM flags WHERE id = ?1"), [id.as_str()], flag).optional()?)
}

/// Flags in these states, a page at a time, with how many there are in all.
///
/// # Errors
/// When the record cannot be read.
pub fn list(
    db: &Connection,
    states: &[FlagState],
    order: Order,
    skip: u32,
    limit: u32,
) -> Result<(Vec<Flag>, u32), RecordError> {
    let names = states.iter().map(|state| format!("'{}'", state.slug())).collect::<Vec<_>>().join(", ");
    let order = match order {
        Order::Newest => "raised_at DESC, id DESC",
        Order::Supported => "online + offline DESC, raised_at DESC, id DESC",
        Order::Closing => "deadline, id",
    };
    let total = db.query_row(&format!("SELECT count(*) FROM flags WHERE state IN ({names})"), [], |row| row.get(0))?;
    let mut rows = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM flags WHERE state IN ({names}) ORDER BY {order} LIMIT ?1 OFFSET ?2"
    ))?;
    let flags = rows.query_map([limit, skip], flag)?.collect::<Result<_, _>>()?;
    Ok((flags, total))
}

/// The columns that [`flag`] reads, in its order.
const COLUMNS: &str = "id, kind, evidence, want, because, raised_by, raised_at, state, state_said, leads_to, target, \
                       deadline, online, offline, version";

fn flag(row: &Row<'_>) -> rusqlite::Result<Flag> {
    let (kind, evidence): (String, String) = (row.get(1)?, row.get(2)?);
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap_or_default();
    Ok(Flag {
        id: row.get(0)?,
        evidence: match kind.as_str() {
            "issue" => Evidence::Issue(evidence),
            "search" => Evidence::Search(evidence),
            _ => Evidence::None,
        },
        want: row.get(3)?,
        because: row.get(4)?,
        raised_by: row.get(5)?,
        raised_at: at(row.get(6)?),
        state: row.get(7)?,
        said: row.get(8)?,
        leads_to: row.get(9)?,
        target: row.get(10)?,
        deadline: at(row.get(11)?),
        online: row.get(12)?,
        offline: row.get(13)?,
        version: row.get(14)?,
    })
}

/// Words that are there and not too long.
pub(super) fn words(text: &str, longest: usize, what: &str) -> Result<String, RecordError> {
    let text: String = text.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
    if text.is_empty() {
        return Err(RecordError::refused(format!("Write {what}")));
    }
    let length = text.chars().count();
    if length > longest {
        return Err(RecordError::refused(format!("Write {what} in at most {longest} characters: it has {length}")));
    }
    Ok(text)
}

#[cfg(test)]
#[path = "flags_tests.rs"]
mod tests;
