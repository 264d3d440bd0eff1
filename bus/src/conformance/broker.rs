//! A real Kafka broker for tests: `scripts/kafka-broker.sh`, on free ports, in a directory that is thrown away.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running broker. It ends when this is dropped, and also when the process ends without that: it waits for the end of
/// its stdin.
pub struct Broker {
    dir: TempDir,
    port: u16,
    controller: u16,
    process: Child,
}

impl Broker {
    /// Starts an empty broker. It answers some seconds later: opening the log waits for that.
    ///
    /// # Panics
    /// When Kafka's files are not there.
    pub fn start() -> Self {
        let root = root();
        assert!(
            root.join("target/kafka").is_dir(),
            "these tests need a Kafka broker, and target/kafka is not there: run `scripts/setup.sh kafka` (`make test` does), \
             or leave them out by name: `cargo test -- --skip broker`"
        );
        let dir = tempfile::tempdir().expect("there is room for a temporary directory");
        let [port, controller] = free_ports();
        let process = launch(dir.path(), port, controller);
        Self { dir, port, controller, process }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("the broker's launcher ends");
    }

    /// Starts it again on what it had written.
    pub fn start_again(&mut self) {
        self.process = launch(self.dir.path(), self.port, self.controller);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

fn launch(dir: &Path, port: u16, controller: u16) -> Child {
    Command::new(root().join("scripts/kafka-broker.sh"))
        .arg(dir)
        .args([port.to_string(), controller.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("scripts/kafka-broker.sh can be run")
}

/// Ports that nobody uses now.
fn free_ports() -> [u16; 2] {
    let sockets = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port"));
    sockets.map(|socket| socket.local_addr().expect("it is bound").port())
}
