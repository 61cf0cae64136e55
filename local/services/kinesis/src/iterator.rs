//! Shard iterators: a place in a shard, sealed, good for five minutes.

use sluice_streams::Timestamp;
use sluice_wire::{PageToken, rfc_3339};

use crate::{Kinesis, KinesisError};

/// In milliseconds.
const LIFETIME: Timestamp = 300_000;

/// A place in a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShardIterator {
    /// The stream's number: that of a deleted stream fits no other one.
    pub(crate) stream: i64,
    pub(crate) shard: u32,
    pub(crate) position: u64,
}

fn token() -> PageToken<'static> {
    PageToken::of(&["GetRecords"])
}

impl ShardIterator {
    pub(crate) fn seal(self, kinesis: &Kinesis) -> String {
        let Self {
            stream,
            shard,
            position,
        } = self;
        token().seal(&format!("{stream}/{shard}/{position}/{}", kinesis.account.now()))
    }

    pub(crate) fn open(kinesis: &Kinesis, text: &str) -> Result<Self, KinesisError> {
        let read = || {
            let place = token().open(text)?;
            let mut parts = place.split('/');
            let iterator = Self {
                stream: parts.next()?.parse().ok()?,
                shard: parts.next()?.parse().ok()?,
                position: parts.next()?.parse().ok()?,
            };
            Some((iterator, parts.next()?.parse::<Timestamp>().ok()?))
        };
        let (iterator, issued) =
            read().ok_or_else(|| KinesisError::InvalidArgument("Invalid ShardIterator.".to_owned()))?;
        let now = kinesis.account.now();
        if now.saturating_sub(issued) > LIFETIME {
            let (issued, now) = (rfc_3339(issued), rfc_3339(now));
            return Err(KinesisError::ExpiredIterator { issued, now });
        }
        Ok(iterator)
    }
}
