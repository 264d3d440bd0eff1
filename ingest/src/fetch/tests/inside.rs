//! No form of an address inside a private network is dialled, whichever way it comes: first, by a redirect, from a
//! resolver that changes its mind, for a whole answer, a stream or a WebSocket. A canary listens on this machine and
//! counts who connects.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;

use super::*;

/// Ways to write the host of an address inside, or to make a reader take one host for another.
const FORMS: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "0x0",
    "10.0.0.1",
    "10.1",
    "167772161",
    "0xa000001",
    "012.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "192.168.1",
    "3232235521",
    "0xc0a80001",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[2001:db8::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "１２７.0.0.1",
    "127。0。0。1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost..",
    "127.0.0.1..",
    "[::1%25lo]",
    "[fe80::1%25eth0]",
    "[0::1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0:7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:a00:1::1]",
    "[2001:0:7f00:1::]",
    "[3fff::1]",
    "[::a9fe:a9fe]",
    "203.0.113.1",
    "198.51.100.1",
    "192.88.99.1",
    "239.255.255.255",
    "240.0.0.1",
    "100.127.255.255",
    "127.000.000.001",
    "0x7F.0.0.1",
    "00000177.0.0.1",
    "①②⑦.⓪.⓪.①",
    "ｌｏｃａｌｈｏｓｔ",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "loc%61lhost",
    "lo\u{AD}calhost",
    "1.1.1.1@127.0.0.1",
    "127.0.0.1#@8.8.8.8",
    "127.0.0.1?@8.8.8.8",
    "8.8.8.8:80@127.0.0.1",
    "ip6-localhost",
    "4294967295",
    "0xffffffff",
    "037777777777",
];

/// Addresses inside that a resolver may answer with.
const ANSWERS: &[&str] = &[
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "0.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

/// Counts connections to one port of every address of this machine.
struct Canary {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let v4 = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = v4.local_addr().unwrap().port();
        let canary = Self { port, connections: Arc::default() };
        canary.count(v4);
        // A machine without IPv6 cannot be reached that way either.
        if let Ok(v6) = TcpListener::bind(("::1", port)).await {
            canary.count(v6);
        }
        canary
    }

    /// One that listens inside only, not at [`PUBLIC`].
    async fn start_inside() -> Self {
        let v4 = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let canary = Self { port: v4.local_addr().unwrap().port(), connections: Arc::default() };
        canary.count(v4);
        canary
    }

    fn count(&self, listener: TcpListener) {
        let connections = Arc::clone(&self.connections);
        tokio::spawn(async move {
            loop {
                // An attempt that broke off is an attempt, and no reason to stop listening.
                let _attempt = listener.accept().await;
                connections.fetch_add(1, Ordering::SeqCst);
            }
        });
    }

    /// How many have connected. A connection of our own comes last, and proves that it counts.
    async fn connections(&self) -> usize {
        let before = self.connections.load(Ordering::SeqCst);
        let _ours = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap();
        let counted = async {
            while self.connections.load(Ordering::SeqCst) == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), counted).await.expect("the canary counts who connects");
        self.connections.load(Ordering::SeqCst) - 1
    }
}

/// What comes of asking for `url` in each of the three ways.
async fn ask(gateway: &Gateway, url: &Url) -> [Result<(), FetchError>; 3] {
    let limits = StreamLimits::default();
    [
        gateway.get(&request(url.clone())).await.map(|_| ()),
        gateway.stream(&request(url.clone()), limits).await.map(|_| ()),
        gateway.websocket(&request(url.clone()), limits).await.map(|_| ()),
    ]
}

fn config(allowed: Option<SocketAddr>) -> FetchConfig {
    FetchConfig { host_delay_ms: 0, allow_addresses: allowed.into_iter().collect(), ..FetchConfig::default() }
}

/// Whether the gateway itself, rather than the network, said no.
fn is_refused(error: &FetchError) -> bool {
    matches!(error, FetchError::Refused { .. })
}

#[tokio::test]
async fn no_form_of_an_address_inside_is_dialled() {
    assert!(FORMS.len() >= 60);
    let canary = Canary::start().await;
    let port = canary.port;
    let gateway = Gateway::new(&config(None)).unwrap();
    for form in FORMS {
        for scheme in ["http", "https", "ws", "wss"] {
            // What is no URL at all cannot be asked for.
            let Ok(url) = Url::parse(&format!("{scheme}://{form}:{port}/")) else { continue };
            for outcome in ask(&gateway, &url).await {
                let error = outcome.unwrap_err();
                // What is no name, or one that this machine does not know, leads nowhere.
                let unknown = matches!(&error, FetchError::Unreachable { reason }
                    if reason.contains("could not be found") || reason.contains("invalid dns name"));
                assert!(is_refused(&error) || unknown, "{scheme}://{form}: {error}");
            }
        }
    }
    assert_eq!(canary.connections().await, 0);
}

#[tokio::test]
async fn no_redirect_leads_inside() {
    let canary = Canary::start().await;
    let port = canary.port;
    let server = Server::start(move |uri, _| {
        let (scheme, form) = uri.path()[1..].split_once('/').unwrap();
        let form = FORMS[form.parse::<usize>().unwrap()];
        let mut response = status(302, &[]);
        let location =
            if scheme == "none" { format!("//{form}:{port}/") } else { format!("{scheme}://{form}:{port}/") };
        response.headers_mut().insert("location", HeaderValue::from_bytes(location.as_bytes()).unwrap());
        response
    })
    .await;
    let gateway = Gateway::new(&config(Some(server.address))).unwrap();
    for (n, form) in FORMS.iter().enumerate() {
        for scheme in ["http", "wss", "none"] {
            for outcome in ask(&gateway, &server.url(&format!("/{scheme}/{n}"))).await {
                assert!(outcome.is_err(), "{scheme}://{form}");
            }
        }
    }
    assert_eq!(canary.connections().await, 0);
    assert_eq!(server.requests().len(), FORMS.len() * 9);
}

#[tokio::test]
async fn no_answer_of_a_resolver_leads_inside() {
    let canary = Canary::start().await;
    for answer in ANSWERS {
        let address: IpAddr = answer.parse().unwrap();
        let resolver = GlobalOnly::scripted(move |_| vec![address], super::super::address::is_global);
        let gateway = Gateway::with_resolver(&config(None), Limits::default(), &resolver).unwrap();
        let url = format!("http://inside.example:{}/", canary.port).parse().unwrap();
        for outcome in ask(&gateway, &url).await {
            let error = outcome.unwrap_err();
            assert!(is_refused(&error), "{answer}: {error}");
        }
    }
    assert_eq!(canary.connections().await, 0);
}

/// In these tests 127.0.0.2 stands for an address of the public internet.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A public server on the canary's port, and a gateway whose resolver gives `answers` in turn, the last one for ever.
async fn public_server(answers: Vec<Vec<IpAddr>>) -> (Server, Canary, Gateway, Arc<AtomicUsize>) {
    let server = Server::start_at(SocketAddr::new(PUBLIC.into(), 0), |uri, _| {
        let mut response =
            if uri.path() == "/again" { status(302, &[("location", "/")]) } else { ok("text/plain", "news") };
        // Each request needs a connection of its own, and so asks the resolver anew.
        response.headers_mut().insert("connection", HeaderValue::from_static("close"));
        response
    })
    .await;
    let port = server.address.port();
    let canary = Canary { port, connections: Arc::default() };
    for inside in ["127.0.0.1", "::1"] {
        if let Ok(listener) = TcpListener::bind((inside, port)).await {
            canary.count(listener);
        }
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let answer = move |_: &str| answers[counter.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)].clone();
    let resolver = GlobalOnly::scripted(answer, |ip| ip == PUBLIC);
    let gateway = Gateway::with_resolver(&config(None), Limits::default(), &resolver).unwrap();
    (server, canary, gateway, asked)
}

fn inside() -> Vec<IpAddr> {
    vec![Ipv4Addr::LOCALHOST.into(), "::1".parse().unwrap()]
}

#[tokio::test]
async fn a_name_that_is_rebound_between_two_requests_or_hops_leads_nowhere() {
    for path in ["/", "/again"] {
        let (server, canary, gateway, asked) = public_server(vec![vec![PUBLIC.into()], inside()]).await;
        let url: Url = format!("http://rebound.example:{}{path}", canary.port).parse().unwrap();
        let first = gateway.get(&request(url.clone())).await;
        assert_eq!(first.is_ok(), path == "/", "{first:?}");
        for outcome in ask(&gateway, &url).await {
            let error = outcome.unwrap_err();
            assert!(is_refused(&error), "{error}");
        }
        assert_eq!(server.requests().len(), 1);
        assert!(asked.load(Ordering::SeqCst) >= 4);
        assert_eq!(canary.connections().await, 0);
    }
}

#[tokio::test]
async fn of_a_mixed_answer_only_the_public_address_is_dialled() {
    let mixed = [inside(), vec![PUBLIC.into()], inside()].concat();
    let (server, canary, gateway, _) = public_server(vec![mixed.clone()]).await;
    let url: Url = format!("http://mixed.example:{}/", canary.port).parse().unwrap();
    assert!(gateway.get(&request(url)).await.is_ok());
    assert_eq!(server.requests().len(), 1);
    assert_eq!(canary.connections().await, 0);
    // When the public address does not answer, the others are still not tried.
    let canary = Canary::start_inside().await;
    let resolver = GlobalOnly::scripted(move |_| mixed.clone(), |ip| ip == PUBLIC);
    let gateway = Gateway::with_resolver(&config(None), Limits::default(), &resolver).unwrap();
    let url: Url = format!("http://mixed.example:{}/", canary.port).parse().unwrap();
    for outcome in ask(&gateway, &url).await {
        let error = outcome.unwrap_err();
        assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    }
    assert_eq!(canary.connections().await, 0);
}

/// The variables of a proxy can only be set for another process, which runs this same test in its second role.
#[tokio::test]
async fn proxy_variables_are_ignored() {
    const ROLE: &str = "DISCOVERY_TEST_BEHIND_PROXY";
    if std::env::var_os(ROLE).is_some() {
        let server = Server::start(|_, _| ok("text/plain", "direct")).await;
        let fetched = server.gateway().get(&request(server.url("/"))).await.unwrap();
        assert_eq!(answer(fetched).body, b"direct");
        let inside = "http://10.0.0.1/".parse().unwrap();
        assert!(ask(&server.gateway(), &inside).await.iter().all(|outcome| outcome.as_ref().is_err_and(is_refused)));
        return;
    }
    let canary = Canary::start().await;
    let proxy = format!("http://127.0.0.1:{}", canary.port);
    let mut again = tokio::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "fetch::tests::inside::proxy_variables_are_ignored"]).env(ROLE, "1").env("NO_PROXY", "");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        again.env(name, &proxy);
    }
    let output = again.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(canary.connections().await, 0);
}
