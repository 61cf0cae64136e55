//! [DeleteStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_streams::StreamsError;

use super::KinesisError;
use super::stream_ref::{StreamRef, not_found};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    constraints.finish()?;
    let name = request.stream.name(services)?;
    match services.streams.delete_stream(&name).await {
        Ok(()) => Ok(json!({})),
        Err(StreamsError::NoStream(name)) => Err(not_found(services, &name)),
        Err(error) => Err(error.into()),
    }
}
