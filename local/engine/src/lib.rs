//! The execution machine, pure: facts in, history events and effects out.
//!
//! [`Execution::apply`] takes one recorded [`Fact`] and answers a [`Consequences`]: the effects that may start once the fact
//! is on disk. No tokio, no clock, no randomness, no IO: the time and the random numbers of a decision lie in its
//! [`LogEntry`]. An execution's truth is the log of its entries; its state is a fold over them, and its AWS history is a
//! projection of that fold ([`history`]).

mod change;
mod decide;
pub mod effect;
mod evaluated;
pub mod event;
mod evolve;
pub mod execution;
pub mod fact;
pub mod identity;
mod life;
mod map_run;
mod project;
mod state;
mod tale;
pub mod test_state;
pub mod token;

pub use effect::{Effect, ScheduledTask};
pub use evaluated::{EvaluationOptions, Evaluator, RecordedEvaluation};
pub use event::{ErrorDetails, EventKind, HistoryEvent, StateType};
pub use execution::{AttemptStatus, Consequences, Execution, IllegalFact, Waiting, WaitingOn};
pub use fact::{AttemptId, Breakdown, Fact, LogEntry, MapRunUpdate};
pub use identity::{Identity, Outcome, Status, Timestamp};
pub use map_run::{ChildSummary, MapRunCounts, MapRunReport, MapRunStatus};
pub use tale::{ChildHistory, children, children_with, history, history_with};
