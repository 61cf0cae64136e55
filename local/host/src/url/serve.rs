//! The HTTP server in front of a function.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Request, Response, StatusCode, Version, http::request};
use sluice_http::{ConnectionSlots, HostGuard, Limits, ReadError, RequestBody};
use tokio::net::TcpListener;
use tokio::time::Instant;
use uuid::Uuid;

use super::auth::{AuthType, signing_key};
use super::cors::{Cors, is_preflight};
use super::event::{UrlIdentity, UrlRequest, event};
use super::response::http_answer;
use crate::config::Clock;
use crate::error::InvokeError;
use crate::host::{Host, trace_id};
use crate::invocation::{Invocation, MAX_REQUEST_BYTES};
use crate::observer::UrlResponse;

/// A function URL and where it listens.
pub struct UrlSpec {
    /// A bound listener.
    pub listener: TcpListener,
    /// The function's name.
    pub function: String,
    /// The id: on AWS the first label of the host name.
    pub url_id: String,
    /// The kind of authorization that callers need.
    pub auth_type: AuthType,
    /// The CORS settings, if the URL has them: an origin that they allow may call.
    pub cors: Option<Cors>,
    /// The names that a request may address. On AWS every name that leads to a URL is its own.
    pub hosts: HostGuard,
    /// The time limits for clients.
    pub limits: Limits,
    /// The limit of connections at a time; URLs may share their slots.
    pub slots: Arc<ConnectionSlots>,
    /// The clock of `requestContext.timeEpoch`.
    pub now: Clock,
    /// The region in the domain name.
    pub region: String,
    /// The account.
    pub account_id: String,
}

struct Url {
    host: Host,
    function: String,
    auth_type: AuthType,
    cors: Option<Cors>,
    hosts: HostGuard,
    now: Clock,
    identity: UrlIdentity,
}

type Reply = Response<Full<Bytes>>;

impl Host {
    /// Serves a function URL until `shutdown` is done, then lets open requests finish for as long as its limits say.
    ///
    /// The event is payload format 2.0 without the headers that tell of TLS, as there is none.
    ///
    /// # Errors
    /// If the listener has no address.
    pub async fn serve_url(&self, spec: UrlSpec, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
        let port = spec.listener.local_addr()?.port();
        let url = Arc::new(Url {
            host: self.clone(),
            identity: UrlIdentity {
                domain_name: format!("{}.lambda-url.{}.on.aws", spec.url_id, spec.region),
                url_id: spec.url_id,
                account_id: spec.account_id,
                port,
            },
            function: spec.function,
            auth_type: spec.auth_type,
            cors: spec.cors,
            hosts: spec.hosts,
            now: spec.now,
        });
        let accepted = |peer: SocketAddr, _: &Arc<sluice_http::Connection>| {
            let url = Arc::clone(&url);
            move |request| {
                let url = Arc::clone(&url);
                async move { url.answer(request, peer).await }
            }
        };
        sluice_http::serve(spec.listener, spec.limits, spec.slots, accepted, shutdown).await;
        Ok(())
    }
}

impl Url {
    async fn answer(&self, request: Request<RequestBody>, peer: SocketAddr) -> Reply {
        let (started, at_ms) = (Instant::now(), (self.now)());
        let (parts, body) = request.into_parts();
        // what AWS would not know of is not counted either
        if let Err(refused) = self.hosts.admits_to_any(&parts, |headers| self.allows(&parts, headers)) {
            return refusal(refused.status(), &refused.to_string());
        }
        let reply = self.respond(parts, body, peer).await;
        self.host.config().observer.url_responded(&UrlResponse {
            function: &self.function,
            at_ms,
            status: reply.status().as_u16(),
            latency: started.elapsed(),
        });
        reply
    }

    /// Returns true if the URL's CORS settings let a page of another origin call, or answer that it may not.
    fn allows(&self, parts: &request::Parts, headers: &HeaderMap) -> bool {
        self.cors
            .as_ref()
            .is_some_and(|cors| is_preflight(&parts.method, headers) || cors.allows_origin(headers))
    }

    async fn respond(&self, parts: request::Parts, body: RequestBody, peer: SocketAddr) -> Reply {
        if let Some(cors) = &self.cors
            && is_preflight(&parts.method, &parts.headers)
        {
            let mut reply = Response::new(Full::default());
            *reply.headers_mut() = cors.preflight(&parts.headers);
            return reply;
        }
        let mut reply = self.dispatch(&parts, body, peer).await;
        if let Some(cors) = &self.cors {
            cors.decorate(&parts.headers, reply.headers_mut());
        }
        reply
    }

    async fn dispatch(&self, parts: &request::Parts, body: RequestBody, peer: SocketAddr) -> Reply {
        let access_key = match (self.auth_type, signing_key(&parts.headers)) {
            (AuthType::None, _) => None,
            (AuthType::AwsIam, Some(key)) => Some(key),
            (AuthType::AwsIam, None) => return refusal(StatusCode::FORBIDDEN, "Forbidden"),
        };
        let body = match read(body).await {
            Read::Whole(body) => body,
            Read::TooLarge => return too_large(),
            Read::TooSlow => return closing(refusal(StatusCode::REQUEST_TIMEOUT, "Request Timeout")),
            Read::Broken => return closing(refusal(StatusCode::BAD_REQUEST, "Bad Request")),
        };
        let request_id = (self.host.config().ids)();
        let time_ms = (self.now)();
        let trace = trace_of(&parts.headers).unwrap_or_else(|| trace_id(request_id, time_ms));
        let request = UrlRequest {
            method: &parts.method,
            uri: &parts.uri,
            protocol: if parts.version == Version::HTTP_10 {
                "HTTP/1.0"
            } else {
                "HTTP/1.1"
            },
            headers: &parts.headers,
            body: &body,
            source_ip: peer.ip().to_canonical(),
            request_id,
            trace_id: &trace,
            time_ms,
            access_key,
        };
        let payload = match event(&self.identity, &request) {
            Ok(event) if event.len() > MAX_REQUEST_BYTES => return too_large(),
            Ok(event) => Bytes::from(event),
            Err(error) => {
                tracing::error!(%error, "a request does not fit into an event");
                return refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            }
        };
        drop(body);
        let invocation = Invocation {
            payload,
            request_id: Some(request_id),
            trace_id: Some(trace.clone()),
            ..Invocation::default()
        };
        let mut reply = self.invoke(request_id, invocation).await;
        let headers = reply.headers_mut();
        for (name, value) in [("x-amzn-requestid", request_id.to_string()), ("x-amzn-trace-id", trace)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.entry(HeaderName::from_static(name)).or_insert(value);
            }
        }
        reply
    }

    async fn invoke(&self, request_id: Uuid, invocation: Invocation) -> Reply {
        let output = match self.host.invoke(&self.function, invocation).await {
            Ok(output) => output,
            Err(InvokeError::TooManyRequests(_)) => {
                return later(refusal(StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."), request_id);
            }
            Err(InvokeError::RequestTooLarge { .. }) => return too_large(),
            Err(error @ InvokeError::ResourceNotFound(_)) => {
                tracing::warn!(%error, "a function URL leads nowhere");
                return refusal(StatusCode::NOT_FOUND, "Not Found");
            }
            Err(error @ InvokeError::Stopped(_)) => {
                tracing::debug!(%error, "a function URL's request was given up");
                return later(
                    refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
                    request_id,
                );
            }
        };
        if output.function_error.is_some() {
            return failed();
        }
        match http_answer(&output.payload) {
            Ok(answer) => {
                let mut reply = Response::new(Full::new(answer.body));
                *reply.status_mut() = answer.status;
                *reply.headers_mut() = answer.headers;
                reply
            }
            Err(error) => {
                tracing::warn!(function = %self.function, request_id = %output.request_id, %error, "malformed answer to a function URL");
                refusal(StatusCode::BAD_GATEWAY, "Internal Server Error")
            }
        }
    }
}

/// The caller's trace, if it is one that can be passed on.
fn trace_of(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("x-amzn-trace-id")?.to_str().ok()?;
    (header.starts_with("Root=1-") && header.len() <= 256).then(|| header.to_owned())
}

enum Read {
    Whole(Bytes),
    TooLarge,
    TooSlow,
    Broken,
}

/// The whole body. What is left of one that is too large is read by the server, so that the client reads the answer.
async fn read(mut body: RequestBody) -> Read {
    if body.size_hint().lower() > MAX_REQUEST_BYTES as u64 {
        return Read::TooLarge;
    }
    let mut gathered = BytesMut::new();
    loop {
        let frame = match body.frame().await {
            None => return Read::Whole(gathered.freeze()),
            Some(Err(ReadError::TooSlow)) => return Read::TooSlow,
            Some(Err(ReadError::Broken(_))) => return Read::Broken,
            Some(Ok(frame)) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if gathered.len() + data.len() > MAX_REQUEST_BYTES {
            return Read::TooLarge;
        }
        gathered.extend_from_slice(&data);
    }
}

fn too_large() -> Reply {
    let message = format!("Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction operation");
    refusal(StatusCode::PAYLOAD_TOO_LARGE, &message)
}

fn refusal(status: StatusCode, message: &str) -> Reply {
    let body = serde_json::json!({ "Message": message }).to_string();
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// Says when to come back: in 2 to 10 seconds, drawn from the request's id, so that those who were sent away together do not
/// return together.
fn later(mut reply: Reply, request_id: Uuid) -> Reply {
    let seconds = 2 + request_id.as_u128() % 9;
    if let Ok(seconds) = HeaderValue::try_from(seconds.to_string()) {
        reply.headers_mut().insert(RETRY_AFTER, seconds);
    }
    reply
}

/// Answers 502 without a reason: what the function said stays between it and its log.
fn failed() -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(b"Internal Server Error")));
    *reply.status_mut() = StatusCode::BAD_GATEWAY;
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    reply
}

/// Ends the connection after the answer: the rest of the request is not worth reading.
fn closing(mut reply: Reply) -> Reply {
    reply
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}
