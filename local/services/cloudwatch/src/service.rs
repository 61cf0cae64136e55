//! The service's own state.

use std::sync::Arc;

use sluice_driver::Driver;
use sluice_wire::Account;

use crate::alarms::Alarms;
use crate::dashboards::{Dashboard, Dashboards};
use crate::{CloudWatchError, Metrics};

/// The metrics, alarms and dashboards of an account. Cheap to clone; clones are the same service.
#[derive(Clone)]
pub struct CloudWatch {
    pub(crate) account: Account,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) dashboards: Dashboards,
    pub(crate) alarms: Alarms,
}

impl CloudWatch {
    /// The service over these metrics, and over the journal that keeps dashboards and alarms.
    pub fn new(account: Account, metrics: Arc<Metrics>, driver: Driver) -> Self {
        Self {
            account,
            metrics,
            dashboards: Dashboards::new(driver.clone()),
            alarms: Alarms::new(driver),
        }
    }

    pub(crate) async fn put_dashboard(&self, name: &str, body: String) -> Result<(), CloudWatchError> {
        let modified = self.account.now();
        Ok(self.dashboards.put(name, Dashboard { body, modified }).await?)
    }

    /// The ARN of a dashboard, which belongs to no region.
    pub(crate) fn dashboard_arn(&self, name: &str) -> String {
        format!("arn:aws:cloudwatch::{}:dashboard/{name}", self.account.id)
    }
}
