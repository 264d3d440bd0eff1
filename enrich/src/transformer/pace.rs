//! How many texts the encoder can be asked about without holding up the stage.

use std::time::{Duration, Instant};

/// Texts a second before anything was measured: a slow machine's.
const FIRST_GUESS: f64 = 40.0;

/// What one measurement counts beside all those before it.
const NEWEST: f64 = 0.3;

/// How often it is said in the log that posts were left out.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// The encoder's pace as those who ask see it, their waiting for each other included.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: f64,
    left_out: usize,
    said: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { per_second: FIRST_GUESS, left_out: 0, said: None }
    }
}

impl Pace {
    /// How many texts are done within `patience`; at least one, so that the pace is always measured anew.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a fraction or a number beyond any batch does not matter"
    )]
    pub(crate) fn within(&self, patience: Duration) -> usize {
        ((self.per_second * patience.as_secs_f64()) as usize).max(1)
    }

    /// Notes that `texts` took `time`.
    pub(crate) fn took(&mut self, texts: usize, time: Duration) {
        if texts > 0 {
            let now = texts as f64 / time.as_secs_f64().max(1e-6);
            self.per_second += NEWEST * (now - self.per_second);
        }
    }

    /// Notes that posts were left out, and gives how many since it was last said, if it is time to say so again.
    pub(crate) fn leave_out(&mut self, posts: usize, now: Instant) -> Option<usize> {
        self.left_out += posts;
        let due = self.said.is_none_or(|said| now.duration_since(said) >= SAY_EVERY);
        (self.left_out > 0 && due).then(|| {
            self.said = Some(now);
            std::mem::take(&mut self.left_out)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_what_is_measured() {
        let mut pace = Pace::default();
        assert_eq!(pace.within(Duration::from_secs(2)), 80);
        (0..30).for_each(|_| pace.took(100, Duration::from_secs(1)));
        assert_eq!(pace.within(Duration::from_secs(2)), 199);
        (0..60).for_each(|_| pace.took(1, Duration::from_secs(10)));
        assert_eq!(pace.within(Duration::from_secs(2)), 1, "never none at all");
    }

    #[test]
    fn that_posts_were_left_out_is_said_once_a_minute() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.leave_out(0, start), None);
        assert_eq!(pace.leave_out(3, start), Some(3));
        assert_eq!(pace.leave_out(2, start + Duration::from_secs(59)), None);
        assert_eq!(pace.leave_out(2, start + Duration::from_secs(61)), Some(4));
    }
}
