//! Saving and loading: the state of the detector and its offsets in one file, so that they always fit together.
//!
//! The file is the name and version of the format, a BLAKE3 hash of the rest, and the state in postcard's format. It
//! is written beside its place, made durable, and renamed, so that a crash leaves the old file or the new one.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::config::TrendsConfig;
use super::detector::{Detector, State};
use super::error::{StateError, TrendsError};

const NAME: &[u8; 8] = b"disctrnd";
const VERSION: u32 = 5;
const HEADER: usize = NAME.len() + size_of::<u32>() + blake3::OUT_LEN;

impl Detector {
    /// Saves the state to `path`. Returns once it is safe against a crash.
    ///
    /// # Errors
    /// [`TrendsError::Disk`]; the state saved before is then still there.
    pub fn save(&self, path: &Path) -> Result<(), TrendsError> {
        let mut content = NAME.to_vec();
        content.extend(VERSION.to_le_bytes());
        content.extend([0; blake3::OUT_LEN]);
        let mut content = postcard::to_extend(&self.state, content)
            .map_err(|error| TrendsError::Computing(format!("the state cannot be written down: {error}")))?;
        let hash = blake3::hash(&content[HEADER..]);
        content[HEADER - blake3::OUT_LEN..HEADER].copy_from_slice(hash.as_bytes());
        replace(path, &content)
    }

    /// The detector saved at `path`, or `None` where nothing has been saved.
    ///
    /// # Errors
    /// [`StateError`]; the caller begins with an empty detector at the beginning of the bus.
    pub fn load(path: &Path, config: TrendsConfig) -> Result<Option<Self>, StateError> {
        let damaged = |reason: String| StateError::Damaged { path: path.to_owned(), reason };
        let content = match std::fs::read(path) {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damaged(error.to_string())),
        };
        let (header, payload) =
            content.split_at_checked(HEADER).ok_or_else(|| damaged("it is too short".to_owned()))?;
        let (name, header) = header.split_at(NAME.len());
        let (version, hash) = header.split_at(size_of::<u32>());
        if name != NAME {
            return Err(damaged("it is no state of trends".to_owned()));
        }
        let found = u32::from_le_bytes(version.try_into().expect("split at the size of a version"));
        if found > VERSION {
            return Err(StateError::Newer { path: path.to_owned(), found, known: VERSION });
        }
        if found < VERSION || blake3::hash(payload).as_bytes() != hash {
            return Err(damaged("its content is not what was written".to_owned()));
        }
        let state: State = postcard::from_bytes(payload).map_err(|error| damaged(error.to_string()))?;
        Ok(Some(Self::restored(config, state)))
    }
}

/// Puts a file with this content in the place of `path`, at once and durably.
///
/// # Errors
/// [`TrendsError::Disk`]; the old file is then still there.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), TrendsError> {
    let write = || {
        let beside = path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        // The rename itself is safe only once the directory is.
        path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    };
    write().map_err(|error: std::io::Error| TrendsError::Disk { path: path.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    fn load(content: &[u8]) -> Result<Option<Detector>, StateError> {
        let dir = tempdir().unwrap();
        let path = dir.path().join("state.bin");
        std::fs::write(&path, content).unwrap();
        Detector::load(&path, TrendsConfig::default())
    }

    fn saved() -> Vec<u8> {
        let dir = tempdir().unwrap();
        let path = dir.path().join("state.bin");
        Detector::new(TrendsConfig::default()).save(&path).unwrap();
        std::fs::read(&path).unwrap()
    }

    #[test]
    fn nothing_saved_is_no_error() {
        assert!(Detector::load(Path::new("/nowhere/state.bin"), TrendsConfig::default()).unwrap().is_none());
    }

    #[test]
    fn a_changed_byte_or_a_cut_is_seen() {
        let content = saved();
        assert!(load(&content).unwrap().is_some());
        let mut changed = content.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(load(&changed), Err(StateError::Damaged { .. })));
        assert!(matches!(load(&content[..content.len() - 1]), Err(StateError::Damaged { .. })));
        assert!(matches!(load(&content[..5]), Err(StateError::Damaged { .. })));
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut content = saved();
        content[NAME.len()] = 9;
        let error = load(&content).unwrap_err().to_string();
        assert!(error.contains("format 9, this one knows 5"), "{error}");
    }
}
