//! A Lambda endpoint elsewhere, for functions that this machine does not have.

use axum::http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use serde_json::Value;
use sluice_host::Invocation;
use sluice_wire::HttpClient;

use crate::{FunctionName, Invoked, LambdaError};

/// Invokes functions over the Lambda API at an `http://` address. Requests are not signed.
#[derive(Debug, Clone)]
pub struct RemoteLambda {
    base: String,
    client: HttpClient,
}

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the Lambda endpoint {given:?} is no http address; give one such as http://127.0.0.1:9911")]
pub struct RemoteLambdaError {
    given: String,
}

impl RemoteLambda {
    /// For the endpoint at an address such as `http://127.0.0.1:9911`.
    ///
    /// # Errors
    /// When the address is not an `http` URL with a host.
    pub fn new(endpoint: &str) -> Result<Self, RemoteLambdaError> {
        let base = endpoint.trim_end_matches('/');
        match base.parse::<Uri>() {
            Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()) => {
                Ok(Self {
                    base: base.to_owned(),
                    client: HttpClient::new(),
                })
            }
            _ => Err(RemoteLambdaError {
                given: endpoint.to_owned(),
            }),
        }
    }

    pub(crate) async fn invoke(&self, function: &FunctionName, call: Invocation) -> Result<Invoked, LambdaError> {
        let request = self.request(function, call)?;
        let limit = sluice_host::MAX_RESPONSE_BYTES;
        let response = self
            .client
            .send(request, limit)
            .await
            .map_err(|error| LambdaError::Unreachable(error.to_string()))?;
        if !response.status.is_success() {
            return Err(failure(response.status.as_u16(), &response.headers, &response.body));
        }
        let text = |name: &str| text(&response.headers, name);
        Ok(Invoked {
            request_id: text("x-amzn-requestid").unwrap_or_default(),
            function_error: text("x-amz-function-error"),
            executed_version: text("x-amz-executed-version").unwrap_or_else(|| "$LATEST".into()),
            log_result: text("x-amz-log-result"),
            payload: response.body,
        })
    }

    fn request(&self, function: &FunctionName, call: Invocation) -> Result<Request<Full<bytes::Bytes>>, LambdaError> {
        // A function's name needs no escaping; a qualifier may be `$LATEST`, which a query can hold as it is.
        let mut uri = format!("{}/2015-03-31/functions/{}/invocations", self.base, function.name);
        if let Some(qualifier) = &function.qualifier {
            uri = format!("{uri}?Qualifier={qualifier}");
        }
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(header::CONTENT_TYPE, "application/json");
        if call.log_tail {
            request = request.header("x-amz-log-type", "Tail");
        }
        if let Some(context) = &call.client_context {
            request = request.header("x-amz-client-context", STANDARD.encode(context));
        }
        if let Some(trace) = &call.trace_id {
            request = request.header("x-amzn-trace-id", trace);
        }
        request
            .body(Full::new(call.payload))
            .map_err(|error| LambdaError::InvalidParameter(error.to_string()))
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(HeaderValue::as_bytes)
        .map(|value| String::from_utf8_lossy(value).into_owned())
}

fn failure(status: u16, headers: &HeaderMap, body: &[u8]) -> LambdaError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = text(headers, "x-amzn-errortype")
        .or_else(|| member("__type"))
        .unwrap_or_else(|| "ServiceException".into());
    // `NAME:http://…` and `prefix#NAME` are both in use.
    let code = code
        .split(':')
        .next()
        .unwrap_or_default()
        .rsplit('#')
        .next()
        .unwrap_or_default()
        .to_owned();
    let message = member("Message").or_else(|| member("message")).unwrap_or_default();
    LambdaError::Remote { status, code, message }
}
