//! Trained artefacts: files of weights, each beside the SHA-256 that it must have.
//!
//! The sum lies in `NAME.sha256`, in the format of `sha256sum`, so that it can be checked by hand as well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bus::config_file::ConfigError;
use sha2::{Digest as _, Sha256};

/// Reads the artefact at `path`, and checks its sum.
///
/// # Errors
/// [`ConfigError::Unreadable`], where the file or its sum is missing, or the sum is another one.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let bytes = fs::read(path).map_err(|reason| error(path, reason))?;
    let sum = fs::read_to_string(sum_path(path)).map_err(|reason| error(&sum_path(path), reason))?;
    let expected = sum.split_whitespace().next().unwrap_or_default();
    let actual = sum_of(&bytes);
    if actual == expected {
        return Ok(bytes);
    }
    let sums = sum_path(path);
    let message = format!(
        "its SHA-256 is {actual}, but {} says {expected:?}. Restore both files, or train anew with `discovery train`",
        sums.display()
    );
    Err(error(path, io::Error::new(io::ErrorKind::InvalidData, message)))
}

/// The error for a file whose sum is right, but whose content this version does not read.
pub(crate) fn unknown(path: &Path) -> ConfigError {
    let message = "this version does not know its format. Train it anew with `discovery train`";
    error(path, io::Error::new(io::ErrorKind::InvalidData, message))
}

/// Writes an artefact and its sum, and gives the sum.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<String> {
    let sum = sum_of(bytes);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    fs::write(path, bytes)?;
    fs::write(sum_path(path), format!("{sum}  {name}\n"))?;
    Ok(sum)
}

fn error(path: &Path, reason: io::Error) -> ConfigError {
    ConfigError::Unreadable { path: path.to_owned(), reason }
}

fn sum_path(path: &Path) -> PathBuf {
    path.with_extension("sha256")
}

fn sum_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artefact_that_was_changed_or_is_missing_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("weights.bin");
        assert!(read(&path).is_err());

        let sum = write(&path, b"abc").unwrap();
        assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "FIPS 180-2, appendix B.1");
        assert_eq!(read(&path).unwrap(), b"abc");

        fs::write(&path, b"abd").unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("weights.bin: cannot be read: its SHA-256 is a52d"), "{message}");
        fs::remove_file(dir.path().join("weights.sha256")).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("weights.sha256"));
    }
}
