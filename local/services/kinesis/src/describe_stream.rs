//! [DescribeStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{Constraints, epoch_seconds};

use crate::description::{EnhancedMetrics, StreamModeDetails};
use crate::shard::{ShardDescription, check_id, shards_after};
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError};

/// The most shards of a response, and as many as there are when `Limit` is absent.
const MAX_SHARDS: u32 = 100;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "Limit")]
    limit: Option<i64>,
    #[serde(rename = "ExclusiveStartShardId")]
    exclusive_start_shard_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    stream_description: StreamDescription,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamDescription {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: StreamModeDetails,
    shards: Vec<ShardDescription>,
    has_more_shards: bool,
    retention_period_hours: u32,
    stream_creation_timestamp: f64,
    enhanced_monitoring: [EnhancedMetrics; 1],
    encryption_type: &'static str,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let limit = constraints
        .number("limit", request.limit, 1..=10_000, MAX_SHARDS)
        .min(MAX_SHARDS) as usize;
    if let Some(id) = &request.exclusive_start_shard_id {
        check_id(&mut constraints, "exclusiveStartShardId", id);
    }
    constraints.finish()?;
    let stream = request.stream.find(kinesis).await?;
    let rest = shards_after(&stream.shards, request.exclusive_start_shard_id.as_deref())?;
    Ok(Response {
        stream_description: StreamDescription {
            stream_arn: kinesis.stream_arn(&stream.name),
            stream_status: "ACTIVE",
            stream_mode_details: StreamModeDetails::PROVISIONED,
            shards: rest.iter().take(limit).map(ShardDescription::from).collect(),
            has_more_shards: rest.len() > limit,
            retention_period_hours: stream.retention_hours,
            stream_creation_timestamp: epoch_seconds(stream.created),
            enhanced_monitoring: [EnhancedMetrics::NONE],
            encryption_type: "NONE",
            stream_name: stream.name,
        },
    })
}
