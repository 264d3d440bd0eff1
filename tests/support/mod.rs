//! What the whole-program tests share: starting the real binary, waiting for what it says, and asking it over HTTP.

#![allow(dead_code, reason = "each test file uses its own part of these helpers")]

pub mod browser;
pub mod feeds;
pub mod provider;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// The program under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_discovery");

/// Longer than anything here takes on a slow machine: what is not there by then will not come.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// A running `discovery`, killed when dropped.
pub struct Discovery {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Where the pages are, as `host:port`.
    pub pages: String,
    /// Where health and metrics are, as `host:port`.
    pub admin: String,
}

impl Discovery {
    /// Starts the program with `arguments` on free ports, and waits until it says where it listens.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[]).await
    }

    /// The same, with these variables of the environment.
    pub async fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut child = command(arguments)
            .envs(settings.iter().copied())
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut addresses = Vec::new();
        while addresses.len() < 2 {
            let line = tokio::time::timeout(PATIENCE, lines.next_line())
                .await
                .expect("the program says where it listens")
                .unwrap();
            let line = line.expect("the program ended before it listened");
            addresses.extend(line.split_once("http://").map(|(_, rest)| rest.trim_end_matches('/').to_owned()));
        }
        let admin = addresses.pop().expect("two addresses were read");
        let pages = addresses.pop().expect("two addresses were read");
        Self { child, lines, pages, admin }
    }

    /// Kills it as the kernel would: no handler runs.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop as Ctrl-C does, and waits until it has.
    pub async fn interrupt(mut self) -> ExitStatus {
        let pid = self.child.id().expect("it still runs").to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the program stops when asked").unwrap()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it still runs")
    }
}

/// Where a process that runs one stage says that health and metrics are, as `host:port`.
pub async fn first_address(stdout: ChildStdout) -> String {
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it says where it listens").unwrap();
    let line = line.expect("the process ended before it listened");
    line.split_once("http://").expect("it says an address").1.trim_end_matches('/').to_owned()
}

/// Asks a process to stop as Ctrl-C does, and expects that it does so in order.
pub async fn interrupt(child: &mut Child) {
    let pid = child.id().expect("it still runs").to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it stops when asked").unwrap();
    assert!(ended.success(), "Ctrl-C ends it in order");
}

/// A command line of the program, from the root of the repository.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).env("DISCOVERY_LOG", "warn").kill_on_drop(true);
    command
}

/// Runs a command line to its end.
pub async fn output(arguments: &[&str]) -> Output {
    tokio::time::timeout(PATIENCE, command(arguments).output()).await.expect("the command ends").unwrap()
}

/// What a finished command wrote to stderr.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// One HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, as it was sent.
    pub head: String,
    /// The body.
    pub body: String,
}

/// `GET http://{address}{path}`, or `None` when nobody answers.
pub async fn try_get(address: &str, path: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Some(Answer { status, head: head.to_owned(), body: if chunked { unchunk(body) } else { body.to_owned() } })
}

/// `GET http://{address}{path}`.
pub async fn get(address: &str, path: &str) -> Answer {
    try_get(address, path).await.unwrap_or_else(|| panic!("no answer from http://{address}{path}"))
}

/// The answer to a request with a body.
pub async fn send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// Asks again until `accept` finds what it wants in the JSON at `path`.
pub async fn wait_for_json<T>(address: &str, path: &str, mut accept: impl FnMut(&serde_json::Value) -> Option<T>) -> T {
    let found = async {
        loop {
            let answer = get(address, path).await;
            if let Some(found) = serde_json::from_str(&answer.body).ok().as_ref().and_then(&mut accept) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("what was waited for never came at {path}"))
}

/// A configuration directory of its own: a copy of the project's, with these files replaced.
pub fn config_with(replaced: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), directory.path());
    for (name, content) in replaced {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

/// A path as text for a command line.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn unchunk(body: &str) -> String {
    let mut rest = body;
    let mut whole = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || after.len() < size {
            break;
        }
        whole.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    whole
}
