use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// An answer of a function URL, in payload format 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: BTreeMap<&'static str, String>,
    /// The body.
    pub body: String,
}

impl Response {
    /// An answer with a body of this type. Nothing here may be cached: it is personal data, and it changes.
    pub fn new(status: u16, content_type: &str, body: String) -> Self {
        let headers = BTreeMap::from([
            ("cache-control", "no-store".to_owned()),
            ("content-type", content_type.to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("vary", "accept".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ]);
        Response { status, headers, body }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Response::new(status, "application/json", body.to_string())
    }

    /// An answer to OPTIONS: the methods that the path knows.
    pub fn options(allow: &str) -> Self {
        let mut response = Response::new(204, "text/plain", String::new()).with("allow", allow);
        response.headers.remove("content-type");
        response
    }

    /// A way on to another address, which is asked by GET.
    pub fn see_other(location: &str) -> Self {
        let mut response = Response::new(303, "text/plain", String::new()).with("location", location);
        response.headers.remove("content-type");
        response
    }

    /// The same without its body if the caller has it: it knows its `ETag` (RFC 9110, section 13.1.2).
    #[must_use]
    pub fn unless_known(mut self, if_none_match: Option<&str>) -> Self {
        let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let is_known = match (self.headers.get("etag"), if_none_match) {
            (Some(tag), Some(known)) => known
                .split(',')
                .any(|known| plain(known) == plain(tag) || known.trim() == "*"),
            _ => false,
        };
        if is_known {
            self.status = 304;
            self.body.clear();
            self.headers.remove("content-type");
        }
        self
    }

    /// The same with more headers.
    #[must_use]
    pub fn with_all(mut self, headers: &BTreeMap<&'static str, String>) -> Self {
        self.headers
            .extend(headers.iter().map(|(name, value)| (*name, value.clone())));
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// The same without its body, for HEAD.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body.clear();
        self
    }
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({"statusCode": self.status, "headers": self.headers, "body": self.body, "isBase64Encoded": false})
            .serialize(serializer)
    }
}
