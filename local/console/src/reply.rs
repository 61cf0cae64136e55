//! Responses with the headers that every one of them carries. All that leaves the console is made here.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY};
use axum::http::header::{HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Response, StatusCode};
use maud::{Markup, html};
use serde_json::Value;

use super::layout::{self, Frame};
use super::negotiation::Format;
use super::problem::Problem;
use super::redaction;

/// A page.
pub(crate) fn page(frame: &Frame, content: &Markup) -> axum::response::Response {
    let document = layout::document(frame, content).into_string();
    response(StatusCode::OK, "text/html; charset=utf-8", &document)
}

/// The JSON form of a page.
pub(crate) fn json(value: &Value) -> axum::response::Response {
    response(StatusCode::OK, "application/json", &pretty(value))
}

/// A problem, in either form.
pub(crate) fn problem(problem: &Problem, format: Format) -> axum::response::Response {
    let mut response = match format {
        Format::Json => response(problem.status, "application/problem+json", &pretty(&problem.to_json())),
        Format::Html => {
            let frame = Frame {
                title: problem.title().to_owned(),
                ..Frame::default()
            };
            let content = html! {
                h1 { (problem.status.as_u16()) " " (problem.title()) }
                p { (super::text::line(&problem.detail, 4096)) }
                p { a href="/console" { "To the overview" } }
            };
            response(
                problem.status,
                "text/html; charset=utf-8",
                &layout::document(&frame, &content).into_string(),
            )
        }
    };
    if problem.status == StatusCode::METHOD_NOT_ALLOWED {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// JSON as people like to read it; the JSON forms are read by people too.
fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Every body passes here, so that no page has to remember to keep task tokens to itself.
fn response(status: StatusCode, content_type: &'static str, body: &str) -> axum::response::Response {
    let body = redaction::without_tokens(body).into_owned();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let policy = HeaderValue::from_str(&layout::CONTENT_SECURITY_POLICY);
    let fixed: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "accept"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The policy is ASCII; should it ever not be, nothing at all is allowed.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
    );
    response
}
