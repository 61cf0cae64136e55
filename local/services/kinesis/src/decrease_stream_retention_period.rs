//! [DecreaseStreamRetentionPeriod](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html)

use crate::description::EmptyResponse;
use crate::increase_stream_retention_period::{Request, change};
use crate::{Kinesis, KinesisError};

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<EmptyResponse, KinesisError> {
    change(kinesis, request, |hours, now| {
        (hours > now).then_some("decreased to a longer")
    })
    .await
}
