//! The numbers of threads.

/// A thread's number; never given twice in the life of an execution, so that a stale one finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ThreadId(pub(crate) u32);

/// The machine's own thread.
pub(crate) const ROOT: ThreadId = ThreadId(0);
