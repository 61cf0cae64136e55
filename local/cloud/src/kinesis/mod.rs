//! Kinesis Data Streams' API, one file per action, and what a stack makes of a stream.
//! See the [reference](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html).
//!
//! For stacks: [`ensure_stream`] makes a [`StreamSpec`]'s stream or brings it up to date, [`delete_stream`] deletes it with
//! its records. A mapping of the stream must be stopped first ([`crate::mapping`]).

mod create_stream;
mod data;
mod decrease_stream_retention_period;
mod delete_stream;
mod describe_stream;
mod describe_stream_summary;
mod ensure_stream;
mod error;
mod get_records;
mod get_shard_iterator;
mod increase_stream_retention_period;
mod iterator;
mod list_shards;
mod list_streams;
mod put_record;
mod put_records;
mod shard;
mod stream_ref;
#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use serde_json::Value;

use crate::endpoint::{ApiError, RequestId, Services, json_request, json_response};

pub use ensure_stream::{StreamSpec, delete_stream, ensure_stream};
pub use error::KinesisError;
pub(crate) use shard::shard_id;

/// A request of 10 MiB in base64 still fits.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// The operations, for the error about one that is not among them.
const KNOWN: &str = "CreateStream, DecreaseStreamRetentionPeriod, DeleteStream, DescribeStream, DescribeStreamSummary, \
    GetRecords, GetShardIterator, IncreaseStreamRetentionPeriod, ListShards, ListStreams, PutRecord and PutRecords";

/// Answers one call: the request's members in, the response's out.
pub(crate) async fn call(services: &Services, operation: &str, body: &[u8]) -> Result<Value, ApiError> {
    /// Reads the request's members, makes the call.
    macro_rules! action {
        ($module:ident) => {
            $module::call(services, json_request(body)?).await
        };
    }
    let answer = match operation {
        "CreateStream" => action!(create_stream),
        "DecreaseStreamRetentionPeriod" => action!(decrease_stream_retention_period),
        "DeleteStream" => action!(delete_stream),
        "DescribeStream" => action!(describe_stream),
        "DescribeStreamSummary" => action!(describe_stream_summary),
        "GetRecords" => action!(get_records),
        "GetShardIterator" => action!(get_shard_iterator),
        "IncreaseStreamRetentionPeriod" => action!(increase_stream_retention_period),
        "ListShards" => action!(list_shards),
        "ListStreams" => action!(list_streams),
        "PutRecord" => action!(put_record),
        "PutRecords" => action!(put_records),
        other => {
            let message = format!(
                "The operation {:?} of Kinesis is not available on the local endpoint, which knows {KNOWN}.",
                crate::endpoint::shortened(other)
            );
            return Err(ApiError::client("UnknownOperationException", message));
        }
    };
    answer.map_err(ApiError::from)
}

/// The answer to a call, in awsJson1.1.
/// See the [protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
pub(crate) fn response(request_id: &RequestId, result: Result<Value, ApiError>) -> Response<Body> {
    let mut response = json_response(request_id, result);
    let content_type = HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
