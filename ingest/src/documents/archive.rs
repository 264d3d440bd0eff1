//! Archives, unpacked in memory within a budget. Nothing of them is ever written to a disk.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::limits::Budget;

/// An open archive.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The names of its files, with their places in it. Folders are left out.
    members: Vec<(String, usize)>,
    size: u64,
}

impl<'a> Archive<'a> {
    /// Opens the archive in `bytes`, whose members count against `budget`.
    pub(super) fn open(bytes: &'a [u8], budget: &mut Budget) -> Result<Self, String> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        budget.take_members(zip.len())?;
        let mut members = Vec::with_capacity(zip.len());
        for place in 0..zip.len() {
            let member = zip.by_index_raw(place).map_err(damaged)?;
            let name = member.name().map_err(damaged)?.replace('\\', "/");
            let leaves = name.starts_with('/') || name.split('/').any(|part| part == "..") || name.contains(':');
            if leaves {
                return Err("holds a file whose name points outside of it: do not trust where it comes from".to_owned());
            }
            if member.encrypted() {
                return Err("is protected by a password: save it without one".to_owned());
            }
            if member.is_file() {
                members.push((name, place));
            }
        }
        Ok(Self { zip, members, size: bytes.len() as u64 })
    }

    /// The names of its files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// Unpacks the file `name`, if it is there.
    pub(super) fn read(&mut self, name: &str, budget: &mut Budget) -> Result<Option<Vec<u8>>, String> {
        let Some(&(_, place)) = self.members.iter().find(|(known, _)| known == name) else { return Ok(None) };
        let member = self.zip.by_index(place).map_err(damaged)?;
        let allowance = budget.allowance(member.compressed_size().min(self.size));
        let mut bytes = Vec::new();
        member.take(allowance + 1).read_to_end(&mut bytes).map_err(damaged)?;
        budget.take_bytes(bytes.len() as u64);
        if bytes.len() as u64 > allowance {
            return Err("unpacks to far more than any transcript is: it is not read".to_owned());
        }
        Ok(Some(bytes))
    }
}

fn damaged(_: impl std::error::Error) -> String {
    "is damaged, or is not what its name says: save it again".to_owned()
}
