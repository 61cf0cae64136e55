//! [PutRecord](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html)

use serde::{Deserialize, Serialize};
use sluice_streams::{PutResult, SequenceNumber};
use sluice_wire::Constraints;

use crate::data::{RecordEntry, check_size};
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError, shard_id};

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(flatten)]
    entry: RecordEntry,
    /// The order within a shard is that of the calls in any case, so this asks for nothing more.
    #[serde(rename = "SequenceNumberForOrdering")]
    sequence_number_for_ordering: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    shard_id: String,
    sequence_number: String,
    encryption_type: &'static str,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
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
    let name = request.stream.name(kinesis)?;
    match kinesis.put(&name, vec![record]).await?.first() {
        Some(PutResult::Put(number)) => Ok(Response {
            shard_id: shard_id(number.shard()),
            sequence_number: number.to_string(),
            encryption_type: "NONE",
        }),
        Some(PutResult::Throttled { shard }) => Err(kinesis.throttled(&name, *shard)),
        None => Err(sluice_streams::StreamsError::Panicked.into()),
    }
}
