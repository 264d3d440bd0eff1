//! Handing in documents and sending posts, from the form to the door.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use dashboard::Audience;

use crate::world::{Answer, World};

const BOUNDARY: &str = "boundary";

/// The hidden token of the form on the page.
fn form_token(page: &Answer) -> String {
    let part = page.part("name=\"form_token\" value=\"", "\">");
    part.trim_start_matches("name=\"form_token\" value=\"").trim_end_matches("\">").to_owned()
}

fn from_our_page(address: &str) -> Builder {
    Request::post(address)
        .header("host", "127.0.0.1:8080")
        .header("origin", "http://127.0.0.1:8080")
        .header("sec-fetch-site", "same-origin")
}

/// A form as a browser sends it; a field called `file` is a file.
fn multipart(request: Builder, fields: &[(&str, &str)]) -> Request<Body> {
    let part = |(name, value): &(&str, &str)| {
        let file = if *name == "file" { "; filename=\"minutes.vtt\"" } else { "" };
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
    };
    let body: String = fields.iter().map(part).collect();
    request
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(format!("{body}--{BOUNDARY}--\r\n")))
        .unwrap()
}

fn urlencoded(request: Builder, body: String) -> Request<Body> {
    request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_document_is_shown_and_then_accepted() {
    let world = World::new(Audience::Staff);
    let token = form_token(&world.get("/submit").await);
    let fields = [
        ("form_token", token.as_str()),
        ("file", "WEBVTT"),
        ("text", ""),
        ("place", " Leeds "),
        ("column-text", "Q1"),
        ("odd", "x"),
    ];
    let preview = world.send(multipart(from_our_page("/submit/preview"), &fields)).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    let text = preview.text();
    for said in [
        "Nothing has been kept yet.",
        "Contributions 21 Different people named 2 In the room 23 people",
        "Taken out of the texts phone: 2",
        "two.vtt is empty",
        "Accept 21 posts",
        "The first 1",
        "Leeds, by somebody who is named",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(preview.body.contains("<strong>&#60;b&#62;Forum</strong>"), "{}", preview.body);
    assert!(
        preview.body.contains(
            "minutes.vtt [(&#34;place&#34;, &#34;Leeds&#34;)] [(&#34;column-text&#34;, &#34;text&#34;, &#34;Q1&#34;)] 6"
        ),
        "{}",
        preview.body
    );
    let accept = format!("form_token={}&token=token", form_token(&preview));
    let accepted = world.send(urlencoded(from_our_page("/submit/accept"), accept)).await;
    assert_eq!((accepted.status.as_u16(), accepted.headers["location"].to_str().unwrap()), (303, "/submit?taken=21"));
    assert!(world.get("/submit?taken=21").await.text().contains("21 posts taken in"));
    assert!(!world.get("/submit?taken=%3Cb%3E").await.body.contains("taken in."), "only a number is shown");
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_what_was_typed_stays() {
    let world = World::new(Audience::Staff);
    let token = form_token(&world.get("/submit").await);
    let token = ("form_token", token.as_str());
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[token, ("text", "")], "Choose a file, or paste a text"),
        (&[token, ("file", "x"), ("text", "y")], "Choose a file or paste a text, not both"),
        (&[token, ("text", "Ann: <b>Hello"), ("date", "soon"), ("place", "Leeds")], "`soon` is not a date"),
    ];
    for (fields, message) in cases {
        let answer = world.send(multipart(from_our_page("/submit/preview"), fields)).await;
        assert_eq!(answer.status, 422, "{message}");
        assert!(answer.body.contains("<title>Error: "), "{message}");
        assert!(answer.text().contains(&format!("Error: {message}")), "{message}: {}", answer.text());
    }
    let (fields, _) = cases[2];
    let answer = world.send(multipart(from_our_page("/submit/preview"), fields)).await;
    assert!(answer.body.contains("href=\"#date\"") && answer.body.contains("value=\"Leeds\""), "{}", answer.body);
    assert!(answer.body.contains("Ann: &#60;b&#62;Hello</textarea>"));
    let old = format!("form_token={}&token=old", token.1);
    let old = world.send(urlencoded(from_our_page("/submit/accept"), old)).await;
    assert!(old.status == 422 && old.text().contains("The preview is too old"), "{}", old.text());
    let full = format!("form_token={}&token=full", token.1);
    assert_eq!(world.send(urlencoded(from_our_page("/submit/accept"), full)).await.status, 503);
}

#[tokio::test]
async fn only_our_own_page_may_send_the_form() {
    let world = World::new(Audience::Staff);
    let token = form_token(&world.get("/submit").await);
    let fields = [("form_token", token.as_str()), ("text", "Ann: Hello.")];
    let accept = format!("form_token={token}&token=token");
    for (name, value) in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let foreign = |address: &str| Request::post(address).header("host", "127.0.0.1:8080").header(name, value);
        let answer = world.send(multipart(foreign("/submit/preview"), &fields)).await;
        assert!(answer.status == 403 && answer.text().contains("This form cannot be taken"), "{name}");
        assert_eq!(world.send(urlencoded(foreign("/submit/accept"), accept.clone())).await.status, 403, "{name}");
    }
    let answer = world.send(multipart(from_our_page("/submit/preview"), &fields[1..])).await;
    assert_eq!(answer.status, 403, "without its token");
    let no_form = from_our_page("/submit/preview").body(Body::from("x")).unwrap();
    assert_eq!(world.send(no_form).await.status, 403);
    let large = "x".repeat(26 << 20);
    let answer = world.send(multipart(from_our_page("/submit/preview"), &[fields[0], ("file", &large)])).await;
    assert!(answer.status == 422 && answer.text().contains("The file is larger than 25 MiB: split it"));
}

#[tokio::test]
async fn the_public_cannot_hand_in() {
    let world = World::new(Audience::Public);
    assert_eq!(world.get("/submit").await.leads_to(), "/sign-in?next=%2Fsubmit");
    assert!(!world.get("/sources").await.body.contains("/submit"));
    assert!(World::new(Audience::Staff).get("/sources").await.body.contains("href=\"/submit\""));
}

#[tokio::test]
async fn posts_are_sent_with_a_token() {
    let world = World::new(Audience::Staff);
    for address in ["/api/posts", "/api/v1/posts"] {
        let request = Request::post(address)
            .header("host", "127.0.0.1:8080")
            .header("authorization", "bearer secret")
            .header("idempotency-key", "k")
            .body(Body::from("[1]"))
            .unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.body, r#"{"bytes":3,"key":"k","token":"secret"}"#);
    }
    let nobody = Request::post("/api/v1/posts").header("authorization", "Basic x").body(Body::empty()).unwrap();
    let nobody = world.send(nobody).await;
    assert_eq!((nobody.status.as_u16(), nobody.headers["retry-after"].to_str().unwrap()), (401, "60"));
    assert_eq!(nobody.headers["www-authenticate"], "Bearer");
    let delete =
        Request::delete("/api/v1/posts/form%2012").header("authorization", "Bearer s").body(Body::empty()).unwrap();
    assert_eq!(world.send(delete).await.body, r#"{"deleted":"form 12","token":"s"}"#);
    let large = Request::post("/api/v1/posts").body(Body::from("x".repeat((4 << 20) + 1))).unwrap();
    assert_eq!(world.send(large).await.status, 413);
}
