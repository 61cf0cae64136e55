//! [DescribeStreamSummary](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{Constraints, epoch_seconds};

use crate::description::{EnhancedMetrics, StreamModeDetails};
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError};

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    stream_description_summary: StreamDescriptionSummary,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamDescriptionSummary {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: StreamModeDetails,
    retention_period_hours: u32,
    stream_creation_timestamp: f64,
    enhanced_monitoring: [EnhancedMetrics; 1],
    encryption_type: &'static str,
    open_shard_count: usize,
    consumer_count: u32,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_size_in_kib: u32,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    constraints.finish()?;
    let stream = request.stream.find(kinesis).await?;
    Ok(Response {
        stream_description_summary: StreamDescriptionSummary {
            stream_arn: kinesis.stream_arn(&stream.name),
            stream_status: "ACTIVE",
            stream_mode_details: StreamModeDetails::PROVISIONED,
            retention_period_hours: stream.retention_hours,
            stream_creation_timestamp: epoch_seconds(stream.created),
            enhanced_monitoring: [EnhancedMetrics::NONE],
            encryption_type: "NONE",
            open_shard_count: stream.shards.len(),
            consumer_count: 0,
            max_record_size_in_kib: 1024,
            stream_name: stream.name,
        },
    })
}
