//! How the program ends: a message for the person, and an exit code for the script.

use std::process::ExitCode;

use bus::BusError;
use bus::config_file::ConfigError;

/// It failed while running.
const FAILED: u8 = 1;
/// The configuration is wrong.
const CONFIGURATION: u8 = 3;
/// The data directory cannot be used.
const DATA_DIR: u8 = 4;
/// Done in part.
const IN_PART: u8 = 5;

/// Some of what was asked was refused; each refusal has been named already.
#[derive(Debug, thiserror::Error)]
#[error("{refused} of {all} could not be taken in")]
pub struct InPart {
    /// How many were refused.
    pub refused: usize,
    /// How many there were.
    pub all: usize,
}

/// The exit code that says what kind of failure `error` is.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let code = error.chain().find_map(|cause| {
        if cause.is::<ConfigError>() {
            Some(CONFIGURATION)
        } else if cause.is::<InPart>() {
            Some(IN_PART)
        } else if let Some(bus) = cause.downcast_ref::<BusError>() {
            matches!(bus, BusError::InUse { .. } | BusError::NewerFormat { .. }).then_some(DATA_DIR)
        } else {
            None
        }
    });
    code.unwrap_or(FAILED).into()
}

/// Whether the failure is only that the reader of our output went away (`discovery search x | head`).
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_code_tells_the_kind_even_under_context() {
        let unreadable = ConfigError::Unreadable { path: PathBuf::from("x"), reason: std::io::Error::other("gone") };
        let error = Err::<(), _>(unreadable).context("while starting").unwrap_err();
        assert_eq!(format!("{:?}", exit_code(&error)), format!("{:?}", ExitCode::from(CONFIGURATION)));
        let in_use = BusError::InUse { path: "data".to_owned(), owner: "process 1".to_owned() };
        assert_eq!(format!("{:?}", exit_code(&in_use.into())), format!("{:?}", ExitCode::from(DATA_DIR)));
        assert_eq!(format!("{:?}", exit_code(&anyhow::anyhow!("other"))), format!("{:?}", ExitCode::from(FAILED)));
    }
}
