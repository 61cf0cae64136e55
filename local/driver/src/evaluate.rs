//! Decisions and evaluations away from the engine's thread.
//!
//! What cannot be shown to be cheap is evaluated by a *worker*: a process of the same binary that has a limit on its memory
//! and can be killed. A job that needs evaluations (a decision about an execution, a state under test) runs on one of
//! few threads, each with a worker of its own, from two queues: the fast one gives a job a slice of time, and who needs
//! more goes through the slow one, where the limits lie that end in an error. So those who are quick never wait behind
//! those who are not. In each queue the owners of jobs take turns.

mod frame;
mod job;
mod pool;
mod process;
mod replay;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use job::EvaluationJob;
pub use pool::EvaluationPool;
pub(crate) use replay::ReplayEvaluator;
pub use worker::serve;

/// The command that starts a worker: a process that calls [`serve`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The time that the evaluations of one decision may take, all together; then each further one fails.
    pub time: Duration,
}

impl WorkerCommand {
    /// With an empty environment and as much time as is usual.
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().collect(),
            environment: Vec::new(),
            time: Duration::from_secs(5),
        }
    }
}

/// The cause of the error of an expression that needs too much memory.
const TOO_MUCH_MEMORY: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

/// The cause of the error of an expression that takes too long, alone or together with those before it.
const TOO_MUCH_TIME: &str = "Expression evaluation exceeded the time limit.";

/// The cause of the error of an expression whose value cannot be kept.
const TOO_DEEP: &str = "The result is nested too deeply.";
