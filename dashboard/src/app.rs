//! The map of the site, and what every answer has in common: security headers, and pages for errors.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::get;
use axum::{Router, http::Uri};
use civic::Permission::{HandIn, ReadPosts, WorkOnPosts};
use index::trends::TrendList;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::cache::Cache;
use crate::config::Audience;
use crate::error::AppError;
use crate::limits::{Limits, limit};
use crate::openid::OpenId;
use crate::pages::home::HomeData;
use crate::pages::people::Audit;
use crate::reviews::Reviews;
use crate::routes::Access::{Anyone, Needs, Token};
use crate::routes::Routes;
use crate::same_origin::FormToken;
use crate::serve::Parts;
use crate::site::Site;
use crate::uncollected::Uncollected;
use crate::visitor::identify;
use crate::{api, assets, download, feeds, measure, pages, push};

/// How long the home page's counts are good for: a burst of readers costs one reading of the index.
const HOME_MAX_AGE: SignedDuration = SignedDuration::from_secs(1);

/// So many passwords are tried at once.
const SIGN_INS_AT_ONCE: usize = 2;

/// What handlers share.
pub struct App {
    /// What the pages are made from.
    pub parts: Parts,
    /// The home page's counts by filter.
    pub home: Cache<HomeData>,
    /// What forms that change something must carry where nobody is signed in.
    pub form_token: FormToken,
    /// Turns to try a password: each takes a core and 19 MiB for a moment, and must not take the whole machine.
    attempts: Semaphore,
    /// Turns to compute a list with something left out: each takes a core for a second.
    pub comparisons: Semaphore,
    /// What staff decided about held issues.
    pub reviews: Reviews,
    /// How far the log of decisions was found to be whole.
    pub audit: Audit,
    /// How much everybody has done lately.
    pub limits: Limits,
    /// Signing in with an account elsewhere, where that is configured.
    pub openid: Option<OpenId>,
}

impl App {
    /// The clock (UTC).
    pub fn now(&self) -> Timestamp {
        (self.parts.now)()
    }

    /// The newest list of issues as staff's decisions leave it, where there is one.
    pub fn trends(&self) -> Option<Arc<TrendList>> {
        let list = self.parts.trends.borrow().clone();
        list.map(|list| self.reviews.apply(list))
    }

    /// Waits for a turn to try a password; it is given back when it is dropped.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, AppError> {
        self.attempts.acquire().await.map_err(|error| AppError::Store(error.to_string()))
    }

    /// When which sources could not be collected.
    pub fn uncollected(&self) -> Uncollected {
        Uncollected::of(&(self.parts.health)(), self.now())
    }
}

/// Every page, download and answer of the API.
pub fn router(parts: Parts) -> Router {
    measure::describe();
    let elsewhere = parts.sign_in.openid.clone().zip(parts.outward.clone());
    let app = Arc::new(App {
        limits: Limits::new(parts.limits.clone()),
        openid: elsewhere.map(|(config, door)| OpenId::new(config, door)),
        parts,
        home: Cache::new(HOME_MAX_AGE),
        form_token: FormToken::new(),
        comparisons: Semaphore::new(1),
        attempts: Semaphore::new(SIGN_INS_AT_ONCE),
        reviews: Reviews::default(),
        audit: Audit::default(),
    });
    let (routes, _) = routes().finish();
    routes
        .fallback(|| async { AppError::NoPage })
        .layer(from_fn_with_state(Arc::clone(&app), limit))
        .layer(from_fn_with_state(Arc::clone(&app), explain_errors))
        .layer(from_fn_with_state(Arc::clone(&app), identify))
        // Pictures and styles are the same for everybody: nobody looks who asks, and the record is left alone.
        .route("/assets/images/{name}", get(assets::image))
        .route("/assets/{hash}/{name}", get(assets::hashed))
        .layer(from_fn_with_state(Arc::clone(&app), refuse_other_hosts))
        .layer(from_fn(secure))
        .layer(from_fn(measure::measure))
        .with_state(app)
}

/// The map of the site, with who may use what. Only pictures and styles stand beside it.
pub fn routes() -> Routes {
    pages_of_the_conversation()
        .and(downloads())
        .and(answers())
        .and(entrances())
        .and(pages::work::routes())
        .and(pages::people::routes())
        .and(pages::gather::routes())
        .and(pages::assembly::routes())
}

fn pages_of_the_conversation() -> Routes {
    Routes::default()
        .get("/", Anyone, pages::home::page)
        .get("/issues", Anyone, pages::issues::page)
        .get("/issues/without", Needs(ReadPosts), pages::without::page)
        .get("/issues/{id}", Anyone, pages::issue::page)
        .post("/issues/{id}/review", Needs(WorkOnPosts), pages::review::decide)
        .get("/search", Anyone, pages::search::page)
        .get("/posts/{id}", Needs(ReadPosts), pages::post::page)
        .get("/correct", Needs(WorkOnPosts), pages::correct::page)
        .post("/correct", Needs(WorkOnPosts), pages::correct::correct)
        .get("/sources", Anyone, pages::sources::page)
        .get("/help", Anyone, pages::texts::help)
        .get("/accessibility", Anyone, pages::texts::accessibility)
        .get("/privacy", Anyone, pages::texts::privacy)
        .get("/api", Anyone, pages::texts::api)
}

fn downloads() -> Routes {
    Routes::default()
        .get("/download/issues.csv", Anyone, download::issues)
        .get("/download/largest-issues.csv", Anyone, download::largest_issues)
        .get("/download/who.csv", Anyone, download::who)
        .get("/download/issues/{id}/days.csv", Anyone, download::issue_days)
        .get("/download/issues/{id}/regions.csv", Anyone, download::issue_regions)
        .get("/download/search.csv", Needs(ReadPosts), download::search)
        .get("/download/search-days.csv", Anyone, download::search_days)
        .get("/download/sources.csv", Anyone, download::sources)
        .get("/feeds/issues.atom", Anyone, feeds::issues)
        .get("/feeds/alerts.atom", Needs(ReadPosts), feeds::alerts)
        .get("/feeds/search.atom", Needs(ReadPosts), feeds::search)
}

fn answers() -> Routes {
    Routes::default()
        .get("/api/v1/state", Anyone, api::state)
        .get("/api/v1/issues", Anyone, api::issues)
        .get("/api/v1/issues/{id}", Anyone, api::issue)
        .get("/api/v1/search", Anyone, api::search)
        .get("/api/v1/sources", Anyone, api::sources)
        .get("/api/v1/counts", Anyone, api::counts_by)
}

fn entrances() -> Routes {
    let previews = Routes::default()
        .post("/submit/preview", Needs(HandIn), pages::submit::preview)
        .around(|router| router.layer(DefaultBodyLimit::max(pages::submit::MAX_BODY_BYTES)));
    Routes::default()
        .get("/submit", Needs(HandIn), pages::submit::page)
        .post("/submit/accept", Needs(HandIn), pages::submit::accept)
        .post("/api/posts", Token, push::receive)
        .delete("/api/posts/{id}", Token, push::delete)
        .post("/api/v1/posts", Token, push::receive)
        .delete("/api/v1/posts/{id}", Token, push::delete)
        .around(|router| router.layer(DefaultBodyLimit::max(push::MAX_BODY_BYTES)))
        .and(previews)
}

/// Nothing inline, nothing from elsewhere, in no frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                       form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the headers that tell browsers what the pages may not do.
async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Search words stand in the address, and sites that posts link to must not learn them.
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

/// Refuses requests for staff's pages under a name that is not this machine's: a hostile site could otherwise point
/// its own name at this address and read the pages through a visitor's browser (DNS rebinding).
async fn refuse_other_hosts(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if app.parts.audience == Audience::Staff && host.is_some_and(|host| !is_this_machine(host)) {
        let message =
            "This dashboard is for staff on this machine only: open it as http://localhost or http://127.0.0.1\n";
        return (StatusCode::MISDIRECTED_REQUEST, message).into_response();
    }
    next.run(request).await
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// Writes the page, or the JSON, that explains an error, and logs those that are our own.
async fn explain_errors(State(app): State<Arc<App>>, uri: Uri, request: Request, next: Next) -> Response {
    let (site, is_page) = (Site::of(&app, &request), request.method() == Method::GET);
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<AppError>() else { return response };
    if let AppError::Store(reason) = &error {
        tracing::error!(%reason, "a page could not be answered");
    }
    if uri.path().starts_with("/api/") {
        let code = error.code();
        let body = Json(serde_json::json!({ "error": { "code": code, "message": error.message() } }));
        let mut response = (error.status(), body).into_response();
        wait_as_said(&mut response, &error);
        return response;
    }
    if matches!(error, AppError::SignIn) && is_page {
        return Redirect::to(&pages::people::sign_in_address(&uri)).into_response();
    }
    let mut response = (error.status(), pages::error::page(&site, &error)).into_response();
    wait_as_said(&mut response, &error);
    response
}

/// Tells machines when to come again.
fn wait_as_said(response: &mut Response, error: &AppError) {
    if let AppError::TooMany { seconds } = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.0.2.1", "[::2]:1", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
