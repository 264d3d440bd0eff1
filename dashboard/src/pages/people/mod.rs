//! People: signing in and out, invitations, accounts, and the log of what they decided.

mod account;
mod accounts;
mod audit;
mod close;
mod elsewhere;
mod erasures;
mod sign_in;
mod welcome;

use axum::http::Uri;
use civic::Permission::{Erase, ManageAccounts};
use url::form_urlencoded;

use crate::routes::Access::{Anyone, Needs, SignedIn};
use crate::routes::Routes;

pub use self::audit::Audit;
pub use self::erasures::ADDRESS as ERASURES;

/// Routes of people.
pub fn routes() -> Routes {
    Routes::default()
        .get("/sign-in", Anyone, sign_in::page)
        .post("/sign-in", Anyone, sign_in::sign_in)
        .get("/sign-in/elsewhere", Anyone, elsewhere::begin)
        .get("/sign-in/elsewhere/return", Anyone, elsewhere::come_back)
        .get("/signed-out", Anyone, elsewhere::signed_out)
        .post("/sign-out", Anyone, sign_in::sign_out)
        .get("/welcome", Anyone, welcome::page)
        .post("/welcome", Anyone, welcome::accept)
        .get("/register", Anyone, welcome::register_page)
        .post("/register", Anyone, welcome::register)
        .get("/account", SignedIn, account::page)
        .get("/admin/accounts", Needs(ManageAccounts), accounts::page)
        .post("/admin/accounts", Needs(ManageAccounts), accounts::invite)
        .get("/admin/accounts/{id}", Needs(ManageAccounts), accounts::one)
        .post("/admin/accounts/{id}", Needs(ManageAccounts), accounts::change)
        .post("/admin/accounts/{id}/link", Needs(ManageAccounts), accounts::link)
        .and(erasure_routes())
        .get("/audit", Anyone, audit::page)
        .get("/download/audit.jsonl", Anyone, audit::download)
}

fn erasure_routes() -> Routes {
    Routes::default()
        .get("/account/close", SignedIn, close::page)
        .post("/account/close", SignedIn, close::close)
        .get("/admin/accounts/{id}/close", Needs(Erase), close::admin_page)
        .post("/admin/accounts/{id}/close", Needs(Erase), close::admin_close)
        .get("/admin/erasures", Needs(Erase), erasures::page)
        .post("/admin/erasures", Needs(Erase), erasures::ask)
        .post("/admin/erasures/find", Needs(Erase), erasures::find)
        .get("/admin/erasures/{id}", Needs(Erase), erasures::one)
        .post("/admin/erasures/{id}/again", Needs(Erase), erasures::again)
        .get("/download/erasures/{id}/certificate.json", Needs(Erase), erasures::certificate)
}

/// Where to sign in, so that one comes back to this page.
pub fn sign_in_address(from: &Uri) -> String {
    let from = from.path_and_query().map_or("/", |address| address.as_str());
    with_next("/sign-in", from)
}

/// The address of a page that leads on to `next`.
fn with_next(page: &str, next: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{page}?{query}")
}

/// The address, if it is one of ours: after signing in nobody is sent elsewhere.
fn address_of_ours(address: &str) -> &str {
    let plain = address.starts_with('/') && !address.chars().any(|c| c.is_control() || c == '\\');
    if plain && !address.starts_with("//") { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_after_signing_in() {
        for ours in ["/", "/search?q=a%20b", "/issues/1"] {
            assert_eq!(address_of_ours(ours), ours);
        }
        for foreign in
            ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\r\nx", "javascript:alert(1)"]
        {
            assert_eq!(address_of_ours(foreign), "/", "{foreign}");
        }
        let from: Uri = "/posts/1?a=b&c=d".parse().unwrap();
        assert_eq!(sign_in_address(&from), "/sign-in?next=%2Fposts%2F1%3Fa%3Db%26c%3Dd");
    }
}
