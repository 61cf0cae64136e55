//! [CreateStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html)

use serde::Deserialize;
use serde_json::Value;
use sluice_streams::{CreateStream, StreamsError};
use sluice_wire::Constraints;

use crate::description::EmptyResponse;
use crate::stream_ref::check_name;
use crate::{Kinesis, KinesisError};

/// The most shards of a stream: the quota of a new account in the larger regions.
pub(crate) const MAX_SHARDS: u32 = 500;
/// The hours for which records are kept unless somebody says otherwise.
const DEFAULT_RETENTION_HOURS: u32 = 24;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    stream_name: Option<String>,
    shard_count: Option<i64>,
    stream_mode_details: Option<ModeDetails>,
    tags: Option<Value>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_size_in_kib: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ModeDetails {
    stream_mode: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Provisioned,
    OnDemand,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<EmptyResponse, KinesisError> {
    let mut constraints = Constraints::default();
    let name = constraints.required("streamName", request.stream_name);
    check_name(&mut constraints, "streamName", &name);
    let shard_count = constraints.number("shardCount", request.shard_count, 1..=u32::MAX, 1);
    let mode = request.stream_mode_details.and_then(|details| details.stream_mode);
    let modes = [("PROVISIONED", Mode::Provisioned), ("ON_DEMAND", Mode::OnDemand)];
    let mode = constraints.choice(
        "streamModeDetails.streamMode",
        mode.as_deref(),
        &modes,
        Mode::Provisioned,
    );
    let size = constraints.number("maxRecordSizeInKiB", request.max_record_size_in_kib, 1024..=10240, 1024);
    constraints.finish()?;
    let absent = |what: &str| KinesisError::InvalidArgument(format!("{what} on the local endpoint."));
    if mode == Mode::OnDemand {
        return Err(absent("Streams are PROVISIONED; there is no ON_DEMAND"));
    }
    if size != 1024 {
        return Err(absent("MaxRecordSizeInKiB is 1024"));
    }
    if request
        .tags
        .is_some_and(|tags| tags.as_object().is_none_or(|tags| !tags.is_empty()))
    {
        return Err(absent("Streams have no tags"));
    }
    if request.shard_count.is_none() {
        let message = "ShardCount must be given for a stream with the mode PROVISIONED.";
        return Err(KinesisError::InvalidArgument(message.to_owned()));
    }
    if shard_count > MAX_SHARDS {
        let message = format!("A stream has at most {MAX_SHARDS} shards here, not {shard_count}.");
        return Err(KinesisError::LimitExceeded(message));
    }
    let stream = CreateStream {
        name: name.clone(),
        shard_count,
        retention_hours: DEFAULT_RETENTION_HOURS,
    };
    match kinesis.streams.create_stream(stream, kinesis.account.now()).await {
        Ok(_) => Ok(EmptyResponse {}),
        Err(StreamsError::StreamExists(name)) => {
            let account = kinesis.account.id.clone();
            Err(KinesisError::StreamExists { name, account })
        }
        Err(error) => Err(error.into()),
    }
}
