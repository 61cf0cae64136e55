//! The service's own state.

use sluice_streams::Streams;
use sluice_wire::Account;

/// The queues of an account. Cheap to clone; clones are the same service.
#[derive(Clone)]
pub struct Sqs {
    pub(crate) account: Account,
    pub(crate) streams: Streams,
}

impl Sqs {
    /// The service over a store of queues.
    pub fn new(account: Account, streams: Streams) -> Self {
        Self { account, streams }
    }
}
