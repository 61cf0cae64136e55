//! The streams of stacks.

use sluice_streams::{CreateStream, Stream, StreamsError};
use sluice_wire::Constraints;

use crate::create_stream::MAX_SHARDS;
use crate::increase_stream_retention_period::HOURS;
use crate::stream_ref::check_name;
use crate::{Kinesis, KinesisError};

/// A stream as a template declares it
/// ([AWS::Kinesis::Stream](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// Its name: 1 to 128 letters, digits, dots, hyphens and underscores.
    pub name: String,
    /// The number of its shards: 1 to 500.
    pub shard_count: u32,
    /// The time for which records are kept: 24 to 8,760 hours.
    pub retention_hours: u32,
}

impl Kinesis {
    /// Makes the stream, or gives the one that is there the retention that the template says. Its records stay.
    ///
    /// # Errors
    /// [`KinesisError::InvalidArgument`] for a stream with another number of shards, as shards are never split or merged here;
    /// what breaks a limit; or when the store fails.
    pub async fn ensure_stream(&self, spec: &StreamSpec) -> Result<Stream, KinesisError> {
        let mut constraints = Constraints::default();
        check_name(&mut constraints, "streamName", &spec.name);
        constraints.number("shardCount", Some(spec.shard_count.into()), 1..=MAX_SHARDS, 1);
        let hours = *HOURS.start() as u32..=*HOURS.end() as u32;
        constraints.number("retentionPeriodHours", Some(spec.retention_hours.into()), hours, 24);
        constraints.finish()?;
        let Some(stream) = self.streams.stream(&spec.name).await? else {
            let stream = CreateStream {
                name: spec.name.clone(),
                shard_count: spec.shard_count,
                retention_hours: spec.retention_hours,
            };
            return Ok(self.streams.create_stream(stream, self.account.now()).await?);
        };
        if stream.shards.len() != spec.shard_count as usize {
            return Err(KinesisError::InvalidArgument(format!(
                "the stream {} has {} shards, and they cannot become {}: delete the stream, or keep its ShardCount",
                spec.name,
                stream.shards.len(),
                spec.shard_count
            )));
        }
        if stream.retention_hours != spec.retention_hours {
            self.streams.set_retention(&spec.name, spec.retention_hours).await?;
        }
        Ok(Stream {
            retention_hours: spec.retention_hours,
            ..stream
        })
    }

    /// Deletes a stack's stream with its records; one that is not there is deleted already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_stream(&self, name: &str) -> Result<(), KinesisError> {
        if !self.streams.exists() {
            return Ok(());
        }
        match self.streams.delete_stream(name).await {
            Ok(()) | Err(StreamsError::NoStream(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
