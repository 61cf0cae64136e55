//! The service's own state.

use sluice_streams::Streams;
use sluice_wire::Account;

use crate::KinesisError;

/// The streams of an account. Cheap to clone; clones are the same service.
#[derive(Clone)]
pub struct Kinesis {
    pub(crate) account: Account,
    pub(crate) streams: Streams,
}

impl Kinesis {
    /// The service over a store of streams.
    pub fn new(account: Account, streams: Streams) -> Self {
        Self { account, streams }
    }

    /// The ARN of the stream with this name.
    pub(crate) fn stream_arn(&self, name: &str) -> String {
        self.account.arn("kinesis", &format!("stream/{name}"))
    }

    /// The refusal of a call about a stream that is not there.
    pub(crate) fn not_found(&self, name: &str) -> KinesisError {
        KinesisError::StreamNotFound {
            name: name.to_owned(),
            account: self.account.id.clone(),
        }
    }
}
