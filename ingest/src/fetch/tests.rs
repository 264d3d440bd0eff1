use std::io::Write;

use axum::body::Body;
use axum::http::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use reqwest::header::HeaderName;
use url::Url;

use super::*;
use crate::testing::server::{Server, ok, status};

mod authority;
mod hostile;
mod inside;
mod streams;

fn request(url: Url) -> Request {
    Request::get(url, "*/*")
}

async fn get(server: &Server, path: &str) -> Result<Fetched, FetchError> {
    server.gateway().get(&request(server.url(path))).await
}

fn answer(fetched: Fetched) -> Box<Answer> {
    match fetched {
        Fetched::Modified(answer) => answer,
        Fetched::NotModified { .. } => panic!("not modified"),
    }
}

#[tokio::test]
async fn an_answer_comes_with_its_body_type_and_freshness_and_we_say_who_we_are() {
    let server = Server::start(|_, _| {
        let mut response = ok("text/xml; charset=\"ISO-8859-1\"", "caf\u{e9}");
        response.headers_mut().insert("cache-control", HeaderValue::from_static("max-age=60"));
        response
    })
    .await;
    let answer = answer(get(&server, "/feed?a=1").await.unwrap());
    assert_eq!(answer.body, "café".as_bytes());
    assert_eq!(answer.media_type().as_deref(), Some("text/xml"));
    assert_eq!(answer.charset(), Some("ISO-8859-1"));
    assert_eq!(answer.fresh_for, Some(Duration::from_mins(1)));
    let (uri, headers) = server.requests().remove(0);
    assert_eq!(uri.to_string(), "/feed?a=1");
    let mut sent: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    sent.sort_unstable();
    assert_eq!(sent, ["accept", "accept-encoding", "host", "user-agent"]);
    let name = headers["user-agent"].to_str().unwrap();
    assert!(
        name.starts_with("NHS-Citizen-Discovery/") && name.ends_with("(+https://github.com/nhs-citizen/discovery)"),
        "{name}"
    );
}

#[tokio::test]
async fn an_unchanged_answer_is_asked_for_with_the_same_bytes_and_not_sent_again() {
    let server = Server::start(|_, headers| {
        if headers.get("if-none-match").is_some_and(|tag| tag.as_bytes() == b"W/\"caf\xe9\"") {
            return status(304, &[("cache-control", "max-age=7200")]);
        }
        let mut response = ok("text/xml", "body");
        response.headers_mut().insert("etag", HeaderValue::from_bytes(b"W/\"caf\xe9\"").unwrap());
        response.headers_mut().insert("last-modified", HeaderValue::from_static("Sat, 1 Mar 2025 09:00:00 GMT"));
        response
    })
    .await;
    let first = answer(get(&server, "/").await.unwrap());
    let again = request(server.url("/")).validators(first.validators);
    let second = server.gateway().get(&again).await.unwrap();
    assert!(matches!(second, Fetched::NotModified { fresh_for: Some(fresh) } if fresh.as_secs() == 7200), "{second:?}");
    assert_eq!(server.requests()[1].1["if-modified-since"], "Sat, 1 Mar 2025 09:00:00 GMT");
}

#[tokio::test]
async fn redirects_are_followed_five_times_and_each_is_checked() {
    let server = Server::start(|uri, _| match uri.path() {
        "/end" => ok("text/plain", "end"),
        "/inside" => status(302, &[("location", "http://127.0.0.1:1/secret")]),
        "/name" => status(302, &[("location", "http://localhost:1/secret")]),
        "/metadata" => status(307, &[("location", "http://169.254.169.254/latest/meta-data/")]),
        "/file" => status(301, &[("location", "file:///etc/passwd")]),
        "/nowhere" => status(301, &[]),
        path => {
            let left: u32 = path[1..].parse().unwrap();
            let next = if left == 1 { "/end".to_owned() } else { format!("/{}", left - 1) };
            status(308, &[("location", &next)])
        }
    })
    .await;
    assert_eq!(answer(get(&server, "/5").await.unwrap()).url, server.url("/end"));
    let too_many = get(&server, "/6").await.unwrap_err();
    assert!(too_many.to_string().starts_with("more than 5 redirects"), "{too_many}");
    for path in ["/inside", "/name", "/metadata", "/file"] {
        let refused = get(&server, path).await.unwrap_err();
        assert!(matches!(refused, FetchError::Refused { .. }), "{path}: {refused}");
    }
    assert!(matches!(get(&server, "/nowhere").await.unwrap_err(), FetchError::BadAnswer { .. }));
}

#[tokio::test]
async fn too_much_is_refused_on_the_wire_and_when_unpacked() {
    let server = Server::start(|uri, _| {
        if uri.path() == "/announced" {
            return ok("text/plain", vec![0; 200]);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&vec![b'x'; 4_000]).unwrap();
        let mut response = ok("text/plain", gzip.finish().unwrap());
        response.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
        response
    })
    .await;
    let limits = Limits { wire_bytes: 100, unpacked_bytes: 1_000, ..Limits::default() };
    let gateway = server.gateway_with(limits);
    for path in ["/announced", "/bomb"] {
        let error = gateway.get(&request(server.url(path))).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { .. }), "{path}: {error}");
    }
    let unpacked = answer(server.gateway().get(&request(server.url("/bomb"))).await.unwrap());
    assert_eq!(unpacked.body, vec![b'x'; 4_000]);
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endless = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        // A first word of the request: an answer before it would be a fault of its own.
        socket.read_u8().await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n").await.unwrap();
        while socket.write_all(&[b'x'; 1_000]).await.is_ok() {}
    });
    let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![address], ..FetchConfig::default() };
    let limits = Limits { wire_bytes: 100_000, ..Limits::default() };
    let gateway = Gateway::with_limits(&config, limits).unwrap();
    let error = gateway.get(&request(format!("http://{address}/").parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { when: "on the wire", .. }), "{error}");
    endless.await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_ends_or_never_answers_is_given_up() {
    // It accepts connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![address], ..FetchConfig::default() };
    let limits = Limits { total: Duration::from_millis(50), ..Limits::default() };
    let gateway = Gateway::with_limits(&config, limits).unwrap();
    let url: Url = format!("http://{address}/").parse().unwrap();
    let error = gateway.get(&request(url)).await.unwrap_err();
    assert!(matches!(error, FetchError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn what_a_status_means_is_told_apart() {
    let server = Server::start(|uri, _| match uri.path() {
        "/429" => status(429, &[("retry-after", "120")]),
        "/503" => status(503, &[("retry-after", "60")]),
        path => status(path[1..].parse().unwrap(), &[]),
    })
    .await;
    let error = get(&server, "/429").await.unwrap_err();
    assert!(
        matches!(error, FetchError::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 120),
        "{error}"
    );
    assert!(matches!(get(&server, "/503").await.unwrap_err(), FetchError::RateLimited { .. }));
    assert!(matches!(get(&server, "/410").await.unwrap_err(), FetchError::Gone { .. }));
    let missing = get(&server, "/404").await.unwrap_err().to_string();
    assert!(missing.contains("answered with status 404 (not found); check the address"), "{missing}");
    assert!(matches!(get(&server, "/500").await.unwrap_err(), FetchError::Status { status: 500, .. }));
}

#[tokio::test]
async fn unreachable_servers_are_explained_in_plain_words() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![closed], ..FetchConfig::default() };
    let gateway = Gateway::new(&config).unwrap();
    let error = gateway.get(&request(format!("http://{closed}/").parse().unwrap())).await.unwrap_err();
    assert!(
        matches!(&error, FetchError::Unreachable { reason } if reason.starts_with("no connection to 127.0.0.1")),
        "{error}"
    );
    // RFC 6761 reserves `.invalid`: no resolver may know it.
    let error = gateway.get(&request("http://feeds.example.invalid/".parse().unwrap())).await.unwrap_err();
    assert!(
        matches!(&error, FetchError::Unreachable { reason } if reason.starts_with("the name feeds.example.invalid could not be found")),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_or_unknown_packing_is_a_bad_answer() {
    let server = Server::start(|uri, _| {
        let packing = if uri.path() == "/damaged" { "gzip" } else { "gzip, gzip" };
        let mut response: Response<Body> = ok("text/plain", "not packed at all");
        response.headers_mut().insert("content-encoding", HeaderValue::from_static(packing));
        response
    })
    .await;
    for path in ["/damaged", "/twice"] {
        assert!(matches!(get(&server, path).await.unwrap_err(), FetchError::BadAnswer { .. }), "{path}");
    }
}

#[tokio::test]
async fn an_allowed_address_is_allowed_on_its_port_only() {
    let server = Server::start(|_, _| ok("text/plain", "hello")).await;
    let other = Server::start(|_, _| ok("text/plain", "secret")).await;
    let gateway = server.gateway();
    assert!(gateway.get(&request(server.url("/"))).await.is_ok());
    assert!(matches!(gateway.get(&request(other.url("/"))).await.unwrap_err(), FetchError::Refused { .. }));
    // A name that leads to an allowed address is refused: whoever controls the name could change it.
    let by_name = format!("http://localhost:{}/", server.address.port()).parse().unwrap();
    assert!(matches!(gateway.get(&request(by_name)).await.unwrap_err(), FetchError::Refused { .. }));
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_trusted_party_may_be_inside_under_its_own_name_and_nobody_else() {
    let server = Server::start(|_, _| ok("text/plain", "hello")).await;
    let by_name: url::Url = format!("http://localhost:{}/", server.address.port()).parse().unwrap();
    let trusting = Gateway::to_trusted(&FetchConfig::default(), &[server.address.ip()]).unwrap();
    for url in [by_name.clone(), server.url("/")] {
        assert!(trusting.get(&request(url)).await.is_ok());
    }
    let elsewhere = Gateway::to_trusted(&FetchConfig::default(), &["10.0.0.1".parse().unwrap()]).unwrap();
    for url in [by_name, server.url("/")] {
        assert!(matches!(elsewhere.get(&request(url)).await.unwrap_err(), FetchError::Refused { .. }));
    }
    assert_eq!(server.requests().len(), 2);
}
