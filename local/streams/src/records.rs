//! Streams, shards and records, as data.

use bytes::Bytes;

use crate::sequence::seconds;
use crate::{HashKey, HashKeyRange, SequenceNumber, Timestamp};

/// A stream to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStream {
    /// Its name, unique.
    pub name: String,
    /// The number of its shards, at least one.
    pub shard_count: u32,
    /// The time for which records are kept, in hours.
    pub retention_hours: u32,
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its number in the store, never given to another stream.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The time at which it was made.
    pub created: Timestamp,
    /// The time for which records are kept, in hours.
    pub retention_hours: u32,
    /// Its shards, by number.
    pub shards: Vec<Shard>,
}

impl Stream {
    /// The shard with this number.
    pub fn shard(&self, number: u32) -> Option<&Shard> {
        self.shards.get(number as usize)
    }

    /// Returns the time before which records are past their retention.
    pub(crate) fn horizon(&self, now: Timestamp) -> Timestamp {
        now.saturating_sub(Timestamp::from(self.retention_hours) * 3_600_000)
    }
}

/// A shard of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its number in the store.
    pub(crate) id: i64,
    /// Its number in the stream, from 0.
    pub number: u32,
    /// The hash keys of its records.
    pub range: HashKeyRange,
    /// The time at which it was made.
    pub created: Timestamp,
}

impl Shard {
    /// The sequence number of a record, or with position 0 the one before all records.
    pub fn sequence_number(&self, position: u64, arrived: Timestamp) -> SequenceNumber {
        SequenceNumber {
            shard_created: self.created,
            shard: self.number,
            position,
            arrived,
        }
    }

    /// Tells whether the shard has given this number, or may give it.
    pub(crate) fn gives(&self, number: &SequenceNumber) -> bool {
        number.shard == self.number && seconds(number.shard_created) == seconds(self.created)
    }

    /// The number that is below those of all its records.
    pub fn starting_sequence_number(&self) -> SequenceNumber {
        self.sequence_number(0, self.created)
    }
}

/// A record to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The key that decides its shard; records with the same key keep their order.
    pub partition_key: String,
    /// The hash key that decides its shard in the place of the partition key's hash.
    pub explicit_hash: Option<HashKey>,
    /// Any bytes.
    pub data: Bytes,
}

impl NewRecord {
    /// Returns the bytes that count against a shard's throughput.
    pub fn bytes(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }
}

/// The fate of a record that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutResult {
    /// It is there.
    Put(SequenceNumber),
    /// Its shard takes no more in this second.
    Throttled {
        /// The shard's number.
        shard: u32,
    },
}

/// A record of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub sequence: SequenceNumber,
    /// The time of its arrival, never before that of the record in front of it.
    pub arrived: Timestamp,
    /// The key by which its producer chose the shard.
    pub partition_key: String,
    /// Its bytes.
    pub data: Bytes,
}

impl Record {
    /// Its place in the shard.
    pub fn position(&self) -> u64 {
        self.sequence.position
    }
}

/// The position in a shard at which to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamPosition {
    /// With this record.
    At(SequenceNumber),
    /// Behind this record.
    After(SequenceNumber),
    /// With the oldest record.
    TrimHorizon,
    /// Behind the newest record.
    Latest,
    /// With the first record that arrived at this time or later.
    Since(Timestamp),
}

/// The share of a shard's records that is read: those whose partition keys fall to one of several shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordShare {
    /// The number of shares, at least one.
    pub count: u32,
    /// The number of this share, from 0.
    pub index: u32,
}

impl RecordShare {
    /// All records.
    pub const ALL: Self = Self { count: 1, index: 0 };
}

/// The result of reading from a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadResult {
    /// The stream's name.
    pub stream: String,
    /// The records in their order.
    pub records: Vec<Record>,
    /// The position at which the next reading begins.
    pub next: u64,
    /// The records behind these, if any.
    pub tip: Tip,
}

/// The records behind a reading, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tip {
    /// Nothing yet.
    Reached,
    /// More records, the first of which arrived then.
    Ahead {
        /// The time at which it arrived.
        arrived: Timestamp,
    },
}
