//! The map of the site.

use axum::Router;

use crate::serve::Parts;

/// Every page, download and answer of the API.
pub fn router(parts: Parts) -> Router {
    Router::new().with_state(std::sync::Arc::new(parts))
}
