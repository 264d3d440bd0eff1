//! Erasure: what the Assembly keeps of a post or a person goes; the counts stay, and say that something went.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::quotes::{self, Quote};
use crate::account::AccountId;
use crate::audit::Actor;
use crate::error::RecordError;
use crate::ids::QuoteId;
use crate::random;
use crate::store::{Record, Tx};

/// What every pack says of a quote whose source is gone.
const SOURCE_GONE: &str = "Its source was deleted";

/// And of one whose author took the words back.
const WORDS_GONE: &str = "Its author changed what was said";

/// Withdraws the quotes from a post that is gone. Gives how many there were.
///
/// # Errors
/// When the record cannot be written.
pub fn erase_post(tx: &mut Tx<'_>, post: &str) -> Result<usize, RecordError> {
    let concerned = quotes::of_post(tx, post)?;
    for quote in &concerned {
        quotes::forget(tx, &quote.id, SOURCE_GONE)?;
    }
    Ok(concerned.len())
}

/// How many approved quotes have the words of these posts (ids) or of these authors (pseudonyms).
///
/// # Errors
/// When the record cannot be read.
pub fn quotes_of(db: &Connection, posts: &[String], authors: &[String]) -> Result<usize, RecordError> {
    let mut found = HashSet::new();
    for (column, keys) in [("post", posts), ("author", authors)] {
        let mut rows = db.prepare(&format!("SELECT id FROM quotes WHERE {column} = ?1 AND words IS NOT NULL"))?;
        for key in keys {
            for id in rows.query_map([key], |row| row.get::<_, String>(0))? {
                found.insert(id?);
            }
        }
    }
    Ok(found.len())
}

/// Something that happened to what people said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// A post (its id) was deleted.
    Post(String),
    /// An author (a pseudonym) is gone, with everything that they said.
    Author(String),
    /// A post was edited.
    Edited {
        /// Which one (its id).
        post: String,
        /// Its text from now on.
        stored: String,
    },
}

/// Withdraws the quotes whose words are gone. Gives how many there were; for none, nothing is written.
///
/// # Errors
/// When the record cannot be read or written.
pub fn follow(record: &Record, now: Timestamp, gone: &[Gone]) -> Result<usize, RecordError> {
    let mut concerned = record.read_now(|db| {
        // Hardly any post is quoted, and this is asked about every post that comes.
        let mut rows = db.prepare_cached("SELECT DISTINCT post FROM quotes WHERE post IS NOT NULL")?;
        let quoted: HashSet<String> = rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut concerned = Vec::new();
        for gone in gone {
            let may_concern = match gone {
                Gone::Post(post) | Gone::Edited { post, .. } => quoted.contains(post),
                Gone::Author(_) => !quoted.is_empty(),
            };
            if may_concern {
                concerned.extend(concerned_by(db, gone)?);
            }
        }
        Ok(concerned)
    })?;
    concerned.sort();
    concerned.dedup_by(|a, b| a.0 == b.0);
    if concerned.is_empty() {
        return Ok(0);
    }
    record.decide_now(Actor::Clock, now, |tx| {
        for (id, why) in &concerned {
            quotes::forget(tx, id, why)?;
        }
        Ok(concerned.len())
    })
}

/// The quotes that something takes the words of, and why.
fn concerned_by(db: &Connection, gone: &Gone) -> Result<Vec<(QuoteId, &'static str)>, RecordError> {
    Ok(match gone {
        Gone::Post(post) => quotes::of_post(db, post)?.into_iter().map(|quote| (quote.id, SOURCE_GONE)).collect(),
        Gone::Author(author) => {
            let mut rows = db.prepare_cached("SELECT id FROM quotes WHERE author = ?1")?;
            rows.query_map([author], |row| Ok((row.get(0)?, SOURCE_GONE)))?.collect::<Result<_, _>>()?
        }
        Gone::Edited { post, stored } => {
            let stored = quotes::unix_lines(stored);
            let is_broken = |quote: &Quote| {
                !quote.is_paraphrase && quote.words.as_ref().is_some_and(|words| !stored.contains(words))
            };
            let broken = quotes::of_post(db, post)?.into_iter().filter(is_broken);
            broken.map(|quote| (quote.id, WORDS_GONE)).collect()
        }
    })
}

/// Takes an account's name off its votes, which stay counted, and off the quotes that it approved. Gives how many votes and
/// approvals there were.
///
/// # Errors
/// When the record cannot be written.
pub fn erase_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<usize, RecordError> {
    let nobody = random::id(tx.now())?;
    let votes = tx.execute("UPDATE votes SET voter = ?2 WHERE voter = ?1", params![account.as_str(), nobody])?;
    let approvals = tx.execute("UPDATE quotes SET approved_by = NULL WHERE approved_by = ?1", [account.as_str()])?;
    Ok(votes + approvals)
}
