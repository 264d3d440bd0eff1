//! A real Kafka broker for tests: `scripts/kafka-broker.sh`, on free ports, in a directory that is thrown away.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running broker. It ends when this is dropped, and also when the process ends without that: it waits for the end of
/// its stdin.
pub struct Broker {
    dir: TempDir,
    ports: Ports,
    process: Child,
}

/// Where a broker listens: in the clear, as its own controller, and, if it does, encrypted.
#[derive(Clone, Copy)]
struct Ports {
    plain: u16,
    controller: u16,
    secured: Option<u16>,
}

impl Broker {
    /// Starts an empty broker. It answers some seconds later: opening the log waits for that.
    ///
    /// # Panics
    /// When Kafka's files are not there.
    pub fn start() -> Self {
        let [plain, controller] = free_ports();
        Self::start_at(Ports { plain, controller, secured: None })
    }

    /// Starts one that also answers at [`Broker::secured_address`]: encrypted, and to the user `discovery` with the password
    /// `trial-secret` only.
    ///
    /// # Panics
    /// When Kafka's files are not there.
    pub fn start_secured() -> Self {
        let [plain, controller, secured] = free_ports();
        Self::start_at(Ports { plain, controller, secured: Some(secured) })
    }

    fn start_at(ports: Ports) -> Self {
        let root = root();
        assert!(
            root.join("target/kafka").is_dir(),
            "these tests need a Kafka broker, and target/kafka is not there: run `scripts/setup.sh kafka` (`make test` does), \
             or leave them out by name: `cargo test -- --skip broker`"
        );
        let dir = tempfile::tempdir().expect("there is room for a temporary directory");
        let process = launch(dir.path(), ports);
        Self { dir, ports, process }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }

    /// Where it listens to those that prove who they are.
    ///
    /// # Panics
    /// When it was not started so.
    pub fn secured_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.secured.expect("the broker was started secured"))
    }

    /// The authority of its certificate, once it has started.
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("the broker's launcher ends");
    }

    /// Starts it again on what it had written.
    pub fn start_again(&mut self) {
        self.process = launch(self.dir.path(), self.ports);
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

fn launch(dir: &Path, ports: Ports) -> Child {
    Command::new(root().join("scripts/kafka-broker.sh"))
        .arg(dir)
        .args([ports.plain, ports.controller].into_iter().chain(ports.secured).map(|port| port.to_string()))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("scripts/kafka-broker.sh can be run")
}

/// Ports that nobody uses now.
fn free_ports<const N: usize>() -> [u16; N] {
    let sockets = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port"));
    sockets.map(|socket| socket.local_addr().expect("it is bound").port())
}
