//! The local site: what the real collectors read instead of the internet. Everything on it says that it is fictional.

mod answer;
mod feeds;
mod index;
mod markup;
mod mastodon;
mod pages;
mod sources;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::conversation::{Conversation, DemoPost, PostRef};
use crate::transcripts;

pub use self::sources::sources_toml;

use self::index::Index;

/// Said on every page, feed and transcript.
pub(crate) const NOTICE: &str =
    "This is fiction, made for the demonstration of Discovery. Nobody here exists and nothing here happened.";

/// Where the site takes the time of day from (UTC): posts later than this are not served yet.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The running local site and the writer of transcripts.
#[derive(Debug)]
pub struct DemoSite {
    /// Where it listens: the one address that the fetch gateway has to be allowed to reach.
    pub addr: SocketAddr,
    /// The content of a sources file with everything that it serves, and the folder of transcripts.
    pub sources_toml: String,
    tasks: JoinSet<()>,
}

/// Why the site does not run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The address cannot be listened on.
    #[error("the demonstration's site cannot listen on {addr}: {reason}; stop what uses this port, or choose another")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's own words.
        reason: io::Error,
    },
    /// A transcript cannot be written.
    #[error("cannot write transcripts to {}: {reason}; check that the folder can be written and has space", path.display())]
    Transcripts {
        /// The folder or file.
        path: PathBuf,
        /// The system's own words.
        reason: io::Error,
    },
}

impl DemoSite {
    /// Lists all of the conversation's posts so far, writes the transcripts of meetings that are over to
    /// `transcripts`, and serves on `listen` (port 0 for any free one) until `cancel`.
    ///
    /// Transcripts of later meetings are added as `clock` passes their end.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn start(
        conversation: Conversation,
        clock: Clock,
        listen: SocketAddr,
        transcripts: &Path,
        cancel: CancellationToken,
    ) -> Result<Self, DemoError> {
        let failed = |reason| DemoError::Listen { addr: listen, reason };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let folder = transcripts.to_owned();
        let began = clock();
        let prepared = tokio::task::spawn_blocking(move || {
            let written = transcripts::write_transcripts(&folder, conversation, began)?;
            Ok::<_, DemoError>((Index::new(conversation, began), written))
        });
        let (index, written) = match prepared.await {
            Ok(prepared) => prepared?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        tracing::debug!(%addr, transcripts = written, "the demonstration's site is ready");
        let site = Arc::new(Site { conversation, addr, clock: Arc::clone(&clock), index: Mutex::new(index) });
        let mut tasks = JoinSet::new();
        let server = axum::serve(listener, router(site)).with_graceful_shutdown(cancel.clone().cancelled_owned());
        tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the demonstration's site stopped");
            }
        });
        tasks.spawn(transcripts::keep_writing(transcripts.to_owned(), conversation, clock, began, cancel));
        Ok(Self { addr, sources_toml: sources_toml(addr, transcripts), tasks })
    }

    /// Waits until everything has stopped after the cancellation.
    pub async fn finished(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// What the handlers share.
struct Site {
    conversation: Conversation,
    addr: SocketAddr,
    clock: Clock,
    index: Mutex<Index>,
}

impl Site {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Asks the index, after it has taken in what is new. An hour of posts is listed in less than a millisecond.
    fn with_index<T>(&self, now: Timestamp, ask: impl FnOnce(&Index) -> T) -> T {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.extend(now);
        ask(&index)
    }

    /// The posts with these ids that stand at `now`, each with its text at that time.
    fn posts<'a>(&'a self, ids: &'a [PostRef], now: Timestamp) -> impl Iterator<Item = (DemoPost, String)> + 'a {
        ids.iter().filter_map(move |&id| {
            let post = self.conversation.post(id)?;
            let text = post.text_at(now)?.to_owned();
            Some((post, text))
        })
    }

    /// The address of `path` on this site.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/statuses/{id}", get(pages::post))
        .route("/robots.txt", get(pages::robots))
        .route("/moorland-mercury/feed.xml", get(pages::broken))
        .route("/harbour-notice-board/feed.xml", get(pages::not_a_feed))
        .route("/{outlet}/api/v1/timelines/tag/{tag}", get(mastodon::timeline))
        .route("/{outlet}/api/v1/statuses/{id}", get(mastodon::status))
        .route("/{outlet}/api/v1/instance", get(mastodon::instance))
        .route("/{outlet}/feed.xml", get(feeds::feed))
        .route("/{outlet}/feed.json", get(feeds::feed))
        .with_state(site)
}

#[cfg(test)]
mod tests;
