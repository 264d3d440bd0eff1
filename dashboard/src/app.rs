//! The map of the site, and what every answer has in common: security headers, and pages for errors.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use axum::{Router, http::Uri};
use index::trends::{Issue, TrendList};
use jiff::{SignedDuration, Timestamp};

use crate::cache::Cache;
use crate::config::Audience;
use crate::error::AppError;
use crate::pages::home::HomeData;
use crate::same_origin::FormToken;
use crate::serve::Parts;
use crate::uncollected::Uncollected;
use crate::{api, assets, download, feeds, measure, pages, push};

/// How long the home page's counts are good for: a burst of readers costs one reading of the index.
const HOME_MAX_AGE: SignedDuration = SignedDuration::from_secs(1);

/// What handlers share.
pub struct App {
    /// What the pages are made from.
    pub parts: Parts,
    /// The home page's counts by filter.
    pub home: Cache<HomeData>,
    /// What forms that change something must carry.
    pub form_token: FormToken,
}

impl App {
    /// The clock (UTC).
    pub fn now(&self) -> Timestamp {
        (self.parts.now)()
    }

    /// Who reads.
    pub fn audience(&self) -> Audience {
        self.parts.audience
    }

    /// The newest list of issues, where there is one.
    pub fn trends(&self) -> Option<Arc<TrendList>> {
        self.parts.trends.borrow().clone()
    }

    /// When which sources could not be collected.
    pub fn uncollected(&self) -> Uncollected {
        Uncollected::of(&(self.parts.health)(), self.now())
    }

    /// The issues that are held, which only staff see.
    pub fn held<'a>(&self, list: &'a TrendList) -> &'a [Issue] {
        match self.audience() {
            Audience::Staff => &list.held,
            Audience::Public => &[],
        }
    }
}

/// Every page, download and answer of the API.
pub fn router(parts: Parts) -> Router {
    measure::describe();
    let app = Arc::new(App { parts, home: Cache::new(HOME_MAX_AGE), form_token: FormToken::new() });
    let pages = Router::new()
        .route("/", get(pages::home::page))
        .route("/issues", get(pages::issues::page))
        .route("/issues/{id}", get(pages::issue::page))
        .route("/search", get(pages::search::page))
        .route("/posts/{id}", get(pages::post::page))
        .route("/sources", get(pages::sources::page))
        .route("/help", get(pages::texts::help))
        .route("/accessibility", get(pages::texts::accessibility))
        .route("/privacy", get(pages::texts::privacy))
        .route("/api", get(pages::texts::api));
    let downloads = Router::new()
        .route("/download/issues.csv", get(download::issues))
        .route("/download/largest-issues.csv", get(download::largest_issues))
        .route("/download/who.csv", get(download::who))
        .route("/download/issues/{id}/days.csv", get(download::issue_days))
        .route("/download/issues/{id}/regions.csv", get(download::issue_regions))
        .route("/download/search.csv", get(download::search))
        .route("/download/search-days.csv", get(download::search_days))
        .route("/download/sources.csv", get(download::sources))
        .route("/feeds/issues.atom", get(feeds::issues))
        .route("/feeds/search.atom", get(feeds::search));
    let answers = Router::new()
        .route("/api/v1/state", get(api::state))
        .route("/api/v1/issues", get(api::issues))
        .route("/api/v1/issues/{id}", get(api::issue))
        .route("/api/v1/search", get(api::search))
        .route("/api/v1/sources", get(api::sources))
        .route("/api/v1/counts", get(api::counts_by));
    let entrances = Router::new()
        .route("/submit", get(pages::submit::page))
        .route(
            "/submit/preview",
            post(pages::submit::preview).layer(DefaultBodyLimit::max(pages::submit::MAX_BODY_BYTES)),
        )
        .route("/submit/accept", post(pages::submit::accept))
        .route("/api/posts", post(push::receive))
        .route("/api/posts/{id}", delete(push::delete))
        .route("/api/v1/posts", post(push::receive))
        .route("/api/v1/posts/{id}", delete(push::delete))
        .layer(DefaultBodyLimit::max(push::MAX_BODY_BYTES));
    Router::new()
        .merge(pages)
        .merge(entrances)
        .merge(downloads)
        .merge(answers)
        .route("/assets/images/{name}", get(assets::image))
        .route("/assets/{hash}/{name}", get(assets::hashed))
        .fallback(|| async { AppError::NoPage })
        .layer(from_fn_with_state(Arc::clone(&app), explain_errors))
        .layer(from_fn_with_state(Arc::clone(&app), refuse_other_hosts))
        .layer(from_fn(secure))
        .layer(from_fn(measure::measure))
        .with_state(app)
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
    if app.audience() == Audience::Staff && host.is_some_and(|host| !is_this_machine(host)) {
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
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<AppError>() else { return response };
    if let AppError::Store(reason) = &error {
        tracing::error!(%reason, "a page could not be answered");
    }
    let body = if uri.path().starts_with("/api/") {
        let code = error.code();
        Json(serde_json::json!({ "error": { "code": code, "message": error.message() } })).into_response()
    } else {
        pages::error::page(&app, &error)
    };
    (error.status(), body).into_response()
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
