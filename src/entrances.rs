//! The doors of the pages: documents that people hand in and posts that other systems send, over ingest; what staff say of tags,
//! over the bus; and what is to be erased.

use std::sync::Arc;

use async_trait::async_trait;
use bus::{Bus, BusTopic, Change, Correction, IdKey, Post, SourceId};
use dashboard::{Corrector, Preview, Received, Receiver, Refusal, Shown, Upload};
use ingest::documents::About;
use ingest::{HealthBoard, Intake, Push, Submission, SubmissionError, Submissions};

use crate::config::Config;
use crate::erasure::Finder;

/// The source that posts from the upload page belong to.
const SOURCE: &str = "submitted";

/// What comes in through the pages, where anything does.
#[derive(Clone, Default)]
pub struct Entrances {
    /// Documents that people hand in.
    pub submissions: Option<Arc<dyn dashboard::Submissions>>,
    /// Posts that other systems send.
    pub receiver: Option<Arc<dyn Receiver>>,
    /// What staff say of tags.
    pub corrector: Option<Arc<dyn Corrector>>,
    /// What is to be erased.
    pub eraser: Option<Arc<dyn dashboard::Eraser>>,
}

impl Entrances {
    /// All doors, leading to `intake` and to `bus`. Senders must have other ids than the sources in `others`.
    ///
    /// # Errors
    /// When a sender is configured wrong.
    pub fn open(
        config: &Config,
        others: &[SourceId],
        intake: Intake,
        bus: Arc<dyn Bus>,
        id_key: IdKey,
        board: HealthBoard,
    ) -> anyhow::Result<Self> {
        let push = Push::new(&config.ingest.push, others, intake.clone(), id_key.clone(), board)?;
        let submissions = Submissions::new(SOURCE.parse()?, intake, id_key);
        Ok(Self {
            submissions: Some(Arc::new(HandedIn(submissions))),
            receiver: Some(Arc::new(Sent(push))),
            corrector: Some(Arc::new(Said(bus))),
            eraser: None,
        })
    }
}

impl Entrances {
    /// These doors, and the one by which erasures are asked for.
    #[must_use]
    pub fn with_eraser(self, finder: Finder) -> Self {
        Self { eraser: Some(Arc::new(finder)), ..self }
    }
}

/// Documents that people hand in.
struct HandedIn(Submissions);

#[async_trait]
impl dashboard::Submissions for HandedIn {
    async fn preview(&self, upload: Upload) -> Result<Preview, Refusal> {
        let about = about(&upload)?;
        let unreadable = |message: String| Refusal::Unreadable { field: field_of(&message), message };
        let file_name = upload.file_name.clone();
        let submission = Submission { file_name: upload.file_name, bytes: upload.bytes, about };
        let preview = match self.0.preview(submission).await {
            Ok(preview) => preview,
            Err(SubmissionError::Unreadable(reason)) => return Err(unreadable(format!("{file_name} {reason}"))),
            Err(error) => return Err(refusal(&error)),
        };
        Ok(Preview {
            token: preview.token,
            posts: preview.posts as u64,
            voices: preview.voices as u64,
            people: preview.people,
            times: preview.times,
            shown: preview
                .shown
                .into_iter()
                .map(|post| Shown {
                    at: post.created_at,
                    title: post.title,
                    place: post.place_hint,
                    is_named: post.author.is_some(),
                    text: post.text,
                })
                .collect(),
            redacted: preview.redacted.into_iter().map(|(kind, times)| (kind, times as u64)).collect(),
            warnings: preview.warnings,
        })
    }

    async fn accept(&self, token: &str) -> Result<u64, Refusal> {
        self.0.accept(token).await.map_err(|error| refusal(&error))
    }
}

/// What the form says of the meeting and the columns.
fn about(upload: &Upload) -> Result<About, Refusal> {
    let mut about = About::default();
    for (field, answer) in &upload.meeting {
        about.meeting.set(field, answer).map_err(|message| Refusal::Unreadable { field, message })?;
    }
    for (field, role, column) in &upload.columns {
        about.columns.set(role, column).map_err(|message| Refusal::Unreadable { field, message })?;
    }
    Ok(about)
}

/// The field of the form that a fault of the file is mended in.
fn field_of(message: &str) -> &'static str {
    if message.contains("its columns are") { "column-text" } else { "file" }
}

fn refusal(error: &SubmissionError) -> Refusal {
    match error {
        SubmissionError::Expired => Refusal::Expired,
        SubmissionError::Unreadable(reason) => Refusal::Unreadable { field: "file", message: reason.clone() },
        SubmissionError::Bus(error) => {
            tracing::error!(%error, "the bus did not accept what was handed in");
            Refusal::Unavailable
        }
    }
}

/// Posts that other systems send.
struct Sent(Push);

#[async_trait]
impl Receiver for Sent {
    async fn receive(&self, token: Option<&str>, idempotency_key: Option<&str>, body: &[u8]) -> Received {
        received(self.0.receive(token, idempotency_key, body).await)
    }

    async fn delete(&self, token: Option<&str>, native: &str) -> Received {
        received(self.0.delete(token, native).await)
    }
}

fn received(answer: ingest::push::Answer) -> Received {
    Received { status: answer.status, body: answer.body, retry_after_s: answer.retry_after_s }
}

/// What staff say of tags.
struct Said(Arc<dyn Bus>);

#[async_trait]
impl Corrector for Said {
    async fn correct(&self, corrections: Vec<Correction>) -> Result<(), Refusal> {
        let records = corrections
            .into_iter()
            .map(|correction| Change::<Post>::Correct(Box::new(correction)).to_record())
            .collect();
        self.0.append(BusTopic::Posts, records).await.map_err(|error| {
            tracing::error!(%error, "the bus did not accept a correction");
            Refusal::Unavailable
        })
    }
}
