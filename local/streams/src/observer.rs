//! The observations of records and messages that go in and out, for metrics.

use crate::Timestamp;

/// Something that happened. Each is reported once, after it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation<'a> {
    /// Records were put into a stream.
    RecordsPut {
        /// The stream's name.
        stream: &'a str,
        /// The number of records.
        records: u64,
        /// Their data and partition keys.
        bytes: u64,
    },
    /// Records were refused because a shard takes no more in that second.
    RecordsThrottled {
        /// The stream's name.
        stream: &'a str,
        /// The number of records.
        records: u64,
    },
    /// Records were read from a stream by a caller (not by a mapping).
    RecordsRead {
        /// The stream's name.
        stream: &'a str,
        /// The number of records.
        records: u64,
        /// Their data and partition keys.
        bytes: u64,
        /// The time by which the reader is behind the newest record, in milliseconds.
        behind: Timestamp,
    },
    /// A mapping is about to give a batch to its function.
    BatchRead {
        /// The stream's name.
        stream: &'a str,
        /// The function's name.
        function: &'a str,
        /// The number of records.
        records: u64,
        /// The age of the last record of the batch, in milliseconds.
        age: Timestamp,
    },
    /// Messages were sent to a queue.
    MessagesSent {
        /// The queue's name.
        queue: &'a str,
        /// The number of messages.
        messages: u64,
        /// Their bodies and attributes.
        bytes: u64,
    },
    /// Messages were received from a queue; none: an empty receive.
    MessagesReceived {
        /// The queue's name.
        queue: &'a str,
        /// The number of messages.
        messages: u64,
    },
    /// Messages were deleted from a queue.
    MessagesDeleted {
        /// The queue's name.
        queue: &'a str,
        /// The number of messages.
        messages: u64,
    },
}

/// A receiver of observations. Called on the store's own threads: it must not block, and must not call the store.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of something, at a time of the caller's clock.
    fn observe(&self, at: Timestamp, observation: Observation<'_>);
}
