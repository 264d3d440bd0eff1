//! Politeness: one request a host at a time, and a pause between two.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::Instant;

/// When the last request to a host ended.
type LastUse = Option<Instant>;

/// More hosts than this are forgotten when nobody is talking to them.
const REMEMBERED: usize = 1_024;

/// Who may talk to which host now.
#[derive(Debug)]
pub(super) struct Politeness {
    delay: Duration,
    hosts: Mutex<HashMap<String, Arc<AsyncMutex<LastUse>>>>,
}

/// The right to talk to one host; the pause begins when it is dropped.
pub(super) struct Turn(OwnedMutexGuard<LastUse>);

impl Politeness {
    /// At least `delay` between the end of one request to a host and the beginning of the next.
    pub(super) fn new(delay: Duration) -> Self {
        Self { delay, hosts: Mutex::new(HashMap::new()) }
    }

    /// Waits for our turn to talk to `host`.
    pub(super) async fn turn(&self, host: &str) -> Turn {
        let queue = self.queue(host);
        let last_use = queue.lock_owned().await;
        if let Some(ended) = *last_use {
            tokio::time::sleep_until(ended + self.delay).await;
        }
        Turn(last_use)
    }

    fn queue(&self, host: &str) -> Arc<AsyncMutex<LastUse>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            let delay = self.delay;
            hosts.retain(|_, queue| match queue.try_lock() {
                Ok(last_use) => last_use.is_some_and(|ended| ended.elapsed() < delay),
                Err(_) => true,
            });
        }
        Arc::clone(hosts.entry(host.to_owned()).or_default())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_host_is_asked_one_at_a_time_with_a_pause_and_another_at_once() {
        let politeness = Politeness::new(Duration::from_secs(10));
        let began = Instant::now();
        let first = politeness.turn("a.example").await;
        drop(politeness.turn("b.example").await);
        assert_eq!(began.elapsed(), Duration::ZERO);
        let waiting = politeness.turn("a.example");
        let release = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(first);
        };
        let ((), _second) = tokio::join!(release, waiting);
        assert_eq!(began.elapsed(), Duration::from_secs(15));
    }
}
