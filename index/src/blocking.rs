//! Work off the async threads.

/// Runs `work`, which may wait for the disk or compute for long, off the async threads. Where it breaks down, so does who waits
/// for it: the supervisor starts that stage again.
pub(crate) async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and nobody waits any more.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_breaks_down_off_the_threads_breaks_down_who_waits() {
        assert_eq!(blocking(|| 3).await, 3);
        let broken = tokio::spawn(blocking(|| panic!("a fault"))).await.unwrap_err();
        assert!(broken.is_panic());
    }
}
