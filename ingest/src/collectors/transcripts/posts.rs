//! Contributions to posts.

use std::collections::HashMap;

use bus::{AuthorKey, EventId, IdKey, Post, PostId};
use jiff::Timestamp;

use super::Transcript;
use crate::html::first_bytes;
use crate::sources::SourceConfig;

/// A longer contribution is cut into several posts, at the end of a sentence where there is one.
const MAX_CHUNK_BYTES: usize = 8_000;

/// Names that stand for nobody in particular.
const NOBODY: [&str; 10] = [
    "unknown",
    "unknown speaker",
    "speaker unknown",
    "unidentified",
    "inaudible",
    "audience",
    "all",
    "several",
    "everyone",
    "floor",
];

/// The posts of `transcript`, the file that is called `name` in its source. `undated` is when it was held, if nothing
/// says so.
///
/// A post's identity is made of the meeting, the speaker and the words. So when a line is put in, the others keep their
/// ids; and when words are changed, the old contribution vanishes and a new one appears, instead of evidence that
/// quietly says something else.
pub(super) fn posts(
    transcript: Transcript,
    name: &str,
    undated: Timestamp,
    source: &SourceConfig,
    id_key: &IdKey,
    now: Timestamp,
) -> Vec<Post> {
    let Transcript { meeting, turns } = transcript;
    let event = event(meeting.event.as_deref().unwrap_or(name));
    let began = meeting.began().unwrap_or(undated);
    let mut at = began;
    let mut occurrences: HashMap<PostId, u32> = HashMap::new();
    let mut posts = Vec::new();
    for turn in turns {
        // A turn without a time follows the one before it.
        at = turn.at.and_then(|offset| began.checked_add(offset).ok()).unwrap_or(at).max(at);
        let author = turn.speaker.as_deref().and_then(|speaker| author(speaker, event.as_ref(), source, id_key));
        for chunk in chunks(&turn.text) {
            let said = format!(
                "{}\n{}\n{chunk}",
                event.as_ref().map_or(name, EventId::as_str),
                author.map_or_else(String::new, |a| a.to_string())
            );
            let first = PostId::new(&source.id, &said);
            let times = occurrences.entry(first).or_default();
            let id = if *times == 0 { first } else { PostId::new(&source.id, &format!("{said}\n{times}")) };
            *times += 1;
            posts.push(Post {
                id,
                source: source.id.clone(),
                channel: source.channel,
                author,
                created_at: at.min(now),
                collected_at: now,
                text: chunk.to_owned(),
                title: meeting.title.clone(),
                url: None,
                language_hint: meeting.language.clone().or_else(|| source.language.clone()),
                place_hint: meeting.place.clone().or_else(|| source.place.clone()),
                event: event.clone(),
            });
        }
    }
    posts
}

/// The meeting's identity: at most 200 characters, none of them a control character.
fn event(name: &str) -> Option<EventId> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    first_bytes(&name, 200).parse().ok()
}

/// The pseudonym of a speaker. It holds within one meeting: "Speaker 1" of two meetings are two people.
fn author(speaker: &str, event: Option<&EventId>, source: &SourceConfig, id_key: &IdKey) -> Option<AuthorKey> {
    let name = speaker.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if NOBODY.contains(&name.as_str()) {
        return None;
    }
    let handle = format!("{}\n{name}", event.map_or("", EventId::as_str));
    Some(AuthorKey::new(id_key, &source.id, &handle))
}

/// `text` in pieces of bounded size.
fn chunks(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text.trim();
    while rest.len() > MAX_CHUNK_BYTES {
        let window = first_bytes(rest, MAX_CHUNK_BYTES);
        let sentence = window.rmatch_indices(". ").map(|(at, _)| at + 1).next();
        let word = window.rfind(char::is_whitespace);
        let cut = sentence.or(word).filter(|&cut| cut > 0).unwrap_or(window.len());
        chunks.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}
