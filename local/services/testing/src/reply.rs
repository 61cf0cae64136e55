//! A response as a test reads it.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;

/// A response that was read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// Reads a response to its end.
    ///
    /// # Panics
    /// When the body breaks off.
    pub async fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .unwrap_or_else(|error| panic!("the body broke off: {error}"))
            .to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
            body,
        }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The value of a header; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| {
            value.to_str().unwrap_or_else(|error| panic!("{name}: {error}"))
        })
    }

    /// The text of the first element of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn element(&self, name: &str) -> &str {
        let missing = || panic!("no {name}: {}", self.text);
        let (_, rest) = self.text.split_once(&format!("<{name}>")).unwrap_or_else(missing);
        rest.split_once(&format!("</{name}>")).unwrap_or_else(missing).0
    }
}
