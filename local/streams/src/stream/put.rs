//! The putting of records, and the deletion of those whose time is over.

use rusqlite::{CachedStatement, Connection};

use super::read::first_since;
use crate::error::JobError;
use crate::store::{ObservationKind, OwnedObservation, Topic};
use crate::stream_cache::{Open, Tail};
use crate::{HashKey, NewRecord, PutResult, Stream, Streams, StreamsError, Timestamp};

/// The interval at which a shard that takes records is searched for old ones, in milliseconds.
const TRIM_EVERY: Timestamp = 60_000;
/// The most old records that are deleted at once: more than can come in between two.
const TRIMMED_AT_ONCE: u64 = 100_000;

/// The figures of a put, for observers.
#[derive(Default)]
struct Sums {
    records: u64,
    bytes: u64,
    throttled: u64,
}

impl Streams {
    /// Puts records into a stream. Each answer is on disk, or says that the record's shard takes no more for now; later
    /// records may be taken all the same.
    ///
    /// # Errors
    /// [`StreamsError::NoStream`], or when nothing can be written: then no record is there.
    pub async fn put(
        &self,
        stream: &str,
        records: Vec<NewRecord>,
        now: Timestamp,
    ) -> Result<Vec<PutResult>, StreamsError> {
        let name = stream.to_owned();
        self.write(move |connection, state| {
            let (open, windows) = state.streams.open(connection, &name)?;
            let mut sums = Sums::default();
            let mut insert = connection.prepare_cached(INSERT)?;
            let mut outcomes = Vec::with_capacity(records.len());
            let before = open.tails.clone();
            for record in &records {
                let key = record.explicit_hash;
                let hash = HashKey::of(&record.partition_key);
                let shard = shard_of(&open.stream, key.unwrap_or(hash));
                let window = windows.entry(open.stream.shards[shard].id).or_default();
                outcomes.push(if window.admit(now, record.bytes()) {
                    sums.records += 1;
                    sums.bytes += record.bytes() as u64;
                    append(open, shard, record, hash, now, &mut insert)?
                } else {
                    sums.throttled += 1;
                    PutResult::Throttled { shard: shard as u32 }
                });
            }
            drop(insert);
            finish(connection, open, &before, now)?;
            state.observed.extend(observations(&name, now, &sums));
            let shards = open.stream.shards.iter().zip(open.tails.iter().zip(&before));
            let longer = shards.filter(|(_, (tail, before))| tail.next > before.next);
            let wakes = longer.map(|(shard, _)| Topic::Shard(shard.id));
            state.changed.extend(wakes);
            Ok(outcomes)
        })
        .await
    }
}

const INSERT: &str =
    "INSERT INTO records (shard, position, arrived, partition_key, bucket, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// The index of the shard whose range has the key: the ranges are in order and leave nothing out.
fn shard_of(stream: &Stream, key: HashKey) -> usize {
    let behind = stream.shards.partition_point(|shard| shard.range.start <= key);
    behind.saturating_sub(1)
}

fn append(
    open: &mut Open,
    shard: usize,
    record: &NewRecord,
    hash: HashKey,
    now: Timestamp,
    insert: &mut CachedStatement<'_>,
) -> Result<PutResult, JobError> {
    let (shard, tail) = (&open.stream.shards[shard], &mut open.tails[shard]);
    // arrival times never go back within a shard: looking for a time is a binary search
    let arrived = now.max(tail.latest);
    let key = record.partition_key.as_str();
    insert.execute((shard.id, tail.next, arrived, key, hash.bucket(), record.data.as_ref()))?;
    let sequence = shard.sequence_number(tail.next, arrived);
    tail.next += 1;
    tail.latest = arrived;
    Ok(PutResult::Put(sequence))
}

/// Writes the ends of the shards that have changed, and deletes records that are past their time.
fn finish(connection: &Connection, open: &mut Open, before: &[Tail], now: Timestamp) -> Result<(), JobError> {
    let horizon = open.stream.horizon(now);
    for ((shard, tail), before) in open.stream.shards.iter().zip(&mut open.tails).zip(before) {
        if tail == before {
            continue;
        }
        if now.saturating_sub(tail.trimmed) >= TRIM_EVERY {
            tail.trimmed = now;
            let keep = first_since(connection, shard.id, tail.first, tail.next, horizon)?;
            let keep = keep.min(tail.first.saturating_add(TRIMMED_AT_ONCE));
            if keep > tail.first {
                let sql = "DELETE FROM records WHERE shard = ?1 AND position < ?2";
                connection.prepare_cached(sql)?.execute((shard.id, keep))?;
                tail.first = keep;
            }
        }
        let sql = "UPDATE shards SET next = ?2, latest = ?3, first = ?4 WHERE id = ?1";
        connection
            .prepare_cached(sql)?
            .execute((shard.id, tail.next, tail.latest, tail.first))?;
    }
    Ok(())
}

fn observations(stream: &str, at: Timestamp, sums: &Sums) -> Vec<OwnedObservation> {
    let mut told = Vec::new();
    let stream = || stream.to_owned();
    if sums.records > 0 {
        let kind = ObservationKind::Put {
            stream: stream(),
            records: sums.records,
            bytes: sums.bytes,
        };
        told.push(OwnedObservation { at, kind });
    }
    if sums.throttled > 0 {
        let kind = ObservationKind::Throttled {
            stream: stream(),
            records: sums.throttled,
        };
        told.push(OwnedObservation { at, kind });
    }
    told
}
