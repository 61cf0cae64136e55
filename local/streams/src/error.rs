//! The errors of the store, whatever the caller makes of them.

use std::path::Path;

use crate::Timestamp;

/// The reason why a call was refused or could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamsError {
    /// No such stream.
    #[error("there is no stream {0}")]
    NoStream(String),
    /// The name is taken.
    #[error("the stream {0} exists already")]
    StreamExists(String),
    /// The stream has no such shard.
    #[error("the stream {stream} has no shard {shard}")]
    NoShard {
        /// The stream's name.
        stream: String,
        /// The shard's number.
        shard: u32,
    },
    /// A sequence number that is of another shard.
    #[error("the sequence number is not of shard {shard} of the stream {stream}")]
    ForeignSequence {
        /// The stream's name.
        stream: String,
        /// The shard's number.
        shard: u32,
    },
    /// No such queue.
    #[error("there is no queue {0}")]
    NoQueue(String),
    /// A queue was purged less than a minute ago.
    #[error("the queue {queue} was purged at {at}; a minute must pass before the next time")]
    PurgeInProgress {
        /// The queue's name.
        queue: String,
        /// The time of the purge.
        at: Timestamp,
    },
    /// Too many messages were received and not deleted.
    #[error("the queue {0} has as many messages in flight as a queue may have")]
    TooManyInFlight(String),
    /// The file cannot be read or written.
    #[error("{path}: {reason}")]
    Disk {
        /// The store's file.
        path: String,
        /// The message of SQLite or of the operating system.
        reason: String,
    },
    /// The file was written by a later release.
    #[error("{path} has format {found}, and this release knows formats up to {known}: use the release that wrote it")]
    Format {
        /// The store's file.
        path: String,
        /// Its format.
        found: i64,
        /// The newest one known.
        known: i64,
    },
    /// The store was closed while the call waited.
    #[error("the store of streams and queues is closed")]
    Closed,
    /// The call broke down; nothing of it was written.
    #[error("the call broke down inside the store of streams and queues; nothing of it was written")]
    Panicked,
}

impl StreamsError {
    /// An error of the disk, which names the file.
    pub(crate) fn disk(path: &Path, error: &dyn std::error::Error) -> Self {
        Self::Disk {
            path: path.display().to_string(),
            reason: error.to_string(),
        }
    }
}

/// The error of a job on the writing thread, which takes back all that the job did.
#[derive(Debug)]
pub(crate) enum JobError {
    /// SQLite refused something.
    Sqlite(rusqlite::Error),
    /// The error for the caller.
    Refused(StreamsError),
}

impl From<rusqlite::Error> for JobError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StreamsError> for JobError {
    fn from(error: StreamsError) -> Self {
        Self::Refused(error)
    }
}

impl JobError {
    /// The error for the caller.
    pub(crate) fn into_error(self, path: &Path) -> StreamsError {
        match self {
            Self::Sqlite(error) => StreamsError::disk(path, &error),
            Self::Refused(error) => error,
        }
    }
}
