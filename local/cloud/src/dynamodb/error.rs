//! What can go wrong with the tables.

use std::path::PathBuf;

/// The tables cannot be opened, served or set up.
#[derive(Debug, thiserror::Error)]
pub enum DynamoError {
    /// The file cannot be opened.
    #[error("cannot open the tables in {}: {reason}; restore the file from a copy, or choose another directory with --data", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
    /// No port or thread for the server.
    #[error("cannot serve the tables on a loopback port: {0}")]
    Serve(std::io::Error),
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
