//! [DeleteStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html)

use serde::Deserialize;
use sluice_streams::StreamsError;
use sluice_wire::Constraints;

use crate::description::EmptyResponse;
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError};

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<EmptyResponse, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    constraints.finish()?;
    let name = request.stream.name(kinesis)?;
    match kinesis.streams.delete_stream(&name).await {
        Ok(()) => Ok(EmptyResponse {}),
        Err(StreamsError::NoStream(name)) => Err(kinesis.not_found(&name)),
        Err(error) => Err(error.into()),
    }
}
