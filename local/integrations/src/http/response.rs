//! The result that a response is.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use sluice_wire::HttpResponse;

use crate::TaskFailure;

/// A response of 200 to 299 is the result; others are failures that are named after their status.
pub(super) fn read(response: &HttpResponse) -> Result<Value, TaskFailure> {
    let kind = media_type(&response.headers);
    if kind == "application/octet-stream"
        || ["image/", "video/", "audio/"]
            .iter()
            .any(|begin| kind.starts_with(begin))
    {
        return Err(TaskFailure::runtime(format!(
            "A response of the type {kind} cannot be a task's result."
        )));
    }
    let Ok(text) = std::str::from_utf8(&response.body) else {
        return Err(TaskFailure::runtime(
            "A response that is not UTF-8 cannot be a task's result.",
        ));
    };
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let parsed = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    let result = json!({
        "Headers": headers(&response.headers),
        "ResponseBody": parsed.unwrap_or_else(|| Value::String(text.to_owned())),
        "StatusCode": response.status.as_u16(),
        "StatusText": response.status.canonical_reason().unwrap_or_default(),
    });
    if response.status.is_success() {
        return Ok(result);
    }
    let error = format!("States.Http.StatusCode.{}", response.status.as_u16());
    Err(TaskFailure::new(error, result.to_string()))
}

fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values = values.map(|value| Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        all.insert(name.as_str().to_owned(), values.collect());
    }
    all
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}
