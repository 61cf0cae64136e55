//! The execution machine, pure: facts in, history events and effects out.
//!
//! [`Execution::apply`] takes one recorded [`Fact`] and gives its [`Consequences`]: the effects that may start once the
//! fact is on disk. No tokio, no clock, no randomness, no IO: the time and the random numbers of a decision lie in its
//! [`LogEntry`]. An execution's truth is the log of its entries; its state is a fold over them, and its AWS history is a
//! projection of that fold ([`history`]).
//!
//! From the bottom to the top: the `execution_state` and the `change`s that write it; a `decision`, which makes changes;
//! the `states` of each type; `decide`, which knows the facts; the [`Execution`] and its [`history`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use serde_json::json;
//! use sluice_asl::StateMachine;
//! use sluice_engine::{Effect, Execution, Fact, Identity, LogEntry, Outcome};
//!
//! let machine = StateMachine::parse(
//!     r#"{ "StartAt": "Add", "States": { "Add": {
//!         "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:add", "End": true } } }"#,
//! )?;
//! let identity = Identity {
//!     key: 1,
//!     arn: "arn:aws:states:us-east-1:123456789012:execution:m:run".into(),
//!     name: "run".into(),
//!     machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
//!     machine_name: "m".into(),
//!     role_arn: "arn:aws:iam::123456789012:role/r".into(),
//!     express: false,
//! };
//! let mut execution = Execution::new(Arc::new(machine), Arc::new(identity));
//!
//! // the input comes in, a call goes out
//! let input = Arc::new(json!({ "a": 2, "b": 3 }));
//! let started = LogEntry { at: 0, seed: [1, 2], fact: Fact::Started { input } };
//! let consequences = execution.apply(&started)?;
//! let [Effect::Run(task)] = &consequences.effects[..] else { panic!("one call") };
//!
//! // its result comes in, and the execution ends
//! let output = Arc::new(json!(5));
//! let answered = LogEntry { at: 40, seed: [3, 4], fact: Fact::TaskSucceeded { attempt: task.attempt, output } };
//! execution.apply(&answered)?;
//! assert_eq!(execution.outcome(), Some(&Outcome::Succeeded { output: Arc::new(json!(5)) }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod decide;
mod decision;
pub mod effect;
mod evaluation;
pub mod event;
pub mod execution;
mod execution_state;
pub mod fact;
mod history;
pub mod identity;
mod illegal_fact;
mod invariant;
mod limits;
mod map_run;
mod map_run_changes;
mod origin;
mod recorder;
mod states;
pub mod test_state;
pub mod token;
mod trace;

pub use effect::{Effect, ScheduledTask};
pub use evaluation::{EvaluationOptions, Evaluator, RecordedEvaluation};
pub use event::{ErrorDetails, EventKind, HistoryEvent, StateType};
pub use execution::{AttemptStatus, Consequences, Execution, Waiting, WaitingOn};
pub use fact::{AttemptId, Breakdown, Fact, LogEntry, MapRunUpdate};
pub use history::{ChildHistory, children, children_with, history, history_with};
pub use identity::{Identity, Outcome, Status, Timestamp};
pub use illegal_fact::{ApplyError, IllegalFact};
pub use invariant::InvariantViolation;
pub use map_run::{ChildSummary, MapRunCounts, MapRunReport, MapRunStatus};
pub use origin::EventOrigin;
pub use trace::{OpenVisit, Trace, trace_with};
