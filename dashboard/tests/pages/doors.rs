//! Doors that keep nothing, but answer as real ones do.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bus::Correction;
use civic::erased::Erased;
use dashboard::{Found, Meant, Preview, Received, Refusal, Shown, Upload};
use serde_json::json;

use crate::made_up::now;

/// Previews what is handed in as one contribution; the token of it is `token`.
pub struct Submissions;

#[async_trait]
impl dashboard::Submissions for Submissions {
    async fn preview(&self, upload: Upload) -> Result<Preview, Refusal> {
        if upload.meeting.iter().any(|(field, answer)| *field == "date" && answer == "soon") {
            return Err(Refusal::Unreadable { field: "date", message: "`soon` is not a date".to_owned() });
        }
        let text = format!("{} {:?} {:?} {}", upload.file_name, upload.meeting, upload.columns, upload.bytes.len());
        Ok(Preview {
            token: "token".to_owned(),
            posts: 21,
            voices: 2,
            people: Some(23),
            times: Some((now(), now())),
            shown: vec![Shown {
                at: now(),
                title: Some("<b>Forum".to_owned()),
                place: Some("Leeds".to_owned()),
                is_named: true,
                text,
            }],
            redacted: vec![("phone".to_owned(), 2)],
            warnings: vec!["two.vtt is empty".to_owned()],
        })
    }

    async fn accept(&self, token: &str) -> Result<u64, Refusal> {
        match token {
            "token" => Ok(21),
            "full" => Err(Refusal::Unavailable),
            _ => Err(Refusal::Expired),
        }
    }
}

/// Answers with what it was asked.
pub struct Receiver;

#[async_trait]
impl dashboard::Receiver for Receiver {
    async fn receive(&self, token: Option<&str>, key: Option<&str>, body: &[u8]) -> Received {
        let body = json!({ "token": token, "key": key, "bytes": body.len() });
        let (status, retry_after_s) = if token.is_some() { (202, None) } else { (401, Some(60)) };
        Received { status, body, retry_after_s }
    }

    async fn delete(&self, token: Option<&str>, native: &str) -> Received {
        Received { status: 202, body: json!({ "token": token, "deleted": native }), retry_after_s: None }
    }
}

/// What the door of corrections was given.
pub type Kept = Arc<Mutex<Vec<Correction>>>;

/// Keeps what staff say of tags.
pub struct Corrector(pub Kept);

#[async_trait]
impl dashboard::Corrector for Corrector {
    async fn correct(&self, corrections: Vec<Correction>) -> Result<(), Refusal> {
        self.0.lock().unwrap().extend(corrections);
        Ok(())
    }
}

/// Finds an author and two posts, and for a search nothing.
pub struct Eraser;

#[async_trait]
impl dashboard::Eraser for Eraser {
    async fn find(&self, meant: Meant) -> Result<Found, Refusal> {
        if !meant.text.is_empty() {
            let message = format!("nothing was found for {}", meant.text);
            return Err(Refusal::Unreadable { field: "form", message });
        }
        let what = Erased { authors: vec![[7; 16]], posts: vec![[1; 16], [2; 16]], ..Erased::default() };
        let counts = [("index".to_owned(), 1_200), ("quotes".to_owned(), 3)].into();
        Ok(Found { what, counts })
    }
}
