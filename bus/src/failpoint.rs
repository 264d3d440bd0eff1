//! Places on the way of a post where a trial may end the process, as a power cut would. Without the feature `failpoints`, which
//! no release has, all of this is nothing.
//!
//! `DISCOVERY_FAILPOINT=NAME@3` ends the process when it comes to that place for the third time; `DISCOVERY_BREAKDOWN=NAME@3` lets the
//! stage panic there. `DISCOVERY_MUTANT=NAME` makes a stage wrong on purpose, so that a trial proves that it would notice.

/// The process has come to the place called `name`.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn reached(_name: &str) {}

/// Whether a stage is to be wrong on purpose in the way called `name`.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn is_mutant(_name: &str) -> bool {
    false
}

#[cfg(feature = "failpoints")]
pub use trial::{is_mutant, reached};

#[cfg(feature = "failpoints")]
mod trial {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Point {
        name: String,
        left: AtomicU32,
    }

    impl Point {
        /// Whether this place is the one, for the last time that was asked for.
        fn is_at(&self, name: &str) -> bool {
            self.name == name && self.left.fetch_sub(1, Ordering::SeqCst) == 1
        }
    }

    static POINT: LazyLock<Option<Point>> = LazyLock::new(|| parse(&std::env::var("DISCOVERY_FAILPOINT").ok()?));
    static BREAKDOWN: LazyLock<Option<Point>> = LazyLock::new(|| parse(&std::env::var("DISCOVERY_BREAKDOWN").ok()?));
    static MUTANT: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("DISCOVERY_MUTANT").ok());

    fn parse(text: &str) -> Option<Point> {
        let (name, times) = text.split_once('@').unwrap_or((text, "1"));
        Some(Point { name: name.to_owned(), left: times.parse::<u32>().ok()?.into() })
    }

    /// The process has come to the place called `name`.
    pub fn reached(name: &str) {
        if POINT.as_ref().is_some_and(|point| point.is_at(name)) {
            // No destructor runs, nothing is written out: what is not safe by now is gone.
            std::process::abort();
        }
        assert!(!BREAKDOWN.as_ref().is_some_and(|point| point.is_at(name)), "a breakdown was asked for");
    }

    /// Whether a stage is to be wrong on purpose in the way called `name`.
    pub fn is_mutant(name: &str) -> bool {
        MUTANT.as_deref() == Some(name)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_point_may_be_passed_a_few_times_first() {
            let point = parse("bus.after-append@3").unwrap();
            assert_eq!((point.name.as_str(), point.left.into_inner()), ("bus.after-append", 3));
            assert_eq!(parse("x").unwrap().left.into_inner(), 1);
            assert!(parse("x@y").is_none());
        }
    }
}
