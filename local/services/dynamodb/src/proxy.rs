//! The proxy: requests of the endpoint and of tasks on their way to the database, and the responses on their way back.

use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use dynoxide::auth_material::{self, AuthMaterial};
use http_body_util::Full;

use sluice_clock::Timestamp;
use sluice_wire::{ApiError, RequestId, json, shortened};

use crate::in_process::InProcessCall;
use crate::metering::BatchMeter;
use crate::partitions::{THROTTLED, TouchedKeys};
use crate::rewrite;
use crate::service::DynamoDb;
use crate::tables::Call;

const AMZ_JSON: &str = "application/x-amz-json-1.0";
/// The headers that the database reads.
const FORWARDED: [header::HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::AUTHORIZATION,
    header::DATE,
    header::HeaderName::from_static("x-amz-date"),
];

/// A response of the database, with this account's ARNs.
#[derive(Debug)]
pub struct DynamoDbResponse {
    /// The HTTP status.
    pub status: StatusCode,
    content_type: Option<HeaderValue>,
    /// The JSON body.
    pub body: Bytes,
}

impl DynamoDb {
    /// Passes a call on to the database. A refusal of the database is a response like any other.
    ///
    /// # Errors
    /// When the tables cannot answer, or there is no such operation.
    pub async fn send(&self, operation: &str, headers: &HeaderMap, body: Bytes) -> Result<DynamoDbResponse, ApiError> {
        let ours = rewrite::ours(&self.account);
        let rewrites = rewrite::concerns(operation);
        let body = if rewrites {
            owned(body.clone(), rewrite::to_theirs(&body, &ours))
        } else {
            body
        };
        let at = self.account.now();
        let touched = self.touched(operation, &body);
        if let Some(refusal) = touched
            .as_ref()
            .and_then(|touched| self.throttle(operation, touched, at))
        {
            return refusal;
        }
        let (meter, body) = BatchMeter::on(operation, body);
        let content_type = response_type(headers);
        let call = Call {
            in_process: content_type
                .as_ref()
                .and_then(|_| InProcessCall::decode(operation, &body)),
            request: request(operation, headers, body)?,
            writes: !only_reads(operation),
        };
        let started = Instant::now();
        let mut response = self.tables.send(call).await?;
        if response.status == StatusCode::BAD_REQUEST && is_bare_unknown(&response.body) {
            return Err(ApiError::client("UnknownOperationException", unknown(operation)));
        }
        let (more, body) = meter.read(response.body);
        response.usages.extend(more);
        if let (Some(partitions), Some(touched)) = (&self.partitions, &touched) {
            partitions.consume(touched, &response.usages, at);
        }
        self.observer
            .answered(operation, &response.usages, started.elapsed(), at);
        let body = if rewrites {
            owned(body.clone(), rewrite::to_ours(&body, &ours))
        } else {
            body
        };
        Ok(DynamoDbResponse {
            status: response.status,
            content_type: response.content_type.or(content_type),
            body,
        })
    }

    /// The keys that a call is about, if the limits of partitions hold.
    fn touched(&self, operation: &str, body: &Bytes) -> Option<TouchedKeys> {
        let partitions = self.partitions.as_ref()?;
        let open = self.tables.open_tables()?;
        partitions.touched(&open.database, operation, body)
    }

    /// The refusal of a call whose partition has nothing left.
    fn throttle(
        &self,
        operation: &str,
        touched: &TouchedKeys,
        at: Timestamp,
    ) -> Option<Result<DynamoDbResponse, ApiError>> {
        let throttled = self.partitions.as_ref()?.throttled(touched, at);
        let first = *throttled.first()?;
        self.observer
            .throttled(operation, touched.table(first), touched.kind, at);
        Some(if operation.starts_with("Transact") {
            Ok(DynamoDbResponse {
                status: StatusCode::BAD_REQUEST,
                content_type: None,
                body: touched.cancellation(&throttled).to_string().into(),
            })
        } else {
            Err(ApiError::client("ThrottlingException", THROTTLED))
        })
    }

    /// Answers one call of the API.
    pub async fn call(
        &self,
        request_id: &RequestId,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        match self.send(operation, headers, body).await {
            Ok(response) => http_response(request_id, response),
            Err(error) => json::failure(request_id, &error, serde_json::Value::Null),
        }
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
fn response_type(headers: &HeaderMap) -> Option<HeaderValue> {
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

fn http_response(request_id: &RequestId, answered: DynamoDbResponse) -> Response<Body> {
    let checksum = crc32fast::hash(&answered.body);
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() = answered.status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static(AMZ_JSON);
    headers.insert(header::CONTENT_TYPE, answered.content_type.unwrap_or(json));
    headers.insert("x-amzn-requestid", request_id.header());
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    response
}

fn unknown(operation: &str) -> String {
    let operation = shortened(operation);
    format!("The operation {operation:?} is not available on the local DynamoDB endpoint.")
}

/// The database names an unknown operation without a message.
fn is_bare_unknown(body: &[u8]) -> bool {
    body.len() < 128 && body.windows(25).any(|window| window == b"UnknownOperationException")
}

fn owned(original: Bytes, rewritten: std::borrow::Cow<'_, [u8]>) -> Bytes {
    match rewritten {
        std::borrow::Cow::Borrowed(_) => original,
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    }
}
