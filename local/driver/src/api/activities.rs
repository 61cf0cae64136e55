//! Tasks of activities.

use sluice_engine::ScheduledTask;

use crate::client::Client;
use crate::request::Request;
use crate::{ClaimTask, DriverError};

/// A handle on the tasks that wait for activity workers.
#[derive(Clone, Debug)]
pub struct Activities(pub(crate) Client);

impl Activities {
    /// Gives an activity's task to a worker: that it has it is on disk when this returns. `None`: the task is not to be
    /// had any more. A caller that is gone before its turn comes takes nothing.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn claim(&self, claim: ClaimTask) -> Result<Option<ScheduledTask>, DriverError> {
        self.0.ask(claim, Request::ClaimTask).await
    }
}
