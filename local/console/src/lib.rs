//! The console: what goes on in this runtime, as pages for people and as JSON for programs.
//!
//! Every page lies under `/console`; GET and HEAD only show. What can be done is a form that is sent by POST to a path of its
//! own (`actions`). Each page has a JSON form, by `Accept: application/json` or `?format=json`, written from the same values. A list is
//! `{"items": [...], "next": "<path and query of the next page>" | null}` beside what else its page shows; a single
//! thing is its object. What goes wrong is a page, or `application/problem+json` (RFC 9457).
//!
//! Query parameters: `format` (`html`, `json`), `refresh` (seconds between reloads, pages only), `limit` and `cursor`
//! of lists, `status` of lists of executions, `arn` in the place of a path segment.
//!
//! Task tokens never leave the console: every response passes through their redaction.

mod actions;
mod console;
mod dashboards;
mod forms;
pub mod guard;
mod history;
mod layout;
mod links;
mod model;
mod negotiation;
mod pages;
mod problem;
mod query;
mod redaction;
mod reply;
mod route;
mod spark;
mod state;
mod status;
mod submissions;
mod text;
mod time;
mod time_machine;
mod visits;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::any;
use maud::html;
use serde_json::json;

pub use links::local_address;
pub use state::{ConsoleNotes, ConsoleState};
pub use submissions::{Column, Condition, LinkTemplate, OutcomeRule, PageRequest, SubmissionSpec, Tone};
pub use time_machine::{
    ExecutionCounts, Jump, Jumped, ScheduleCount, SetOff, StateCount, TimeMachine, TimeMachineError, TimeMachineFuture,
    Upcoming, UpcomingKind,
};

use actions::Done;
use console::Console;
use layout::Frame;
use negotiation::Format;
use pages::View;
use problem::Problem;
use query::Query;
use route::Route;

/// The parameters that choose what pages show, beside those of an execution's page.
const PARAMETERS: [&str; 14] = [
    "status", "limit", "cursor", "arn", "outcome", "q", "from", "to", "unread", "level", "function", "request",
    "range", "machine",
];

/// Everything under `/console`, guarded against foreign hosts.
pub fn router(state: ConsoleState) -> Router {
    let guard = state.guard.clone();
    Router::new()
        .route("/console", any(respond))
        .route("/console/", any(respond))
        .route("/console/{*page}", any(respond))
        .with_state(Console::new(state))
        .route_layer(middleware::from_fn_with_state(guard, guard::layer))
}

/// Any request to the console.
async fn respond(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let uri = &parts.uri;
    let format = Format::of(uri.query(), &parts.headers);
    let result = match (&format, &parts.method) {
        (Err(refused), _) => Err(refused.clone()),
        (Ok(format), &Method::GET) => show(&console, uri.path(), uri.query(), *format, true).await,
        (Ok(format), &Method::HEAD) => show(&console, uri.path(), uri.query(), *format, false).await,
        (Ok(format), &Method::POST) => act(&console, uri.path(), &parts.headers, body, *format).await,
        (Ok(_), method) => Err(not_allowed(method)),
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
    if parts.method.is_safe() {
        reply::unless_known(response, &parts.headers)
    } else {
        response
    }
}

fn not_allowed(method: &Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("this page of the console only shows: {method} is not allowed, GET and HEAD are"),
    )
}

/// One page in the form that was asked for; `seen` says that its content gets to somebody.
async fn show(
    console: &Console,
    path: &str,
    query: Option<&str>,
    format: Format,
    seen: bool,
) -> Result<Response, Problem> {
    let query = Query::parse(query);
    let refresh = query.number("refresh", 1, 3600)?;
    let route = Route::parse(path, &query)?;
    let view = View::load(console, &route, &query).await?;
    match format {
        Format::Json => Ok(reply::json(&view.to_json(console)?)),
        Format::Html => {
            if seen {
                view.was_seen(console).await?;
            }
            let names: Vec<&str> = PARAMETERS.into_iter().chain(pages::EXECUTION_PARAMETERS).collect();
            let json_url = query.only(&names).with("format", Some("json")).link(path);
            let frame = Frame {
                title: view.title(),
                section: view.section(),
                json_url: Some(json_url.clone()),
                refresh: refresh.and_then(|seconds| u32::try_from(seconds).ok()),
                still: query.without(&["refresh"]).link(path),
                is_live: view.is_live(),
                has_submissions: console.submissions.is_some(),
                now: time::rfc3339(console.clock.now()),
            };
            let content = html! {
                (actions::notice(&query, &console.form_token))
                (view.render(console, &json_url))
            };
            Ok(reply::page(&frame, &content))
        }
    }
}

/// Does what a form asks for.
async fn act(
    console: &Console,
    path: &str,
    headers: &HeaderMap,
    body: Body,
    format: Format,
) -> Result<Response, Problem> {
    let Route::Action(action) = Route::parse(path, &Query::default())? else {
        return Err(not_allowed(&Method::POST));
    };
    let form = console.form_token.read(headers, body).await?;
    let frame = Frame {
        has_submissions: console.submissions.is_some(),
        now: time::rfc3339(console.clock.now()),
        ..Frame::default()
    };
    Ok(match (action.run(console, &form).await?, format) {
        (Done::GoTo(path), Format::Html) => reply::see_other(&path),
        (Done::GoTo(path), Format::Json) => reply::json(&json!({ "location": path })),
        (Done::Shown { title, content, .. }, Format::Html) => reply::page(
            &Frame {
                title: title.to_owned(),
                ..frame
            },
            &content,
        ),
        (Done::Shown { json, .. }, Format::Json) => reply::json(&json),
        (Done::Refused { problem, form }, Format::Html) => {
            let frame = Frame {
                title: "Nothing was done".to_owned(),
                ..frame
            };
            reply::with_status(reply::page(&frame, &form), problem.status)
        }
        (Done::Refused { problem, .. }, Format::Json) => return Err(problem),
    })
}

#[cfg(test)]
mod tests;
