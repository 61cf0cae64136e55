use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sluice_driver::ExecutionRecord;
use sluice_engine::{Outcome, Timestamp};

/// An input that is longer is left out of its event, in bytes
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>).
const DETAIL_LIMIT: usize = 248 * 1024;

/// The event that an execution's status has changed to what the record says, at `at`. Told twice, it is the same.
pub(crate) fn status_change(record: &ExecutionRecord, at: Timestamp) -> Value {
    let identity = &record.identity;
    let arn = &*identity.arn;
    // arn:aws:states:REGION:ACCOUNT:execution:…
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let input = record.input.to_string();
    let fits = input.len() <= DETAIL_LIMIT;
    let (error, cause) = match &record.outcome {
        Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => (error.clone(), cause.clone()),
        Some(Outcome::TimedOut | Outcome::Succeeded { .. }) | None => (None, None),
    };
    json!({
        "version": "0",
        "id": id(arn, at),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": account,
        "time": in_seconds(at),
        "region": region,
        "resources": [arn],
        "detail": {
            "executionArn": arn,
            "stateMachineArn": &*identity.machine_arn,
            "stateMachineVersionArn": record.version_arn,
            "stateMachineAliasArn": record.alias_arn,
            "name": &*identity.name,
            "status": record.status.as_str(),
            "startDate": record.start_date,
            "stopDate": at,
            "input": fits.then_some(input),
            "inputDetails": { "included": fits },
            "output": null,
            "outputDetails": null,
            "redriveCount": record.redrive_count,
            "redriveDate": record.redriven_at,
            "error": error,
            "cause": cause,
        },
    })
}

fn id(arn: &str, at: Timestamp) -> String {
    let hash = Sha256::new()
        .chain_update(arn)
        .chain_update(at.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

pub(crate) fn in_seconds(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}
