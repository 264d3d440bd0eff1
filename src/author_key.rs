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
    let is_there = path.try_exists().with_context(|| format!("the author key {} cannot be read", path.display()))?;
    if is_there { read(path) } else { create(path) }
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

fn read(path: &Path) -> Result<IdKey> {
    let text = fs::read_to_string(path).with_context(|| format!("the author key {} cannot be read", path.display()))?;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("the author key {} can be read by others: run `chmod 600 {}`", path.display(), path.display());
    }
    parse(text.trim()).with_context(|| {
        format!("the author key {} is damaged: restore it from your backup; a new key would make every known voice a new one", path.display())
    })
}

fn create(path: &Path) -> Result<IdKey> {
    let bytes: [u8; 32] = random()?;
    let text = hexadecimal(&bytes);
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).with_context(|| {
        format!("cannot make {} for the author key: set author_key_file in discovery.toml", directory.display())
    })?;
    // Whole or not at all under its name, and never over another: processes that start at once then share one key.
    let draft = path.with_extension(format!("draft-{}", hexadecimal(&random::<4>()?)));
    let cannot_write =
        || format!("cannot write the author key {}: set author_key_file in discovery.toml", path.display());
    let linked = write_new(&draft, &text).and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match linked {
        Ok(()) => {
            tracing::info!(path = %path.display(), "made a new author key: back it up, apart from the data");
            Ok(IdKey::new(bytes))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error).with_context(cannot_write),
    }
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).expect("a nibble is below 16")).collect()
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
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
    fn processes_that_start_at_once_share_one_key() {
        for _ in 0..20 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("author.key");
            let start = std::sync::Barrier::new(4);
            let voices: Vec<AuthorKey> = std::thread::scope(|scope| {
                let started = || {
                    start.wait();
                    voice(&load_or_create(&path, Path::new("/data")).unwrap())
                };
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(started)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(voices.iter().all(|other| *other == voices[0]));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
        }
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
