//! Servers that mean harm, or are broken beyond shame: each gives a clear error within the limits, and hinders nobody.

use std::future::Future;

use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Limits that a test can wait for.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_millis(400),
    wire_bytes: 1 << 20,
    unpacked_bytes: 4 << 20,
    redirects: 5,
};

/// A server that treats each connection as `serve` says, after the head of the request has come.
async fn raw_server<F: Future<Output = std::io::Result<()>> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + Sync + Copy + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await?);
                }
                serve(socket).await
            });
        }
    });
    address
}

async fn ask(address: SocketAddr) -> Result<Vec<u8>, FetchError> {
    let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![address], ..FetchConfig::default() };
    let gateway = Gateway::with_limits(&config, LIMITS).unwrap();
    let request = request(format!("http://{address}/").parse().unwrap());
    Ok(gateway.get(&request).await?.answer()?.body)
}

/// Sends `head`, then `piece` for ever.
async fn endless(mut socket: TcpStream, head: &[u8], piece: &[u8]) -> std::io::Result<()> {
    socket.write_all(head).await?;
    loop {
        socket.write_all(piece).await?;
    }
}

/// Sends `head`, then a byte from time to time, for ever.
async fn drip(mut socket: TcpStream, head: &[u8]) -> std::io::Result<()> {
    socket.write_all(head).await?;
    loop {
        socket.write_all(b"x").await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn say(mut socket: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    socket.write_all(answer).await?;
    socket.shutdown().await
}

#[tokio::test]
async fn what_never_ends_is_cut_off() {
    static LINE: [u8; 64 * 1024] = [b'a'; 64 * 1024];
    let line = raw_server(|socket| endless(socket, b"HTTP/1.1 200 OK\r\n\r\n", &LINE)).await;
    let chunks = raw_server(|socket| {
        endless(socket, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10\r\n0123456789abcdef\r\n")
    })
    .await;
    for (what, address) in [("one long line", line), ("endless chunks", chunks)] {
        let error = ask(address).await.unwrap_err();
        // On a busy machine the time may be over before the size is reached.
        assert!(matches!(error, FetchError::TooLarge { .. } | FetchError::TimedOut { .. }), "{what}: {error}");
    }
    let headers = raw_server(|socket| endless(socket, b"HTTP/1.1 200 OK\r\n", b"X-Flood: aaaaaaaaaaaaaaaa\r\n")).await;
    let long_header = raw_server(|socket| endless(socket, b"HTTP/1.1 200 OK\r\nX-Flood: ", &LINE)).await;
    for address in [headers, long_header] {
        let error = ask(address).await.unwrap_err();
        assert!(matches!(error, FetchError::BrokenOff { .. } | FetchError::TimedOut { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_total_time() {
    let body = raw_server(|socket| drip(socket, b"HTTP/1.1 200 OK\r\n\r\n")).await;
    let head = raw_server(|socket| drip(socket, b"HTTP/1.1 200 OK\r\nX-Slow: ")).await;
    for address in [body, head] {
        let error = ask(address).await.unwrap_err();
        assert!(matches!(error, FetchError::TimedOut { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_length_that_lies_is_found_out() {
    let too_short =
        raw_server(|socket| say(socket, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews and more")).await;
    assert_eq!(ask(too_short).await.unwrap(), b"news", "what follows belongs to no answer");
    let too_long = raw_server(|socket| say(socket, b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nnews")).await;
    let error = ask(too_long).await.unwrap_err();
    assert!(matches!(error, FetchError::BrokenOff { .. }), "{error}");
    let huge =
        raw_server(|socket| say(socket, b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\nnews")).await;
    let error = ask(huge).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { when: "on the wire", .. }), "{error}");
    for nonsense in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nnews"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nnews",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nnews",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nne",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"",
    ] {
        let address = raw_server(move |socket| say(socket, nonsense)).await;
        let error = ask(address).await.unwrap_err();
        assert!(matches!(error, FetchError::BrokenOff { .. }), "{nonsense:?}: {error}");
    }
}

#[tokio::test]
async fn bombs_and_packings_that_were_not_offered_are_refused() {
    let gzip = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(&vec![0; 64 << 20]).unwrap();
    let (deflate, bomb) = (deflate.finish().unwrap(), gzip(&vec![0; 64 << 20]));
    let (members, nested) = (gzip(&vec![0; 1 << 20]).repeat(64), gzip(&bomb));
    let server = Server::start(move |uri, _| {
        let (packing, body) = match uri.path() {
            "/gzip" => ("gzip", bomb.clone()),
            "/deflate" => ("deflate", deflate.clone()),
            "/members" => ("gzip", members.clone()),
            "/nested" => ("gzip, gzip", nested.clone()),
            "/inside" => ("gzip", nested.clone()),
            other => (if other == "/br" { "br" } else { "zstd" }, vec![0; 1_000]),
        };
        let mut response = ok("text/plain", body);
        response.headers_mut().insert("content-encoding", HeaderValue::from_static(packing));
        response
    })
    .await;
    let gateway = server.gateway_with(Limits { total: Duration::from_secs(30), ..LIMITS });
    for path in ["/gzip", "/deflate", "/members"] {
        let error = gateway.get(&request(server.url(path))).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { when: "when unpacked", .. }), "{path}: {error}");
    }
    for path in ["/nested", "/br", "/zstd"] {
        let error = gateway.get(&request(server.url(path))).await.unwrap_err();
        assert!(matches!(error, FetchError::BadAnswer { .. }), "{path}: {error}");
    }
    // One packing inside another is unpacked once and stays what it is.
    let packed = gateway.get(&request(server.url("/inside"))).await.unwrap().answer().unwrap();
    assert!(packed.body.len() < 1 << 20);
}

#[tokio::test]
async fn other_sources_are_answered_meanwhile() {
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(raw_server(|socket| drip(socket, b"HTTP/1.1 200 OK\r\n\r\n")).await);
    }
    let good = raw_server(|socket| say(socket, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews")).await;
    let allowed: Vec<SocketAddr> = slow.iter().copied().chain([good]).collect();
    let config = FetchConfig { host_delay_ms: 0, allow_addresses: allowed.clone(), ..FetchConfig::default() };
    let gateway = Gateway::with_limits(&config, LIMITS).unwrap();
    let mut asked = tokio::task::JoinSet::new();
    for address in allowed {
        let gateway = gateway.clone();
        asked.spawn(async move {
            let request = request(format!("http://{address}/").parse().unwrap());
            (address, gateway.get(&request).await.is_ok())
        });
    }
    while let Some(outcome) = asked.join_next().await {
        let (address, answered) = outcome.unwrap();
        assert_eq!(answered, address == good);
    }
}
