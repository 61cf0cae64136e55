//! `/_sluice`: what only a local runtime has. `GET /_sluice/clock` shows the engine's time, `POST` moves it ahead.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::Driver;

use crate::endpoint::{Services, rfc_3339};

/// A hundred years: further, timestamps stop making sense.
const MAX_ADVANCE_MS: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// The router of `/_sluice`. A body must come as `application/json`, which a page of another site cannot send without
/// being asked.
pub(crate) fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/_sluice/clock", get(show).post(advance))
        .with_state(services)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// Milliseconds.
    advance_ms: u64,
}

async fn show(State(services): State<Arc<Services>>) -> Json<Value> {
    Json(now(&services))
}

async fn advance(
    State(services): State<Arc<Services>>,
    Json(body): Json<Advance>,
) -> Result<Json<Value>, (StatusCode, String)> {
    if body.advance_ms > MAX_ADVANCE_MS {
        return Err((
            StatusCode::BAD_REQUEST,
            format!("advance_ms is at most {MAX_ADVANCE_MS}, a hundred years\n"),
        ));
    }
    let driver: &Driver = &services.driver;
    driver
        .advance_clock(Duration::from_millis(body.advance_ms))
        .await
        .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")))?;
    services.clock_moved.send_replace(());
    services.streams.clock_changed();
    services.dynamodb.clock_changed();
    Ok(Json(now(&services)))
}

fn now(services: &Services) -> Value {
    let now = services.config.now();
    json!({ "now": rfc_3339(now), "now_ms": now })
}
