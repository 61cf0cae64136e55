//! Effects: the deeds that follow once a decision is on disk.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Resource;

use crate::{AttemptId, Outcome};

/// One consequence of a decision.
///
/// Deadlines are not effects: [`crate::Execution::next_deadline`] says when the execution wants to be woken, so that a
/// timer is never kept twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Call what a Task names, and answer with a fact about the same attempt. At least once.
    Run(Box<ScheduledTask>),
    /// Nobody waits for this attempt any more (it timed out, or its execution ended).
    Abandon(AttemptId),
    /// The execution has ended.
    Finish(Outcome),
}

/// A call to make.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduledTask {
    /// To be named in the answer.
    pub attempt: AttemptId,
    /// The state that calls.
    pub state: Arc<str>,
    /// The function, activity or service to call.
    pub resource: Resource,
    /// The evaluated `Parameters` or `Arguments`; for a function ARN or an activity, its input.
    pub arguments: Arc<Value>,
    /// The task token, for callbacks and activities. A secret: not for logs or pages.
    pub token: Option<Arc<str>>,
    /// The evaluated timeout, seconds.
    pub timeout_seconds: Option<u64>,
    /// The evaluated heartbeat, seconds.
    pub heartbeat_seconds: Option<u64>,
    /// The evaluated `Credentials`.
    pub credentials: Option<Arc<Value>>,
}
