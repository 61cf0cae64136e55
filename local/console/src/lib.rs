//! The console: what goes on in this runtime, as pages for people and as JSON for programs.
//!
//! Every page lies under `/console` and only shows; decisions are made elsewhere. Each has a JSON form, by
//! `Accept: application/json` or `?format=json`, written from the same values. A list is
//! `{"items": [...], "next": "<path and query of the next page>" | null}` beside what else its page shows; a single
//! thing is its object. What goes wrong is a page, or `application/problem+json` (RFC 9457).
//!
//! Query parameters: `format` (`html`, `json`), `refresh` (seconds between reloads, pages only), `limit` and `cursor`
//! of lists, `status` of lists of executions, `arn` in the place of a path segment.
//!
//! Task tokens never leave the console: every response passes through their redaction.

pub mod guard;
mod history;
mod layout;
mod model;
mod negotiation;
mod pages;
mod problem;
mod query;
mod redaction;
mod reply;
mod route;
mod state;
mod text;
mod time;
mod time_machine;
mod visits;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::any;

pub use state::{ConsoleNotes, ConsoleState};
pub use time_machine::{
    ExecutionCounts, Jump, Jumped, ScheduleCount, SetOff, StateCount, TimeMachine, TimeMachineError, TimeMachineFuture,
    Upcoming, UpcomingKind,
};

use layout::Frame;
use negotiation::Format;
use pages::View;
use problem::Problem;
use query::Query;
use route::Route;

/// Everything under `/console`, guarded against foreign hosts.
pub fn router(state: ConsoleState) -> Router {
    let guard = state.guard.clone();
    Router::new()
        .route("/console", any(respond))
        .route("/console/", any(respond))
        .route("/console/{*page}", any(respond))
        .with_state(state)
        .route_layer(middleware::from_fn_with_state(guard, guard::layer))
}

/// Any request to the console.
async fn respond(State(state): State<ConsoleState>, request: Request) -> Response {
    let uri = request.uri();
    let format = Format::of(uri.query(), request.headers());
    let result = match (&format, request.method()) {
        (Err(refused), _) => Err(refused.clone()),
        (Ok(format), &Method::GET | &Method::HEAD) => show(&state, uri.path(), uri.query(), *format).await,
        (Ok(_), method) => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("the console only shows: {method} is not allowed, GET and HEAD are"),
        )),
    };
    let response = result.unwrap_or_else(|problem| {
        if problem.status.is_server_error() {
            tracing::error!(
                path = uri.path(),
                detail = problem.detail,
                "the console cannot show a page"
            );
        }
        reply::problem(&problem, format.unwrap_or(Format::Html))
    });
    // for HEAD, axum keeps the headers and drops the body
    response
}

/// One page in the form that was asked for.
async fn show(state: &ConsoleState, path: &str, query: Option<&str>, format: Format) -> Result<Response, Problem> {
    let query = Query::parse(query);
    let refresh = query.number("refresh", 1, 3600)?;
    let route = Route::parse(path, &query)?;
    let view = View::load(state, &route, &query).await?;
    match format {
        Format::Json => Ok(reply::json(&view.to_json()?)),
        Format::Html => {
            let names: Vec<&str> = ["status", "limit", "cursor", "arn"]
                .into_iter()
                .chain(pages::EXECUTION_PARAMETERS)
                .collect();
            let json_url = query.only(&names).with("format", Some("json")).link(path);
            let frame = Frame {
                title: view.title(),
                section: Some(view.section()),
                json_url: Some(json_url.clone()),
                refresh,
            };
            Ok(reply::page(&frame, &view.render(&json_url)))
        }
    }
}

#[cfg(test)]
mod tests;
