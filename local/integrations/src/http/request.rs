//! The request that a task's arguments stand for.

use axum::http::{HeaderName, HeaderValue, Method, Request, header};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use url::Url;

use super::form::{self, ArrayFormat};
use crate::TaskFailure;
use crate::parameters::Parameters;

const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
    Method::HEAD,
];

/// Headers that a task may not give, besides those that begin with `X-Forwarded`, `X-Amz` or `X-Amzn`.
const FORBIDDEN: [&str; 31] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A request, and the connection that it should be made with.
#[derive(Debug)]
pub(super) struct HttpRequest {
    pub(super) url: Url,
    pub(super) connection: String,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl HttpRequest {
    pub(super) fn read(arguments: &Value, region: &str) -> Result<Self, TaskFailure> {
        let parameters = Parameters::of(arguments);
        let endpoint = parameters.required("ApiEndpoint")?;
        let mut url = Url::parse(endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                parameters.unusable("The value for the field 'ApiEndpoint' must be the URL of an HTTPS API")
            })?;
        let method = parameters.required("Method")?;
        let method = METHODS.into_iter().find(|one| one.as_str() == method).ok_or_else(|| {
            parameters.unusable(
                "The value for the field 'Method' must be one of GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD",
            )
        })?;
        let connection = ["Authentication", "InvocationConfig"]
            .iter()
            .find_map(|name| parameters.get(name)?.get("ConnectionArn")?.as_str())
            .ok_or_else(|| {
                parameters.unusable("The field 'Authentication.ConnectionArn' is required but was missing")
            })?;
        add_query(&mut url, parameters)?;
        let mut headers = headers(parameters)?;
        let (body, content_type) = body(parameters)?;
        let mut add = |name: HeaderName, value: HeaderValue| {
            if !headers.iter().any(|(given, _)| *given == name) {
                headers.push((name, value));
            }
        };
        if !body.is_empty() {
            add(header::CONTENT_TYPE, content_type);
        }
        if let Ok(agent) = HeaderValue::from_str(&format!("Amazon|StepFunctions|HttpInvoke|{region}")) {
            add(header::USER_AGENT, agent);
        }
        add(header::RANGE, HeaderValue::from_static("bytes=0-262144"));
        Ok(Self {
            url,
            connection: connection.to_owned(),
            method,
            headers,
            body,
        })
    }

    pub(super) fn build(self) -> Result<Request<Full<Bytes>>, TaskFailure> {
        let mut request = Request::builder().method(self.method).uri(self.url.as_str());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request
            .body(Full::new(self.body))
            .map_err(|error| TaskFailure::runtime(format!("The request cannot be made: {error}")))
    }
}

/// `QueryParameters`: a text as it is, or an object, of which a list gives its name once for each of its values.
fn add_query(url: &mut Url, parameters: Parameters<'_>) -> Result<(), TaskFailure> {
    match parameters.get("QueryParameters") {
        None => {}
        Some(Value::String(text)) => {
            url.query_pairs_mut()
                .extend_pairs(form_urlencoded::parse(text.as_bytes()));
        }
        Some(Value::Object(members)) => {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in members {
                match value {
                    Value::Array(values) => {
                        for value in values {
                            pairs.append_pair(name, &form::scalar(value));
                        }
                    }
                    value => drop(pairs.append_pair(name, &form::scalar(value))),
                }
            }
        }
        Some(_) => {
            return Err(parameters.unusable("The value for the field 'QueryParameters' must be an object or a STRING"));
        }
    }
    Ok(())
}

fn headers(parameters: Parameters<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, TaskFailure> {
    let given = match parameters.get("Headers") {
        None => return Ok(Vec::new()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(parameters.unusable("The value for the field 'Headers' must be an object")),
    };
    let mut headers = Vec::with_capacity(given.len());
    for (name, value) in given {
        let lower = name.to_ascii_lowercase();
        let is_forbidden = ["x-forwarded", "x-amz-", "x-amzn-"]
            .iter()
            .any(|begin| lower.starts_with(begin))
            || FORBIDDEN.contains(&lower.as_str())
            || lower == "warning";
        if is_forbidden {
            return Err(parameters.unusable(&format!("The header '{name}' is not allowed in an HTTP task")));
        }
        let unsendable = || parameters.unusable(&format!("The header '{name}' cannot be sent"));
        let text = match value {
            Value::Array(values) => values.iter().map(form::scalar).collect::<Vec<_>>().join(","),
            value => form::scalar(value),
        };
        headers.push((
            HeaderName::try_from(lower).map_err(|_| unsendable())?,
            HeaderValue::try_from(text).map_err(|_| unsendable())?,
        ));
    }
    Ok(headers)
}

/// `RequestBody`, a text as it is and the rest as JSON, unless `Transform` makes a form of it.
fn body(parameters: Parameters<'_>) -> Result<(Bytes, HeaderValue), TaskFailure> {
    let transform = parameters.get("Transform").unwrap_or(&Value::Null);
    let as_form = match transform["RequestBodyEncoding"].as_str() {
        None | Some("NONE") => false,
        Some("URL_ENCODED") => true,
        Some(_) => {
            return Err(
                parameters.unusable("The value for the field 'RequestBodyEncoding' must be URL_ENCODED or NONE")
            );
        }
    };
    let text = match parameters.get("RequestBody") {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) if as_form => {
            let format = &transform["RequestEncodingOptions"]["ArrayFormat"];
            let format = ArrayFormat::parse(format.as_str()).ok_or_else(|| {
                parameters.unusable(
                    "The value for the field 'ArrayFormat' must be one of INDICES, REPEAT, COMMAS, BRACKETS, NONE",
                )
            })?;
            form::encode(value, format)
        }
        Some(value) => value.to_string(),
    };
    Ok((text.into(), if as_form { FORM } else { JSON }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(others: Value) -> Value {
        let mut arguments = json!({ "ApiEndpoint": "http://localhost/p?a=1", "Method": "POST",
            "Authentication": { "ConnectionArn": "arn:c" } });
        if let (Value::Object(all), Value::Object(others)) = (&mut arguments, others) {
            all.extend(others);
        }
        arguments
    }

    #[test]
    fn a_request_is_made_of_the_arguments() {
        let arguments = arguments(json!({ "QueryParameters": { "b": [1, "x y"], "c": true },
            "Headers": { "X-Key": ["a", "b"] }, "RequestBody": { "k": null } }));
        let request = HttpRequest::read(&arguments, "eu-west-1").unwrap();
        assert_eq!(request.connection, "arn:c");
        let request = request.build().unwrap();
        assert_eq!(request.uri(), "http://localhost/p?a=1&b=1&b=x+y&c=true");
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(header("x-key"), "a,b");
        assert_eq!(header("content-type"), "application/json; charset=UTF-8");
        assert_eq!(header("user-agent"), "Amazon|StepFunctions|HttpInvoke|eu-west-1");
        assert_eq!(header("range"), "bytes=0-262144");
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (others, expected) in [
            (json!({ "ApiEndpoint": "ftp://localhost" }), "'ApiEndpoint'"),
            (json!({ "ApiEndpoint": "nothing" }), "'ApiEndpoint'"),
            (json!({ "ApiEndpoint": 1 }), "'ApiEndpoint' must be a STRING"),
            (json!({ "Method": "TRACE" }), "'Method'"),
            (json!({ "Method": null }), "'Method' is required"),
            (json!({ "Authentication": {} }), "ConnectionArn' is required"),
            (json!({ "Headers": { "Host": "x" } }), "'Host' is not allowed"),
            (
                json!({ "Headers": { "X-Amz-Date": "x" } }),
                "'X-Amz-Date' is not allowed",
            ),
            (json!({ "Headers": { "a": "b\r\nc: d" } }), "'a' cannot be sent"),
            (json!({ "Headers": [] }), "'Headers' must be an object"),
            (json!({ "QueryParameters": 1 }), "'QueryParameters'"),
            (
                json!({ "Transform": { "RequestBodyEncoding": "X" } }),
                "'RequestBodyEncoding'",
            ),
        ] {
            let failure = HttpRequest::read(&arguments(others), "r").expect_err(expected);
            assert_eq!(failure.error, "States.Runtime");
            assert!(failure.cause.contains(expected), "{}", failure.cause);
        }
    }
}
