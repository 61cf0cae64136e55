//! [IncreaseStreamRetentionPeriod](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html)

use serde::Deserialize;
use sluice_wire::Constraints;

use crate::description::EmptyResponse;
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError};

/// The bounds of a retention period: a day and a year.
pub(crate) const HOURS: std::ops::RangeInclusive<i64> = 24..=8_760;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    pub(crate) stream: StreamRef,
    #[serde(rename = "RetentionPeriodHours")]
    pub(crate) retention_period_hours: Option<i64>,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<EmptyResponse, KinesisError> {
    change(kinesis, request, |hours, now| {
        (hours < now).then_some("increased to a shorter")
    })
    .await
}

/// Sets another period, unless `refused` says why not.
pub(crate) async fn change(
    kinesis: &Kinesis,
    request: Request,
    refused: impl Fn(i64, i64) -> Option<&'static str>,
) -> Result<EmptyResponse, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let hours = constraints.required("retentionPeriodHours", request.retention_period_hours);
    constraints.finish()?;
    let stream = request.stream.find(kinesis).await?;
    let known = i64::from(stream.retention_hours);
    if let Some(how) = refused(hours, known) {
        let message = format!("The retention period of {known} hours cannot be {how} one, {hours} hours.");
        return Err(KinesisError::InvalidArgument(message));
    }
    let (least, most) = (HOURS.start(), HOURS.end());
    let hours = u32::try_from(hours)
        .ok()
        .filter(|_| HOURS.contains(&hours))
        .ok_or_else(|| {
            let message = format!("Requested retention period must be {least} to {most} hours. Supplied: {hours}");
            KinesisError::InvalidArgument(message)
        })?;
    kinesis.streams.set_retention(&stream.name, hours).await?;
    Ok(EmptyResponse {})
}
