//! Tasks that run outside the engine, and how their results come back.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use sluice_engine::{AttemptId, Identity, Outcome, ScheduledTask};

use crate::ExecutionRecord;

/// Carries out what the engine decided.
///
/// Called only after the decision is on disk, from the engine's thread: neither method may block.
pub trait TaskRunner: Send + Sync + 'static {
    /// Makes the call. The same attempt can come again after a crash: at least once.
    fn run(&self, task: RunningTask);

    /// Nobody waits any more for `attempt` of this execution; its call may be given up.
    fn abandon(&self, execution: &Arc<Identity>, attempt: AttemptId) {
        let _ = (execution, attempt);
    }

    /// The answer to a task whose job, an execution, has ended: [`TaskResult::Succeeded`] or [`TaskResult::Failed`].
    ///
    /// Part of the very commit that ends the job, so it must come from its arguments alone.
    fn job_ended(&self, task: &ScheduledTask, job: &ExecutionRecord) -> TaskResult {
        match &job.outcome {
            Some(Outcome::Succeeded { output }) => TaskResult::Succeeded((**output).clone()),
            _ => TaskResult::Failed {
                error: "States.TaskFailed".into(),
                cause: format!(
                    "The execution {} that state '{}' has started ended as {}.",
                    job.identity.arn,
                    task.state,
                    job.status.as_str()
                ),
            },
        }
    }
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskResult {
    /// With a response.
    Succeeded(Value),
    /// With an error, as `ErrorEquals` sees it.
    Failed {
        /// The error name.
        error: String,
        /// The cause.
        cause: String,
    },
    /// The call was accepted; the task's result is still to come by its token.
    Submitted(Value),
    /// The call of a `.sync` task has started an execution. When that ends, [`TaskRunner::job_ended`] says what the task's
    /// result is; until then, and over restarts, the waiting costs no memory.
    Job {
        /// The call's response, for the history.
        output: Value,
        /// The execution's ARN.
        execution: String,
    },
}

type Reply = Box<dyn FnOnce(TaskResult) + Send>;

/// A task to run, with the execution it belongs to and the means to answer it.
///
/// Dropped without an answer, it fails the attempt with `States.TaskFailed`, so that nothing waits for ever.
pub struct RunningTask {
    /// The execution.
    pub identity: Arc<Identity>,
    /// The call to make.
    pub task: ScheduledTask,
    reply: Option<Reply>,
}

impl RunningTask {
    /// A task whose answer goes to `reply`, exactly once.
    pub fn new(identity: Arc<Identity>, task: ScheduledTask, reply: impl FnOnce(TaskResult) + Send + 'static) -> Self {
        Self {
            identity,
            task,
            reply: Some(Box::new(reply)),
        }
    }

    /// The call ended well.
    pub fn succeed(self, output: Value) {
        self.answer(TaskResult::Succeeded(output));
    }

    /// The call failed.
    pub fn fail(self, error: impl Into<String>, cause: impl Into<String>) {
        self.answer(TaskResult::Failed {
            error: error.into(),
            cause: cause.into(),
        });
    }

    /// The call of a `.waitForTaskToken` or `.sync` task was accepted with this response; its result comes by the token.
    pub fn submitted(self, output: Value) {
        self.answer(TaskResult::Submitted(output));
    }

    /// The task is an activity's and lies ready for a worker, who answers by its token. A task that no worker has taken
    /// comes again after a restart.
    pub fn awaits_worker(mut self) {
        self.reply = None;
    }

    /// Leaves the task open although its call has ended: nobody is told anything, as if the process had been killed, and
    /// the call is made again after a restart.
    pub fn leave_open(mut self) {
        self.reply = None;
    }

    /// Takes note that the engine has the result by another way.
    pub(crate) fn mark_answered(&mut self) {
        self.reply = None;
    }

    fn answer(mut self, answer: TaskResult) {
        if let Some(reply) = self.reply.take() {
            reply(answer);
        }
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply(TaskResult::Failed {
                error: "States.TaskFailed".into(),
                cause: format!(
                    "The call of state '{}' was given up without an answer.",
                    self.task.state
                ),
            });
        }
    }
}

impl fmt::Debug for RunningTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the task itself: it holds the token.
        f.debug_struct("RunningTask")
            .field("execution", &self.identity.arn)
            .field("state", &self.task.state)
            .field("attempt", &self.task.attempt)
            .finish_non_exhaustive()
    }
}
