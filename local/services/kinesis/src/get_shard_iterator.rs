//! [GetShardIterator](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html)

use serde::{Deserialize, Serialize};
use sluice_streams::{SequenceNumber, StreamPosition, StreamsError, Timestamp};
use sluice_wire::Constraints;

use crate::iterator::ShardIterator;
use crate::shard::{check_id, number};
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError};

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "ShardId")]
    shard_id: Option<String>,
    #[serde(rename = "ShardIteratorType")]
    shard_iterator_type: Option<String>,
    #[serde(rename = "StartingSequenceNumber")]
    starting_sequence_number: Option<String>,
    #[serde(rename = "Timestamp")]
    timestamp: Option<f64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum IteratorType {
    AtSequenceNumber,
    AfterSequenceNumber,
    #[default]
    TrimHorizon,
    Latest,
    AtTimestamp,
}

const TYPES: [(&str, IteratorType); 5] = [
    ("AT_SEQUENCE_NUMBER", IteratorType::AtSequenceNumber),
    ("AFTER_SEQUENCE_NUMBER", IteratorType::AfterSequenceNumber),
    ("TRIM_HORIZON", IteratorType::TrimHorizon),
    ("LATEST", IteratorType::Latest),
    ("AT_TIMESTAMP", IteratorType::AtTimestamp),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    shard_iterator: String,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let id = constraints.required("shardId", request.shard_id.clone());
    check_id(&mut constraints, "shardId", &id);
    let kind = constraints.required("shardIteratorType", request.shard_iterator_type.clone());
    let kind = constraints.choice("shardIteratorType", Some(&kind), &TYPES, IteratorType::TrimHorizon);
    if let Some(text) = &request.starting_sequence_number {
        let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        let follows = plain && (1..=129).contains(&text.len());
        constraints.pattern("startingSequenceNumber", text, r"0|([1-9]\d{0,128})", follows);
    }
    constraints.finish()?;
    let stream = request.stream.find(kinesis).await?;
    let not_found = || KinesisError::ShardNotFound {
        shard: id.clone(),
        name: stream.name.clone(),
        account: kinesis.account.id.clone(),
    };
    let shard = number(&id)
        .filter(|number| stream.shard(*number).is_some())
        .ok_or_else(not_found)?;
    let position = position(kinesis, &request, kind, &stream.name, &id)?;
    let foreign = |error| match error {
        StreamsError::ForeignSequence { .. } => foreign(&request, kind, &stream.name, &id),
        error => error.into(),
    };
    let position = kinesis
        .streams
        .position(stream.id, shard, position)
        .await
        .map_err(foreign)?;
    let iterator = ShardIterator {
        stream: stream.id,
        shard,
        position,
    };
    Ok(Response {
        shard_iterator: iterator.seal(kinesis),
    })
}

fn position(
    kinesis: &Kinesis,
    request: &Request,
    kind: IteratorType,
    stream: &str,
    shard: &str,
) -> Result<StreamPosition, KinesisError> {
    let sequence = || -> Result<SequenceNumber, KinesisError> {
        let text = request.starting_sequence_number.as_deref().ok_or_else(|| {
            let message = "Must either specify timestamp or starting sequence number, as the iterator's type says.";
            KinesisError::InvalidArgument(message.to_owned())
        })?;
        text.parse().map_err(|()| foreign(request, kind, stream, shard))
    };
    Ok(match kind {
        IteratorType::AtSequenceNumber => StreamPosition::At(sequence()?),
        IteratorType::AfterSequenceNumber => StreamPosition::After(sequence()?),
        IteratorType::TrimHorizon => StreamPosition::TrimHorizon,
        IteratorType::Latest => StreamPosition::Latest,
        IteratorType::AtTimestamp => {
            let at = request.timestamp.and_then(milliseconds);
            let missing = || KinesisError::InvalidArgument("Timestamp must be given for AT_TIMESTAMP.".to_owned());
            let at = at.ok_or_else(missing)?;
            if at > kinesis.account.now() {
                let message = "The timestampInMillis parameter cannot be greater than the current time.";
                return Err(KinesisError::InvalidArgument(message.to_owned()));
            }
            StreamPosition::Since(at)
        }
    })
}

/// A time of JSON, in seconds, as milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time beyond all clocks is as far away as can be"
)]
fn milliseconds(seconds: f64) -> Option<Timestamp> {
    seconds.is_finite().then(|| (seconds * 1000.0).round() as Timestamp)
}

fn foreign(request: &Request, kind: IteratorType, stream: &str, shard: &str) -> KinesisError {
    let number = request.starting_sequence_number.as_deref().unwrap_or_default();
    let kind = TYPES.iter().find(|(_, one)| *one == kind).map_or("", |(name, _)| name);
    KinesisError::InvalidArgument(format!(
        "StartingSequenceNumber {number} used in GetShardIterator with type {kind} on shard {shard} in stream {stream} is \
         invalid because it did not come from this shard."
    ))
}
