//! The HTTP response that a function's answer stands for: payload format 2.0. Pure.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>. What is of another type than documented
//! is read as what it says: a status in quotes, a body that is an object. What says nothing that can be sent is a 502.
//!
//! Known: a text alone is sent without its quotes (recorded on AWS in public tests), a status in quotes counts (reports). Taken
//! from how others send it, and not verified: a body that is an object, a list, a number or a truth value as its JSON,
//! `isBase64Encoded` in quotes, a header that is null as none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

/// A response in the making.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The reason why a function's answer is no response: the message is for the log, not for the client.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum MalformedAnswer {
    #[error("the function's answer is not JSON: {0}")]
    NotJson(String),
    #[error("statusCode is {0}, not a number from 200 to 599")]
    StatusCode(String),
    #[error("{0} is not of the type that payload format 2.0 wants")]
    Type(String),
    #[error("header {0:?} cannot be sent")]
    Header(String),
    #[error("the body is not the base64 that isBase64Encoded promises")]
    Base64,
}

/// An object with a `statusCode` says what to send. Any other JSON is sent itself, as 200, and of a text what it says.
pub(super) fn http_answer(payload: &Bytes) -> Result<HttpAnswer, MalformedAnswer> {
    let value: Value = serde_json::from_slice(payload).map_err(|error| MalformedAnswer::NotJson(error.to_string()))?;
    match value {
        Value::Object(mut fields) if fields.contains_key("statusCode") => described(&mut fields),
        Value::String(text) => Ok(plain(text.into())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Ok(plain(payload.clone()))
        }
    }
}

fn plain(body: Bytes) -> HttpAnswer {
    HttpAnswer {
        status: StatusCode::OK,
        headers: json_type(),
        body,
    }
}

fn described(fields: &mut Map<String, Value>) -> Result<HttpAnswer, MalformedAnswer> {
    let status = status(fields.get("statusCode").unwrap_or(&Value::Null))?;
    let mut headers = headers(fields.get("headers"))?;
    add_cookies(fields.get("cookies"), &mut headers)?;
    if !headers.contains_key(CONTENT_TYPE) {
        headers.extend(json_type());
    }
    let encoded = match fields.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(encoded)) => *encoded,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.is_empty() || text.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(MalformedAnswer::Type("isBase64Encoded".into())),
    };
    let body = match fields.remove("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if encoded => STANDARD.decode(text).map_err(|_| MalformedAnswer::Base64)?.into(),
        Some(Value::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    };
    let body = if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        Bytes::new()
    } else {
        body
    };
    Ok(HttpAnswer { status, headers, body })
}

fn status(value: &Value) -> Result<StatusCode, MalformedAnswer> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number in range"
        )]
        Value::Number(number) => number
            .as_f64()
            .filter(|number| number.fract() == 0.0 && (0.0..1_000.0).contains(number))
            .map(|number| number as u16),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number
        .filter(|number| (200..=599).contains(number))
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or_else(|| MalformedAnswer::StatusCode(value.to_string()))
}

/// The function's headers, without those that belong to the connection.
fn headers(value: Option<&Value>) -> Result<HeaderMap, MalformedAnswer> {
    let mut headers = HeaderMap::new();
    let fields = match value {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(MalformedAnswer::Type("headers".into())),
    };
    for (name, value) in fields {
        let unsendable = || MalformedAnswer::Header(name.clone());
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            // a member that a language writes although it has nothing to say
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                return Err(MalformedAnswer::Type(format!("header {name}")));
            }
        };
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
        if [CONNECTION, CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(&parsed) {
            continue;
        }
        headers.append(
            parsed,
            HeaderValue::from_bytes(text.as_bytes()).map_err(|_| unsendable())?,
        );
    }
    Ok(headers)
}

fn add_cookies(value: Option<&Value>, headers: &mut HeaderMap) -> Result<(), MalformedAnswer> {
    let cookies = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(cookies)) => cookies,
        Some(_) => return Err(MalformedAnswer::Type("cookies".into())),
    };
    for cookie in cookies {
        let text = cookie.as_str().ok_or_else(|| MalformedAnswer::Type("cookies".into()))?;
        let value =
            HeaderValue::from_bytes(text.as_bytes()).map_err(|_| MalformedAnswer::Header("set-cookie".into()))?;
        headers.append(SET_COOKIE, value);
    }
    Ok(())
}

fn json_type() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(payload: &str, status: u16, headers: &str, body: &str) {
        let answer = http_answer(&Bytes::copy_from_slice(payload.as_bytes())).expect("an answer");
        assert_eq!(answer.status.as_u16(), status, "{payload}");
        let mut shown: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?")))
            .collect();
        shown.sort();
        assert_eq!(shown.join(" | "), headers, "{payload}");
        assert_eq!(answer.body, body.as_bytes(), "{payload}");
    }

    fn check_malformed(payload: &str, expected: &str) {
        let message = http_answer(&Bytes::copy_from_slice(payload.as_bytes())).map_err(|error| error.to_string());
        assert!(
            message.as_ref().is_err_and(|message| message.contains(expected)),
            "{payload}: {message:?}"
        );
    }

    #[test]
    fn json_without_a_status_is_the_body() {
        for payload in ["{\"message\": \"x\"}", "null", "[1]", "12", "{\"body\":\"x\"}"] {
            check(payload, 200, "content-type: application/json", payload);
        }
    }

    #[test]
    fn what_is_of_another_type_is_read_as_what_it_says() {
        let json = "content-type: application/json";
        check("\"Hello \\u00fc\"", 200, json, "Hello ü");
        check(r#"{"statusCode":"201","body":"x"}"#, 201, json, "x");
        check(r#"{"statusCode":" 404 ","body":"x"}"#, 404, json, "x");
        check(r#"{"statusCode":200.0,"body":"x"}"#, 200, json, "x");
        check(r#"{"statusCode":200,"body":{"a":[1]}}"#, 200, json, r#"{"a":[1]}"#);
        check(r#"{"statusCode":200,"body":[1,"b"]}"#, 200, json, r#"[1,"b"]"#);
        check(r#"{"statusCode":200,"body":12}"#, 200, json, "12");
        check(r#"{"statusCode":200,"body":false}"#, 200, json, "false");
        check(
            r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":"true"}"#,
            200,
            json,
            "hi",
        );
        check(
            r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":"false"}"#,
            200,
            json,
            "aGk=",
        );
        check(
            r#"{"statusCode":200,"headers":{"x-a":1.5,"x-b":null}}"#,
            200,
            "content-type: application/json | x-a: 1.5",
            "",
        );
    }

    #[test]
    fn a_described_response_is_sent_as_described() {
        check(r#"{"statusCode":201}"#, 201, "content-type: application/json", "");
        check(
            r#"{"statusCode":200,"body":"hi","headers":{"Content-Type":"text/plain"}}"#,
            200,
            "content-type: text/plain",
            "hi",
        );
        check(
            r#"{"statusCode":200,"headers":{"X-N":1,"X-B":true,"Content-Length":"9","Connection":"close"},"cookies":["a=1; Path=/","b=2"]}"#,
            200,
            "content-type: application/json | set-cookie: a=1; Path=/ | set-cookie: b=2 | x-b: true | x-n: 1",
            "",
        );
        check(
            r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#,
            200,
            "content-type: application/json",
            "hi",
        );
        check(
            r#"{"statusCode":204,"body":"hi"}"#,
            204,
            "content-type: application/json",
            "",
        );
        check(
            r#"{"statusCode":599,"headers":null,"cookies":null,"body":null,"isBase64Encoded":null}"#,
            599,
            "content-type: application/json",
            "",
        );
    }

    #[test]
    fn a_malformed_response_says_what_is_wrong() {
        for (payload, expected) in [
            (json!({"statusCode": "abc"}), "statusCode is \"abc\""),
            (json!({"statusCode": 99}), "statusCode is 99"),
            (json!({"statusCode": 101}), "statusCode is 101"),
            (json!({"statusCode": 600}), "statusCode is 600"),
            (json!({"statusCode": 200.5}), "statusCode is 200.5"),
            (json!({"statusCode": null}), "statusCode is null"),
            (json!({"statusCode": "2e2"}), "statusCode is \"2e2\""),
            (json!({"statusCode": "-200"}), "statusCode is \"-200\""),
            (json!({"statusCode": true}), "statusCode is true"),
            (
                json!({"statusCode": 200, "body": "***", "isBase64Encoded": true}),
                "not the base64",
            ),
            (
                json!({"statusCode": 200, "isBase64Encoded": "yes"}),
                "isBase64Encoded is not",
            ),
            (json!({"statusCode": 200, "headers": []}), "headers is not of the type"),
            (
                json!({"statusCode": 200, "headers": {"a": ["b"]}}),
                "header a is not of the type",
            ),
            (
                json!({"statusCode": 200, "headers": {"a b": "c"}}),
                "header \"a b\" cannot be sent",
            ),
            (
                json!({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}),
                "header \"a\" cannot be sent",
            ),
            (
                json!({"statusCode": 200, "cookies": "a=1"}),
                "cookies is not of the type",
            ),
            (
                json!({"statusCode": 200, "cookies": ["a\nb"]}),
                "header \"set-cookie\" cannot be sent",
            ),
        ] {
            check_malformed(&payload.to_string(), expected);
        }
        check_malformed("not json", "not JSON");
        check_malformed("", "not JSON");
    }
}
