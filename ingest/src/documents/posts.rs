//! Contributions to posts.

use std::collections::HashMap;

use bus::{AuthorKey, EventId, IdKey, Post, PostId};
use jiff::Timestamp;

use super::{Contribution, Document, Meeting};
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

/// The posts of `document`. `undated` is when it was held, if nothing says so.
///
/// A post's identity is made of the meeting, and of the contribution's own id, or else of the speaker and the words. So
/// when a line is put in, the others keep their ids; and when words are changed, the old contribution vanishes and a new
/// one appears, instead of evidence that quietly says something else.
pub(crate) fn posts(
    document: Document,
    undated: Timestamp,
    source: &SourceConfig,
    id_key: &IdKey,
    now: Timestamp,
) -> Vec<Post> {
    let Document { name, meeting, is_meeting, contributions } = document;
    let whole = meeting.event.as_deref().or_else(|| is_meeting.then_some(name.as_str())).and_then(event);
    let began = meeting.began().unwrap_or(undated);
    let mut writer =
        Writer { name, whole, meeting, source, id_key, now, occurrences: HashMap::new(), posts: Vec::new() };
    let mut at = began;
    for said in contributions {
        // A contribution without a time follows the one before it.
        at = said.at.and_then(|offset| began.checked_add(offset).ok()).unwrap_or(at).max(at);
        writer.write(&said, said.own.said_at.unwrap_or(at));
    }
    writer.posts
}

/// Makes posts of the contributions to one document.
struct Writer<'a> {
    name: String,
    /// The occasion as a whole.
    whole: Option<EventId>,
    meeting: Meeting,
    source: &'a SourceConfig,
    id_key: &'a IdKey,
    now: Timestamp,
    /// How often the same was said.
    occurrences: HashMap<PostId, u32>,
    posts: Vec<Post>,
}

impl Writer<'_> {
    fn write(&mut self, said: &Contribution, at: Timestamp) {
        let (own, meeting) = (&said.own, &self.meeting);
        let author = said.speaker.as_deref().and_then(|speaker| self.author(speaker));
        let event = self.event(said);
        // How many were there is told of the whole occasion, not of the part that one group has in it.
        let attendance = meeting.people.filter(|_| event.is_some() && event == self.whole);
        let title = own.title.as_ref().or(meeting.title.as_ref()).or(own.group.as_ref()).or(meeting.group.as_ref());
        let language = own.language.as_ref().or(meeting.language.as_ref()).or(self.source.language.as_ref());
        let place = own.place.as_ref().or(meeting.place.as_ref()).or(self.source.place.as_ref());
        let (title, language, place) = (title.cloned(), language.cloned(), place.cloned());
        for (number, chunk) in chunks(&said.text).into_iter().enumerate() {
            let id = self.id(said, author, number, chunk);
            self.posts.push(Post {
                id,
                source: self.source.id.clone(),
                channel: self.source.channel,
                author,
                created_at: at.min(self.now),
                collected_at: self.now,
                text: chunk.to_owned(),
                title: title.clone(),
                url: own.url.clone(),
                language_hint: language.clone(),
                place_hint: place.clone(),
                event: event.clone(),
                attendance,
            });
        }
    }

    /// The identity of a part of a contribution, different also where the same is said twice.
    fn id(&mut self, said: &Contribution, author: Option<AuthorKey>, number: usize, chunk: &str) -> PostId {
        let occasion = self.whole.as_ref().map_or(self.name.as_str(), EventId::as_str);
        let native = match &said.own.id {
            Some(own) => format!("{occasion}\n#{own}\n{number}"),
            None => format!("{occasion}\n{}\n{chunk}", author.map_or_else(String::new, |author| author.to_string())),
        };
        let first = PostId::new(&self.source.id, &native);
        let times = self.occurrences.entry(first).or_default();
        let id = if *times == 0 { first } else { PostId::new(&self.source.id, &format!("{native}\n{times}")) };
        *times += 1;
        id
    }

    /// The occasion of one contribution: its own, or its group's part of the whole.
    fn event(&self, said: &Contribution) -> Option<EventId> {
        match (&said.own.event, &said.own.group) {
            (Some(own), _) => event(own),
            (None, Some(group)) => event(&format!("{}: {group}", self.whole.as_ref().map_or("", EventId::as_str))),
            (None, None) => self.whole.clone(),
        }
    }

    /// The pseudonym of a speaker. It holds within one meeting: "Speaker 1" of two meetings are two people.
    fn author(&self, speaker: &str) -> Option<AuthorKey> {
        let name = speaker.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if NOBODY.contains(&name.as_str()) {
            return None;
        }
        let handle = format!("{}\n{name}", self.whole.as_ref().map_or("", EventId::as_str));
        Some(AuthorKey::new(self.id_key, &self.source.id, &handle))
    }
}

/// The meeting's identity: at most 200 characters, none of them a control character.
fn event(name: &str) -> Option<EventId> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    first_bytes(&name, 200).parse().ok()
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
