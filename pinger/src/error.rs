use std::io;

use thiserror::Error;

/// Why a run could not be made.
#[derive(Debug, Error)]
pub enum RunError {
    /// The target never answered, and will not.
    #[error("{target} does not take submissions: {reason}")]
    Target {
        /// What was to be loaded.
        target: String,
        /// What happened at the first attempt.
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
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
