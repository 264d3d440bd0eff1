//! Files that tell whether they are whole: the name and version of their format, a BLAKE3 hash of the rest, and the rest.
//!
//! A file is written beside its place, made durable, and renamed, so that a crash leaves the old file or the new one.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::error::{StateError, TrendsError};

/// A format of such files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    /// The first bytes of each file.
    pub(super) name: [u8; 8],
    /// The version that is written, and the only one that is read.
    pub(super) version: u32,
}

/// Bytes before the content.
const HEADER: usize = 8 + size_of::<u32>() + blake3::OUT_LEN;

impl Format {
    /// Puts a file with this content in the place of `path`. Returns once it is safe against a crash.
    ///
    /// # Errors
    /// [`TrendsError::Disk`]; the old file is then still there.
    pub(super) fn write(self, path: &Path, content: &[u8]) -> Result<(), TrendsError> {
        let mut file = self.name.to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend(blake3::hash(content).as_bytes());
        file.extend(content);
        replace(path, &file)
    }

    /// The content of the file at `path`, or `None` where there is no such file.
    ///
    /// # Errors
    /// [`StateError`] when it is not what was written, or another version wrote it.
    pub(super) fn read(self, path: &Path) -> Result<Option<Vec<u8>>, StateError> {
        let damaged = |reason: &str| StateError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
        let mut file = match std::fs::read(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damaged(&error.to_string())),
        };
        let (header, content) = file.split_at_checked(HEADER).ok_or_else(|| damaged("it is too short"))?;
        let (name, header) = header.split_at(self.name.len());
        let (version, hash) = header.split_at(size_of::<u32>());
        if name != self.name {
            return Err(damaged("it is another kind of file"));
        }
        let found = u32::from_le_bytes(version.try_into().expect("split at the size of a version"));
        if found > self.version {
            return Err(StateError::Newer { path: path.to_owned(), found, known: self.version });
        }
        if found < self.version || blake3::hash(content).as_bytes() != hash {
            return Err(damaged("its content is not what was written"));
        }
        Ok(Some(file.split_off(HEADER)))
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

    const FORMAT: Format = Format { name: *b"disctest", version: 3 };

    fn read(file: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let dir = tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, file).unwrap();
        FORMAT.read(&path)
    }

    fn written() -> Vec<u8> {
        let dir = tempdir().unwrap();
        let path = dir.path().join("file");
        FORMAT.write(&path, b"content").unwrap();
        std::fs::read(&path).unwrap()
    }

    #[test]
    fn nothing_written_is_no_error() {
        assert!(FORMAT.read(Path::new("/nowhere/file")).unwrap().is_none());
    }

    #[test]
    fn a_changed_byte_or_a_cut_is_seen() {
        let file = written();
        assert_eq!(read(&file).unwrap().unwrap(), b"content");
        let mut changed = file.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(read(&changed), Err(StateError::Damaged { .. })));
        assert!(matches!(read(&file[..file.len() - 1]), Err(StateError::Damaged { .. })));
        assert!(matches!(read(&file[..5]), Err(StateError::Damaged { .. })));
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut file = written();
        file[FORMAT.name.len()] = 9;
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("format 9, this one knows 3"), "{error}");
    }
}
