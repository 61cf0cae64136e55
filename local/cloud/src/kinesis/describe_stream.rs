//! [DescribeStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::KinesisError;
use super::shard::{behind, check_id, shown};
use super::stream_ref::StreamRef;
use crate::endpoint::{Constraints, Services, epoch_seconds};

/// What AWS shows when `Limit` is absent, and at most.
const DEFAULT: u32 = 100;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "Limit")]
    limit: Option<i64>,
    #[serde(rename = "ExclusiveStartShardId")]
    exclusive_start_shard_id: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let limit = constraints
        .number("limit", request.limit, 1..=10_000, DEFAULT)
        .min(DEFAULT) as usize;
    if let Some(id) = &request.exclusive_start_shard_id {
        check_id(&mut constraints, "exclusiveStartShardId", id);
    }
    constraints.finish()?;
    let stream = request.stream.find(services).await?;
    let rest = behind(&stream.shards, request.exclusive_start_shard_id.as_deref())?;
    let shards: Vec<Value> = rest.iter().take(limit).map(shown).collect();
    Ok(json!({ "StreamDescription": {
        "StreamName": stream.name,
        "StreamARN": services.config.arn("kinesis", &format!("stream/{}", stream.name)),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": { "StreamMode": "PROVISIONED" },
        "Shards": shards,
        "HasMoreShards": rest.len() > limit,
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": epoch_seconds(stream.created),
        "EnhancedMonitoring": [{ "ShardLevelMetrics": [] }],
        "EncryptionType": "NONE",
    } }))
}
