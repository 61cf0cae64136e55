//! The limits on what a client may take.

use std::time::Duration;

/// The limits of one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The time for a request's line and headers from their first byte on, and for a new connection to send them.
    pub head: Duration,
    /// The time that a connection may be idle after an answer.
    pub idle: Duration,
    /// The time that a body may go without a byte.
    pub stall: Duration,
    /// The time for a whole body.
    pub body: Duration,
    /// The request line and the headers together, in bytes.
    pub head_bytes: usize,
    /// The time for open requests once the listener is to stop.
    pub grace: Duration,
    /// True if, once the listener is to stop, what clients have sent is still answered until they close.
    pub hears_out: bool,
}

impl Limits {
    /// For peers that are known, and may take their time.
    pub fn patient() -> Self {
        let ever = Duration::from_secs(u64::from(u32::MAX));
        Self {
            head: ever,
            idle: ever,
            stall: ever,
            body: ever,
            grace: ever,
            hears_out: true,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(20),
            body: Duration::from_secs(120),
            head_bytes: 256 * 1024,
            grace: Duration::from_secs(5),
            hears_out: false,
        }
    }
}
