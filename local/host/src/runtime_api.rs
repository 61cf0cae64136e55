//! The Lambda Runtime API of one instance, on a listener of its own.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. The Extensions API and the
//! Telemetry API are not offered: their paths answer 404.
//!
//! Only the process that was started may send requests ([`peer`]), and nothing that a browser sends passes: neither a name
//! that is made to lead here, nor a page's request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};
use sluice_http::{Connection, ConnectionSlots, Limits, RequestBody};
use tokio::net::TcpListener;
use tokio::sync::{Notify, OnceCell};
use uuid::Uuid;

use crate::function::Function;
use crate::instance::{Instance, Next, Outcome};
use crate::invocation::{Delivery, MAX_RESPONSE_BYTES};
use crate::peer;
use crate::platform::{PlatformFailure, error_payload};

type Reply = Response<Full<Bytes>>;

/// The operation that a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
    WrongMethod,
    Unknown,
}

impl<'a> Route<'a> {
    fn parse(method: &Method, path: &'a str) -> Self {
        let Some(path) = path.strip_prefix("/2018-06-01/runtime/") else {
            return Self::Unknown;
        };
        let (route, wanted) = match path {
            "invocation/next" => (Self::Next, Method::GET),
            "init/error" => (Self::InitError, Method::POST),
            _ => {
                let Some((id, verb)) = path.strip_prefix("invocation/").and_then(|rest| rest.split_once('/')) else {
                    return Self::Unknown;
                };
                match verb {
                    "response" => (Self::Response(id), Method::POST),
                    "error" => (Self::Error(id), Method::POST),
                    _ => return Self::Unknown,
                }
            }
        };
        if *method == wanted { route } else { Self::WrongMethod }
    }
}

/// Connections of one instance at a time. A runtime has one or two.
const MAX_CONNECTIONS: usize = 16;

/// Serves the instance until `stop`, and then until its open connections have ended.
pub(crate) async fn serve(listener: TcpListener, function: Arc<Function>, instance: Arc<Instance>, stop: Arc<Notify>) {
    let Ok(address) = listener.local_addr() else { return };
    let written: Arc<str> = address.to_string().into();
    let told = Arc::new(AtomicBool::new(false));
    let accepted = |peer: SocketAddr, connection: &Arc<Connection>| {
        let caller = Arc::new(Caller {
            function: Arc::clone(&function),
            instance: Arc::clone(&instance),
            connection: Arc::clone(connection),
            peer,
            address,
            written: Arc::clone(&written),
            known: OnceCell::new(),
            told: Arc::clone(&told),
        });
        move |request| {
            let caller = Arc::clone(&caller);
            async move { caller.answer(request).await }
        }
    };
    let slots = ConnectionSlots::new(MAX_CONNECTIONS);
    sluice_http::serve(listener, Limits::patient(), slots, accepted, stop.notified()).await;
}

/// The peer of one connection.
struct Caller {
    function: Arc<Function>,
    instance: Arc<Instance>,
    connection: Arc<Connection>,
    peer: SocketAddr,
    address: SocketAddr,
    /// The address as `AWS_LAMBDA_RUNTIME_API` names it.
    written: Arc<str>,
    /// True if it is the instance's process.
    known: OnceCell<bool>,
    /// Set once a foreign process has been logged: one line for each instance is enough.
    told: Arc<AtomicBool>,
}

impl Caller {
    async fn answer(&self, request: Request<RequestBody>) -> Reply {
        let (parts, body) = request.into_parts();
        if !self.addresses(&parts) || !self.is_known().await {
            return forbidden();
        }
        // work is for a process that lives
        self.connection.follow_peer();
        let (function, instance) = (&self.function, &self.instance);
        match Route::parse(&parts.method, parts.uri.path()) {
            Route::Next => next(function, instance).await,
            Route::Response(id) => response(function, instance, id, body).await,
            Route::Error(id) => error(function, instance, id, &parts.headers, body).await,
            Route::InitError => init_error(instance, &parts.headers, body).await,
            Route::WrongMethod => status(StatusCode::METHOD_NOT_ALLOWED),
            Route::Unknown => status(StatusCode::NOT_FOUND),
        }
    }

    /// Returns true if the request names this very address, and no page has sent it. Browsers add `Origin`, or the `Sec-Fetch-`
    /// headers, which no runtime has.
    fn addresses(&self, parts: &Parts) -> bool {
        let mut hosts = parts.headers.get_all(HOST).iter();
        let named = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.as_bytes() == self.written.as_bytes(),
            (None, _) => parts.version == Version::HTTP_10,
            (Some(_), Some(_)) => false,
        };
        let pages = parts.headers.contains_key(ORIGIN) || parts.headers.contains_key("sec-fetch-site");
        named
            && !pages
            && parts
                .uri
                .authority()
                .is_none_or(|authority| authority.as_str() == &*self.written)
    }

    async fn is_known(&self) -> bool {
        let known = self.known.get_or_init(|| async {
            let Some(pid) = self.instance.pid.get() else {
                return false;
            };
            let known = peer::is_held_by(*pid, self.peer, self.address).await;
            if !known && !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    function = %self.function.spec().name,
                    peer = %self.peer,
                    "a stranger was kept from the Runtime API of a function"
                );
            }
            known
        });
        *known.await
    }
}

async fn next(function: &Arc<Function>, instance: &Arc<Instance>) -> Reply {
    match function.next(instance) {
        Next::Deliver(delivery) => deliver(delivery),
        Next::Wait(work) | Next::WaitFirst(work) => work.await.map_or_else(|_| container_error(), deliver),
        Next::Refused => invalid_transition(),
        Next::Ended => container_error(),
    }
}

fn deliver(delivery: Delivery) -> Reply {
    let mut reply = Response::new(Full::new(delivery.payload));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
    let id: &str = delivery.request_id.as_hyphenated().encode_lower(&mut id);
    set(headers, "lambda-runtime-aws-request-id", id);
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from(delivery.deadline_ms));
    set(headers, "lambda-runtime-invoked-function-arn", &delivery.invoked_arn);
    set(headers, "lambda-runtime-trace-id", &delivery.trace_id);
    if let Some(context) = delivery.client_context {
        // Line breaks are only formatting in JSON, and not allowed in a header.
        set(
            headers,
            "lambda-runtime-client-context",
            &context.replace(['\r', '\n'], " "),
        );
    }
    reply
}

/// A value that no header can hold is left out.
fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) => {
            headers.insert(name, value);
        }
        Err(_) => tracing::debug!(name, "a value does not fit into a header"),
    }
}

async fn response(function: &Arc<Function>, instance: &Arc<Instance>, id: &str, body: RequestBody) -> Reply {
    let Some(id) = running_id(instance, id) else {
        return invalid_id();
    };
    match read(body).await {
        Read::Whole(body, None) => accepted(function.complete(instance, id, Outcome::Success(body))),
        Read::Whole(_, Some(error)) => accepted(function.complete(instance, id, Outcome::Error(error))),
        Read::TooLarge => {
            function.complete(instance, id, Outcome::Failure(PlatformFailure::ResponseTooLarge));
            too_large()
        }
        Read::Broken => status(StatusCode::BAD_REQUEST),
    }
}

async fn error(
    function: &Arc<Function>,
    instance: &Arc<Instance>,
    id: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> Reply {
    let Some(id) = running_id(instance, id) else {
        return invalid_id();
    };
    match read(body).await {
        Read::Whole(body, _) => accepted(function.complete(instance, id, Outcome::Error(described(headers, body)))),
        Read::TooLarge => {
            function.complete(instance, id, Outcome::Failure(PlatformFailure::ResponseTooLarge));
            too_large()
        }
        Read::Broken => status(StatusCode::BAD_REQUEST),
    }
}

async fn init_error(instance: &Instance, headers: &HeaderMap, body: RequestBody) -> Reply {
    match read(body).await {
        Read::Whole(body, _) if instance.init_failed(described(headers, body.clone())) => accepted(true),
        Read::Whole(..) => invalid_transition(),
        Read::TooLarge => too_large(),
        Read::Broken => status(StatusCode::BAD_REQUEST),
    }
}

/// The error as the runtime sent it; one without a body is described by its header alone.
fn described(headers: &HeaderMap, body: Bytes) -> Bytes {
    if !body.is_empty() {
        return body;
    }
    let error_type = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok());
    error_payload(
        error_type.unwrap_or("Runtime.Unknown"),
        "the runtime reported an error without a description",
    )
}

fn running_id(instance: &Instance, id: &str) -> Option<Uuid> {
    Uuid::try_parse(id).ok().filter(|id| instance.is_running(*id))
}

enum Read {
    /// The body and, for a stream that broke off on the function's side, the error in its trailers.
    Whole(Bytes, Option<Bytes>),
    TooLarge,
    Broken,
}

/// Reads a body up to the limit. The rest of a larger one is read and dropped, so that the runtime
/// gets to see the answer.
async fn read(mut body: RequestBody) -> Read {
    let mut first = Bytes::new();
    let mut rest: Vec<u8> = Vec::new();
    let mut size = 0;
    let mut error = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Read::Broken };
        match frame.into_data() {
            Ok(data) => {
                size += data.len();
                if size > MAX_RESPONSE_BYTES {
                    first = Bytes::new();
                    rest = Vec::new();
                } else if first.is_empty() {
                    first = data;
                } else {
                    if rest.is_empty() {
                        rest.extend_from_slice(&first);
                    }
                    rest.extend_from_slice(&data);
                }
            }
            Err(frame) => error = frame.into_trailers().ok().and_then(|trailers| stream_error(&trailers)),
        }
    }
    match (size > MAX_RESPONSE_BYTES, rest.is_empty()) {
        (true, _) => Read::TooLarge,
        (false, true) => Read::Whole(first, error),
        (false, false) => Read::Whole(rest.into(), error),
    }
}

/// The error of a streamed response: its type, and its JSON in base64.
fn stream_error(trailers: &HeaderMap) -> Option<Bytes> {
    let text = |name| trailers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let error_type = text("lambda-runtime-function-error-type")?;
    let body = text("lambda-runtime-function-error-body").and_then(|body| STANDARD.decode(body).ok());
    Some(body.map_or_else(
        || error_payload(error_type, "the response stream broke off"),
        Bytes::from,
    ))
}

/// For whoever is not the function's own process.
fn forbidden() -> Reply {
    let message = "only the process that was started for this instance may speak here";
    let mut reply = json(StatusCode::FORBIDDEN, error_payload("Forbidden", message));
    reply
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

fn accepted(known: bool) -> Reply {
    if known {
        json(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n"))
    } else {
        invalid_id()
    }
}

fn invalid_id() -> Reply {
    json(
        StatusCode::BAD_REQUEST,
        error_payload("InvalidRequestID", "Invalid request ID"),
    )
}

fn invalid_transition() -> Reply {
    let message =
        "the runtime has an invocation that is not answered, asks for one already, or has left its init phase";
    json(StatusCode::FORBIDDEN, error_payload("InvalidStateTransition", message))
}

/// The documented advice to the runtime is to exit.
fn container_error() -> Reply {
    json(
        StatusCode::INTERNAL_SERVER_ERROR,
        error_payload("InternalServerError", "the instance is ending"),
    )
}

fn too_large() -> Reply {
    let message = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).");
    let mut reply = json(
        StatusCode::PAYLOAD_TOO_LARGE,
        error_payload("RequestEntityTooLarge", &message),
    );
    reply
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

fn json(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

fn status(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_documentation() {
        for (method, path, expected) in [
            (Method::GET, "/2018-06-01/runtime/invocation/next", Route::Next),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation/ab/response",
                Route::Response("ab"),
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation/ab/error",
                Route::Error("ab"),
            ),
            (Method::POST, "/2018-06-01/runtime/init/error", Route::InitError),
            (Method::POST, "/2018-06-01/runtime/invocation/next", Route::WrongMethod),
            (
                Method::GET,
                "/2018-06-01/runtime/invocation/ab/response",
                Route::WrongMethod,
            ),
            (Method::POST, "/2018-06-01/runtime/invocation/ab/else", Route::Unknown),
            (Method::GET, "/2020-01-01/extension/event/next", Route::Unknown),
            (Method::GET, "/", Route::Unknown),
        ] {
            assert_eq!(Route::parse(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn an_error_without_a_body_is_told_by_its_header() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "lambda-runtime-function-error-type",
            HeaderValue::from_static("Extension.Bad"),
        );
        let described = described(&headers, Bytes::new());
        assert!(
            described.starts_with(br#"{"errorType":"Extension.Bad","#),
            "{described:?}"
        );
    }
}
