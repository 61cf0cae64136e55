use std::io;

use thiserror::Error;

/// The reason why a run could not be made.
#[derive(Debug, Error)]
pub enum RunError {
    /// The target never answered, and will not.
    #[error("{target} does not take submissions: {reason}")]
    Target {
        /// The target.
        target: String,
        /// The failure of the first attempt.
        reason: String,
    },
    /// AWS cannot be called from here.
    #[error("cannot call AWS: {0}")]
    Aws(String),
    /// Certificates cannot be checked.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// The machine refuses.
    #[error("{doing}: {source}")]
    System {
        /// The action that failed.
        doing: &'static str,
        /// The system's error.
        source: io::Error,
    },
}
