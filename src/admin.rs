//! The admin port of a process that has no pages: health and metrics, for one that runs a single stage.

use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::pages;
use crate::supervisor::Supervisor;

/// Answers on `listen`. It is ready as soon as it runs.
///
/// # Errors
/// When the address is in use or not ours.
pub async fn spawn(supervisor: &mut Supervisor, listen: SocketAddr) -> Result<()> {
    let unable = || format!("cannot listen on {listen}: choose another address with --admin-listen");
    let admin = TcpListener::bind(listen).await.with_context(unable)?;
    let metrics = pages::install_metrics(supervisor)?;
    let mut out = stdout();
    writeln!(out, "Health and metrics are at http://{}/", admin.local_addr()?)?;
    out.flush()?;
    let ready: dashboard::Ready = Arc::new(|| Ok(()));
    supervisor.spawn("admin", |cancel| async move { Ok(dashboard::serve_admin(admin, metrics, ready, cancel).await?) });
    Ok(())
}
