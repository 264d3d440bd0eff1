//! One thread that owns the encoder, and how others ask it.
//!
//! A model of libtorch serves one thread at a time, and several computations at once would only take each other's cores.
//! The line of questions is short, so that who asks waits rather than the memory grows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::error::TransformerError;

/// Questions that wait while the encoder works on one. Those who ask are the few workers of the stage.
const LINE: usize = 2;

/// Turns texts into vectors of length one.
pub(crate) trait Embed: Send + 'static {
    /// How many numbers a vector has.
    fn width(&self) -> usize;

    /// A vector for each text.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, TransformerError>;
}

type Answer = Result<Vec<Vec<f32>>, TransformerError>;

struct Question {
    texts: Vec<String>,
    answer: SyncSender<Answer>,
}

/// The way to the encoder's thread, which ends with it.
pub(crate) struct Worker {
    line: SyncSender<Question>,
    width: usize,
}

impl Worker {
    /// Gives the encoder a thread.
    pub(crate) fn start(encoder: impl Embed) -> Result<Self, TransformerError> {
        let width = encoder.width();
        let (line, questions) = sync_channel(LINE);
        thread::Builder::new()
            .name("encoder".to_owned())
            .spawn(move || serve(&encoder, &questions))
            .map_err(|error| TransformerError::Failed(error.to_string()))?;
        Ok(Self { line, width })
    }

    /// How many numbers a vector has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// A vector for each text. Waits for it: not to be called on an async thread.
    ///
    /// # Errors
    /// [`TransformerError::Failed`].
    pub(crate) fn embed(&self, texts: Vec<String>) -> Answer {
        let stopped = || TransformerError::Failed("its thread has stopped".to_owned());
        let (answer, answered) = sync_channel(1);
        self.line.send(Question { texts, answer }).map_err(|_| stopped())?;
        answered.recv().map_err(|_| stopped())?
    }
}

fn serve(encoder: &impl Embed, questions: &Receiver<Question>) {
    for Question { texts, answer } in questions {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        // libtorch reports many faults by a panic of its binding; texts that it fails on must not take the tier away.
        let embedded = catch_unwind(AssertUnwindSafe(|| encoder.embed(&texts)))
            .unwrap_or_else(|_| Err(TransformerError::Failed("it panicked on these texts".to_owned())));
        // Who asked may have gone.
        let _ = answer.send(embedded);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Sees of a text its length, and fails on "panic".
    pub(crate) struct Lengths;

    impl Embed for Lengths {
        fn width(&self) -> usize {
            2
        }

        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, TransformerError> {
            assert!(!texts.contains(&"panic"), "as a test wants it");
            Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
        }
    }

    #[test]
    fn several_threads_are_answered_each_with_its_own() {
        let worker = Worker::start(Lengths).unwrap();
        thread::scope(|scope| {
            for n in 0..8 {
                let worker = &worker;
                scope.spawn(move || {
                    for _ in 0..50 {
                        let vectors = worker.embed(vec!["x".repeat(n), String::new()]).unwrap();
                        assert_eq!(vectors, [vec![n as f32, 1.0], vec![0.0, 1.0]]);
                    }
                });
            }
        });
    }

    #[test]
    fn texts_that_it_fails_on_do_not_stop_it() {
        let worker = Worker::start(Lengths).unwrap();
        let error = worker.embed(vec!["panic".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("panicked"), "{error}");
        assert_eq!(worker.embed(vec!["ab".to_owned()]).unwrap(), [vec![2.0, 1.0]]);
    }
}
