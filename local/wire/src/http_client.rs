//! The HTTP client for servers on other ports.

use std::time::Duration;

use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// An HTTP client that keeps connections open. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct HttpClient<C = HttpConnector>(Client<C, Full<Bytes>>);

/// A response that was read to its end.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A reason why an HTTP request got no response that can be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nothing was sent.
    #[error("{uri} cannot be reached: {reason}")]
    Unreachable {
        /// The address asked for.
        uri: String,
        /// The cause.
        reason: String,
    },
    /// The request was sent, and no response came.
    #[error("{uri} did not answer: {reason}")]
    Unanswered {
        /// The address asked for.
        uri: String,
        /// The cause.
        reason: String,
    },
    /// The response is longer than was to be read.
    #[error("{uri} answered with more than {limit} bytes")]
    TooLong {
        /// The address asked for.
        uri: String,
        /// The most bytes that were to be read.
        limit: usize,
    },
    /// The response came in part.
    #[error("the answer of {uri} broke off: {reason}")]
    BrokenOff {
        /// The address asked for.
        uri: String,
        /// The cause.
        reason: String,
    },
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// A client for servers that may come and go: connections are closed when they were idle for a minute.
    pub fn new() -> Self {
        Self::with_idle_timeout(Some(Duration::from_secs(60)))
    }

    /// A client for a server that would not be found again: its connection is kept.
    pub fn lasting() -> Self {
        Self::with_idle_timeout(None)
    }

    fn with_idle_timeout(timeout: Option<Duration>) -> Self {
        let mut connector = HttpConnector::new();
        // Small requests that wait for their answers: Nagle's algorithm only delays them.
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(timeout)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self(client)
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HttpClient<C> {
    /// A client whose connections are made in another way, such as by TLS. They are closed when they were idle for a minute.
    pub fn over(connector: C) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self(client)
    }

    /// Sends a request and reads the whole response, up to a limit of bytes.
    ///
    /// # Errors
    /// When there is no whole response within the limit.
    pub async fn send(&self, request: Request<Full<Bytes>>, limit: usize) -> Result<HttpResponse, HttpError> {
        let uri = request.uri().to_string();
        let response = self.0.request(request).await.map_err(|error| {
            let (uri, reason) = (uri.clone(), causes(&error));
            if error.is_connect() {
                HttpError::Unreachable { uri, reason }
            } else {
                HttpError::Unanswered { uri, reason }
            }
        })?;
        let (parts, body) = response.into_parts();
        match Limited::new(body, limit).collect().await {
            Ok(body) => Ok(HttpResponse {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            }),
            Err(error) if error.is::<LengthLimitError>() => Err(HttpError::TooLong { uri, limit }),
            Err(error) => Err(HttpError::BrokenOff {
                uri,
                reason: error.to_string(),
            }),
        }
    }
}

/// hyper says "client error (Connect)"; the cause is behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
