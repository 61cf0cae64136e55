//! [DecreaseStreamRetentionPeriod](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html)

use serde_json::Value;

use super::KinesisError;
use super::increase_stream_retention_period::{Request, change};
use crate::endpoint::Services;

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    change(services, request, |hours, now| {
        (hours > now).then_some("decreased to a longer")
    })
    .await
}
