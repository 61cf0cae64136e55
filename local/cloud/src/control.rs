//! `/_sluice`: what only a local runtime has. `GET /_sluice/clock` shows the engine's time and the next deadlines, `POST` moves it
//! ahead and says what that set off.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_console::{Jump, Jumped, TimeMachine, TimeMachineError};

use crate::endpoint::{Services, rfc_3339};
use crate::time_machine::MAX_JUMP;

/// The time that an answer waits, unless it is told otherwise, for what was set off to come to rest.
const PATIENCE_MS: u64 = 10_000;

/// The longest that it waits.
const MAX_PATIENCE_MS: u64 = 60_000;

#[derive(Clone)]
struct Control {
    services: Arc<Services>,
    time: Arc<dyn TimeMachine>,
}

type Refused = (StatusCode, String);

/// The router of `/_sluice`. A body must come as `application/json`, which a page of another site cannot send without
/// being asked.
pub(crate) fn router(services: Arc<Services>, time: Arc<dyn TimeMachine>) -> Router {
    Router::new()
        .route("/_sluice/clock", get(show).post(advance))
        .with_state(Control { services, time })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// Milliseconds.
    advance_ms: Option<u64>,
    to: Option<Goal>,
    /// Milliseconds.
    wait_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Goal {
    Next,
}

async fn show(State(control): State<Control>) -> Result<Json<Value>, Refused> {
    let upcoming = control.time.upcoming().await.map_err(refused)?;
    let now = control.services.config.now();
    Ok(Json(json!({ "now": rfc_3339(now), "now_ms": now, "next": upcoming })))
}

async fn advance(State(control): State<Control>, Json(body): Json<Advance>) -> Result<Json<Jumped>, Refused> {
    let bad = |text: String| Err((StatusCode::BAD_REQUEST, format!("{text}\n")));
    let jump = match (body.advance_ms, body.to) {
        (Some(by), None) => Jump::By(Duration::from_millis(by)),
        (None, Some(Goal::Next)) => Jump::ToNext,
        _ => return bad("give either advance_ms, or \"to\": \"next\"".to_owned()),
    };
    if matches!(jump, Jump::By(by) if by > MAX_JUMP) {
        let most = MAX_JUMP.as_millis();
        return bad(format!("advance_ms is at most {most}, a hundred years"));
    }
    let patience = body.wait_ms.unwrap_or(PATIENCE_MS);
    if patience > MAX_PATIENCE_MS {
        return bad(format!("wait_ms is at most {MAX_PATIENCE_MS}"));
    }
    let jumped = control.time.jump(jump, Duration::from_millis(patience)).await;
    jumped.map(Json).map_err(refused)
}

fn refused(error: TimeMachineError) -> Refused {
    match error {
        TimeMachineError::NothingWaits => (StatusCode::CONFLICT, format!("{error}\n")),
        TimeMachineError::Failed(_) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}
