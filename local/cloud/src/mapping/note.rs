//! The note about a batch that is given up.
//! See [its form](https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html).

use serde_json::{Value, json};
use sluice_engine::Timestamp;
use sluice_streams::{Discard, DiscardReason, Record};

use super::MappingSpec;
use crate::endpoint::rfc_3339;
use sluice_kinesis::shard_id;

/// The message for the queue. `records` are those that are given up, of one shard.
pub(super) fn note(
    spec: &MappingSpec,
    function_arn: &str,
    request_id: &str,
    discard: &Discard,
    records: &[&Record],
    now: Timestamp,
) -> Option<Value> {
    let (first, last) = (records.first()?, records.last()?);
    let condition = match discard.reason {
        DiscardReason::RetryAttemptsExhausted => "RetryAttemptsExhausted",
        DiscardReason::RecordAgeExceeded => "RecordAgeExceeded",
    };
    let mut note = json!({
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": discard.invocations,
        },
        "version": "1.0",
        "timestamp": rfc_3339(now),
        "KinesisBatchInfo": {
            "shardId": shard_id(first.sequence.shard()),
            "startSequenceNumber": first.sequence.to_string(),
            "endSequenceNumber": last.sequence.to_string(),
            "approximateArrivalOfFirstRecord": rfc_3339(first.arrived),
            "approximateArrivalOfLastRecord": rfc_3339(last.arrived),
            "batchSize": records.len(),
            "streamArn": spec.stream_arn,
        },
    });
    if let Some(response) = &discard.response {
        note["responseContext"] = json!({ "statusCode": 200, "executedVersion": response.version });
        if let Some(error) = &response.error {
            note["responseContext"]["functionError"] = json!(error);
        }
    }
    Some(note)
}
