//! Trained artefacts: files of weights that are read only if their SHA-256 is the one that is kept beside them.
//!
//! The sum of a classifier of languages lies in `NAME.sha256`, in the format of `sha256sum`; that of the heads of sentiment
//! and of subjects on their card (`model/file.rs`). Either way the bytes come through [`read_checked`].

use std::fs;
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};

use bus::config_file::ConfigError;
use sha2::{Digest as _, Sha256};

/// No artefact may be larger, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Reads the artefact at `path`, whose sum lies beside it.
///
/// # Errors
/// [`ConfigError::Unreadable`], where the file or its sum is missing, or the sum is another one.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let advice = "; restore the artefact and its sum from the release, or make both again with `discovery train`";
    let sums = sum_path(path);
    let sum = fs::read_to_string(&sums).map_err(|reason| error(&sums, with_advice(&reason, advice)))?;
    let expected = sum.split_whitespace().next().unwrap_or_default();
    read_checked(path, expected).map_err(|reason| error(path, with_advice(&reason, advice)))
}

/// Reads the artefact at `path` if its SHA-256 is `expected`, in hexadecimal.
///
/// # Errors
/// Where the file cannot be read, is larger than any artefact, or has another sum, which the message gives.
pub(crate) fn read_checked(path: &Path, expected: &str) -> io::Result<Vec<u8>> {
    let length = fs::metadata(path)?.len();
    if length > MAX_BYTES {
        return Err(io::Error::other(format!("it has {length} bytes, more than an artefact may have ({MAX_BYTES})")));
    }
    let bytes = fs::read(path)?;
    let found = sum_of(&bytes);
    if found.eq_ignore_ascii_case(expected) {
        return Ok(bytes);
    }
    let message = if expected.is_empty() {
        format!("its SHA-256 is {found}, but the sum that it must have is missing")
    } else {
        format!("its SHA-256 is {found}, but it must be {expected}: the file is damaged, or is another one")
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
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

/// The SHA-256 of `bytes` in hexadecimal.
pub(crate) fn sum_of(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a file of any size, in hexadecimal.
pub(crate) fn sum_of_file(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = io::BufReader::with_capacity(1 << 16, fs::File::open(path)?);
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        digest.update(bytes);
        let length = bytes.len();
        file.consume(length);
    }
    Ok(hexadecimal(&digest.finalize()))
}

/// The same reason, and what to do.
pub(crate) fn with_advice(reason: &io::Error, advice: &str) -> io::Error {
    io::Error::new(reason.kind(), format!("{reason}{advice}"))
}

fn error(path: &Path, reason: io::Error) -> ConfigError {
    ConfigError::Unreadable { path: path.to_owned(), reason }
}

fn sum_path(path: &Path) -> PathBuf {
    path.with_extension("sha256")
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
        assert!(message.ends_with("make both again with `discovery train`"), "{message}");
        fs::write(dir.path().join("weights.sha256"), "").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("the sum that it must have is missing"));
        fs::remove_file(dir.path().join("weights.sha256")).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("weights.sha256"));
    }

    #[test]
    fn an_artefact_of_any_size_is_not_taken_into_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("weights.bin");
        fs::File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(read_checked(&path, "").unwrap_err().to_string().contains("more than an artefact may have"));
    }
}
