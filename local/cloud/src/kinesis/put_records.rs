//! [PutRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_streams::{NewRecord, PutOutcome, StreamsError};

use super::data::{Entry, check_size};
use super::stream_ref::{StreamRef, not_found};
use super::{KinesisError, shard_id};
use crate::endpoint::{Constraints, Services};

/// The most records of a request.
const MAX_RECORDS: usize = 500;
/// The most bytes of their data and partition keys.
const MAX_BYTES: usize = 10 << 20;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "Records")]
    records: Option<Vec<Entry>>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let entries = constraints.required("records", request.records);
    constraints.count(
        "records",
        entries.len(),
        &format!("[{} records]", entries.len()),
        1..=MAX_RECORDS,
    );
    let records = entries.into_iter().take(MAX_RECORDS).enumerate();
    let records =
        records.map(|(index, entry)| entry.checked(&mut constraints, &format!("records.{}.member.", index + 1)));
    let records: Vec<NewRecord> = records.collect();
    constraints.finish()?;
    records.iter().try_for_each(check_size)?;
    if records.iter().map(NewRecord::bytes).sum::<usize>() > MAX_BYTES {
        let message = format!("The records of a request take at most {MAX_BYTES} bytes with their partition keys.");
        return Err(KinesisError::InvalidArgument(message));
    }
    let name = request.stream.name(services)?;
    let outcomes = put(services, &name, records).await?;
    let failed = outcomes
        .iter()
        .filter(|one| matches!(one, PutOutcome::Throttled { .. }))
        .count();
    let shown: Vec<Value> = outcomes
        .iter()
        .map(|outcome| shown(services, &name, *outcome))
        .collect();
    Ok(json!({ "FailedRecordCount": failed, "Records": shown, "EncryptionType": "NONE" }))
}

/// Puts records, and says which stream is not there.
pub(super) async fn put(
    services: &Services,
    name: &str,
    records: Vec<NewRecord>,
) -> Result<Vec<PutOutcome>, KinesisError> {
    match services.streams.put(name, records, services.config.now()).await {
        Ok(outcomes) => Ok(outcomes),
        Err(StreamsError::NoStream(name)) => Err(not_found(services, &name)),
        Err(error) => Err(error.into()),
    }
}

fn shown(services: &Services, name: &str, outcome: PutOutcome) -> Value {
    match outcome {
        PutOutcome::Put(number) => {
            json!({ "SequenceNumber": number.to_string(), "ShardId": shard_id(number.shard()) })
        }
        PutOutcome::Throttled { shard } => {
            let error = throttled(services, name, shard);
            json!({ "ErrorCode": error.code(), "ErrorMessage": error.to_string() })
        }
    }
}

pub(super) fn throttled(services: &Services, name: &str, shard: u32) -> KinesisError {
    KinesisError::Throughput {
        shard: shard_id(shard),
        name: name.to_owned(),
        account: services.config.account.clone(),
    }
}
