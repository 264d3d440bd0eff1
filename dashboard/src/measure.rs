//! Metrics of the pages: by route, never by address, because addresses hold what people search for.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

const REQUESTS: &str = "discovery_dashboard_requests_total";
const SECONDS: &str = "discovery_dashboard_request_seconds";

/// What was refused because there was too much of it.
pub const LIMITED: &str = "discovery_dashboard_limited_total";

/// Says what the metrics mean.
pub fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by route and status");
    describe_counter!(
        LIMITED,
        "Requests refused because there were too many, by what was asked and whether address or account did it"
    );
    describe_histogram!(SECONDS, Unit::Seconds, "Time from a request's head to its answer's, by route");
}

/// Counts a request and its time.
pub async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    counter!(REQUESTS, "route" => route.clone(), "status" => status).increment(1);
    histogram!(SECONDS, "route" => route).record(begun.elapsed());
    response
}
