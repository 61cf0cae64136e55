//! [PutRecord](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_streams::{PutOutcome, SequenceNumber};

use super::data::{Entry, check_size};
use super::put_records::{put, throttled};
use super::stream_ref::StreamRef;
use super::{KinesisError, shard_id};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(flatten)]
    entry: Entry,
    /// The order within a shard is that of the calls in any case, so this asks for nothing more.
    #[serde(rename = "SequenceNumberForOrdering")]
    sequence_number_for_ordering: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let record = request.entry.checked(&mut constraints, "");
    constraints.finish()?;
    if let Some(text) = request.sequence_number_for_ordering
        && text.parse::<SequenceNumber>().is_err()
    {
        let message = "SequenceNumberForOrdering is not a sequence number of this stream.";
        return Err(KinesisError::InvalidArgument(message.to_owned()));
    }
    check_size(&record)?;
    let name = request.stream.name(services)?;
    match put(services, &name, vec![record]).await?.first() {
        Some(PutOutcome::Put(number)) => Ok(json!({
            "ShardId": shard_id(number.shard()), "SequenceNumber": number.to_string(), "EncryptionType": "NONE",
        })),
        Some(PutOutcome::Throttled { shard }) => Err(throttled(services, &name, *shard)),
        None => Err(sluice_streams::StreamsError::Panicked.into()),
    }
}
