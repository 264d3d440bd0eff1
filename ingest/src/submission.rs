//! What somebody hands in on a page: it is read and shown, redacted, and taken in only when the person has agreed.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bus::{BusError, Change, Channel, IdKey, Post, SourceId};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::clock::Clock;
use crate::collectors::transcripts::TranscriptsConfig;
use crate::documents::{self, About, Handed};
use crate::intake::Intake;
use crate::sources::{SourceConfig, SourceKind};

/// So many contributions are shown.
const SHOWN: usize = 20;

/// So many previews wait to be agreed to; the oldest are forgotten ...
const MAX_WAITING: usize = 8;

/// ... also when all together hold more text than this, ...
const MAX_WAITING_BYTES: usize = 64 << 20;

/// ... and each after so long.
const WAITS: SignedDuration = SignedDuration::from_mins(30);

/// What somebody hands in.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The file's name; its ending tells the format.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What the person says about it.
    pub about: About,
}

/// What would be taken in.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What to agree with.
    pub token: String,
    /// How many posts there are.
    pub posts: usize,
    /// How many distinct people said them, as far as the file tells.
    pub voices: usize,
    /// How many people were in the room, where that is known.
    pub people: Option<u32>,
    /// When the first and the last was said (UTC).
    pub times: Option<(Timestamp, Timestamp)>,
    /// The first of them, redacted.
    pub shown: Vec<Post>,
    /// What was taken out of the texts, and how often ("phone").
    pub redacted: BTreeMap<String, usize>,
    /// What was left out or guessed, in plain words.
    pub warnings: Vec<String>,
}

/// Why something is not taken in.
#[derive(Debug, Error)]
pub enum SubmissionError {
    /// The file cannot be read; the reason is to be put after its name.
    #[error("{0}")]
    Unreadable(String),
    /// There is no preview of this token, or no longer.
    #[error("the preview is too old: hand the file in again")]
    Expired,
    /// The bus did not accept it; it can be tried again.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Reads what is handed in, and keeps it until somebody agrees.
#[derive(Debug)]
pub struct Submissions {
    intake: Intake,
    source: SourceConfig,
    id_key: IdKey,
    clock: Clock,
    waiting: Mutex<VecDeque<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    token: String,
    since: Timestamp,
    bytes: usize,
    posts: Vec<Post>,
}

impl Submissions {
    /// Takes in what is handed in as posts of `source`.
    pub fn new(source: SourceId, intake: Intake, id_key: IdKey) -> Self {
        let kind = SourceKind::Transcripts(TranscriptsConfig { folder: "the upload page".into() });
        let source = SourceConfig {
            id: source,
            name: "Handed in on the upload page".to_owned(),
            channel: Channel::Offline,
            place: None,
            language: None,
            every: Duration::MAX,
            kind,
        };
        Self { intake, source, id_key, clock: Clock::System, waiting: Mutex::default() }
    }

    /// Reads `submission`, and keeps what would be taken in for [`Submissions::accept`].
    ///
    /// # Errors
    /// [`SubmissionError::Unreadable`].
    pub async fn preview(&self, submission: Submission) -> Result<Preview, SubmissionError> {
        let (source, id_key, intake, now) =
            (self.source.clone(), self.id_key.clone(), self.intake.clone(), self.clock.now());
        let read = tokio::task::spawn_blocking(move || read(&submission, &source, &id_key, &intake, now));
        let unreadable = |_| SubmissionError::Unreadable("made the reader fail; please report it".to_owned());
        let (mut preview, posts) = read.await.map_err(unreadable)??;
        preview.token = random_token()?;
        self.keep(preview.token.clone(), posts, now);
        Ok(preview)
    }

    /// Takes in what was previewed under `token`, and says how many posts it was. It can be taken in once.
    ///
    /// # Errors
    /// [`SubmissionError::Expired`] and [`SubmissionError::Bus`]; after the latter it can be tried again.
    pub async fn accept(&self, token: &str) -> Result<u64, SubmissionError> {
        let waiting = self.take(token).ok_or(SubmissionError::Expired)?;
        let changes = waiting.posts.iter().cloned().map(Change::Upsert).collect();
        let mut pending = self.intake.prepare(changes).await;
        if let Err(error) = self.intake.deliver(&mut pending).await {
            // Posts keep their ids: what was accepted of them is not counted twice the next time.
            self.keep(waiting.token, waiting.posts, waiting.since);
            return Err(error.into());
        }
        Ok(pending.posts())
    }

    fn keep(&self, token: String, posts: Vec<Post>, since: Timestamp) {
        let bytes = posts.iter().map(|post| post.text.len() + size_of::<Post>()).sum();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| self.clock.now().duration_since(other.since) < WAITS);
        waiting.push_back(Waiting { token, since, bytes, posts });
        while waiting.len() > MAX_WAITING
            || (waiting.len() > 1 && waiting.iter().map(|other| other.bytes).sum::<usize>() > MAX_WAITING_BYTES)
        {
            waiting.pop_front();
        }
    }

    fn take(&self, token: &str) -> Option<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| self.clock.now().duration_since(other.since) < WAITS);
        let place =
            waiting.iter().position(|other| blake3::hash(other.token.as_bytes()) == blake3::hash(token.as_bytes()))?;
        waiting.remove(place)
    }
}

fn read(
    submission: &Submission,
    source: &SourceConfig,
    id_key: &IdKey,
    intake: &Intake,
    now: Timestamp,
) -> Result<(Preview, Vec<Post>), SubmissionError> {
    let Submission { file_name, bytes, about } = submission;
    let reading = documents::read(Handed { name: file_name, bytes, sidecar: None }, about)
        .map_err(SubmissionError::Unreadable)?;
    let mut warnings = reading.warnings;
    let people = reading.documents.iter().filter_map(|document| document.meeting.people).max();
    let is_undated = |document: &documents::Document| {
        document.meeting.date.is_none() && document.contributions.iter().any(|said| said.own.said_at.is_none())
    };
    if reading.documents.iter().any(is_undated) {
        warnings.push("nothing says when it was said: it counts as of today, unless you give a date".to_owned());
    }
    let mut posts: Vec<Post> = Vec::new();
    for document in reading.documents {
        posts.extend(documents::posts(document, now, source, id_key, now));
    }
    let mut redacted = BTreeMap::new();
    for post in &mut posts {
        let before = post.text.clone();
        intake.scrub(post);
        count_redactions(&before, &post.text, &mut redacted);
    }
    let times = posts.iter().map(|post| post.created_at);
    let preview = Preview {
        token: String::new(),
        posts: posts.len(),
        voices: posts.iter().filter_map(|post| post.author).collect::<HashSet<_>>().len(),
        people,
        times: times.clone().min().zip(times.max()),
        shown: posts.iter().take(SHOWN).cloned().collect(),
        redacted,
        warnings,
    };
    Ok((preview, posts))
}

/// Counts what redaction put in place of something: `[phone]`, `[postcode LS6]`.
fn count_redactions(before: &str, after: &str, counts: &mut BTreeMap<String, usize>) {
    if before == after {
        return;
    }
    for piece in after.split('[').skip(1) {
        let Some((inside, _)) = piece.split_once(']') else { continue };
        let kind = inside.strip_prefix("postcode ").map_or(inside, |_| "postcode");
        if inside.len() <= 60 && !before.contains(&format!("[{inside}]")) {
            *counts.entry(kind.to_owned()).or_default() += 1;
        }
    }
}

fn random_token() -> Result<String, SubmissionError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| SubmissionError::Unreadable(format!("cannot be kept: no random numbers ({error})")))?;
    Ok(blake3::hash(&bytes).to_hex()[..32].to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::FlakyBus;

    fn submissions(bus: &Arc<FlakyBus>) -> Submissions {
        let scrub = |post: &mut Post| post.text = post.text.replace("07700 900123", "[phone]");
        let intake = Intake::new(bus.clone(), Arc::new(scrub));
        Submissions::new("submitted".parse().unwrap(), intake, IdKey::new([1; 32]))
    }

    fn text(words: &str) -> Submission {
        Submission { file_name: "a.txt".to_owned(), bytes: words.as_bytes().to_vec(), about: About::default() }
    }

    #[tokio::test]
    async fn nothing_is_taken_in_before_somebody_agrees_and_then_once() {
        let bus = Arc::new(FlakyBus::refusing([0]));
        let submissions = submissions(&bus);
        let mut handed = text("Ann: Call 07700 900123 or 07700 900123.\n\nBen: [phone] no.\n\nAnn: Thanks.");
        handed.about.meeting.set("people", "23").unwrap();
        let preview = submissions.preview(handed).await.unwrap();
        assert_eq!((preview.posts, preview.voices, preview.people), (3, 2, Some(23)));
        assert_eq!(preview.shown[0].text, "Call [phone] or [phone].");
        assert_eq!(preview.redacted, BTreeMap::from([("phone".to_owned(), 2)]));
        assert_eq!(preview.warnings.len(), 1, "{:?}", preview.warnings);
        assert!(bus.posts().is_empty());
        assert!(matches!(submissions.accept("guess").await, Err(SubmissionError::Expired)));
        assert!(matches!(submissions.accept(&preview.token).await, Err(SubmissionError::Bus(_))));
        assert_eq!(submissions.accept(&preview.token).await.unwrap(), 3);
        assert!(matches!(submissions.accept(&preview.token).await, Err(SubmissionError::Expired)));
        assert_eq!(bus.posts().len(), 3);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_explained_and_what_waits_is_bounded() {
        let submissions = submissions(&Arc::new(FlakyBus::default()));
        let error = submissions.preview(text("")).await.unwrap_err();
        assert!(error.to_string().starts_with("is empty"), "{error}");
        let first = submissions.preview(text("Ann: Hello.")).await.unwrap();
        for _ in 0..MAX_WAITING {
            submissions.preview(text("Ann: Hello.")).await.unwrap();
        }
        assert!(matches!(submissions.accept(&first.token).await, Err(SubmissionError::Expired)));
        assert_eq!(submissions.waiting.lock().unwrap().len(), MAX_WAITING);
    }
}
