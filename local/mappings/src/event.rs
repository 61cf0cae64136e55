//! The events that a function is given: [Kinesis events](https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use sluice_kinesis::shard_id;
use sluice_streams::Record;
use sluice_wire::{Account, epoch_seconds};

use crate::MappingSpec;

/// The length of the text around the records.
pub(crate) const ENVELOPE: usize = r#"{"Records":[]}"#.len();

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KinesisEvent<'a> {
    records: Vec<EventRecord<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord<'a> {
    kinesis: Kinesis<'a>,
    event_source: &'static str,
    event_version: &'static str,
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'static str,
    invoke_identity_arn: &'a str,
    aws_region: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'a> {
    kinesis_schema_version: &'static str,
    partition_key: &'a str,
    sequence_number: String,
    data: String,
    approximate_arrival_timestamp: f64,
}

/// The event with these records of one shard.
pub(crate) fn event<'a>(spec: &MappingSpec, account: &Account, records: impl Iterator<Item = &'a Record>) -> Bytes {
    let records = records.map(|record| event_record(spec, account, record));
    let event = KinesisEvent {
        records: records.collect(),
    };
    // texts and finite numbers only: this cannot fail, and an empty event would be told as a failure of the function
    serde_json::to_vec(&event).unwrap_or_default().into()
}

fn event_record<'a>(spec: &'a MappingSpec, account: &'a Account, record: &'a Record) -> EventRecord<'a> {
    let sequence_number = record.sequence.to_string();
    EventRecord {
        event_source: "aws:kinesis",
        event_version: "1.0",
        event_id: format!("{}:{sequence_number}", shard_id(record.sequence.shard())),
        event_name: "aws:kinesis:record",
        invoke_identity_arn: &spec.role_arn,
        aws_region: &account.region,
        event_source_arn: &spec.stream_arn,
        kinesis: Kinesis {
            kinesis_schema_version: "1.0",
            partition_key: &record.partition_key,
            sequence_number,
            data: STANDARD.encode(&record.data),
            approximate_arrival_timestamp: epoch_seconds(record.arrived),
        },
    }
}

/// The most bytes that a record takes in the event besides its key and data: the texts, two sequence numbers, a shard's id, a time, a
/// comma, and the ARNs as JSON.
pub(crate) fn record_overhead(spec: &MappingSpec, account: &Account) -> usize {
    const TEXTS: usize = 420;
    const NUMBERS: usize = 2 * 57 + 21 + 24;
    let arns = [&spec.stream_arn, &spec.role_arn, &account.region];
    TEXTS + NUMBERS + arns.iter().map(|text| text.len() * 6).sum::<usize>()
}
