//! Responses with the headers that every one of them carries. All that leaves the console is made here.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::header::{HeaderName, HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use maud::{Markup, html};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::layout::{self, Frame};
use super::negotiation::Format;
use super::problem::Problem;
use super::redaction;

/// A page.
pub(crate) fn page(frame: &Frame, content: &Markup) -> axum::response::Response {
    let document = layout::document(frame, content).into_string();
    let mut response = response(StatusCode::OK, "text/html; charset=utf-8", &document);
    tag(&mut response, &format!("{}\0{}", frame.title, content.0));
    response
}

/// Gives a response the tag of what it says; the time at which it says it is no part of that.
fn tag(response: &mut axum::response::Response, text: &str) {
    let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..15]);
    // base64 is ASCII
    if let Ok(tag) = HeaderValue::from_str(&format!("W/\"{digest}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
}

/// The response, or 304 without a body for who has it already.
pub(crate) fn unless_known(response: axum::response::Response, request: &HeaderMap) -> axum::response::Response {
    let own = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    let known = request.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let (Some(own), Some(known)) = (own, known) else {
        return response;
    };
    let is_known = known.trim() == "*" || known.split(',').any(|tag| tag.trim() == own);
    if !is_known {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    axum::response::Response::from_parts(parts, Body::empty())
}

/// Sends the browser on to a page of the console, which it asks for by GET.
pub(crate) fn see_other(path: &str) -> axum::response::Response {
    let mut response = response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    // paths are percent-encoded, so this is ASCII; should it ever not be, the overview is a page too
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/console"));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// The same response with another status.
pub(crate) fn with_status(mut response: axum::response::Response, status: StatusCode) -> axum::response::Response {
    *response.status_mut() = status;
    response
}

/// The JSON form of a page.
pub(crate) fn json(value: &Value) -> axum::response::Response {
    let text = pretty(value);
    let mut response = response(StatusCode::OK, "application/json", &text);
    tag(&mut response, &text);
    response
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
        // forms of the console must say where they come from: without any referrer a browser sends `Origin: null`
        (REFERRER_POLICY, "same-origin"),
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
