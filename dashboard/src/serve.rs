//! What the pages are made from, and serving them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bus::SourceHealth;
use civic::Record;
use civic::assembly::AssemblyConfig;
use civic::gather::GatherConfig;
use index::trends::TrendList;
use index::trends::without::{Comparison, LeftOut};
use index::{Analytics, Searcher};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::alert::Alert;
use crate::config::{Audience, SignInConfig};
use crate::doors::{Corrector, Eraser, Outward, Receiver, Submissions};
use crate::labels::Labels;
use crate::limits::LimitsConfig;

/// How long answers under way may take once the program is asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Everything the pages are made from.
#[derive(Clone)]
pub struct Parts {
    /// Finds posts.
    pub searcher: Searcher,
    /// Counts posts and voices.
    pub analytics: Arc<dyn Analytics>,
    /// The newest list of issues; `None` until there is a first one.
    pub trends: watch::Receiver<Option<Arc<TrendList>>>,
    /// Computes the list of a moment with everything and with something left out; `None` while there is nothing to compute it from. It takes a
    /// second.
    pub without: Arc<Without>,
    /// What was told to whom asked for it, the newest first. It may read a file.
    pub alerts: Arc<dyn Fn() -> Vec<Alert> + Send + Sync>,
    /// How the sources are doing at this moment.
    pub health: Arc<dyn Fn() -> Vec<SourceHealth> + Send + Sync>,
    /// How far each stage is behind, as far as it is known; empty where it is not.
    pub stages: Arc<dyn Fn() -> Vec<StageLag> + Send + Sync>,
    /// Names for people.
    pub labels: Labels,
    /// How often the feeling of a text is told right, 0 to 1, where it was measured.
    pub feeling_right: Option<f64>,
    /// The share of the latest English posts that the larger model has tagged, where one is used in this process.
    pub tagged_by_larger_model: Arc<dyn Fn() -> Option<f64> + Send + Sync>,
    /// Takes in documents that people hand in; `None` in a process that only shows pages.
    pub submissions: Option<Arc<dyn Submissions>>,
    /// Takes in posts that other systems send; `None` in a process that only shows pages.
    pub receiver: Option<Arc<dyn Receiver>>,
    /// Takes what staff say of tags; `None` in a process that only shows pages.
    pub corrector: Option<Arc<dyn Corrector>>,
    /// Finds what is to be erased; `None` in a process that only shows pages.
    pub eraser: Option<Arc<dyn Eraser>>,
    /// The record of decisions.
    pub record: Record,
    /// The rules of the Assembly for cycles that begin now.
    pub assembly: AssemblyConfig,
    /// The rules of Gather for flags that are raised now.
    pub gather: GatherConfig,
    /// Who can get an account, and how.
    pub sign_in: SignInConfig,
    /// How much one address and one account may do.
    pub limits: LimitsConfig,
    /// Asks the provider that people sign in with, where there is one.
    pub outward: Option<Arc<dyn Outward>>,
    /// The password of the made-up accounts of a demonstration, which the sign-in page shows.
    pub demo_password: Option<String>,
    /// Whether the conversation is real.
    pub notice: Notice,
    /// How who is not signed in is treated.
    pub audience: Audience,
    /// The clock (UTC).
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// See [`Parts::without`]. The error is a sentence.
pub type Without = dyn Fn(&LeftOut, Timestamp) -> Result<Option<Comparison>, String> + Send + Sync;

/// How far a stage is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageLag {
    /// What it does, in words.
    pub work: &'static str,
    /// Its consumer group on the bus.
    pub group: &'static str,
    /// Records that wait for it.
    pub waiting: u64,
}

/// Whether the conversation is real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notice {
    /// People said it.
    #[default]
    Real,
    /// It is made up for a demonstration, and every page says so.
    Fictional,
}

/// Serves the pages and the JSON API until `cancel`, then lets the answers under way finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, parts: Parts, cancel: CancellationToken) -> io::Result<()> {
    serve_until(listener, crate::app::router(parts), cancel).await
}

/// Serves `router` until `cancel`, and then for at most [`DRAIN`], so that a slow reader cannot hold up the end.
pub(crate) async fn serve_until(listener: TcpListener, router: Router, cancel: CancellationToken) -> io::Result<()> {
    let drained = {
        let cancel = cancel.clone();
        async move {
            cancel.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        }
    };
    // Who asks is known by address, so that nobody can ask without end.
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(cancel.cancelled_owned());
    tokio::select! {
        result = async { server.await } => result,
        () = drained => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn an_answer_under_way_is_finished_before_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        // The answer itself asks the server to stop, so it is certainly under way when that happens.
        let router = Router::new().route(
            "/",
            get(move || async move {
                stop.cancel();
                "finished"
            }),
        );
        let server = tokio::spawn(serve_until(listener, router, cancel));

        let mut reader = TcpStream::connect(address).await.unwrap();
        reader.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        reader.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("finished"), "{answer}");
        server.await.unwrap().unwrap();
    }
}
