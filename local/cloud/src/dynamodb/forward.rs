//! Requests on the main port, forwarded to the database's own.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;

use super::{Dynamo, rewrite};
use crate::endpoint::{ApiError, RequestId, Services, json_response};

/// DynamoDB answers at most 1 MiB a page, batches 16 MiB; JSON can escape every byte.
const MAX_ANSWER: usize = 128 << 20;
/// The headers that the database reads.
const FORWARDED: [header::HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::AUTHORIZATION,
    header::DATE,
    header::HeaderName::from_static("x-amz-date"),
];

/// An answer of the database, with this account's ARNs.
#[derive(Debug)]
pub(crate) struct DynamoAnswer {
    pub(crate) status: StatusCode,
    content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

impl Dynamo {
    /// Asks the database.
    pub(crate) async fn ask(
        &self,
        services: &Services,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<DynamoAnswer, ApiError> {
        let ours = rewrite::ours(&services.config.region, &services.config.account);
        let rewrites = rewrite::concerns(operation);
        let body = if rewrites {
            own(body.clone(), rewrite::to_theirs(&body, &ours))
        } else {
            body
        };
        let service = match operation {
            "ListStreams" | "DescribeStream" | "GetShardIterator" | "GetRecords" => "DynamoDBStreams_20120810",
            _ => "DynamoDB_20120810",
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.endpoint() + "/")
            .header("x-amz-target", format!("{service}.{operation}"));
        for name in FORWARDED {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let request = request
            .body(Full::new(body))
            .map_err(|_| ApiError::client("UnknownOperationException", unknown(operation)))?;
        let answer = self.client.send(request, MAX_ANSWER).await;
        let answer = answer.map_err(|error| ApiError::internal("InternalServerError", &error))?;
        if answer.status == StatusCode::BAD_REQUEST && is_bare_unknown(&answer.body) {
            return Err(ApiError::client("UnknownOperationException", unknown(operation)));
        }
        let body = answer.body;
        let body = if rewrites {
            own(body.clone(), rewrite::to_ours(&body, &ours))
        } else {
            body
        };
        Ok(DynamoAnswer {
            status: answer.status,
            content_type: answer.headers.get(header::CONTENT_TYPE).cloned(),
            body,
        })
    }
}

/// Forwards one call and answers what the database answered.
pub(crate) async fn forward(
    services: &Services,
    request_id: &RequestId,
    operation: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match services.dynamo.ask(services, operation, headers, body).await {
        Ok(answer) => response(request_id, answer),
        Err(error) => json_response(request_id, Err(error)),
    }
}

fn response(request_id: &RequestId, answer: DynamoAnswer) -> Response<Body> {
    let checksum = crc32fast::hash(&answer.body);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    headers.insert(header::CONTENT_TYPE, answer.content_type.unwrap_or(json));
    headers.insert("x-amzn-requestid", request_id.header());
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    response
}

fn unknown(operation: &str) -> String {
    let operation = crate::endpoint::shortened(operation);
    format!("The operation {operation:?} is not available on the local DynamoDB endpoint.")
}

/// The database names an unknown operation without a message.
fn is_bare_unknown(body: &[u8]) -> bool {
    body.len() < 128 && body.windows(25).any(|window| window == b"UnknownOperationException")
}

fn own(original: Bytes, rewritten: std::borrow::Cow<'_, [u8]>) -> Bytes {
    match rewritten {
        std::borrow::Cow::Borrowed(_) => original,
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    }
}
