//! Authorization, forms, and what else a request carries.

use super::*;
use bus::secret::Secret;

fn token() -> Authorization {
    Authorization::Bearer(Secret::new("s3cret"))
}

#[tokio::test]
async fn each_kind_of_authorization_is_sent_as_its_header() {
    let server = Server::start(|_, _| ok("text/plain", "")).await;
    let basic = Authorization::Basic { user: "client".into(), password: Secret::new("pass") };
    for authorization in [token(), basic, Authorization::Header("x-goog-api-key", Secret::new("key"))] {
        let request = request(server.url("/")).authorization(authorization);
        assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        server.gateway().get(&request).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests[0].1["authorization"], "Bearer s3cret");
    assert_eq!(requests[1].1["authorization"], "Basic Y2xpZW50OnBhc3M=");
    assert_eq!(requests[2].1["x-goog-api-key"], "key");
    assert!(!requests[2].1.contains_key("authorization"));
}

#[tokio::test]
async fn a_form_and_json_are_posted_and_never_sent_on() {
    let server = Server::start(|uri, _| match uri.path() {
        "/moved" => status(307, &[("location", "/")]),
        _ => ok("application/json", r#"{"access_token": "t"}"#),
    })
    .await;
    let fields = [("grant_type", "client_credentials"), ("scope", "a b&c")];
    let form = Request::post_form(server.url("/"), "application/json", &fields);
    let answer = server.gateway().get(&form).await.unwrap().answer().unwrap();
    assert_eq!(answer.json::<std::collections::HashMap<String, String>>().unwrap()["access_token"], "t");
    let json = Request::post_json(server.url("/"), "*/*", &["x"]).unwrap();
    server.gateway().get(&json).await.unwrap();
    assert_eq!(server.bodies(), ["grant_type=client_credentials&scope=a+b%26c", "[\"x\"]"]);
    assert_eq!(server.requests()[0].1["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(server.requests()[1].1["content-type"], "application/json");
    let moved = Request::post_form(server.url("/moved"), "*/*", &fields);
    assert!(matches!(server.gateway().get(&moved).await.unwrap_err(), FetchError::BadAnswer { .. }));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn authorization_does_not_leave_its_origin() {
    let other = Server::start(|_, _| ok("text/plain", "")).await;
    let away = other.url("/").to_string();
    let server = Server::start(move |uri, _| match uri.path() {
        "/away" => status(302, &[("location", &away)]),
        "/within" => status(302, &[("location", "/end")]),
        _ => ok("text/plain", ""),
    })
    .await;
    let config = FetchConfig {
        host_delay_ms: 0,
        allow_addresses: vec![server.address, other.address],
        ..FetchConfig::default()
    };
    let gateway = Gateway::new(&config).unwrap();
    for path in ["/away", "/within"] {
        gateway.get(&request(server.url(path)).authorization(token())).await.unwrap();
    }
    assert!(!other.requests()[0].1.contains_key("authorization"));
    assert!(server.requests().iter().all(|(_, headers)| headers["authorization"] == "Bearer s3cret"));
}

#[tokio::test]
async fn a_token_is_never_sent_over_plain_http_to_a_public_server() {
    let gateway = Gateway::new(&FetchConfig { host_delay_ms: 0, ..FetchConfig::default() }).unwrap();
    for url in ["http://social.example.invalid/api", "http://8.8.8.8/"] {
        let request = request(url.parse().unwrap()).authorization(token());
        let refused = gateway.get(&request).await.unwrap_err();
        assert!(matches!(&refused, FetchError::Refused { reason } if reason.contains("plain http")), "{refused}");
        let refused = gateway.stream(&request, StreamLimits::default()).await.unwrap_err();
        assert!(matches!(refused, FetchError::Refused { .. }), "{refused}");
        let refused = gateway.websocket(&request, StreamLimits::default()).await.unwrap_err();
        assert!(matches!(refused, FetchError::Refused { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_refused_token_is_named_by_its_place_and_a_missing_one_is_a_status() {
    let server = Server::start(|uri, _| status(uri.path()[1..].parse().unwrap(), &[])).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "s3cret").unwrap();
    let reference: bus::secret::SecretRef = toml::from_str(&format!("file = {path:?}")).unwrap();
    let token = Authorization::Bearer(reference.read().unwrap());
    for code in ["/401", "/403"] {
        let error = server.gateway().get(&request(server.url(code)).authorization(token.clone())).await.unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&format!("renew the token in the file {}", path.display())), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
        assert!(matches!(crate::CollectError::from(error), crate::CollectError::Unauthorized { .. }));
        assert!(matches!(get(&server, code).await.unwrap_err(), FetchError::Status { .. }));
    }
}

#[tokio::test]
async fn headers_and_json_are_read_and_a_wrong_body_is_not_quoted() {
    let server = Server::start(|_, _| {
        let mut response = ok("application/json", r#"{"name": "private words"}"#);
        response.headers_mut().insert("x-rate-limit-remaining", HeaderValue::from_static("0"));
        response.headers_mut().insert("x-rate-limit-reset", HeaderValue::from_static("99"));
        response
    })
    .await;
    let answer = answer(get(&server, "/").await.unwrap());
    assert_eq!(answer.header("X-Rate-Limit-Remaining"), Some("0"));
    assert_eq!(answer.header("absent"), None);
    assert_eq!(answer.allowance_used_up, Some(Duration::from_secs(99)));
    let error = answer.json::<std::collections::HashMap<String, u32>>().unwrap_err().to_string();
    assert!(error.contains("has not the fields that were expected") && !error.contains("private"), "{error}");
}
