//! The guard of [`sluice_http`] as a layer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use sluice_http::HostGuard;

use super::negotiation::Format;
use super::problem::Problem;
use super::reply;

/// Refuses pages of other sites, and says why.
///
/// ```text
/// router.layer(axum::middleware::from_fn_with_state(guard, console::guard::layer))
/// ```
pub async fn layer(State(guard): State<HostGuard>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match guard.admits(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refused) => {
            let format = Format::of(parts.uri.query(), &parts.headers).unwrap_or(Format::Html);
            reply::problem(&Problem::new(refused.status(), refused.to_string()), format)
        }
    }
}
