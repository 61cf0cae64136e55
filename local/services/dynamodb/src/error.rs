//! Errors of the tables.

use std::path::PathBuf;

use axum::http::StatusCode;
use sluice_wire::ApiError;

/// The tables cannot be opened or set up.
#[derive(Debug, thiserror::Error)]
pub enum DynamoError {
    /// The file cannot be opened.
    #[error("cannot open the tables in {}: {reason}; restore the file from a copy, or choose another directory with --data", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The database's message.
        reason: String,
    },
    /// No thread for the tables.
    #[error("cannot start a thread for the tables: {0}")]
    Thread(std::io::Error),
    /// The set-up cannot be put on disk.
    #[error("cannot put the tables on disk: {0}; look after the disk, then start again")]
    Sync(std::io::Error),
    /// The file was closed.
    #[error("the tables are closed")]
    Closed,
    /// The definition of a table is refused.
    #[error("table {table}: {reason}")]
    Refused {
        /// The table.
        table: String,
        /// DynamoDB's message.
        reason: String,
    },
    /// There is a table of this name with other keys.
    #[error(
        "table {table} exists with the keys {existing}, but {wanted} are wanted, and keys cannot be changed; delete the \
         table (its items go with it) or give it another name"
    )]
    OtherKeys {
        /// The table.
        table: String,
        /// Its keys, such as `id HASH (S)`.
        existing: String,
        /// The keys wanted.
        wanted: String,
    },
}

/// The tables cannot answer a call; DynamoDB would say `InternalServerError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Their thread has ended.
    #[error("the tables are closed")]
    Closed,
    /// A bug; the call may or may not have been carried out.
    #[error("the tables' database panicked at this call")]
    Panicked,
    /// The database takes no writes, for the moment or for good.
    #[error("the tables cannot be written: {0}; nothing of this call is certain to be kept, so send it again")]
    Disk(String),
    /// The way by HTTP is closed; the call may have been carried out.
    #[error("the tables' own server: {0}")]
    Server(String),
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match error {
            // told once, by the disk
            CallError::Disk(_) => {
                Self::client("InternalServerError", error.to_string()).status(StatusCode::INTERNAL_SERVER_ERROR)
            }
            CallError::Closed | CallError::Panicked | CallError::Server(_) => {
                Self::internal("InternalServerError", &error)
            }
        }
    }
}
