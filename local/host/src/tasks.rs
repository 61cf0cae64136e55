//! Tasks: processes that are kept running, so many at a time, until they are told to stop.
//!
//! A task is one process per container; it ends when an essential one does, and then another takes its place, after
//! pauses that grow while tasks end early. A stop is SIGTERM, and SIGKILL for what has not ended by its time. It follows
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html>.

mod container;
mod output;
mod restarts;
mod set;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use container::file_name as log_file_name;
pub use set::TaskSet;

/// The definition that all tasks of a set follow.
#[derive(Debug, Clone)]
pub struct TaskSpec {
    /// The tasks' name in messages: that of the service.
    pub name: String,
    /// Its containers, at least one of them essential.
    pub containers: Vec<ContainerSpec>,
}

/// One process of a task.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    /// The container's name.
    pub name: String,
    /// The program.
    pub binary: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment variables, beside region and credentials.
    pub environment: BTreeMap<String, String>,
    /// True if the task ends with it.
    pub essential: bool,
    /// The time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    /// The log of its output; none is kept when absent.
    pub log: Option<ContainerLog>,
}

/// The place of a container's output: `GROUP/STREAM-N.log` in the host's log directory, N being the task's number in
/// its set, from 1. Files are bounded in size, as those of functions.
#[derive(Debug, Clone)]
pub struct ContainerLog {
    /// The directory.
    pub group: String,
    /// The beginning of the file's name.
    pub stream: String,
}
