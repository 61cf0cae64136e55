//! [DescribeStreamSummary](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::KinesisError;
use super::stream_ref::StreamRef;
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    constraints.finish()?;
    let stream = request.stream.find(services).await?;
    Ok(json!({ "StreamDescriptionSummary": {
        "StreamName": stream.name,
        "StreamARN": services.config.arn("kinesis", &format!("stream/{}", stream.name)),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": { "StreamMode": "PROVISIONED" },
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": epoch_seconds(stream.created),
        "EnhancedMonitoring": [{ "ShardLevelMetrics": [] }],
        "EncryptionType": "NONE",
        "OpenShardCount": stream.shards.len(),
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 1024,
    } }))
}
