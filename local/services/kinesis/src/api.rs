//! The API: the operations by name, and the responses in awsJson1.1.

use axum::body::Body;
use axum::http::Response;
use sluice_wire::{ApiError, RequestId, json, read_body};

use crate::Kinesis;
use crate::{
    create_stream, decrease_stream_retention_period, delete_stream, describe_stream, describe_stream_summary,
    get_records, get_shard_iterator, increase_stream_retention_period, list_shards, list_streams, put_record,
    put_records,
};

/// The largest body of a request: one of 10 MiB in base64 still fits.
const MAX_BODY: usize = 16 << 20;

sluice_wire::json_operations! {
    /// Answers one call: the request's members in, the response's out.
    fn call(&Kinesis) -> ApiError;
    unknown: "of Kinesis is not available on the local endpoint";
    "CreateStream" => create_stream,
    "DecreaseStreamRetentionPeriod" => decrease_stream_retention_period,
    "DeleteStream" => delete_stream,
    "DescribeStream" => describe_stream,
    "DescribeStreamSummary" => describe_stream_summary,
    "GetRecords" => get_records,
    "GetShardIterator" => get_shard_iterator,
    "IncreaseStreamRetentionPeriod" => increase_stream_retention_period,
    "ListShards" => list_shards,
    "ListStreams" => list_streams,
    "PutRecord" => put_record,
    "PutRecords" => put_records,
}

impl Kinesis {
    /// Answers one request in awsJson1.1.
    /// See the [protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
    pub async fn respond(&self, request_id: &RequestId, operation: &str, body: Body) -> Response<Body> {
        let result = match read_body(body, MAX_BODY).await {
            Ok(body) => call(self, operation, &body).await,
            Err(error) => Err(error),
        };
        json::response_1_1(request_id, result)
    }
}
