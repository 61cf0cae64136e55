//! The HTTP server in front of a function.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode, Version, http::request};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
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
use crate::observer::UrlAnswered;

/// How long a client may take to send its headers, and to send each piece of its body.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a whole body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// How much of a body that is too large is read and dropped, so that the client reads the answer
/// instead of meeting a closed connection.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;

/// Request line and headers together.
const MAX_HEAD_BYTES: usize = 256 * 1024;

/// Connections of one URL at a time. More wait to be accepted.
const MAX_CONNECTIONS: usize = 1024;

/// How long open requests may take once the server stops.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(5);

/// A function URL and where it listens.
pub struct UrlSpec {
    /// A bound listener.
    pub listener: TcpListener,
    /// The function's name.
    pub function: String,
    /// The id: on AWS the first label of the host name.
    pub url_id: String,
    /// Who may call.
    pub auth_type: AuthType,
    /// The CORS settings, if the URL has them.
    pub cors: Option<Cors>,
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
    now: Clock,
    identity: UrlIdentity,
}

type Reply = Response<Full<Bytes>>;

impl Host {
    /// Serves a function URL until `shutdown` is done, then lets open requests finish for at most 5 s.
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
            now: spec.now,
        });
        accept(spec.listener, url, shutdown).await;
        Ok(())
    }
}

async fn accept(listener: TcpListener, url: Arc<Url>, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    tokio::pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = &mut shutdown => break,
            (place, accepted) = next => match accepted {
                Ok(accepted) => (place, accepted),
                Err(error) => {
                    tracing::warn!(%error, "accepting a function URL's connection");
                    // Out of file descriptors, most likely: others must end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let connection = builder.serve_connection(TokioIo::new(no_delay(stream)), service(&url, peer));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a function URL's connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_WAIT, graceful.shutdown()).await.is_err() {
        tracing::warn!(function = %url.function, "requests to a function URL were cut off");
    }
}

fn no_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY on a function URL's connection");
    }
    stream
}

fn service(
    url: &Arc<Url>,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Reply,
    Error = Infallible,
    Future = impl Future<Output = Result<Reply, Infallible>> + Send + use<>,
> + use<> {
    let url = Arc::clone(url);
    service_fn(move |request| {
        let url = Arc::clone(&url);
        async move { Ok(url.answer(request, peer).await) }
    })
}

impl Url {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Reply {
        let (started, at_ms) = (Instant::now(), (self.now)());
        let reply = self.respond(request, peer).await;
        self.host.config().observer.url_answered(&UrlAnswered {
            function: &self.function,
            at_ms,
            status: reply.status().as_u16(),
            latency: started.elapsed(),
        });
        reply
    }

    async fn respond(&self, request: Request<Incoming>, peer: SocketAddr) -> Reply {
        let (parts, body) = request.into_parts();
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

    async fn dispatch(&self, parts: &request::Parts, body: Incoming, peer: SocketAddr) -> Reply {
        let access_key = match (self.auth_type, signing_key(&parts.headers)) {
            (AuthType::None, _) => None,
            (AuthType::AwsIam, Some(key)) => Some(key),
            (AuthType::AwsIam, None) => return refusal(StatusCode::FORBIDDEN, "Forbidden"),
        };
        let body = match read(&parts.headers, body).await {
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

async fn read(headers: &HeaderMap, body: Incoming) -> Read {
    let announced = body.size_hint().lower();
    // A client that waits to be told to go on need not send what will be refused.
    if announced > MAX_REQUEST_BYTES as u64 && headers.contains_key(EXPECT) {
        return Read::TooLarge;
    }
    tokio::time::timeout(BODY_TIMEOUT, read_bounded(body))
        .await
        .unwrap_or(Read::TooSlow)
}

async fn read_bounded(mut body: Incoming) -> Read {
    let mut gathered = BytesMut::new();
    let mut size = 0;
    loop {
        let frame = match tokio::time::timeout(READ_TIMEOUT, body.frame()).await {
            Err(_) => return Read::TooSlow,
            Ok(None) => break,
            Ok(Some(Err(_))) => return Read::Broken,
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        size += data.len();
        if size > MAX_DISCARDED {
            return Read::TooLarge;
        }
        if size > MAX_REQUEST_BYTES {
            gathered = BytesMut::new();
        } else {
            gathered.extend_from_slice(&data);
        }
    }
    if size > MAX_REQUEST_BYTES {
        Read::TooLarge
    } else {
        Read::Whole(gathered.freeze())
    }
}

fn too_large() -> Reply {
    let message = format!("Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction operation");
    closing(refusal(StatusCode::PAYLOAD_TOO_LARGE, &message))
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

/// What the function said stays between it and its log.
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
