use serde_json::{Map, Value};

use super::problem::{Kind, Problem};
use super::request::{Method, Request};
use super::{json, urlencoded};

/// The input of a request: the parameters of its query string and of its body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// From the query string. Each is text.
    pub query: Map<String, Value>,
    /// From the body. Text from a form; any JSON value from JSON.
    pub body: Map<String, Value>,
}

/// Reads the query string and, for PUT and POST, the body: a form or JSON.
///
/// # Errors
/// 400, 413, 414 or 415 as a [`Problem`] that names the place.
pub fn parameters(request: &Request) -> Result<Parameters, Problem> {
    let query = texts(urlencoded::decode("the query string", request.query()?)?);
    let body = match request.method() {
        Method::Post | Method::Put => read_body(request)?,
        Method::Get | Method::Head | Method::Options | Method::Other => Map::new(),
    };
    Ok(Parameters { query, body })
}

fn read_body(request: &Request) -> Result<Map<String, Value>, Problem> {
    let bytes = request.body_bytes()?;
    // Some tools begin every text with a byte order mark; in UTF-8 it says nothing (RFC 8259, section 8.1).
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    not_encoded(request.header("content-encoding").unwrap_or_default())?;
    match media_type(request.header("content-type").unwrap_or_default())? {
        MediaType::Form => Ok(texts(urlencoded::decode("the body", bytes)?)),
        MediaType::Json => json::object(bytes),
    }
}

fn texts(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect()
}

/// Refuses a compressed body (RFC 9110, section 15.5.16, asks for `Accept-Encoding` with that).
fn not_encoded(header: &str) -> Result<(), Problem> {
    let mut codings = header.split(',').map(str::trim).filter(|coding| !coding.is_empty());
    match codings.find(|coding| !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => {
            let detail = format!("The body has the Content-Encoding {coding:?}; only a plain one (identity) is read.");
            Err(Problem::new(Kind::UnsupportedMediaType, detail).with_header("accept-encoding", "identity"))
        }
    }
}

enum MediaType {
    Form,
    Json,
}

fn media_type(header: &str) -> Result<MediaType, Problem> {
    let mut parts = header.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"'))
    });
    let refuse = |detail: String| Err(Problem::new(Kind::UnsupportedMediaType, detail));
    if let Some(charset) = charset.filter(|charset| {
        !["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    }) {
        return refuse(format!("The body must be UTF-8, not {charset:?}."));
    }
    if name == "application/x-www-form-urlencoded" {
        Ok(MediaType::Form)
    } else if name == "application/json" || (name.starts_with("application/") && name.ends_with("+json")) {
        Ok(MediaType::Json)
    } else if name.is_empty() {
        refuse("The body has no Content-Type; a form or JSON is read.".to_owned())
    } else {
        refuse(format!("The body is {name:?}; a form or JSON is read."))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::super::request::{Http, RequestContext};
    use super::*;

    fn check(method: &str, content_type: &str, body: &str, expected: Result<Value, u16>) {
        let request = Request {
            headers: HashMap::from([("content-type".to_owned(), content_type.to_owned())]),
            request_context: RequestContext {
                http: Http {
                    method: method.to_owned(),
                    ..Http::default()
                },
                time_epoch: 0,
            },
            body: Some(body.to_owned()),
            ..Request::default()
        };
        let got = parameters(&request)
            .map(|parameters| Value::Object(parameters.body))
            .map_err(|problem| problem.kind.status());
        assert_eq!(got, expected, "{method} {content_type}");
    }

    #[test]
    fn a_compressed_body_is_refused() {
        let status = |coding: &str, body: &str| {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let request: Request = serde_json::from_value(json!({"body": body, "headers": HashMap::from(headers),
                "requestContext": {"http": {"method": "POST"}}}))
            .unwrap();
            parameters(&request).map(|_| 200).map_err(|problem| {
                assert_eq!(problem.headers["accept-encoding"], "identity");
                problem.kind.status()
            })
        };
        for (coding, expected) in [
            ("gzip", Err(415)),
            ("identity, br", Err(415)),
            ("Identity", Ok(200)),
            ("", Ok(200)),
        ] {
            assert_eq!(status(coding, "{}"), expected, "{coding}");
        }
        assert_eq!(status("gzip", ""), Ok(200), "there is nothing to unpack");
    }

    #[test]
    fn forms_and_json_are_read_and_nothing_else() {
        let form = "application/x-www-form-urlencoded";
        check("POST", form, "a=1", Ok(json!({"a": "1"})));
        check(
            "PUT",
            "Application/JSON; charset=UTF-8",
            r#"{"a":1}"#,
            Ok(json!({"a": 1})),
        );
        check(
            "POST",
            "application/merge-patch+json",
            r#"{"a":1}"#,
            Ok(json!({"a": 1})),
        );
        check("POST", form, "\u{feff}a=1", Ok(json!({"a": "1"})));
        check("POST", "application/json", "\u{feff}{\"a\":1}", Ok(json!({"a": 1})));
        check("POST", "application/json", "\u{feff}\u{feff}{}", Err(400));
        check("POST", "", "", Ok(json!({})));
        check("GET", "text/plain", "a=1", Ok(json!({})));
        check("POST", "", "a=1", Err(415));
        check("POST", "multipart/form-data; boundary=x", "--x", Err(415));
        check("POST", "text/plain", "a=1", Err(415));
        check("POST", "application/json; charset=latin1", "{}", Err(415));
        check("POST", "application/json", "{", Err(400));
        check("POST", form, "a=%", Err(400));
    }
}
