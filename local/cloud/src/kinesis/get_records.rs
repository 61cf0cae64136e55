//! [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html)

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_streams::{Observation, RecordShare, StreamsError, Tip};

use super::KinesisError;
use super::iterator::ShardIterator;
use crate::endpoint::{Constraints, Services, epoch_seconds};

const MAX_RECORDS: u32 = 10_000;
/// The most bytes of an answer.
const MAX_BYTES: usize = 10 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    shard_iterator: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    let mut constraints = Constraints::default();
    let iterator = constraints.text("shardIterator", request.shard_iterator, 1..=512);
    let limit = constraints.number("limit", request.limit, 1..=MAX_RECORDS, MAX_RECORDS) as usize;
    constraints.finish()?;
    let at = ShardIterator::open(services, &iterator)?;
    let now = services.config.now();
    let reading = services
        .streams
        .records(
            at.stream,
            at.shard,
            at.position,
            RecordShare::ALL,
            (limit, MAX_BYTES),
            now,
        )
        .await;
    let reading = reading.map_err(|error| match error {
        // its number says nothing to the caller
        StreamsError::NoStream(_) => KinesisError::StreamNotFound {
            name: "of the iterator".to_owned(),
            account: services.config.account.clone(),
        },
        error => error.into(),
    })?;
    let behind = match reading.tip {
        Tip::Reached => 0,
        Tip::Ahead { arrived } => now.saturating_sub(arrived).max(0),
    };
    tell(services, &reading, behind);
    let next = ShardIterator {
        position: reading.next,
        ..at
    };
    let records = reading.records.iter().map(|record| {
        json!({
            "SequenceNumber": record.sequence.to_string(),
            "ApproximateArrivalTimestamp": epoch_seconds(record.arrived),
            "Data": STANDARD.encode(&record.data),
            "PartitionKey": record.partition_key,
        })
    });
    Ok(json!({
        "Records": records.collect::<Vec<_>>(),
        "NextShardIterator": next.seal(services),
        "MillisBehindLatest": behind,
    }))
}

fn tell(services: &Services, reading: &sluice_streams::Reading, behind: i64) {
    let bytes = reading
        .records
        .iter()
        .map(|record| record.data.len() + record.partition_key.len());
    let observation = Observation::RecordsRead {
        stream: &reading.stream,
        records: reading.records.len() as u64,
        bytes: bytes.sum::<usize>() as u64,
        behind,
    };
    services.streams.tell(services.config.now(), observation);
}
