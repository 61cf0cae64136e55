//! The dashboards of stacks.

use serde_json::Value;

use crate::{CloudWatch, CloudWatchError};

impl CloudWatch {
    /// Makes the dashboard of a template, or brings it up to date.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn ensure_dashboard(&self, name: &str, body: &Value) -> Result<(), CloudWatchError> {
        let body = body.to_string();
        match self.dashboards.get(name).await? {
            Some(there) if there.body == body => Ok(()),
            _ => self.put_dashboard(name, body).await,
        }
    }

    /// Removes the dashboard of a template; one that is not there is removed already.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn remove_dashboard(&self, name: &str) -> Result<(), CloudWatchError> {
        Ok(self.dashboards.remove(name).await?)
    }
}
