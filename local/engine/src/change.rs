//! The changes that decisions consist of: one type for each, with its data, the history event that it is, its meaning for
//! Map Runs, and its effect on the state of the execution.
//!
//! Nothing else writes the state. A change first looks up all that it needs, and fails with an
//! [`InvariantViolation`](crate::InvariantViolation) if something is not there: it is applied whole or not at all.
//!
//! Events are linked (`previousEventId`) as AWS links them:
//!
//! | event | follows | and then the thread's next event follows |
//! |---|---|---|
//! | the first state's entry | nothing (0) | it |
//! | most events | the thread's last | it |
//! | `MapIterationStarted` | `MapStateStarted`, or the last state's event of the iteration that made room | it |
//! | `MapIterationSucceeded`, `…Failed`, `…Aborted` | the iteration's last | for the Map: it if it succeeded, else what it followed |
//! | `MapStateSucceeded`, `ParallelStateSucceeded` | the last branch's end | what it followed |
//! | `EvaluationFailed` at a state's entry | what the entry followed | it |
//! | `ExecutionTimedOut`, `ExecutionAborted` | nothing (0) | |
//! | `MapRunRedriven` | `ExecutionRedriven` | it |

pub(crate) mod branch;
pub(crate) mod call;
pub(crate) mod child;
pub(crate) mod execution;
pub(crate) mod fan_out;
pub(crate) mod iteration;
mod kind;
pub(crate) mod map_run;
mod position;
pub(crate) mod state;
mod structure;
#[cfg(test)]
mod tests;

pub(crate) use kind::{Change, apply};
pub(crate) use position::History;
