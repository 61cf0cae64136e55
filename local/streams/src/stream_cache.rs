//! The streams as the writing thread sees them, so that a put reads nothing.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::JobError;
use crate::throughput::Window;
use crate::{HashKey, HashKeyRange, Shard, Stream, StreamsError, Timestamp};

#[derive(Default)]
pub(crate) struct StreamCache {
    streams: HashMap<String, Open>,
    /// By shard. What a transaction that was rolled back has counted stays counted: it is over in a second.
    pub(crate) windows: HashMap<i64, Window>,
}

/// A stream with the ends of its shards.
pub(crate) struct Open {
    pub(crate) stream: Arc<Stream>,
    pub(crate) tails: Vec<Tail>,
}

/// The positions and times at the two ends of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The position of the next record.
    pub(crate) next: u64,
    /// The time at which the last one arrived.
    pub(crate) latest: Timestamp,
    /// The position of the oldest record that is still on disk.
    pub(crate) first: u64,
    /// The time at which records that are past their time were last looked for.
    pub(crate) trimmed: Timestamp,
}

impl StreamCache {
    /// Forgets all streams: what is on disk has changed another way.
    pub(crate) fn forget(&mut self) {
        self.streams.clear();
    }

    pub(crate) fn open(
        &mut self,
        connection: &Connection,
        name: &str,
    ) -> Result<(&mut Open, &mut HashMap<i64, Window>), JobError> {
        if !self.streams.contains_key(name) {
            let open = load(connection, name)?.ok_or_else(|| StreamsError::NoStream(name.to_owned()))?;
            self.streams.insert(name.to_owned(), open);
        }
        let open = self.streams.get_mut(name);
        let open = open.ok_or_else(|| StreamsError::NoStream(name.to_owned()))?;
        Ok((open, &mut self.windows))
    }
}

fn load(connection: &Connection, name: &str) -> rusqlite::Result<Option<Open>> {
    let Some(stream) = find(connection, name)? else {
        return Ok(None);
    };
    let mut statement =
        connection.prepare_cached("SELECT next, latest, first FROM shards WHERE stream = ?1 ORDER BY number")?;
    let tail = |row: &Row<'_>| {
        Ok(Tail {
            next: row.get(0)?,
            latest: row.get(1)?,
            first: row.get(2)?,
            trimmed: 0,
        })
    };
    let tails = statement.query_map([stream.id], tail)?.collect::<Result<_, _>>()?;
    Ok(Some(Open {
        stream: Arc::new(stream),
        tails,
    }))
}

/// A stream by its name.
pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Stream>> {
    let sql = "SELECT id, name, created, retention_hours FROM streams WHERE name = ?1";
    let row = connection.prepare_cached(sql)?.query_row([name], header).optional()?;
    row.map(|stream| with_shards(connection, stream)).transpose()
}

/// A stream by its number.
pub(crate) fn find_by_id(connection: &Connection, id: i64) -> rusqlite::Result<Option<Stream>> {
    let sql = "SELECT id, name, created, retention_hours FROM streams WHERE id = ?1";
    let row = connection.prepare_cached(sql)?.query_row([id], header).optional()?;
    row.map(|stream| with_shards(connection, stream)).transpose()
}

pub(crate) fn header(row: &Row<'_>) -> rusqlite::Result<Stream> {
    Ok(Stream {
        id: row.get(0)?,
        name: row.get(1)?,
        created: row.get(2)?,
        retention_hours: row.get(3)?,
        shards: Vec::new(),
    })
}

pub(crate) fn with_shards(connection: &Connection, stream: Stream) -> rusqlite::Result<Stream> {
    let sql = "SELECT id, number, hash_start, hash_end FROM shards WHERE stream = ?1 ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let created = stream.created;
    let shard = |row: &Row<'_>| {
        Ok(Shard {
            id: row.get(0)?,
            number: row.get(1)?,
            range: HashKeyRange {
                start: HashKey(u128::from_be_bytes(row.get(2)?)),
                end: HashKey(u128::from_be_bytes(row.get(3)?)),
            },
            created,
        })
    };
    let shards = statement.query_map([stream.id], shard)?.collect::<Result<_, _>>()?;
    Ok(Stream { shards, ..stream })
}
