//! How much a document may take: whatever is handed in, reading it ends soon and within bounded memory.

/// Larger files are refused.
pub const MAX_FILE_BYTES: u64 = 25 << 20;

/// One file holds at most so many contributions, with all the files in it.
pub(super) const MAX_CONTRIBUTIONS: usize = 50_000;

/// A longer line is no transcript.
pub(super) const MAX_LINE_BYTES: usize = 256 << 10;

/// A table has at most so many rows ...
pub(super) const MAX_ROWS: usize = 50_000;

/// ... so many columns ...
pub(super) const MAX_COLUMNS: usize = 200;

/// ... and so many cells.
pub(super) const MAX_CELLS: usize = 2_000_000;

/// JSON takes many times its size in memory.
pub(super) const MAX_JSON_BYTES: usize = 10 << 20;

/// An archive holds at most so many files, with the files of archives in it.
const MAX_MEMBERS: usize = 200;

/// What all archives of one file unpack to, at most.
const MAX_UNPACKED_BYTES: u64 = 50 << 20;

/// What a member unpacks to, at most, as a multiple of its packed size ...
const MAX_RATIO: u64 = 100;

/// ... unless it is small.
const SMALL_BYTES: u64 = 256 << 10;

/// What archives may still unpack.
#[derive(Debug)]
pub(super) struct Budget {
    members: usize,
    bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { members: MAX_MEMBERS, bytes: MAX_UNPACKED_BYTES }
    }
}

impl Budget {
    /// Takes so many members of what is left.
    pub(super) fn take_members(&mut self, members: usize) -> Result<(), String> {
        self.members = self
            .members
            .checked_sub(members)
            .ok_or_else(|| format!("holds more than {MAX_MEMBERS} files: hand them in by themselves"))?;
        Ok(())
    }

    /// How much a member that takes `packed` bytes may unpack to.
    pub(super) fn allowance(&self, packed: u64) -> u64 {
        packed.saturating_mul(MAX_RATIO).max(SMALL_BYTES).min(self.bytes)
    }

    /// Takes so many bytes of what is left.
    pub(super) fn take_bytes(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Refuses text with a line that no person and no transcription service writes.
pub(super) fn check_lines(text: &str) -> Result<(), String> {
    if text.len() > MAX_LINE_BYTES && text.lines().any(|line| line.len() > MAX_LINE_BYTES) {
        return Err(format!(
            "has a line of more than {} KiB, which no transcript has: check how it was saved",
            MAX_LINE_BYTES >> 10
        ));
    }
    Ok(())
}
