//! The calls that make, change, list and delete streams.

use rusqlite::Connection;

use crate::error::JobError;
use crate::store::Topic;
use crate::stream_cache::{find, header, with_shards};
use crate::{ChangeListener, CreateStream, HashKeyRange, Shard, Stream, Streams, StreamsError, Timestamp};

/// The most records that are deleted at once, so that nobody waits long behind a large deletion.
const DELETED_AT_ONCE: u32 = 5_000;

impl Streams {
    /// Makes a stream; it takes records at once.
    ///
    /// # Errors
    /// [`StreamsError::StreamExists`], or when it cannot be written.
    pub async fn create_stream(&self, stream: CreateStream, now: Timestamp) -> Result<Stream, StreamsError> {
        self.write(move |connection, _| insert(connection, &stream, now)).await
    }

    /// A stream by its name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn stream(&self, name: &str) -> Result<Option<Stream>, StreamsError> {
        if !self.exists() {
            return Ok(None);
        }
        let name = name.to_owned();
        self.read(move |connection| find(connection, &name)).await
    }

    /// At most `limit` streams in the order of their names, from behind `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn streams(&self, after: Option<String>, limit: u32) -> Result<Vec<Stream>, StreamsError> {
        if !self.exists() {
            return Ok(Vec::new());
        }
        self.read(move |connection| {
            let sql = "SELECT id, name, created, retention_hours FROM streams
                       WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let streams = statement.query_map((after, limit), header)?;
            streams.map(|stream| with_shards(connection, stream?)).collect()
        })
        .await
    }

    /// Keeps a stream's records for that long from now on. What is past its time already may be gone for good.
    ///
    /// # Errors
    /// [`StreamsError::NoStream`], or when it cannot be written.
    pub async fn set_retention(&self, stream: &str, hours: u32) -> Result<(), StreamsError> {
        let name = stream.to_owned();
        self.write(move |connection, state| {
            let sql = "UPDATE streams SET retention_hours = ?2 WHERE name = ?1";
            if connection.execute(sql, (&name, hours))? == 0 {
                return Err(StreamsError::NoStream(name).into());
            }
            state.streams.forget();
            Ok(())
        })
        .await
    }

    /// Deletes a stream, its records, and the checkpoints of its mappings.
    ///
    /// # Errors
    /// [`StreamsError::NoStream`], or when it cannot be written.
    pub async fn delete_stream(&self, stream: &str) -> Result<(), StreamsError> {
        let name = stream.to_owned();
        self.write(move |connection, state| {
            let stream = remove(connection, &name)?;
            state.streams.forget();
            // whoever waits for its records gets the error that it is gone
            state
                .changed
                .extend(stream.shards.iter().map(|shard| Topic::Shard(shard.id)));
            Ok(())
        })
        .await?;
        self.clear_leftovers().await
    }

    /// Returns a listener that wakes when a shard may have something new.
    pub fn shard_wakes(&self, shard: &Shard) -> ChangeListener {
        self.subscribe(Topic::Shard(shard.id))
    }

    /// Deletes the records of deleted streams.
    pub(crate) async fn clear_leftovers(&self) -> Result<(), StreamsError> {
        while self.write(|connection, _| clear_some(connection)).await? {}
        Ok(())
    }
}

fn insert(connection: &Connection, stream: &CreateStream, now: Timestamp) -> Result<Stream, JobError> {
    let sql = "INSERT OR IGNORE INTO streams (name, created, retention_hours) VALUES (?1, ?2, ?3)";
    if connection.execute(sql, (&stream.name, now, stream.retention_hours))? == 0 {
        return Err(StreamsError::StreamExists(stream.name.clone()).into());
    }
    let id = connection.last_insert_rowid();
    let sql = "INSERT INTO shards (stream, number, hash_start, hash_end, next, latest, first) VALUES (?1, ?2, ?3, ?4, 1, ?5, 1)";
    let mut statement = connection.prepare_cached(sql)?;
    for (number, range) in HashKeyRange::split(stream.shard_count).iter().enumerate() {
        let (start, end) = (range.start.0.to_be_bytes(), range.end.0.to_be_bytes());
        statement.execute((id, number, start, end, now))?;
    }
    find(connection, &stream.name)?.ok_or_else(|| StreamsError::NoStream(stream.name.clone()).into())
}

fn remove(connection: &Connection, name: &str) -> Result<Stream, JobError> {
    let stream = find(connection, name)?.ok_or_else(|| StreamsError::NoStream(name.to_owned()))?;
    for sql in [
        "INSERT INTO leftovers (shard) SELECT id FROM shards WHERE stream = ?1",
        "DELETE FROM checkpoints WHERE mapping IN (SELECT id FROM mappings WHERE stream = ?1)",
        "DELETE FROM mappings WHERE stream = ?1",
        "DELETE FROM shards WHERE stream = ?1",
        "DELETE FROM streams WHERE id = ?1",
    ] {
        connection.execute(sql, [stream.id])?;
    }
    Ok(stream)
}

/// Deletes some of the records that a deletion has left; returns true if there may be more.
fn clear_some(connection: &Connection) -> Result<bool, JobError> {
    let sql = "DELETE FROM records WHERE (shard, position) IN
               (SELECT shard, position FROM records WHERE shard = (SELECT min(shard) FROM leftovers) LIMIT ?1)";
    if connection.execute(sql, [DELETED_AT_ONCE])? > 0 {
        return Ok(true);
    }
    let sql = "DELETE FROM leftovers WHERE shard = (SELECT min(shard) FROM leftovers)";
    Ok(connection.execute(sql, ())? > 0)
}
