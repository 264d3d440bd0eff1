//! The child process that takes the text out of a PDF: `discovery pdf-text`.
//!
//! What confines it, set by itself before it reads a byte:
//! * 512 MiB of address space beyond what the program has mapped when it starts (`RLIMIT_AS`), 20 s of processor time (`RLIMIT_CPU`), no core dump;
//! * no file descriptor beside the three it was started with (`RLIMIT_NOFILE` 3): it can open no file and no socket;
//! * no gain of privileges (`no_new_privs`).
//!
//! Its parent gives it an empty environment, `/` as its directory, and ends it after 20 s.

use std::fs;
use std::io::{self, Read, Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use pdf_extract::{Document, PlainTextOutput, output_doc_page};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::set_no_new_privs;

use super::{Answer, MAX_TEXT_BYTES};
use crate::documents::MAX_FILE_BYTES;

/// More memory than this is refused to it, beside its own code: a program that is linked with libtorch maps some 510 MB before
/// it does anything.
pub(super) const MAX_MEMORY_BYTES: u64 = 512 << 20;

/// More processor time than this is refused to it.
const MAX_CPU_SECONDS: u64 = 20;

/// A longer PDF is not read.
pub(super) const MAX_PAGES: usize = 500;

/// Reads a PDF from the standard input, and writes its text as JSON to the standard output. To be called first thing in a
/// process that does nothing else.
pub fn run() -> ExitCode {
    match confine().and_then(|()| answer()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn confine() -> io::Result<()> {
    let exactly = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, exactly(mapped_bytes()? + MAX_MEMORY_BYTES))?;
    setrlimit(Resource::Cpu, exactly(MAX_CPU_SECONDS))?;
    setrlimit(Resource::Core, exactly(0))?;
    setrlimit(Resource::Nofile, exactly(3))?;
    set_no_new_privs(true)?;
    // The reader of PDFs panics at every surprise, and what it says then can hold text of the document.
    std::panic::set_hook(Box::new(|_| {}));
    Ok(())
}

/// The address space of this process.
fn mapped_bytes() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let size =
        status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    size.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("the system does not say how much is mapped"))
}

fn answer() -> io::Result<()> {
    let mut bytes = Vec::new();
    stdin().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    let answer = catch_unwind(|| extract(&bytes)).unwrap_or(Answer::Damaged);
    let mut out = stdout().lock();
    serde_json::to_writer(&mut out, &answer)?;
    out.flush()
}

fn extract(bytes: &[u8]) -> Answer {
    let Ok(mut document) = Document::load_mem(bytes) else { return Answer::Damaged };
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Answer::Locked;
    }
    let pages = document.get_pages();
    if pages.len() > MAX_PAGES {
        return Answer::TooLong;
    }
    let mut text = String::new();
    for &page in pages.keys() {
        let mut written = String::new();
        // A page that cannot be read takes only itself away.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            output_doc_page(&document, &mut PlainTextOutput::new(&mut written), page)
        }));
        if matches!(outcome, Ok(Ok(()))) {
            text.push_str(written.trim());
            text.push('\n');
        }
        if text.len() > MAX_TEXT_BYTES {
            return Answer::TooLong;
        }
    }
    match (pages.is_empty(), text.chars().any(char::is_alphanumeric)) {
        (true, _) => Answer::Damaged,
        (false, false) => Answer::NoText,
        (false, true) => Answer::Text(text),
    }
}
