//! A runner for tests without tasks.

use sluice_driver::{RunningTask, TaskRunner};

/// Runs no task: each fails, since it is dropped without an answer.
#[derive(Debug)]
pub struct NoTasks;

impl TaskRunner for NoTasks {
    fn run(&self, task: RunningTask) {
        drop(task);
    }
}
