//! Requests of the endpoint and of tasks, on their way to the database.

use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use dynoxide::auth_material::{self, AuthMaterial};
use http_body_util::Full;

use super::error::CallError;
use super::metering::BookMeter;
use super::plain::PlainCall;
use super::tables::Call;
use super::{Dynamo, rewrite};
use crate::endpoint::{ApiError, RequestId, Services, json_failure};

const AMZ_JSON: &str = "application/x-amz-json-1.0";
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
        let (meter, body) = BookMeter::on(operation, body);
        let own_type = plain_type(headers);
        let call = Call {
            plain: own_type.as_ref().and_then(|_| PlainCall::decode(operation, &body)),
            request: request(operation, headers, body)?,
            writes: !only_reads(operation),
        };
        let (started, at) = (Instant::now(), services.config.now());
        let answer = self.answer(call).await;
        let mut answer = answer.map_err(|error| match error {
            // told once, by the disk
            CallError::Disk(_) => {
                ApiError::client("InternalServerError", error.to_string()).status(StatusCode::INTERNAL_SERVER_ERROR)
            }
            error => ApiError::internal("InternalServerError", &error),
        })?;
        if answer.status == StatusCode::BAD_REQUEST && is_bare_unknown(&answer.body) {
            return Err(ApiError::client("UnknownOperationException", unknown(operation)));
        }
        let (more, body) = meter.read(answer.body);
        answer.usages.extend(more);
        let metrics = &services.table_metrics;
        metrics.answered(operation, &answer.usages, started.elapsed(), at);
        let body = if rewrites {
            own(body.clone(), rewrite::to_ours(&body, &ours))
        } else {
            body
        };
        Ok(DynamoAnswer {
            status: answer.status,
            content_type: answer.content_type.or(own_type),
            body,
        })
    }
}

/// The call as the database's server wants it. Only the path of its URI is given.
fn request(operation: &str, headers: &HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, ApiError> {
    let service = match operation {
        "ListStreams" | "DescribeStream" | "GetShardIterator" | "GetRecords" => "DynamoDBStreams_20120810",
        _ => "DynamoDB_20120810",
    };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header("x-amz-target", format!("{service}.{operation}"));
    for name in FORWARDED {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    request
        .body(Full::new(body))
        .map_err(|_| ApiError::client("UnknownOperationException", unknown(operation)))
}

/// The content type of the answer to a request that is signed and of a type that the database takes; `None` for
/// others, which it refuses in its own words.
fn plain_type(headers: &HeaderMap) -> Option<HeaderValue> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = auth_material::validate(AuthMaterial {
        authorization: text(header::AUTHORIZATION),
        query: "",
        has_date_header: headers.contains_key("x-amz-date") || headers.contains_key(header::DATE),
    });
    let base = text(header::CONTENT_TYPE)?.split(';').next()?.trim();
    [AMZ_JSON, "application/json"]
        .into_iter()
        .find(|known| signed.is_none() && base.eq_ignore_ascii_case(known))
        .map(HeaderValue::from_static)
}

/// Operations after which there is nothing to put on disk.
fn only_reads(operation: &str) -> bool {
    matches!(
        operation,
        "BatchGetItem"
            | "DescribeStream"
            | "DescribeTable"
            | "DescribeTimeToLive"
            | "GetItem"
            | "GetRecords"
            | "GetShardIterator"
            | "ListStreams"
            | "ListTables"
            | "ListTagsOfResource"
            | "Query"
            | "Scan"
            | "SearchVectors"
            | "TransactGetItems"
    )
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
        Err(error) => json_failure(request_id, &error, serde_json::Value::Null),
    }
}

fn response(request_id: &RequestId, answer: DynamoAnswer) -> Response<Body> {
    let checksum = crc32fast::hash(&answer.body);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static(AMZ_JSON);
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
