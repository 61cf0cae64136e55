//! The calls that make, change, list, purge and delete queues.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{Queue, QueueSettings, Redrive};
use crate::error::JobError;
use crate::store::Topic;
use crate::{ChangeListener, Streams, StreamsError, Timestamp};

/// The time in which a queue can be purged once, in milliseconds.
const PURGE_EVERY: Timestamp = 60_000;

const COLUMNS: &str = "id, name, created, modified, visibility, retention, delay, wait, max_bytes, redrive_to, \
                       max_receives, remark";

impl Streams {
    /// Makes a queue, or answers the one that has this name already, as it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn create_queue(
        &self,
        name: &str,
        settings: QueueSettings,
        now: Timestamp,
    ) -> Result<Queue, StreamsError> {
        let name = name.to_owned();
        self.write(move |connection, _| {
            if let Some(queue) = find(connection, &name)? {
                return Ok(queue);
            }
            connection.execute(
                "INSERT INTO queues (name, created, modified, visibility, retention, delay, wait, max_bytes, remark)
                 VALUES (?1, ?2, ?2, 0, 0, 0, 0, 0, '')",
                (&name, now),
            )?;
            update(connection, &name, &settings, now)
        })
        .await
    }

    /// A queue by its name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn queue(&self, name: &str) -> Result<Option<Queue>, StreamsError> {
        if !self.exists() {
            return Ok(None);
        }
        let name = name.to_owned();
        self.read(move |connection| find(connection, &name)).await
    }

    /// At most `limit` queues whose names begin with `prefix`, in the order of their names, from behind `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn queues(&self, prefix: &str, after: Option<String>, limit: u32) -> Result<Vec<Queue>, StreamsError> {
        if !self.exists() {
            return Ok(Vec::new());
        }
        let prefix = prefix.to_owned();
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM queues
                 WHERE substr(name, 1, length(?1)) = ?1 AND (?2 IS NULL OR name > ?2) ORDER BY name LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map((prefix, after, limit), queue)?.collect()
        })
        .await
    }

    /// Gives a queue other settings.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`], or when they cannot be written.
    pub async fn set_queue(&self, name: &str, settings: QueueSettings, now: Timestamp) -> Result<Queue, StreamsError> {
        let name = name.to_owned();
        self.write(move |connection, state| {
            let queue = update(connection, &name, &settings, now)?;
            state.changed.push(Topic::Queue(name));
            Ok(queue)
        })
        .await
    }

    /// Deletes a queue and its messages.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`], or when it cannot be written.
    pub async fn delete_queue(&self, name: &str) -> Result<(), StreamsError> {
        let name = name.to_owned();
        self.write(move |connection, state| {
            let queue = open(connection, &name)?;
            connection.execute("DELETE FROM messages WHERE queue = ?1", [queue.id])?;
            connection.execute("DELETE FROM queues WHERE id = ?1", [queue.id])?;
            // whoever waits for its messages gets the error that it is gone
            state.changed.push(Topic::Queue(name));
            Ok(())
        })
        .await
    }

    /// Deletes all messages of a queue.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`]; [`StreamsError::PurgeInProgress`] within a minute of the last time; or when it cannot be
    /// written.
    pub async fn purge_queue(&self, name: &str, now: Timestamp) -> Result<(), StreamsError> {
        let name = name.to_owned();
        self.write(move |connection, _| {
            let queue = open(connection, &name)?;
            let sql = "SELECT purged FROM queues WHERE id = ?1";
            let purged: Option<Timestamp> = connection.query_row(sql, [queue.id], |row| row.get(0))?;
            if let Some(at) = purged.filter(|at| now.saturating_sub(*at) < PURGE_EVERY) {
                return Err(StreamsError::PurgeInProgress { queue: name, at }.into());
            }
            connection.execute("DELETE FROM messages WHERE queue = ?1", [queue.id])?;
            connection.execute("UPDATE queues SET purged = ?2 WHERE id = ?1", (queue.id, now))?;
            Ok(())
        })
        .await
    }

    /// Returns a listener that wakes when a queue may have something to receive.
    pub fn queue_wakes(&self, name: &str) -> ChangeListener {
        self.subscribe(Topic::Queue(name.to_owned()))
    }
}

fn update(connection: &Connection, name: &str, settings: &QueueSettings, now: Timestamp) -> Result<Queue, JobError> {
    let redrive = settings.redrive.as_ref();
    let sql = "UPDATE queues SET modified = ?2, visibility = ?3, retention = ?4, delay = ?5, wait = ?6, max_bytes = ?7,
               redrive_to = ?8, max_receives = ?9, remark = ?10 WHERE name = ?1";
    connection.prepare_cached(sql)?.execute((
        name,
        now,
        settings.visibility,
        settings.retention,
        settings.delay,
        settings.wait,
        settings.max_bytes,
        redrive.map(|redrive| &redrive.queue),
        redrive.map(|redrive| redrive.max_receives),
        &settings.remark,
    ))?;
    open(connection, name)
}

pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Queue>> {
    let sql = format!("SELECT {COLUMNS} FROM queues WHERE name = ?1");
    connection.prepare_cached(&sql)?.query_row([name], queue).optional()
}

/// A queue that must be there.
pub(super) fn open(connection: &Connection, name: &str) -> Result<Queue, JobError> {
    Ok(find(connection, name)?.ok_or_else(|| StreamsError::NoQueue(name.to_owned()))?)
}

pub(super) fn queue(row: &Row<'_>) -> rusqlite::Result<Queue> {
    let redrive = match (row.get(9)?, row.get(10)?) {
        (Some(queue), Some(max_receives)) => Some(Redrive { queue, max_receives }),
        _ => None,
    };
    Ok(Queue {
        id: row.get(0)?,
        name: row.get(1)?,
        created: row.get(2)?,
        modified: row.get(3)?,
        settings: QueueSettings {
            visibility: row.get(4)?,
            retention: row.get(5)?,
            delay: row.get(6)?,
            wait: row.get(7)?,
            max_bytes: row.get(8)?,
            redrive,
            remark: row.get(11)?,
        },
    })
}
