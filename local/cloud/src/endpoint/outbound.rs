//! The HTTP client for what lies behind other ports: dynoxide's server, a Lambda endpoint elsewhere.

use std::time::Duration;

use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Keeps connections open. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient(Client<HttpConnector, Full<Bytes>>);

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The other side could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// Nothing was sent.
    #[error("{uri} cannot be reached: {reason}")]
    Unreachable { uri: String, reason: String },
    #[error("{uri} did not answer: {reason}")]
    Unanswered { uri: String, reason: String },
    #[error("{uri} answered with more than {limit} bytes")]
    TooLong { uri: String, limit: usize },
    #[error("the answer of {uri} broke off: {reason}")]
    BrokenOff { uri: String, reason: String },
}

impl HttpClient {
    /// For servers that may come and go: connections are closed when they were idle for a minute.
    pub(crate) fn new() -> Self {
        Self::with_idle_timeout(Some(Duration::from_secs(60)))
    }

    /// For a server that would not be found again: its connection is kept.
    pub(crate) fn lasting() -> Self {
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

    /// Sends a request and reads its whole answer, up to a limit of bytes.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>, limit: usize) -> Result<Answer, HttpError> {
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
            Ok(body) => Ok(Answer {
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
