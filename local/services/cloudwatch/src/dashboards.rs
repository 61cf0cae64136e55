//! Dashboards in the journal, by their names.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_driver::{Driver, DriverError, Order};

/// The journal's key space for dashboards.
const KIND: &str = "cloudwatch-dashboard";

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dashboard {
    /// Its body, JSON as it was given.
    pub(crate) body: String,
    /// The time at which it was last put.
    pub(crate) modified: Timestamp,
}

/// The dashboards that a journal keeps.
#[derive(Clone)]
pub(crate) struct Dashboards {
    driver: Driver,
}

impl Dashboards {
    pub(crate) fn new(driver: Driver) -> Self {
        Self { driver }
    }

    pub(crate) async fn put(&self, name: &str, dashboard: Dashboard) -> Result<(), DriverError> {
        self.driver.store().put(KIND, name, json!(dashboard)).await
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Option<Dashboard>, DriverError> {
        Ok(self.driver.store().get(KIND, name).await?.and_then(read))
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<(), DriverError> {
        self.driver.store().remove(KIND, name).await?;
        Ok(())
    }

    /// The dashboards after one, by name.
    pub(crate) async fn after(
        &self,
        name: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Dashboard)>, DriverError> {
        let found = self.driver.store().scan(KIND, Order::Ascending, name, limit).await?;
        Ok(found
            .into_iter()
            .filter_map(|(name, value)| Some((name, read(value)?)))
            .collect())
    }
}

/// Reads a dashboard. One that another release wrote differently counts as absent.
fn read(value: Value) -> Option<Dashboard> {
    serde_json::from_value(value)
        .inspect_err(|error| tracing::error!(%error, "a dashboard cannot be read"))
        .ok()
}
