//! Violations of what holds between the parts of an execution's state: bugs, told loudly.

use crate::AttemptId;

/// A contradiction in an execution's state: a bug of the engine, or a definition that was changed under a log.
///
/// Whoever meets one stops. The execution is of no use any more, since its decision was made in part: fold the log again,
/// and record that the decision broke down ([`crate::Fact::BrokeDown`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvariantViolation {
    /// A thread is named that is not there.
    #[error("thread {0} does not exist")]
    NoThread(u32),
    /// A thread must be in a state, and is between two.
    #[error("thread {0} is in no state")]
    NoStateInstance(u32),
    /// A thread is to enter a state, and has none to enter.
    #[error("thread {0} has no state to enter")]
    NoPendingState(u32),
    /// A state must have a call under way.
    #[error("the state of thread {0} has no call under way")]
    NoCall(u32),
    /// A state must have branches or iterations.
    #[error("the state of thread {0} has no branches")]
    NoFanOut(u32),
    /// A state must have iterations.
    #[error("the state of thread {0} has no iterations")]
    NoIterations(u32),
    /// A state must have a Map Run.
    #[error("the state of thread {0} has no Map Run")]
    NoMapRun(u32),
    /// A thread must be the first of a child execution.
    #[error("thread {0} is no child execution")]
    NoChildExecution(u32),
    /// A thread must have been started by a Parallel or Map.
    #[error("thread {0} is no branch")]
    NoBranch(u32),
    /// A Map has no item of that number.
    #[error("the Map of thread {thread} has no item {index}")]
    NoItem {
        /// The Map's thread.
        thread: u32,
        /// The item's number.
        index: usize,
    },
    /// A state is asked for what its type does not do.
    #[error("the state '{state}' of thread {thread} cannot {action}")]
    WrongStateType {
        /// The state's thread.
        thread: u32,
        /// The state's name.
        state: String,
        /// The action that belongs to other types.
        action: &'static str,
    },
    /// A deadline of a thread has passed that waits for no time.
    #[error("thread {0} waits for no time")]
    NoDeadline(u32),
    /// An answer was let through for an attempt that is not open.
    #[error("attempt {} is not open", .0.0)]
    AttemptNotOpen(AttemptId),
    /// An update was let through for a Map Run that is not at work.
    #[error("no Map Run {0} is at work")]
    MapRunNotAtWork(String),
}
