//! Evidence packs: what was known of a candidate at one moment, frozen.
//!
//! The content is kept as the bytes that its hash was made from, and never changed. Words of people are not in it: it has the
//! seals of approved quotes ([`super::quotes`]), whose words can still be withdrawn without breaking the hash.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::candidates;
use super::check;
use super::cycles;
use super::quotes::{self, Quote, Stance};
use super::score::{Inputs, Score};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::{CandidateId, CycleId, PackId, QuoteId};
use crate::store::Tx;

/// The kind of thing that a pack is, in the audit log.
pub const KIND: &str = "pack";

/// How the content is made up; goes up when that changes.
const FORMAT: u32 = 1;

/// What whoever listens knows of a candidate. Packs are public: counts from 1 to 9 are not in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The moment that it describes (UTC), if something was heard.
    pub as_of: Option<Timestamp>,
    /// The hash of the list of trends.
    pub trends_hash: Option<String>,
    /// How far the conversation had been read: offsets by partition.
    pub offsets: Value,
    /// How it was found out: the method with its version.
    pub method: String,
    /// The issue as it was, without posts.
    pub issue: Value,
    /// Tables of counts.
    pub tables: Vec<Table>,
    /// What speaks against it or sees it otherwise, in the words of who made the pack.
    pub counter_views: String,
    /// Who is not, or hardly, heard.
    pub missing: Vec<String>,
    /// What these numbers cannot tell.
    pub limits: Vec<String>,
}

/// Counts by something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What it is by: `channel`, `region`, `day` or `feeling`.
    pub by: String,
    /// The rows.
    pub rows: Vec<Count>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// What is counted.
    pub name: String,
    /// Posts; `None` for 1 to 9.
    pub posts: Option<u64>,
    /// Distinct voices, where they are counted; `None` also for 1 to 9.
    pub voices: Option<u64>,
}

/// What is frozen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// How it is made up.
    pub format: u32,
    /// The cycle, and its name.
    pub cycle: (CycleId, String),
    /// The candidate.
    pub candidate: CandidateId,
    /// What it is about.
    pub label: String,
    /// Why it was put forward.
    pub why: String,
    /// When it was frozen (UTC).
    pub frozen_at: Timestamp,
    /// The score.
    pub score: Score,
    /// What it is made from.
    pub inputs: Inputs,
    /// What was known.
    pub evidence: Evidence,
    /// What people said, sealed.
    pub quotes: Vec<Sealed>,
}

/// A quote without its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which quote.
    pub id: QuoteId,
    /// Hexadecimal blake3 of the 32 bytes of its salt and its words.
    pub seal: String,
    /// Whose side it is on.
    pub stance: Stance,
    /// Whether the words are not the author's own.
    pub is_paraphrase: bool,
    /// Where it was said (slug of the channel).
    pub channel: String,
    /// When it was said.
    pub said_on: Date,
}

/// A pack as it was frozen.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// Which one.
    pub id: PackId,
    /// Of which candidate.
    pub candidate: CandidateId,
    /// The content, byte by byte what the hash was made from.
    pub json: String,
    /// The same to be read.
    pub content: Content,
    /// Hexadecimal blake3 of `json`.
    pub hash: String,
    /// Whether the content still has this hash.
    pub is_intact: bool,
    /// The role of who froze it.
    pub role: String,
    /// When (UTC).
    pub frozen_at: Timestamp,
}

/// Freezes what is known of a candidate, with the quotes that are approved for its issue.
///
/// # Errors
/// When the candidate is not there, or nothing is said about counter-views.
pub fn freeze(tx: &mut Tx<'_>, candidate: &CandidateId, evidence: Evidence) -> Result<PackId, RecordError> {
    let candidate = candidates::find(tx, candidate)?;
    let cycle = cycles::find(tx, &candidate.cycle)?;
    check::text(&evidence.counter_views, "what speaks against it, or that nothing was found", check::LONG)?;
    let quotes = match &candidate.issue {
        Some(issue) => quotes::of_issue(tx, issue)?,
        None => Vec::new(),
    };
    let content = Content {
        format: FORMAT,
        score: candidate.score(&cycle),
        cycle: (cycle.id, cycle.name),
        candidate: candidate.id.clone(),
        label: candidate.label,
        why: candidate.why,
        frozen_at: tx.now(),
        inputs: candidate.inputs,
        evidence,
        quotes: quotes.into_iter().map(sealed).collect(),
    };
    let json = serde_json::to_string(&content).expect("a pack holds only strings, finite numbers and times");
    let (id, hash) = (PackId::new(tx.now())?, blake3::hash(json.as_bytes()));
    tx.execute(
        "INSERT INTO packs (id, candidate, content, hash, role, frozen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, candidate.id, json, hash.as_bytes(), tx.actor().role(), tx.now().as_second()],
    )?;
    let detail = json!({ "candidate": candidate.id, "blake3": hash.to_hex().as_str() });
    tx.log(&Entry::new(Part::Public, "pack.frozen", KIND, id.as_str()).with(detail))?;
    Ok(id)
}

/// The pack with this id.
///
/// # Errors
/// [`RecordError::NotFound`].
pub fn find(db: &Connection, id: &PackId) -> Result<Pack, RecordError> {
    db.query_row(&format!("SELECT {COLUMNS} FROM packs WHERE id = ?1"), [id], pack)
        .optional()?
        .ok_or(RecordError::NotFound)
}

/// The packs of a candidate, the newest first.
///
/// # Errors
/// When the record cannot be read.
pub fn of_candidate(db: &Connection, candidate: &CandidateId) -> Result<Vec<Pack>, RecordError> {
    let mut rows =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM packs WHERE candidate = ?1 ORDER BY rowid DESC"))?;
    let packs = rows.query_map([candidate], pack)?.collect::<Result<_, _>>()?;
    Ok(packs)
}

/// The quotes of a pack as they are now: with their words, or withdrawn.
///
/// # Errors
/// When the record cannot be read.
pub fn quotes_of(db: &Connection, pack: &Pack) -> Result<Vec<Quote>, RecordError> {
    pack.content.quotes.iter().map(|sealed| quotes::find(db, &sealed.id)).collect()
}

fn sealed(quote: Quote) -> Sealed {
    Sealed {
        id: quote.id,
        seal: quote.seal,
        stance: quote.stance,
        is_paraphrase: quote.is_paraphrase,
        channel: quote.channel,
        said_on: quote.said_on,
    }
}

const COLUMNS: &str = "id, candidate, content, hash, role, frozen_at";

fn pack(row: &Row<'_>) -> rusqlite::Result<Pack> {
    let (json, hash): (String, [u8; 32]) = (row.get(2)?, row.get(3)?);
    let hash = blake3::Hash::from_bytes(hash);
    Ok(Pack {
        id: row.get(0)?,
        candidate: row.get(1)?,
        content: check::json(row, 2)?,
        hash: hash.to_hex().to_string(),
        is_intact: blake3::hash(json.as_bytes()) == hash,
        json,
        role: row.get(4)?,
        frozen_at: check::moment(row, 5)?,
    })
}
