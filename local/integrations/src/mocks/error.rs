//! Files of mocks that cannot be used.

use std::path::PathBuf;

/// The reason why a file of mocks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MocksError {
    /// It cannot be read.
    #[error("the file of mocks {} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The operating system's reason.
        reason: std::io::Error,
    },
    /// It is not of the format.
    #[error("the file of mocks {} cannot be used: {problem}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The place, and the reason.
        problem: String,
    },
}
