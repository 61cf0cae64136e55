//! The way in which a mapping ends.

/// The way in which a mapping ends, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// It goes on.
    Running,
    /// Records that the stream already holds are still delivered, for at most 30 s.
    Drain,
    /// Batches at work come to their ends, and no further one begins.
    AtOnce,
}
