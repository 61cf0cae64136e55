//! The errors of mappings.

use sluice_streams::StreamsError;

/// The reason for which a mapping cannot be started or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Not the ARN of a stream of this account and region.
    #[error("{0} is not the ARN of a Kinesis stream here; event source mappings read Kinesis streams only")]
    Source(String),
    /// Not a function's name.
    #[error("the mapping's function: {0}")]
    Function(String),
    /// Not the ARN of a queue.
    #[error("{0} is not the ARN of an SQS queue; what is given up can go to a queue only")]
    Destination(String),
    /// A number that Lambda does not take.
    #[error("{name} is {least} to {most}, not {value}")]
    Limit {
        /// The property.
        name: &'static str,
        /// Its value.
        value: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// The records of the stream did not come to their ends in time.
    #[error(
        "not all records of the stream {0} could be delivered in {1} s; they are kept, and delivered still. The function's log says \
         what keeps them: delete the stack again when it is done"
    )]
    Undelivered(String, u64),
    /// The store failed, or the stream is not there.
    #[error(transparent)]
    Streams(#[from] StreamsError),
}
