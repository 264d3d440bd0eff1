//! The text of a PDF, taken out by a confined child process.
//!
//! A PDF can make any reader allocate without end or overflow its stack, which no program survives. So our own program is
//! started again, as `discovery pdf-text`: it gets the PDF on its standard input, limits itself ([`child`]) before it
//! reads a byte of it, and writes JSON to its standard output. It inherits no environment and no open file, and is ended
//! after `WALL`, whatever it does.

pub mod child;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The hidden command that is the child.
pub const COMMAND: &str = "pdf-text";

/// The child is ended after so long.
const WALL: Duration = Duration::from_secs(20);

/// More text of one PDF is not taken.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    /// The text of all pages.
    Text(String),
    /// It has pages, but no text.
    NoText,
    /// Only its owner's password opens it.
    Locked,
    /// It has so many pages that it is not read.
    TooLong,
    /// It is no PDF, or damaged.
    Damaged,
}

/// The text of a PDF. It waits for a process: call it off the async threads.
///
/// # Errors
/// Plain words, to be put after the file's name.
pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    // The program that runs now, even if another one was installed in its place meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.arg(COMMAND);
    match ask(command, bytes, WALL)? {
        Answer::Text(text) => Ok(text),
        Answer::NoText => Err("has no text in it: it is a scan; type it in or use OCR".to_owned()),
        Answer::Locked => Err("is protected by a password: save it without one".to_owned()),
        Answer::TooLong => Err(format!("has more than {} pages: split it", child::MAX_PAGES)),
        Answer::Damaged => Err("is damaged: save it again, or as .docx".to_owned()),
    }
}

/// Gives `bytes` to the process that `command` starts, and reads its answer within limits.
fn ask(mut command: Command, bytes: &[u8], wall: Duration) -> Result<Answer, String> {
    let failed = |what: &str| format!("cannot be read as a PDF: {what}; save it again, or as .docx");
    let mut process = command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&format!("its reader cannot be started ({error})")))?;
    let (mut stdin, stdout) = (process.stdin.take(), process.stdout.take());
    let answer = thread::scope(|scope| {
        // A child that ends early closes the pipe; its answer says why.
        scope.spawn(move || stdin.take().map(|mut stdin| stdin.write_all(bytes)));
        let (send, receive) = sync_channel(1);
        scope.spawn(move || {
            let mut answer = Vec::new();
            let read = stdout.map(|stdout| stdout.take(2 * MAX_TEXT_BYTES as u64).read_to_end(&mut answer));
            // Nobody waits any more if the time is over.
            let _ = send.send(read.and_then(Result::ok).map(|_| answer));
        });
        let answer = receive.recv_timeout(wall);
        // It has said what it had to say, or its time is over: either way both threads end now.
        let _ = process.kill();
        answer
    });
    let status = process.wait().map_err(|error| failed(&error.to_string()))?;
    match answer {
        Err(RecvTimeoutError::Timeout) => Err(failed(&format!("it takes longer than {} s", wall.as_secs()))),
        Err(RecvTimeoutError::Disconnected) | Ok(None) => Err(failed("its reader does not answer")),
        Ok(Some(answer)) => serde_json::from_slice(&answer).map_err(|_| {
            let limit = child::MAX_MEMORY_BYTES >> 20;
            tracing::debug!(%status, "the reader of a PDF ended without an answer");
            failed(&format!("it is damaged, or takes more than {limit} MiB of memory"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_children_answer_is_read_and_everything_else_is_explained() {
        let long = Duration::from_secs(20);
        let echo = ask(shell("read -r line; printf '{\"text\":\"%s\"}' \"$line\""), b"hello\n", long).unwrap();
        assert!(matches!(echo, Answer::Text(text) if text == "hello"));
        let aborted = ask(shell("kill -ABRT $$"), b"x", long).unwrap_err();
        assert!(aborted.contains("it is damaged, or takes more than 512 MiB of memory"), "{aborted}");
        let slow = ask(shell("exec sleep 60"), &vec![0; 1 << 20], Duration::from_millis(50)).unwrap_err();
        assert!(slow.contains("it takes longer than 0 s"), "{slow}");
        let endless = ask(shell("exec yes"), b"", long).unwrap_err();
        assert!(endless.contains("it is damaged"), "{endless}");
        let missing = ask(Command::new("/no/such/program"), b"", long).unwrap_err();
        assert!(missing.contains("cannot be started"), "{missing}");
    }

    #[test]
    fn the_child_sees_nothing_of_us() {
        let script = "[ -z \"$HOME$CARGO_HOME$DISCOVERY_CONFIG_DIR\" ] && [ \"$PWD\" = / ] && [ ! -e /proc/$$/fd/4 ] && echo '\"no-text\"'";
        let _open = std::fs::File::open("/proc/self/status").unwrap();
        let answer = ask(shell(script), b"", Duration::from_secs(20)).unwrap();
        assert!(matches!(answer, Answer::NoText));
    }
}
