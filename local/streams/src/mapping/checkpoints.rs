//! The saved positions from which mappings go on after a crash.

use rusqlite::{Connection, OptionalExtension as _};

use crate::error::JobError;
use crate::stream::resolve;
use crate::stream_cache::find;
use crate::{Shard, Stream, StreamPosition, Streams, StreamsError, Timestamp};

/// The position at which a new mapping begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record of each shard.
    TrimHorizon,
    /// Behind the newest.
    Latest,
    /// With what arrived at this time or later.
    AtTimestamp(Timestamp),
}

/// A mapping as it begins or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingStart {
    /// Its number in the store.
    pub id: i64,
    /// Its UUID, which stays the same.
    pub uuid: String,
    /// The time at which it was made.
    pub created: Timestamp,
    /// The stream.
    pub stream: Stream,
    /// The start of each shard's processors.
    pub shards: Vec<ShardStart>,
}

/// The start of the processors of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardStart {
    /// The shard.
    pub shard: Shard,
    /// Its processors.
    pub processors: Vec<ProcessorStart>,
}

/// The start of one processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessorStart {
    /// Its number, from 0.
    pub processor: u32,
    /// The first position that is not known to be done.
    pub position: u64,
}

impl Streams {
    /// Begins a mapping of a stream to a function, or goes on with it where it was: `uuid` and `start` count only the first
    /// time. Where it begins is on disk when this returns.
    ///
    /// With another number of processors than before, each goes on where the slowest was: some records come again. The mapping of
    /// this `uuid` that had another function goes on with this one; one that had another stream is forgotten first, as AWS
    /// replaces it
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html>).
    ///
    /// # Errors
    /// [`StreamsError::NoStream`], or when it cannot be written.
    pub async fn begin_mapping(
        &self,
        stream: &str,
        function: &str,
        uuid: String,
        start: StartingPosition,
        processors: u32,
        now: Timestamp,
    ) -> Result<MappingStart, StreamsError> {
        let (name, function) = (stream.to_owned(), function.to_owned());
        self.write(move |connection, _| {
            let stream = find(connection, &name)?.ok_or(StreamsError::NoStream(name))?;
            if !exists(connection, &stream, &function)? {
                give_up_uuid(connection, &uuid, &stream, &function)?;
                let sql = "INSERT OR IGNORE INTO mappings (uuid, stream, function, created) VALUES (?1, ?2, ?3, ?4)";
                connection.execute(sql, (uuid, stream.id, &function, now))?;
            }
            let sql = "SELECT id, uuid, created FROM mappings WHERE stream = ?1 AND function = ?2";
            let (id, uuid, created) = connection.query_row(sql, (stream.id, &function), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            let mut shards = Vec::with_capacity(stream.shards.len());
            for shard in &stream.shards {
                shards.push(ShardStart {
                    shard: shard.clone(),
                    processors: begin_shard(connection, id, &stream, shard, start, processors.max(1))?,
                });
            }
            Ok(MappingStart {
                id,
                uuid,
                created,
                stream,
                shards,
            })
        })
        .await
    }

    /// Everything before `position` in that processor is done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn save_checkpoint(
        &self,
        mapping: i64,
        shard: &Shard,
        processor: u32,
        position: u64,
    ) -> Result<(), StreamsError> {
        let shard = shard.id;
        self.write(move |connection, _| {
            let sql = "UPDATE checkpoints SET position = ?4 WHERE mapping = ?1 AND shard = ?2 AND lane = ?3";
            connection
                .prepare_cached(sql)?
                .execute((mapping, shard, processor, position))?;
            Ok(())
        })
        .await
    }

    /// Deletes a mapping. One of the same stream and function would begin anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end_mapping(&self, stream: &str, function: &str) -> Result<(), StreamsError> {
        if !self.exists() {
            return Ok(());
        }
        let (name, function) = (stream.to_owned(), function.to_owned());
        self.write(move |connection, _| {
            let sql =
                "SELECT id FROM mappings WHERE function = ?2 AND stream = (SELECT id FROM streams WHERE name = ?1)";
            let id: Option<i64> = connection
                .query_row(sql, (name, function), |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                forget(connection, id)?;
            }
            Ok(())
        })
        .await
    }
}

fn exists(connection: &Connection, stream: &Stream, function: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM mappings WHERE stream = ?1 AND function = ?2)";
    connection.query_row(sql, (stream.id, function), |row| row.get(0))
}

/// Makes room for a mapping with this UUID: one of the same stream becomes it, one of another stream is deleted.
fn give_up_uuid(connection: &Connection, uuid: &str, stream: &Stream, function: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE mappings SET function = ?3 WHERE uuid = ?1 AND stream = ?2";
    if connection.execute(sql, (uuid, stream.id, function))? > 0 {
        return Ok(());
    }
    let sql = "SELECT id FROM mappings WHERE uuid = ?1";
    let other: Option<i64> = connection.query_row(sql, [uuid], |row| row.get(0)).optional()?;
    other.map_or(Ok(()), |id| forget(connection, id))
}

fn forget(connection: &Connection, mapping: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM checkpoints WHERE mapping = ?1", [mapping])?;
    connection.execute("DELETE FROM mappings WHERE id = ?1", [mapping])?;
    Ok(())
}

fn begin_shard(
    connection: &Connection,
    mapping: i64,
    stream: &Stream,
    shard: &Shard,
    start: StartingPosition,
    processors: u32,
) -> Result<Vec<ProcessorStart>, JobError> {
    let saved = saved(connection, mapping, shard, processors)?;
    if saved.len() == processors as usize {
        return Ok(saved);
    }
    let sql = "SELECT min(position) FROM checkpoints WHERE mapping = ?1 AND shard = ?2";
    let lowest: Option<u64> = connection.query_row(sql, (mapping, shard.id), |row| row.get(0))?;
    let position = match lowest {
        Some(position) => position,
        None => resolve(connection, stream, shard, at(start))??,
    };
    connection.execute(
        "DELETE FROM checkpoints WHERE mapping = ?1 AND shard = ?2",
        (mapping, shard.id),
    )?;
    let sql = "INSERT INTO checkpoints (mapping, shard, lane, lanes, position) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    for processor in 0..processors {
        statement.execute((mapping, shard.id, processor, processors, position))?;
    }
    Ok((0..processors)
        .map(|processor| ProcessorStart { processor, position })
        .collect())
}

/// Returns the saved positions of a shard for this number of processors.
fn saved(
    connection: &Connection,
    mapping: i64,
    shard: &Shard,
    processors: u32,
) -> rusqlite::Result<Vec<ProcessorStart>> {
    let sql = "SELECT lane, position FROM checkpoints WHERE mapping = ?1 AND shard = ?2 AND lanes = ?3 ORDER BY lane";
    let mut statement = connection.prepare_cached(sql)?;
    let processor = |row: &rusqlite::Row<'_>| {
        Ok(ProcessorStart {
            processor: row.get(0)?,
            position: row.get(1)?,
        })
    };
    statement
        .query_map((mapping, shard.id, processors), processor)?
        .collect()
}

fn at(start: StartingPosition) -> StreamPosition {
    match start {
        StartingPosition::TrimHorizon => StreamPosition::TrimHorizon,
        StartingPosition::Latest => StreamPosition::Latest,
        StartingPosition::AtTimestamp(at) => StreamPosition::Since(at),
    }
}
