//! The admin port: for the machines that watch this one. It shows no posts.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::serve::serve_until;

/// Says whether the program can answer its readers, or what it is still waiting for.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Serves `/healthz` (the process lives), `/readyz` (it can answer: 200, or 503 with the reason) and `/metrics`
/// (Prometheus' text format) until `cancel`.
///
/// # Errors
/// When the listener fails.
pub async fn serve_admin(
    listener: TcpListener,
    metrics: PrometheusHandle,
    ready: Ready,
    cancel: CancellationToken,
) -> io::Result<()> {
    serve_until(listener, router(metrics, ready), cancel).await
}

fn router(metrics: PrometheusHandle, ready: Ready) -> Router {
    let readyz = move || {
        let answer = match ready() {
            Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
            Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
        };
        std::future::ready(answer)
    };
    let render = move || {
        let text = metrics.render();
        std::future::ready(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
    };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use axum::http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::*;

    async fn get_text(router: &Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_follows_the_program_and_says_why_not() {
        let state = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&state);
        let ready: Ready =
            Arc::new(
                move || {
                    if seen.load(Ordering::SeqCst) { Ok(()) } else { Err("the index is being opened".to_owned()) }
                },
            );
        let recorder = PrometheusBuilder::new().build_recorder();
        let router = router(recorder.handle(), ready);

        assert_eq!(get_text(&router, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
        let (status, body) = get_text(&router, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body, "not ready: the index is being opened\n");

        state.store(true, Ordering::SeqCst);
        assert_eq!(get_text(&router, "/readyz").await.0, StatusCode::OK);
        assert_eq!(get_text(&router, "/metrics").await.0, StatusCode::OK);
    }
}
