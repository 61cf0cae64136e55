//! The reading of records.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _};

use crate::stream_cache::find_by_id;
use crate::{
    ReadResult, Record, RecordShare, SequenceNumber, Shard, Stream, StreamPosition, Streams, StreamsError, Timestamp,
    Tip,
};

impl Streams {
    /// The position in a shard, for [`Streams::records`].
    ///
    /// # Errors
    /// [`StreamsError::NoStream`] or [`StreamsError::NoShard`]; [`StreamsError::ForeignSequence`] for a sequence number that
    /// this shard has not given.
    pub async fn position(&self, stream: i64, shard: u32, position: StreamPosition) -> Result<u64, StreamsError> {
        self.read(move |connection| {
            let found = match locate(connection, stream, shard)? {
                Ok((stream, shard)) => resolve(connection, &stream, &shard, position)?,
                Err(error) => Err(error),
            };
            Ok(found)
        })
        .await?
    }

    /// At most `limit` records of a shard from a position on, and not more of them than fit into `bytes`, but at least one
    /// if there is one. Records that are past their time are passed over.
    ///
    /// # Errors
    /// [`StreamsError::NoStream`] or [`StreamsError::NoShard`], or when they cannot be read.
    pub async fn records(
        &self,
        stream: i64,
        shard: u32,
        from: u64,
        share: RecordShare,
        (limit, bytes): (usize, usize),
        now: Timestamp,
    ) -> Result<ReadResult, StreamsError> {
        self.read(move |connection| {
            let (stream, shard) = match locate(connection, stream, shard)? {
                Ok(found) => found,
                Err(error) => return Ok(Err(error)),
            };
            let (first, next) = bounds(connection, shard.id)?;
            let from = from.max(first).min(next);
            let from = first_since(connection, shard.id, from, next, stream.horizon(now))?;
            let (records, next, tip) = gather(connection, &shard, from, next, share, (limit, bytes))?;
            let stream = stream.name;
            Ok(Ok(ReadResult {
                stream,
                records,
                next,
                tip,
            }))
        })
        .await?
    }
}

fn locate(connection: &Connection, id: i64, number: u32) -> rusqlite::Result<Result<(Stream, Shard), StreamsError>> {
    let Some(stream) = find_by_id(connection, id)? else {
        return Ok(Err(StreamsError::NoStream(format!("with the number {id}"))));
    };
    Ok(match stream.shard(number).cloned() {
        Some(shard) => Ok((stream, shard)),
        None => Err(StreamsError::NoShard {
            stream: stream.name,
            shard: number,
        }),
    })
}

/// The positions of a shard's oldest record and of its next one.
fn bounds(connection: &Connection, shard: i64) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT first, next FROM shards WHERE id = ?1";
    connection
        .prepare_cached(sql)?
        .query_row([shard], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn gather(
    connection: &Connection,
    shard: &Shard,
    from: u64,
    end: u64,
    share: RecordShare,
    (limit, bytes): (usize, usize),
) -> rusqlite::Result<(Vec<Record>, u64, Tip)> {
    let sql = "SELECT position, arrived, partition_key, data FROM records
               WHERE shard = ?1 AND position >= ?2 AND bucket % ?3 = ?4 ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((shard.id, from, share.count.max(1), share.index))?;
    let (mut records, mut weight) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (position, arrived): (u64, Timestamp) = (row.get(0)?, row.get(1)?);
        let data = row.get_ref(3)?.as_blob()?;
        let partition_key: String = row.get(2)?;
        weight += data.len() + partition_key.len();
        if records.len() >= limit || (weight > bytes && !records.is_empty()) {
            return Ok((records, position, Tip::Ahead { arrived }));
        }
        records.push(Record {
            sequence: shard.sequence_number(position, arrived),
            arrived,
            partition_key,
            data: Bytes::copy_from_slice(data),
        });
    }
    Ok((records, end, Tip::Reached))
}

/// The position that a place in a shard has.
pub(crate) fn resolve(
    connection: &Connection,
    stream: &Stream,
    shard: &Shard,
    position: StreamPosition,
) -> rusqlite::Result<Result<u64, StreamsError>> {
    let (first, next) = bounds(connection, shard.id)?;
    let own = |number: SequenceNumber| shard.gives(&number);
    Ok(match position {
        StreamPosition::TrimHorizon => Ok(first),
        StreamPosition::Latest => Ok(next),
        StreamPosition::Since(at) => Ok(first_since(connection, shard.id, first, next, at)?),
        StreamPosition::At(number) if own(number) => Ok(number.position.min(next)),
        StreamPosition::After(number) if own(number) => Ok(number.position.saturating_add(1).min(next)),
        StreamPosition::At(_) | StreamPosition::After(_) => Err(StreamsError::ForeignSequence {
            stream: stream.name.clone(),
            shard: shard.number,
        }),
    })
}

/// The first position from `first` to below `next` whose record arrived at `at` or later; `next` if none did. Positions
/// have no gaps, and arrival times never go back.
pub(super) fn first_since(
    connection: &Connection,
    shard: i64,
    first: u64,
    next: u64,
    at: Timestamp,
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT arrived FROM records WHERE shard = ?1 AND position = ?2")?;
    let mut early = |position: u64| -> rusqlite::Result<bool> {
        let arrived: Option<Timestamp> = statement.query_row((shard, position), |row| row.get(0)).optional()?;
        // one that is not there any more was early
        Ok(arrived.is_none_or(|arrived| arrived < at))
    };
    // mostly nothing is early
    if first >= next || !early(first)? {
        return Ok(first);
    }
    let (mut low, mut high) = (first + 1, next);
    while low < high {
        let middle = low + (high - low) / 2;
        if early(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
