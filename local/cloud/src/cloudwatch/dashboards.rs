//! Dashboards in the driver's durable store, by their names.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_driver::Order;
use sluice_engine::Timestamp;

use super::CloudWatchError;
use crate::endpoint::Services;

const DASHBOARD: &str = "cloudwatch-dashboard";

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dashboard {
    /// Its body, JSON as it was given.
    pub(super) body: String,
    /// When it was last put.
    pub(super) modified: Timestamp,
}

/// Makes the dashboard of a template, or brings it up to date.
///
/// # Errors
/// When the journal fails.
pub async fn ensure_dashboard(services: &Services, name: &str, body: &Value) -> Result<(), CloudWatchError> {
    let body = body.to_string();
    match get(services, name).await? {
        Some(there) if there.body == body => Ok(()),
        _ => put(services, name, body).await,
    }
}

pub(super) async fn put(services: &Services, name: &str, body: String) -> Result<(), CloudWatchError> {
    let dashboard = Dashboard {
        body,
        modified: services.config.now(),
    };
    Ok(services.driver.put(DASHBOARD, name, json!(dashboard)).await?)
}

pub(super) async fn get(services: &Services, name: &str) -> Result<Option<Dashboard>, CloudWatchError> {
    Ok(services.driver.get(DASHBOARD, name).await?.and_then(read))
}

pub(crate) async fn remove(services: &Services, name: &str) -> Result<(), CloudWatchError> {
    services.driver.remove(DASHBOARD, name).await?;
    Ok(())
}

/// The dashboards after one, by name.
pub(super) async fn after(
    services: &Services,
    name: Option<String>,
    limit: usize,
) -> Result<Vec<(String, Dashboard)>, CloudWatchError> {
    let found = services.driver.scan(DASHBOARD, Order::Ascending, name, limit).await?;
    Ok(found
        .into_iter()
        .filter_map(|(name, value)| Some((name, read(value)?)))
        .collect())
}

/// Dashboards belong to no region.
pub(super) fn arn(services: &Services, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", services.config.account)
}

/// A record that another release wrote differently counts as absent.
fn read(value: Value) -> Option<Dashboard> {
    serde_json::from_value(value)
        .inspect_err(|error| tracing::error!(%error, "a dashboard cannot be read"))
        .ok()
}
