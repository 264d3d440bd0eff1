//! Real Chromium, driven through chromedriver, with axe-core: no Node needed.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The rules of WCAG 2.2 AA, and axe's best practices.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// How long Chromium may take to go.
const FAREWELL: Duration = Duration::from_secs(10);

/// A browser of its own, gone when dropped.
pub struct Browser {
    /// The session.
    pub client: Client,
    /// Where the driver listens.
    port: u16,
    _driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts chromedriver and a headless Chromium.
    ///
    /// # Panics
    /// When they are not installed: the message says how to get them.
    pub async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is not installed: run `scripts/setup.sh browser`, as `make test` does");
        let stdout = driver.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap().expect("chromedriver ended before it listened");
            // "ChromeDriver was started successfully on port 41233."
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').parse().expect("a port is a number");
            }
        };
        let profile = tempfile::tempdir().unwrap();
        let arguments = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            format!("--user-data-dir={}", profile.path().display()),
        ]);
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments } });
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities.as_object().expect("it is an object").clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts: if it is not installed, run `scripts/setup.sh browser`");
        Self { client, port, _driver: driver, _profile: profile }
    }

    /// Makes the *page* this wide. Chromium's window cannot be narrower than 500 px, but the page in it can.
    pub async fn set_width(&self, width: u32) {
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride",
            "params": { "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false } });
        self.command(command).await;
    }

    /// Gives one of Chromium's own commands.
    pub async fn command(&self, command: Value) {
        self.client.issue_cmd(ChromiumCommand(command)).await.expect("Chromium does what it is told");
    }

    /// What axe-core finds wrong with the page that is open: rule and places.
    pub async fn violations(&self) -> Vec<String> {
        self.client.execute(include_str!("../assets/axe/axe.min.js"), vec![]).await.unwrap();
        let script = "const [rules, done] = arguments; axe.run(document, { runOnly: rules }).then(result => \
            done(result.violations.map(v => v.id + ' at ' + v.nodes.map(n => n.target.join(' ')).join(', '))))";
        let found = self.client.execute_async(script, vec![json!(RULES)]).await.unwrap();
        found
            .as_array()
            .expect("a list of violations")
            .iter()
            .map(|v| v.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// How many pixels the page is wider than the screen: it must not scroll sideways.
    pub async fn overflow(&self) -> i64 {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.client.execute(script, vec![]).await.unwrap().as_i64().unwrap()
    }
}

impl Drop for Browser {
    /// A driver that is killed leaves Chromium behind; one that is asked to end takes it along, and then its end of the
    /// connection closes.
    fn drop(&mut self) {
        let Ok(mut driver) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return };
        let request = format!("GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port);
        let asked = driver.set_read_timeout(Some(FAREWELL)).and_then(|()| driver.write_all(request.as_bytes()));
        // What it answers does not matter.
        let _ = asked.and_then(|()| driver.read_to_end(&mut Vec::new()));
    }
}

/// Chromium's own commands, which are not part of `WebDriver`.
#[derive(Debug)]
struct ChromiumCommand(Value);

impl fantoccini::wd::WebDriverCompatibleCommand for ChromiumCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}
