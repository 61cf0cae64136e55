//! [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html)

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sluice_streams::{Observation, RecordShare, StreamsError, Tip};
use sluice_wire::{Constraints, epoch_seconds};

use crate::iterator::ShardIterator;
use crate::{Kinesis, KinesisError};

const MAX_RECORDS: u32 = 10_000;
/// The most bytes of a response.
const MAX_BYTES: usize = 10 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    shard_iterator: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    records: Vec<RecordDescription>,
    next_shard_iterator: String,
    millis_behind_latest: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordDescription {
    sequence_number: String,
    approximate_arrival_timestamp: f64,
    /// In base64.
    data: String,
    partition_key: String,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    let iterator = constraints.text("shardIterator", request.shard_iterator, 1..=512);
    let limit = constraints.number("limit", request.limit, 1..=MAX_RECORDS, MAX_RECORDS) as usize;
    constraints.finish()?;
    let at = ShardIterator::open(kinesis, &iterator)?;
    let now = kinesis.account.now();
    let reading = kinesis
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
            account: kinesis.account.id.clone(),
        },
        error => error.into(),
    })?;
    let behind = match reading.tip {
        Tip::Reached => 0,
        Tip::Ahead { arrived } => now.saturating_sub(arrived).max(0),
    };
    report(kinesis, &reading, behind);
    let next = ShardIterator {
        position: reading.next,
        ..at
    };
    let records = reading.records.iter().map(|record| RecordDescription {
        sequence_number: record.sequence.to_string(),
        approximate_arrival_timestamp: epoch_seconds(record.arrived),
        data: STANDARD.encode(&record.data),
        partition_key: record.partition_key.clone(),
    });
    Ok(Response {
        records: records.collect(),
        next_shard_iterator: next.seal(kinesis),
        millis_behind_latest: behind,
    })
}

/// Tells the metrics that records were read.
fn report(kinesis: &Kinesis, reading: &sluice_streams::ReadResult, behind: i64) {
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
    kinesis.streams.notify(kinesis.account.now(), observation);
}
