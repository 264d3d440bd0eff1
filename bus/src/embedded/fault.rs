//! What the store's errors mean to a user.

use std::error::Error;
use std::fmt::Display;
use std::path::Path;

use crate::log::BusError;

/// The error to show when the database in `dir` says `error`.
pub(super) fn of_store(dir: &Path, error: &fjall::Error) -> BusError {
    if matches!(error, fjall::Error::Locked) {
        return BusError::InUse { path: dir.display().to_string(), owner: "another process".to_owned() };
    }
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            return BusError::Storage { path: dir.display().to_string(), reason: io.to_string() };
        }
        cause = current.source();
    }
    if matches!(error, fjall::Error::Poisoned) {
        let reason = "an earlier write failed".to_owned();
        return BusError::Storage { path: dir.display().to_string(), reason };
    }
    damaged(dir, error)
}

/// The error to show when what lies in `dir` makes no sense.
pub(super) fn damaged(dir: &Path, reason: &dyn Display) -> BusError {
    BusError::Damaged { path: dir.display().to_string(), reason: reason.to_string() }
}
