//! A mapping's settings, as far as they decide what happens next.

use crate::{Record, Timestamp};

/// The settings by which a mapping makes batches and treats those that fail. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The most records of a batch.
    pub batch_size: usize,
    /// The most bytes that a batch's records take in the event.
    pub batch_bytes: usize,
    /// The bytes of a record in the event besides its key and data.
    pub record_overhead: usize,
    /// The longest time that records may wait for others.
    pub batching_window: Timestamp,
    /// True if a batch that fails is tried again in two halves.
    pub bisect: bool,
    /// The number of times that a batch is tried again; absent: until its records are past their time.
    pub max_retries: Option<u32>,
    /// The greatest age of records; absent: as old as the stream keeps them.
    pub max_age: Option<Timestamp>,
}

impl Policy {
    /// The most that a record can take in an event: its data in base64, and its key as JSON text.
    pub(crate) fn weight(&self, record: &Record) -> usize {
        let data = record.data.len().div_ceil(3) * 4;
        // a control character takes six bytes
        let key = record.partition_key.len() * 6;
        self.record_overhead + key + data
    }
}
