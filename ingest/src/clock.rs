//! The time of day: the system's, or in tests one that moves with tokio's paused time or as the test says.

use jiff::Timestamp;

/// Where the time of day comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The system's clock.
    System,
    /// Began at `start` when tokio's clock showed `began`, and moves with tokio's clock.
    #[cfg(test)]
    Simulated {
        /// The simulated time of day at the beginning.
        start: Timestamp,
        /// Tokio's clock at the beginning.
        began: tokio::time::Instant,
    },
    /// Shows the second of the epoch that the test has set.
    #[cfg(test)]
    Set(&'static std::sync::atomic::AtomicI64),
}

impl Clock {
    /// The time now (UTC).
    pub(crate) fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            #[cfg(test)]
            Self::Simulated { start, began } => start + began.elapsed(),
            #[cfg(test)]
            Self::Set(second) => Timestamp::from_second(second.load(std::sync::atomic::Ordering::SeqCst))
                .expect("tests stay near the present"),
        }
    }
}
