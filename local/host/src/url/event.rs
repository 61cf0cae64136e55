//! A request to a function URL as the event that the function gets: payload format 2.0. Pure.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, EXPECT, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{HeaderMap, Method, Uri};
use indexmap::IndexMap;
use serde::Serialize;
use uuid::Uuid;

/// The fields of the event that are the same for all requests to one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UrlIdentity {
    pub(super) url_id: String,
    pub(super) domain_name: String,
    pub(super) account_id: String,
    pub(super) port: u16,
}

/// One request.
#[derive(Debug)]
pub(super) struct UrlRequest<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) protocol: &'static str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) source_ip: IpAddr,
    pub(super) request_id: Uuid,
    pub(super) trace_id: &'a str,
    pub(super) time_ms: u64,
    /// The signer's access key where the URL asks for IAM.
    pub(super) access_key: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UrlEvent<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: IndexMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    query_string_parameters: IndexMap<Cow<'a, str>, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    authentication: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: Uuid,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: u64,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    iam: Iam<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    access_key: &'a str,
    account_id: &'a str,
    caller_id: &'a str,
    cognito_identity: Option<()>,
    principal_org_id: Option<()>,
    user_arn: String,
    user_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: String,
    user_agent: &'a str,
}

/// The event as JSON.
pub(super) fn event(url: &UrlIdentity, request: &UrlRequest<'_>) -> serde_json::Result<Vec<u8>> {
    let path = match request.uri.path() {
        "" => "/",
        path => path,
    };
    let query = request.uri.query().unwrap_or_default();
    let headers = headers(url, request);
    let (body, is_base64_encoded) = body(request.headers, request.body);
    let user_agent = request
        .headers
        .get(hyper::header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let event = UrlEvent {
        version: "2.0",
        route_key: "$default",
        raw_path: path,
        raw_query_string: query,
        cookies: cookies(request.headers),
        headers,
        query_string_parameters: parameters(query),
        request_context: RequestContext {
            // Lambda names the caller's account, and a caller without one `anonymous`.
            account_id: if request.access_key.is_some() {
                &url.account_id
            } else {
                "anonymous"
            },
            api_id: &url.url_id,
            authentication: None,
            authorizer: request.access_key.map(|key| Authorizer { iam: iam(url, key) }),
            domain_name: &url.domain_name,
            domain_prefix: &url.url_id,
            http: Http {
                method: request.method.as_str(),
                path,
                protocol: request.protocol,
                source_ip: request.source_ip.to_string(),
                user_agent: user_agent.unwrap_or_default(),
            },
            request_id: request.request_id,
            route_key: "$default",
            stage: "$default",
            time: log_time(request.time_ms),
            time_epoch: request.time_ms,
        },
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event)
}

fn iam<'a>(url: &'a UrlIdentity, key: &'a str) -> Iam<'a> {
    Iam {
        access_key: key,
        account_id: &url.account_id,
        caller_id: key,
        cognito_identity: None,
        principal_org_id: None,
        user_arn: format!("arn:aws:iam::{}:user/{key}", url.account_id),
        user_id: key,
    }
}

/// Lower-cased names; several of one name are joined by a comma. What belongs to the connection and
/// not to the request is left out, and so is a signature, which is a credential.
fn headers<'a>(url: &UrlIdentity, request: &UrlRequest<'a>) -> IndexMap<&'a str, Cow<'a, str>> {
    let mut all: IndexMap<&str, Cow<'_, str>> = IndexMap::with_capacity(request.headers.len() + 4);
    for (name, value) in request.headers {
        if is_hop_by_hop(name) || (request.access_key.is_some() && *name == AUTHORIZATION) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let separator = if *name == COOKIE { "; " } else { "," };
        all.entry(name.as_str())
            .and_modify(|joined| *joined = Cow::Owned(format!("{joined}{separator}{value}")))
            .or_insert(value);
    }
    let source = request.source_ip.to_string();
    all.entry("x-forwarded-for")
        .and_modify(|chain| *chain = Cow::Owned(format!("{chain}, {source}")))
        .or_insert(Cow::Owned(source));
    all.insert("x-forwarded-port", Cow::Owned(url.port.to_string()));
    all.insert("x-forwarded-proto", Cow::Borrowed("http"));
    all.insert("x-amzn-trace-id", Cow::Borrowed(request.trace_id));
    all
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    [CONNECTION, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name)
        || name.as_str() == "keep-alive"
        || name.as_str() == "proxy-connection"
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers
        .get_all(COOKIE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let split = |cookies: Cow<'_, str>| -> Vec<String> {
        cookies
            .split(';')
            .map(str::trim)
            .filter(|cookie| !cookie.is_empty())
            .map(str::to_owned)
            .collect()
    };
    all.flat_map(split).collect()
}

/// Decoded parameters; repeated ones are joined by a comma. A `%` that encodes nothing stays as it is.
fn parameters(query: &str) -> IndexMap<Cow<'_, str>, String> {
    let mut all: IndexMap<Cow<'_, str>, String> = IndexMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        all.entry(name)
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    all
}

/// Text types as text, all others, forms among them, as base64.
fn body<'a>(headers: &HeaderMap, body: &'a [u8]) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(text) if is_text(headers) => (Some(Cow::Borrowed(text)), false),
        Ok(_) | Err(_) => (Some(Cow::Owned(STANDARD.encode(body))), true),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(hyper::header::CONTENT_ENCODING) {
        return false;
    }
    let Some(header) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&essence.as_str())
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}

/// `22/Nov/2026:13:30:48 +0000`.
fn log_time(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map_or_else(String::new, |at| at.format("%d/%b/%Y:%H:%M:%S +0000").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use serde_json::{Value, json};

    #[derive(Clone)]
    struct Given<'a> {
        method: Method,
        uri: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: &'a [u8],
        access_key: Option<&'a str>,
    }

    const PLAIN: Given<'static> = Given {
        method: Method::GET,
        uri: "/",
        headers: &[],
        body: b"",
        access_key: None,
    };

    fn event_of(given: &Given<'_>) -> Value {
        let url = UrlIdentity {
            url_id: "abc".into(),
            domain_name: "abc.lambda-url.eu-west-1.on.aws".into(),
            account_id: "123456789012".into(),
            port: 9000,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in given.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("name");
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("value"));
        }
        let request = UrlRequest {
            method: &given.method,
            uri: &given.uri.parse().expect("uri"),
            protocol: "HTTP/1.1",
            headers: &headers,
            body: given.body,
            source_ip: IpAddr::from([127, 0, 0, 1]),
            request_id: Uuid::nil(),
            trace_id: "Root=1-0-0",
            time_ms: 1_673_437_534_837,
            access_key: given.access_key,
        };
        serde_json::from_slice(&event(&url, &request).expect("serialises")).expect("JSON")
    }

    fn check(given: Given<'_>, pointers: &[(&str, Value)]) {
        let event = event_of(&given);
        for (pointer, expected) in pointers {
            let found = event.pointer(pointer).cloned().unwrap_or(json!("absent"));
            assert_eq!(found, *expected, "{pointer} of {} {}", given.method, given.uri);
        }
    }

    #[test]
    fn a_plain_request_has_every_field_and_no_more() {
        let given = Given {
            headers: &[("Host", "localhost:9000"), ("User-Agent", "curl/8")],
            ..PLAIN
        };
        assert_eq!(
            event_of(&given),
            json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/",
                "rawQueryString": "",
                "headers": {
                    "host": "localhost:9000",
                    "user-agent": "curl/8",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-port": "9000",
                    "x-forwarded-proto": "http",
                    "x-amzn-trace-id": "Root=1-0-0",
                },
                "requestContext": {
                    "accountId": "anonymous",
                    "apiId": "abc",
                    "authentication": null,
                    "domainName": "abc.lambda-url.eu-west-1.on.aws",
                    "domainPrefix": "abc",
                    "http": {
                        "method": "GET",
                        "path": "/",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "curl/8",
                    },
                    "requestId": "00000000-0000-0000-0000-000000000000",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "11/Jan/2023:11:45:34 +0000",
                    "timeEpoch": 1_673_437_534_837_u64,
                },
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn the_query_is_verbatim_and_decoded() {
        for (uri, raw, decoded) in [
            ("/?a=1&b=2", "a=1&b=2", json!({"a": "1", "b": "2"})),
            ("/?a=1&a=2&b=&a=3", "a=1&a=2&b=&a=3", json!({"a": "1,2,3", "b": ""})),
            (
                "/?n=J%C3%BCrgen+B&e=a%40b.com",
                "n=J%C3%BCrgen+B&e=a%40b.com",
                json!({"n": "Jürgen B", "e": "a@b.com"}),
            ),
            ("/?x=%zz&y=100%", "x=%zz&y=100%", json!({"x": "%zz", "y": "100%"})),
            ("/?x=%ff%00", "x=%ff%00", json!({"x": "\u{fffd}\u{0}"})),
            ("/?flag", "flag", json!({"flag": ""})),
            ("/?", "", json!("absent")),
            ("/?&&", "&&", json!("absent")),
        ] {
            check(
                Given { uri, ..PLAIN },
                &[("/rawQueryString", json!(raw)), ("/queryStringParameters", decoded)],
            );
        }
    }

    #[test]
    fn the_path_stays_as_it_was_sent() {
        for (uri, path) in [
            ("/a%20b/%zz", "/a%20b/%zz"),
            ("http://host/x?y", "/x"),
            ("*", "*"),
            ("//", "//"),
        ] {
            check(
                Given { uri, ..PLAIN },
                &[("/rawPath", json!(path)), ("/requestContext/http/path", json!(path))],
            );
        }
    }

    #[test]
    fn headers_are_joined_and_cookies_listed() {
        let headers = [
            ("Accept", "text/html"),
            ("accept", "*/*"),
            ("Cookie", "a=1; b=2"),
            ("cookie", "c=3"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("Connection", "keep-alive"),
            ("Transfer-Encoding", "chunked"),
            ("X-Odd", "caf\u{e9}"),
        ];
        check(
            Given {
                headers: &headers,
                ..PLAIN
            },
            &[
                ("/headers/accept", json!("text/html,*/*")),
                ("/headers/cookie", json!("a=1; b=2; c=3")),
                ("/cookies", json!(["a=1", "b=2", "c=3"])),
                ("/headers/x-forwarded-for", json!("10.0.0.1, 127.0.0.1")),
                ("/headers/x-forwarded-proto", json!("http")),
                ("/headers/connection", json!("absent")),
                ("/headers/transfer-encoding", json!("absent")),
                ("/headers/x-odd", json!("café")),
            ],
        );
    }

    #[test]
    fn text_bodies_are_text_and_others_base64() {
        for (content_type, body, expected, encoded) in [
            (
                "application/json; charset=utf-8",
                &b"{\"a\":1}"[..],
                json!("{\"a\":1}"),
                false,
            ),
            ("text/plain", b"hi", json!("hi"), false),
            ("Application/Problem+JSON", b"{}", json!("{}"), false),
            ("application/x-www-form-urlencoded", b"a=1", json!("YT0x"), true),
            ("application/octet-stream", b"hi", json!("aGk="), true),
            ("", b"hi", json!("aGk="), true),
            ("application/json", b"\xff", json!("/w=="), true),
            ("application/json", b"", json!("absent"), false),
        ] {
            let headers = [("content-type", content_type)];
            let given = Given {
                method: Method::POST,
                headers: &headers,
                body,
                ..PLAIN
            };
            check(given, &[("/body", expected), ("/isBase64Encoded", json!(encoded))]);
        }
        let zipped = [("content-type", "text/plain"), ("content-encoding", "gzip")];
        check(
            Given {
                headers: &zipped,
                body: b"hi",
                ..PLAIN
            },
            &[("/isBase64Encoded", json!(true))],
        );
    }

    #[test]
    fn a_signed_request_tells_who_signed() {
        let given = Given {
            headers: &[("Authorization", "AWS4-HMAC-SHA256 ...")],
            access_key: Some("AKIA"),
            ..PLAIN
        };
        check(
            given,
            &[
                ("/headers/authorization", json!("absent")),
                ("/requestContext/accountId", json!("123456789012")),
                ("/requestContext/authorizer/iam/accessKey", json!("AKIA")),
                ("/requestContext/authorizer/iam/accountId", json!("123456789012")),
                (
                    "/requestContext/authorizer/iam/userArn",
                    json!("arn:aws:iam::123456789012:user/AKIA"),
                ),
                ("/requestContext/authorizer/iam/cognitoIdentity", Value::Null),
            ],
        );
        check(
            Given {
                headers: &[("Authorization", "Bearer x")],
                ..PLAIN
            },
            &[
                ("/headers/authorization", json!("Bearer x")),
                ("/requestContext/authorizer", json!("absent")),
            ],
        );
    }
}
