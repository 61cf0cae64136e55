//! The settings of a driver.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sluice_storage::RetryBackoff;

use crate::{Clock, Observer, WorkerCommand};

/// The settings of a driver.
#[derive(Clone)]
pub struct DriverConfig {
    /// The directory of the journal and its lock; made if it is not there.
    pub directory: PathBuf,
    /// The engine's clock.
    pub clock: Arc<dyn Clock>,
    /// A source of random numbers that nobody can guess: task tokens come from them.
    pub seed: Arc<dyn Fn() -> [u64; 2] + Send + Sync>,
    /// The region in the ARNs of executions.
    pub region: String,
    /// The account in the ARNs of executions.
    pub account: String,
    /// The time that executions are kept after their end.
    pub retention: Duration,
    /// The receiver of observations.
    pub observer: Arc<dyn Observer>,
    /// The pauses before the journal is written again after a failure.
    pub retry: RetryBackoff,
    /// The command that starts a process for costly evaluations; none: they are made in this process, where nobody can
    /// end them at once.
    pub worker: Option<WorkerCommand>,
}

impl fmt::Debug for DriverConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverConfig")
            .field("directory", &self.directory)
            .field("region", &self.region)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
