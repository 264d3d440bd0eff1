//! What the tests of training share.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::fs;
use std::path::Path;

/// A copy of the configuration of the repository, but for files of these names.
pub fn configuration_without(names: &[&str]) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path, without: &[&str]) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let name = entry.file_name();
            if entry.path().is_dir() {
                copy(&entry.path(), &to.join(name), without);
            } else if !without.iter().any(|without| name == *without) {
                fs::copy(entry.path(), to.join(name)).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config"), dir.path(), names);
    dir
}
