//! The errors that keep a figure from being taken.

use std::io;
use std::path::PathBuf;

/// The reason why the program stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// Nothing listens there.
    #[error("nothing answers at {url}: {source}. Start what is to listen there, or correct the URL")]
    Unreachable {
        /// As given.
        url: String,
        /// The system's error.
        source: io::Error,
    },
    /// It listened, and then it did not answer.
    #[error("{url} stopped in the middle of an exchange: {source}")]
    Interrupted {
        /// As given.
        url: String,
        /// The system's error.
        source: io::Error,
    },
    /// The bytes that came are no answer.
    #[error("{url} does not answer in HTTP/1.1 that this client reads: {what}")]
    NotHttp {
        /// As given.
        url: String,
        /// The fault in it.
        what: String,
    },
    /// An answer that does not say what it should.
    #[error("{what}: {status} {body}")]
    Answer {
        /// The request or the fault, in words.
        what: String,
        /// The answer's status.
        status: u16,
        /// The answer's body.
        body: String,
    },
    /// The work was not finished in time, or failed.
    #[error("{0}")]
    Unfinished(String),
    /// A file could not be written.
    #[error("{}: {source}. Give another place with --directory", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}
