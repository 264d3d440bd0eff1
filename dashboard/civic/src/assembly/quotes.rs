//! What people said, as far as it may be shown to everybody: words that somebody approved, checked against the stored text.
//!
//! A quote is sealed: of its words and a random salt only the hash goes into evidence packs. When the source is deleted or a
//! person is erased, words and salt go; the packs stay as they were frozen and say that a quote was withdrawn.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::check;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::QuoteId;
use crate::random;
use crate::store::Tx;

/// The kind of thing that a quote is, in the audit log.
pub const KIND: &str = "quote";

/// The longest quote, in characters: what is longer tells more about a person than about a matter.
pub const LONGEST: usize = 600;

/// What is to be approved.
#[derive(Clone, Debug)]
pub struct Approval {
    /// The post (its id).
    pub post: String,
    /// Whose it is (a pseudonym), where that is known.
    pub author: Option<String>,
    /// Its text as it is stored.
    pub stored: String,
    /// The issue of Discovery (its id) that it is shown with.
    pub issue: Option<String>,
    /// The words that are to be shown.
    pub words: String,
    /// Whether they say the same in other words.
    pub is_paraphrase: bool,
    /// Whose side it is on.
    pub stance: Stance,
    /// Where it was said (slug of the channel).
    pub channel: String,
    /// When it was said, a day in Europe/London.
    pub said_on: Date,
    /// Why it may be shown.
    pub reason: String,
}

/// Whose side a quote is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// It speaks for the issue.
    View,
    /// It sees the matter otherwise.
    Counter,
}

impl Stance {
    const ALL: [Self; 2] = [Self::View, Self::Counter];

    /// Its name for machines.
    pub fn slug(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Counter => "counter",
        }
    }
}

/// A quote that was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Which one.
    pub id: QuoteId,
    /// The post (its id), as long as it is not withdrawn.
    pub post: Option<String>,
    /// The issue of Discovery (its id) that it is shown with.
    pub issue: Option<String>,
    /// Whose side it is on.
    pub stance: Stance,
    /// The words, as long as it is not withdrawn.
    pub words: Option<String>,
    /// Whether they are not the author's own.
    pub is_paraphrase: bool,
    /// Hexadecimal salt, as long as it is not withdrawn.
    pub salt: Option<String>,
    /// Hexadecimal blake3 of the 32 bytes of the salt and the words.
    pub seal: String,
    /// Where it was said (slug of the channel).
    pub channel: String,
    /// When it was said.
    pub said_on: Date,
    /// The role of who approved it.
    pub approved_role: String,
    /// When it was approved (UTC).
    pub approved_at: Timestamp,
    /// Why.
    pub reason: String,
    /// When it was withdrawn (UTC), and why.
    pub withdrawn: Option<(Timestamp, String)>,
    /// For changes: what was read must still be so.
    pub version: i64,
}

/// Approves words for everybody's eyes.
///
/// # Errors
/// When the words are not in the stored text (or, for a paraphrase, are), or the same was approved already.
pub fn approve(tx: &mut Tx<'_>, approval: &Approval) -> Result<QuoteId, RecordError> {
    let words = unix_lines(&check::text(&approval.words, "the words that are to be shown", LONGEST)?);
    let reason = check::text(&approval.reason, "why it may be shown to everybody", check::REASON)?;
    let is_in_text = unix_lines(&approval.stored).contains(&words);
    if approval.is_paraphrase && is_in_text {
        return Err(RecordError::refused(
            "These are the author’s own words: approve them as a quote, or write your own",
        ));
    }
    if !approval.is_paraphrase && !is_in_text {
        return Err(RecordError::refused(
            "These words are not in the post as it is stored: copy them from it, or approve them as a paraphrase",
        ));
    }
    let is_known: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM quotes WHERE post = ?1 AND words = ?2 AND issue IS ?3)",
        params![approval.post, words, approval.issue],
        |row| row.get(0),
    )?;
    if is_known {
        return Err(RecordError::refused("These words were approved already"));
    }
    let (id, salt) = (QuoteId::new(tx.now())?, random::bytes::<32>()?);
    tx.execute(
        "INSERT INTO quotes (id, post, issue, stance, words, is_paraphrase, salt, seal, channel, said_on,
         approved_by, approved_role, approved_at, reason, author)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            id,
            approval.post,
            approval.issue,
            approval.stance.slug(),
            words,
            approval.is_paraphrase,
            salt,
            sealed(&salt, &words),
            approval.channel,
            approval.said_on.to_string(),
            tx.actor().account(),
            tx.actor().role(),
            tx.now().as_second(),
            reason,
            approval.author
        ],
    )?;
    let detail = json!({ "issue": approval.issue, "paraphrase": approval.is_paraphrase, "stance": approval.stance });
    tx.log(&Entry::new(Part::Public, "quote.approved", KIND, id.as_str()).because(&reason).with(detail))?;
    Ok(id)
}

/// Withdraws a quote: its words go, from the packs too.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when it is withdrawn already.
pub fn withdraw(tx: &mut Tx<'_>, id: &QuoteId, read: i64, reason: &str) -> Result<(), RecordError> {
    let reason = check::reason(reason)?;
    let quote = find(tx, id)?;
    if quote.version != read {
        return Err(RecordError::Changed);
    }
    if quote.withdrawn.is_some() {
        return Err(RecordError::refused("This quote was withdrawn already"));
    }
    forget(tx, id, &reason)
}

/// Takes the words away.
pub(super) fn forget(tx: &mut Tx<'_>, id: &QuoteId, reason: &str) -> Result<(), RecordError> {
    tx.execute(
        "UPDATE quotes SET words = NULL, salt = NULL, post = NULL, author = NULL, withdrawn_at = ?2, withdrawn_why = ?3,
         version = version + 1 WHERE id = ?1",
        params![id, tx.now().as_second(), reason],
    )?;
    tx.log(&Entry::new(Part::Public, "quote.withdrawn", KIND, id.as_str()).because(reason))
}

/// The quote with this id.
///
/// # Errors
/// [`RecordError::NotFound`].
pub fn find(db: &Connection, id: &QuoteId) -> Result<Quote, RecordError> {
    db.query_row(&format!("SELECT {COLUMNS} FROM quotes WHERE id = ?1"), [id], quote)
        .optional()?
        .ok_or(RecordError::NotFound)
}

/// The quotes from a post that are not withdrawn, the oldest first.
///
/// # Errors
/// When the record cannot be read.
pub fn of_post(db: &Connection, post: &str) -> Result<Vec<Quote>, RecordError> {
    let mut rows = db.prepare_cached(&format!("SELECT {COLUMNS} FROM quotes WHERE post = ?1 ORDER BY rowid"))?;
    let quotes = rows.query_map([post], quote)?.collect::<Result<_, _>>()?;
    Ok(quotes)
}

/// The quotes that are shown with an issue and not withdrawn, views first, the oldest first.
///
/// # Errors
/// When the record cannot be read.
pub fn of_issue(db: &Connection, issue: &str) -> Result<Vec<Quote>, RecordError> {
    let mut rows = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM quotes WHERE issue = ?1 AND withdrawn_at IS NULL ORDER BY stance DESC, rowid"
    ))?;
    let quotes = rows.query_map([issue], quote)?.collect::<Result<_, _>>()?;
    Ok(quotes)
}

const COLUMNS: &str = "id, post, issue, stance, words, is_paraphrase, salt, seal, channel, said_on, approved_role,
                       approved_at, reason, withdrawn_at, withdrawn_why, version";

fn quote(row: &Row<'_>) -> rusqlite::Result<Quote> {
    let salt: Option<[u8; 32]> = row.get(6)?;
    let why: Option<String> = row.get(14)?;
    Ok(Quote {
        id: row.get(0)?,
        post: row.get(1)?,
        issue: row.get(2)?,
        stance: check::word(row, 3, &Stance::ALL, Stance::slug)?,
        words: row.get(4)?,
        is_paraphrase: row.get(5)?,
        salt: salt.map(hex),
        seal: hex(row.get(7)?),
        channel: row.get(8)?,
        said_on: check::day(row, 9)?,
        approved_role: row.get(10)?,
        approved_at: check::moment(row, 11)?,
        reason: row.get(12)?,
        withdrawn: check::maybe_moment(row, 13)?.map(|at| (at, why.unwrap_or_default())),
        version: row.get(15)?,
    })
}

/// What goes into packs in the place of the words.
pub(super) fn sealed(salt: &[u8; 32], words: &str) -> [u8; 32] {
    *blake3::Hasher::new().update(salt).update(words.as_bytes()).finalize().as_bytes()
}

fn hex(bytes: [u8; 32]) -> String {
    blake3::Hash::from_bytes(bytes).to_hex().to_string()
}

/// Browsers send the ends of lines as two characters.
pub(super) fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::testing::World;
    use crate::assembly::{Gone, erase_account, erase_post, pack};
    use crate::audit::Actor;
    use crate::role::Role;

    const TEXT: &str = "I waited two winters for the clinic.\nNobody wrote to me, and I gave up.";

    fn approval(words: &str, is_paraphrase: bool) -> Approval {
        Approval {
            post: "5a5a".to_owned(),
            author: Some("a1a1".to_owned()),
            stored: TEXT.to_owned(),
            issue: Some("issue".to_owned()),
            words: words.to_owned(),
            is_paraphrase,
            stance: Stance::View,
            channel: "forum".to_owned(),
            said_on: "2026-11-02".parse().unwrap(),
            reason: "It names nobody".to_owned(),
        }
    }

    #[test]
    fn a_quote_is_word_for_word_or_says_that_it_is_not() {
        let world = World::new([5, 3, 2, 2]);
        let approve =
            |words: &str, is_paraphrase| world.decide(1, |tx| super::approve(tx, &approval(words, is_paraphrase)));
        for (words, is_paraphrase, said) in [
            ("I waited three winters", false, "not in the post"),
            ("i waited two winters", false, "not in the post"),
            ("I waited two winters", true, "own words"),
            (" ", false, "Enter the words"),
            (&"x".repeat(601), true, "at most 600"),
        ] {
            let refused = approve(words, is_paraphrase).unwrap_err().to_string();
            assert!(refused.contains(said), "{words}: {refused}");
        }
        // A form sends the end of a line as two characters.
        approve("for the clinic.\r\nNobody wrote to me", false).unwrap();
        approve("Somebody gave up after two winters", true).unwrap();
        assert!(approve("Somebody gave up after two winters", true).unwrap_err().to_string().contains("already"));
        let quotes = world.record.read_now(|db| of_issue(db, "issue")).unwrap();
        let words: Vec<_> = quotes.iter().map(|quote| quote.words.as_deref().unwrap()).collect();
        assert_eq!(words, ["for the clinic.\nNobody wrote to me", "Somebody gave up after two winters"]);
    }

    fn evidence() -> pack::Evidence {
        pack::Evidence {
            as_of: None,
            trends_hash: None,
            offsets: json!({}),
            method: "by hand".to_owned(),
            issue: json!({ "label": "The clinic" }),
            tables: Vec::new(),
            counter_views: "Nobody spoke against it".to_owned(),
            missing: vec!["Who is not online".to_owned()],
            limits: Vec::new(),
        }
    }

    #[test]
    fn a_deleted_source_is_gone_from_the_pack_whose_hash_stays() {
        let world = World::new([5, 3, 2, 2]);
        let candidate = world.nominate("issue", 50);
        let id = world.decide(1, |tx| approve(tx, &approval("Nobody wrote to me", false))).unwrap();
        let pack_id = world.decide(2, |tx| pack::freeze(tx, &candidate, evidence())).unwrap();
        let before = world.record.read_now(|db| pack::find(db, &pack_id)).unwrap();
        assert!(before.is_intact && !before.json.contains("Nobody wrote"), "{}", before.json);
        let shown = world.record.read_now(|db| pack::quotes_of(db, &before)).unwrap().remove(0);
        let salt = *blake3::Hash::from_hex(shown.salt.unwrap()).unwrap().as_bytes();
        assert_eq!(hex(sealed(&salt, "Nobody wrote to me")), before.content.quotes[0].seal);

        assert_eq!(world.decide(3, |tx| erase_post(tx, "5a5a")).unwrap(), 1);
        let after = world.record.read_now(|db| pack::find(db, &pack_id)).unwrap();
        assert_eq!((&after.hash, &after.json, after.is_intact), (&before.hash, &before.json, true));
        let gone = world.record.read_now(|db| pack::quotes_of(db, &after)).unwrap().remove(0);
        assert_eq!((&gone.words, &gone.salt, &gone.post), (&None, &None, &None));
        assert_eq!(gone.withdrawn.unwrap().1, "Its source was deleted");
        assert!(world.record.read_now(|db| of_issue(db, "issue")).unwrap().is_empty());
        let read = world.record.read_now(|db| find(db, &id)).unwrap().version;
        let again = world.decide(4, |tx| withdraw(tx, &id, read, "It is about somebody"));
        assert!(again.unwrap_err().to_string().contains("withdrawn already"));
        let db = Connection::open(world.record.path()).unwrap();
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let bytes = world.bytes();
        assert!(!bytes.windows(12).any(|window| window == b"Nobody wrote"), "the words are still in the file");
    }

    #[test]
    fn words_go_with_their_post_their_author_and_an_edit_that_takes_them_back() {
        let world = World::new([5, 3, 2, 2]);
        let now = crate::assembly::testing::day(2);
        let follow = |gone: &[Gone]| crate::assembly::follow(&world.record, now, gone).unwrap();
        world.decide(1, |tx| approve(tx, &approval("Nobody wrote to me", false))).unwrap();
        world.decide(1, |tx| approve(tx, &approval("Somebody gave up after two winters", true))).unwrap();
        let edited = |stored: &str| Gone::Edited { post: "5a5a".to_owned(), stored: stored.to_owned() };
        assert_eq!(follow(&[edited(&format!("Edited: {TEXT}")), Gone::Post("6b6b".to_owned())]), 0);
        assert_eq!(follow(&[edited("I waited two winters for the clinic.")]), 1);
        let left = world.record.read_now(|db| of_issue(db, "issue")).unwrap();
        assert!(left.len() == 1 && left[0].is_paraphrase, "{left:?}");
        assert_eq!(follow(&[Gone::Author("a1a1".to_owned()), Gone::Post("5a5a".to_owned())]), 1);
        assert!(world.record.read_now(|db| of_issue(db, "issue")).unwrap().is_empty());
        world.record.read_now(crate::audit::verify).unwrap();
    }

    #[test]
    fn a_pack_is_never_changed() {
        let world = World::new([5, 3, 2, 2]);
        let candidate = world.nominate("issue", 50);
        world.decide(2, |tx| pack::freeze(tx, &candidate, evidence())).unwrap();
        let silent = pack::Evidence { counter_views: " ".to_owned(), ..evidence() };
        let refused = world.decide(2, |tx| pack::freeze(tx, &candidate, silent)).unwrap_err().to_string();
        assert!(refused.contains("speaks against it"), "{refused}");
        let changed = world.decide(3, |tx| {
            tx.execute("UPDATE packs SET content = '{}'", [])?;
            Ok(())
        });
        assert!(changed.unwrap_err().to_string().contains("never changed"));
    }

    #[test]
    fn who_is_erased_is_not_named_by_votes_and_approvals() {
        let world = World::new([5, 3, 2, 2]);
        let analyst = world.voter("ann");
        let actor = Actor::Account(analyst.clone(), Role::Analyst);
        let now = crate::assembly::testing::day(1);
        world.record.decide_now(actor, now, |tx| approve(tx, &approval("I gave up", false))).unwrap();
        assert_eq!(
            world
                .decide(2, |tx| {
                    let gone = erase_account(tx, &analyst)?;
                    tx.log(&Entry::new(Part::Staff, "test.done", "test", "1"))?;
                    Ok(gone)
                })
                .unwrap(),
            1
        );
        let by: Option<String> = world
            .record
            .read_now(|db| Ok(db.query_row("SELECT approved_by FROM quotes", [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(by, None);
    }
}
