//! The counts of the messages in queues.

use rusqlite::Connection;

use super::manage::find;
use super::{Depth, Queue};
use crate::{Streams, StreamsError, Timestamp};

impl Streams {
    /// Counts the messages of a queue.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`], or when it cannot be read.
    pub async fn depth(&self, queue: &str, now: Timestamp) -> Result<Depth, StreamsError> {
        let name = queue.to_owned();
        let missing = StreamsError::NoQueue(name.clone());
        if !self.exists() {
            return Err(missing);
        }
        let depth = self.read(move |connection| {
            let queue = find(connection, &name)?;
            queue.map(|queue| count(connection, &queue, now)).transpose()
        });
        depth.await?.ok_or(missing)
    }
}

fn count(connection: &Connection, queue: &Queue, now: Timestamp) -> rusqlite::Result<Depth> {
    // what is past its time counts no more, though it lies there until somebody receives
    let oldest = now.saturating_sub(queue.settings.retention);
    let sql =
        "SELECT coalesce(sum(visible_at <= ?2), 0), coalesce(sum(visible_at > ?2 AND receives > receives_before), 0),
               coalesce(sum(visible_at > ?2 AND receives = receives_before), 0), min(sent)
               FROM messages WHERE queue = ?1 AND sent > ?3";
    connection
        .prepare_cached(sql)?
        .query_row((queue.id, now, oldest), |row| {
            Ok(Depth {
                visible: row.get(0)?,
                in_flight: row.get(1)?,
                delayed: row.get(2)?,
                oldest: row.get(3)?,
            })
        })
}
