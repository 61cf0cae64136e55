//! The record of a batch that is given up, for the mapping's queue.
//! See [its form](https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html).

use serde::Serialize;
use sluice_kinesis::shard_id;
use sluice_streams::{Discard, DiscardReason, Record, Timestamp};
use sluice_wire::rfc_3339;

use crate::MappingSpec;

/// The message for the queue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiscardRecord {
    request_context: RequestContext,
    version: &'static str,
    timestamp: String,
    #[serde(rename = "KinesisBatchInfo")]
    kinesis_batch_info: KinesisBatchInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: String,
    function_arn: String,
    condition: &'static str,
    approximate_invoke_count: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KinesisBatchInfo {
    shard_id: String,
    start_sequence_number: String,
    end_sequence_number: String,
    approximate_arrival_of_first_record: String,
    approximate_arrival_of_last_record: String,
    batch_size: usize,
    stream_arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext {
    status_code: u16,
    executed_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<String>,
}

impl DiscardRecord {
    /// The record of these records of one shard, which are given up; none for no records.
    pub(crate) fn new(
        spec: &MappingSpec,
        function_arn: &str,
        request_id: &str,
        discard: &Discard,
        records: &[&Record],
        now: Timestamp,
    ) -> Option<Self> {
        let (first, last) = (records.first()?, records.last()?);
        let condition = match discard.reason {
            DiscardReason::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            DiscardReason::RecordAgeExceeded => "RecordAgeExceeded",
        };
        Some(Self {
            request_context: RequestContext {
                request_id: request_id.to_owned(),
                function_arn: function_arn.to_owned(),
                condition,
                approximate_invoke_count: discard.invocations,
            },
            version: "1.0",
            timestamp: rfc_3339(now),
            kinesis_batch_info: KinesisBatchInfo {
                shard_id: shard_id(first.sequence.shard()),
                start_sequence_number: first.sequence.to_string(),
                end_sequence_number: last.sequence.to_string(),
                approximate_arrival_of_first_record: rfc_3339(first.arrived),
                approximate_arrival_of_last_record: rfc_3339(last.arrived),
                batch_size: records.len(),
                stream_arn: spec.stream_arn.clone(),
            },
            response_context: discard.response.as_ref().map(|response| ResponseContext {
                status_code: 200,
                executed_version: response.version.clone(),
                function_error: response.error.clone(),
            }),
        })
    }
}
