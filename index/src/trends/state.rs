//! Saving and loading: the state of the detector and its offsets in one file, so that they always fit together.

use std::path::Path;

use super::config::TrendsConfig;
use super::detector::{Detector, State};
use super::error::{StateError, TrendsError};
use super::sealed::Format;

const FORMAT: Format = Format { name: *b"disctrnd", version: 7 };

impl Detector {
    /// Saves the state to `path`. Returns once it is safe against a crash.
    ///
    /// # Errors
    /// [`TrendsError::Disk`]; the state saved before is then still there.
    pub fn save(&self, path: &Path) -> Result<(), TrendsError> {
        FORMAT.write(path, &self.encode()?)
    }

    /// The detector saved at `path`, or `None` where nothing has been saved.
    ///
    /// # Errors
    /// [`StateError`]; the caller begins with an empty detector at the beginning of the bus.
    pub fn load(path: &Path, config: TrendsConfig) -> Result<Option<Self>, StateError> {
        FORMAT.read(path)?.map(|content| Self::decode(path, &content, config)).transpose()
    }

    /// The state in postcard's format.
    pub(super) fn encode(&self) -> Result<Vec<u8>, TrendsError> {
        postcard::to_allocvec(&self.state)
            .map_err(|error| TrendsError::Computing(format!("the state cannot be written down: {error}")))
    }

    /// The detector of an encoded state, which was found in the file at `path`.
    pub(super) fn decode(path: &Path, content: &[u8], config: TrendsConfig) -> Result<Self, StateError> {
        let state: State = postcard::from_bytes(content)
            .map_err(|error| StateError::Damaged { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self::restored(config, state))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_nothing_saved_is_no_error() {
        let dir = tempdir().unwrap();
        let path = dir.path().join("state.bin");
        let load = || Detector::load(&path, TrendsConfig::default());
        assert!(load().unwrap().is_none());
        Detector::new(TrendsConfig::default()).save(&path).unwrap();
        assert_eq!(load().unwrap().unwrap().posts(), 0);
    }

    #[test]
    fn a_state_that_is_no_state_is_damaged() {
        let dir = tempdir().unwrap();
        let path = dir.path().join("state.bin");
        FORMAT.write(&path, b"\xff\xff").unwrap();
        assert!(matches!(Detector::load(&path, TrendsConfig::default()), Err(StateError::Damaged { .. })));
    }
}
