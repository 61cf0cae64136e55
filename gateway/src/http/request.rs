use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::problem::{Kind, Problem};

/// The longest body that is read, in bytes. Three short fields and a comment need far less.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The longest query string that is read, in bytes.
pub const QUERY_LIMIT: usize = 64 * 1024;

/// A request to a function URL, in payload format 2.0.
///
/// Read leniently, since an request that cannot be read would be an error of the function. The query comes from
/// `rawQueryString`: the map beside it joins repeated parameters with a comma.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// The path, as sent.
    pub raw_path: String,
    /// The query string, as sent, without the question mark.
    pub raw_query_string: String,
    /// The headers; names in lower case, repeated ones joined with a comma.
    pub headers: HashMap<String, String>,
    /// Method, caller and time.
    pub request_context: RequestContext,
    /// The body, if there is one.
    pub body: Option<String>,
    /// True if the body is base64.
    pub is_base64_encoded: bool,
}

/// Lambda's words about the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    /// The HTTP request.
    pub http: Http,
    /// The time at which it came in, in milliseconds since 1970.
    pub time_epoch: i64,
}

/// Method and caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http {
    /// The method, as sent.
    pub method: String,
    /// The caller's address.
    pub source_ip: String,
    /// The caller's `User-Agent`.
    pub user_agent: String,
}

/// The methods that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// OPTIONS
    Options,
    /// Any other.
    Other,
}

impl Request {
    /// The method.
    pub fn method(&self) -> Method {
        match self.request_context.http.method.as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "OPTIONS" => Method::Options,
            _ => Method::Other,
        }
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let exact = self.headers.get(name);
        let found = exact.or_else(|| {
            self.headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, v)| v)
        });
        found.map(|value| value.trim())
    }

    /// The query string, if it is short enough.
    ///
    /// # Errors
    /// 414.
    pub fn query(&self) -> Result<&[u8], Problem> {
        let query = self.raw_query_string.as_bytes();
        if query.len() <= QUERY_LIMIT {
            return Ok(query);
        }
        let detail = format!(
            "The query string has {} bytes; at most {QUERY_LIMIT} are read.",
            query.len()
        );
        Err(Problem::new(Kind::UriTooLong, detail))
    }

    /// The body's bytes, if it is short enough; empty if there is none.
    ///
    /// # Errors
    /// 413 for a long one, 400 for broken base64.
    pub fn body_bytes(&self) -> Result<Vec<u8>, Problem> {
        let body = self.body.as_deref().unwrap_or_default();
        // Looked at before decoding: there is no use in decoding megabytes to refuse them.
        let length = if self.is_base64_encoded {
            body.len() / 4 * 3
        } else {
            body.len()
        };
        if length > BODY_LIMIT + 2 {
            return Err(too_long(length));
        }
        let bytes = if self.is_base64_encoded {
            STANDARD.decode(body).map_err(|error| {
                Problem::new(
                    Kind::BadRequest,
                    format!("The body is said to be base64, and is not: {error}."),
                )
            })?
        } else {
            body.as_bytes().to_vec()
        };
        if bytes.len() > BODY_LIMIT {
            Err(too_long(bytes.len()))
        } else {
            Ok(bytes)
        }
    }
}

fn too_long(length: usize) -> Problem {
    Problem::new(
        Kind::ContentTooLarge,
        format!("The body has about {length} bytes; at most {BODY_LIMIT} are read."),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_recorded_event_is_read() {
        let request: Request = serde_json::from_value(json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/submissions/1", "rawQueryString": "a=1&a=2",
            "cookies": ["c=1"], "headers": {"accept": " text/html ", "X-Odd": "é"},
            "queryStringParameters": {"a": "1,2"},
            "requestContext": {"accountId": "anonymous", "apiId": "id", "domainName": "d", "http": {"method": "GET",
                "path": "/submissions/1", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"},
                "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "t", "timeEpoch": 1_795_341_600_000_i64},
            "isBase64Encoded": false}))
        .unwrap();
        assert_eq!(request.method(), Method::Get);
        assert_eq!(request.header("accept"), Some("text/html"));
        assert_eq!(request.header("x-odd"), Some("é"));
        assert_eq!(request.query(), Ok(&b"a=1&a=2"[..]));
        assert_eq!(request.body_bytes(), Ok(vec![]));
        assert_eq!(request.request_context.time_epoch, 1_795_341_600_000);
        assert_eq!(serde_json::from_str::<Request>("{}").unwrap().method(), Method::Other);
    }

    #[test]
    fn a_body_is_bounded_before_and_after_decoding() {
        let body = |text: String, is_base64_encoded| Request {
            body: Some(text),
            is_base64_encoded,
            ..Request::default()
        };
        let status = |request: Request| {
            request
                .body_bytes()
                .map(|bytes| bytes.len())
                .map_err(|problem| problem.kind.status())
        };
        assert_eq!(status(body("x".repeat(BODY_LIMIT), false)), Ok(BODY_LIMIT));
        assert_eq!(status(body("x".repeat(BODY_LIMIT + 1), false)), Err(413));
        assert_eq!(status(body(STANDARD.encode(vec![0; BODY_LIMIT]), true)), Ok(BODY_LIMIT));
        assert_eq!(status(body(STANDARD.encode(vec![0; BODY_LIMIT + 1]), true)), Err(413));
        assert_eq!(status(body("A".repeat(7_000_000), true)), Err(413));
        assert_eq!(status(body("!".to_owned(), true)), Err(400));
    }
}
