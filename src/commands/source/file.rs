//! Adding to `sources.toml`: what stands there stays, comments too, and nobody sees a half-written file.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bus::config_file;

/// `text`, as it is, and `entries` after it.
pub fn appended(text: &str, entries: &str) -> String {
    let (text, entries) = (text.trim_end(), entries.trim_start());
    if text.is_empty() { entries.to_owned() } else { format!("{text}\n\n{entries}") }
}

/// Puts `extended` in the place of the file at `path`, whose content was `text`.
///
/// # Errors
/// When somebody changed the file meanwhile, or it cannot be written; it stays as it is then.
pub fn replace(path: &Path, text: &str, extended: &str) -> Result<()> {
    ensure!(
        config_file::read_text(path)? == text,
        "{} was changed meanwhile: nothing was added, please try again",
        path.display()
    );
    write(path, extended).with_context(|| format!("{} could not be written", path.display()))
}

/// Whoever reads the file meanwhile sees the old text or the new one, whole.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // What a link leads to is replaced, and not the link.
    let path = path.canonicalize()?;
    let mut temporary = path.clone().into_os_string();
    temporary.push(".new");
    let mut file = File::create(&temporary)?;
    file.set_permissions(fs::metadata(&path)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sources.toml");
        fs::write(&path, "# ours\n").unwrap();
        replace(&path, "# ours\n", &appended("# ours\n", "\n[[source]]\n")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# ours\n\n[[source]]\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let error = replace(&path, "# ours\n", "anything").unwrap_err().to_string();
        assert!(error.contains("was changed meanwhile"), "{error}");
        assert_eq!(appended("", "\n[[source]]\n"), "[[source]]\n");
    }
}
