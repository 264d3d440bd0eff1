//! The secret under which authors get their pseudonyms. It lives outside the data directory, so that a copy of the
//! data alone cannot tell who said what.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bus::IdKey;

/// The key in `path`, made at the first use.
///
/// # Errors
/// When the file lies inside `data_dir`, is readable for others, or does not hold 32 bytes in hexadecimal.
pub fn load_or_create(path: &Path, data_dir: &Path) -> Result<IdKey> {
    if let (Ok(key), Ok(data)) = (std::path::absolute(path), std::path::absolute(data_dir))
        && key.starts_with(&data)
    {
        bail!(
            "the author key {} lies inside the data directory: set author_key_file in discovery.toml to a place outside {}",
            path.display(),
            data_dir.display()
        );
    }
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path)?.permissions().mode();
            if mode & 0o077 != 0 {
                bail!("the author key {} can be read by others: run `chmod 600 {}`", path.display(), path.display());
            }
            parse(text.trim()).with_context(|| {
                format!("the author key {} is damaged: restore it from your backup; a new key would make every known voice a new one", path.display())
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(error) => Err(error).with_context(|| format!("the author key {} cannot be read", path.display())),
    }
}

/// A key that is no secret, for people who are made up and for trials that keep nothing.
pub fn of_made_up_people() -> IdKey {
    IdKey::new([0; 32])
}

/// Where the key lives when the configuration does not say: the user's configuration directory.
pub fn default_path() -> PathBuf {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    let base = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    base.join("discovery").join("author.key")
}

fn create(path: &Path) -> Result<IdKey> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    let text: String = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from_digit(digit.into(), 16).expect("a nibble is below 16"))
        .collect();
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).with_context(|| {
        format!("cannot make {} for the author key: set author_key_file in discovery.toml", directory.display())
    })?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(|| {
        format!("cannot write the author key {}: set author_key_file in discovery.toml", path.display())
    })?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    tracing::info!(path = %path.display(), "made a new author key: back it up, apart from the data");
    Ok(IdKey::new(bytes))
}

fn parse(text: &str) -> Result<IdKey> {
    let digits: Vec<u8> =
        text.chars().map_while(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    if text.len() != 64 || digits.len() != 64 {
        bail!("expected 64 hexadecimal digits");
    }
    let mut bytes = [0_u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] * 16 + pair[1];
    }
    Ok(IdKey::new(bytes))
}

#[cfg(test)]
mod tests {
    use bus::AuthorKey;

    use super::*;

    fn voice(key: &IdKey) -> AuthorKey {
        AuthorKey::new(key, &"forum".parse().unwrap(), "someone")
    }

    #[test]
    fn the_key_is_made_once_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/author.key");
        let first = load_or_create(&path, Path::new("/data")).unwrap();
        let second = load_or_create(&path, Path::new("/data")).unwrap();
        assert_eq!(voice(&first), voice(&second));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_create(&path, Path::new("/data")).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_key_inside_the_data_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = load_or_create(&dir.path().join("author.key"), dir.path()).unwrap_err();
        assert!(error.to_string().contains("outside"), "{error}");
    }

    #[test]
    fn a_damaged_key_is_never_replaced_in_silence() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("author.key");
        fs::write(&path, "abc").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(load_or_create(&path, Path::new("/data")).unwrap_err().to_string().contains("damaged"));
    }
}
