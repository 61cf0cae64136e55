//! [Invoke](https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html)

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;
use sluice_host::{Invocation, MAX_REQUEST_BYTES};
use sluice_wire::{ApiError, Form, shortened};

use crate::{FunctionName, Invoked, Lambda, LambdaError};

/// The most bytes of an asynchronous event.
const MAX_EVENT_BYTES: usize = 1_048_576;
/// The most bytes of a client context, as base64.
const MAX_CLIENT_CONTEXT: usize = 3_583;

/// The ways for a caller to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

pub(crate) async fn call(
    lambda: &Lambda,
    name: &str,
    query: &Form,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, ApiError> {
    let function = FunctionName::parse(name, query.filled("Qualifier"))?;
    let kind = invocation_type(headers)?;
    let call = invocation(lambda, headers, payload(kind, body)?)?;
    match kind {
        InvocationType::RequestResponse => {
            let invoked = lambda.invoke(&function, call).await?;
            Ok(response(invoked))
        }
        InvocationType::Event => {
            lambda.find(&function)?;
            let request_id = call.request_id;
            let lambda = lambda.clone();
            // AWS answers once the event is queued; here its process is the queue.
            tokio::spawn(async move {
                if let Err(error) = lambda.invoke(&function, call).await {
                    tracing::warn!(function = function.name, %error, "an asynchronous invocation failed");
                }
            });
            Ok(empty(StatusCode::ACCEPTED, request_id.map(|id| id.to_string())))
        }
        InvocationType::DryRun => {
            lambda.find(&function)?;
            Ok(empty(StatusCode::NO_CONTENT, call.request_id.map(|id| id.to_string())))
        }
    }
}

fn invocation_type(headers: &HeaderMap) -> Result<InvocationType, LambdaError> {
    match header_text(headers, "x-amz-invocation-type") {
        None | Some("RequestResponse") => Ok(InvocationType::RequestResponse),
        Some("Event") => Ok(InvocationType::Event),
        Some("DryRun") => Ok(InvocationType::DryRun),
        Some(other) => Err(LambdaError::InvalidParameter(format!(
            "InvocationType must be RequestResponse, Event or DryRun, not {:?}",
            shortened(other)
        ))),
    }
}

/// The event: JSON text, or `{}` when the body is empty.
fn payload(kind: InvocationType, body: Bytes) -> Result<Bytes, LambdaError> {
    let limit = if kind == InvocationType::Event {
        MAX_EVENT_BYTES
    } else {
        MAX_REQUEST_BYTES
    };
    if body.len() > limit {
        return Err(LambdaError::RequestTooLarge { limit });
    }
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<&RawValue>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(LambdaError::InvalidRequestContent(error.to_string())),
    }
}

fn invocation(lambda: &Lambda, headers: &HeaderMap, payload: Bytes) -> Result<Invocation, LambdaError> {
    let client_context = header_text(headers, "x-amz-client-context")
        .map(client_context)
        .transpose()?;
    Ok(Invocation {
        request_id: Some(lambda.account.uuid()),
        trace_id: header_text(headers, "x-amzn-trace-id").map(str::to_owned),
        client_context,
        log_tail: header_text(headers, "x-amz-log-type") == Some("Tail"),
        ..Invocation::new(payload)
    })
}

/// The JSON text behind the base64 of a `ClientContext`.
///
/// # Errors
/// `InvalidRequestContentException` for what is no base64 of a JSON object.
pub fn client_context(encoded: &str) -> Result<String, LambdaError> {
    let refused =
        || LambdaError::InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.".into());
    if encoded.len() > MAX_CLIENT_CONTEXT {
        return Err(refused());
    }
    let text = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(refused)?;
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok();
    if is_object { Ok(text) } else { Err(refused()) }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn empty(status: StatusCode, request_id: Option<String>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    insert(response.headers_mut(), "x-amzn-requestid", request_id.as_deref());
    response
}

fn response(invoked: Invoked) -> Response<Body> {
    let mut response = Response::new(Body::from(invoked.payload));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    insert(headers, "x-amzn-requestid", Some(&invoked.request_id));
    insert(headers, "x-amz-executed-version", Some(&invoked.executed_version));
    insert(headers, "x-amz-function-error", invoked.function_error.as_deref());
    insert(headers, "x-amz-log-result", invoked.log_result.as_deref());
    response
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}
