//! CloudWatch: metrics and dashboards. See the
//! [reference](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html).
//!
//! [`Metrics`] gathers values and keeps them; `sources` feeds it with what the services of this machine do; the rest
//! answers the API. Each action is one file that knows no protocol: `wire` reads requests and writes answers in the three
//! that AWS's clients speak. There are no alarms, and nothing older than 15 days.

mod broken;
mod dashboards;
mod delete_dashboards;
mod error;
mod get_dashboard;
mod get_metric_data;
mod get_metric_statistics;
mod list_dashboards;
mod list_metrics;
mod metric;
mod metrics;
mod put_dashboard;
mod put_metric_data;
pub(crate) mod sources;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use dashboards::ensure_dashboard;
pub(crate) use dashboards::remove as remove_dashboard;
pub use error::CloudWatchError;
pub use metrics::{Metrics, MetricsError};
pub(crate) use wire::{MAX_BODY, cbor, form, json, uncompressed};

use serde_json::Value;
use wire::{Node, parse};

use crate::endpoint::Services;

const KNOWN: [&str; 8] = [
    "DeleteDashboards",
    "GetDashboard",
    "GetMetricData",
    "GetMetricStatistics",
    "ListDashboards",
    "ListMetrics",
    "PutDashboard",
    "PutMetricData",
];

/// Answers one call, whatever protocol it came by.
async fn call(services: &Services, operation: &str, request: Value) -> Result<Node, CloudWatchError> {
    match operation {
        "DeleteDashboards" => delete_dashboards::call(services, parse(request)?).await,
        "GetDashboard" => get_dashboard::call(services, parse(request)?).await,
        "GetMetricData" => get_metric_data::call(services, parse(request)?).await,
        "GetMetricStatistics" => get_metric_statistics::call(services, parse(request)?).await,
        "ListDashboards" => list_dashboards::call(services, parse(request)?).await,
        "ListMetrics" => list_metrics::call(services, parse(request)?).await,
        "PutDashboard" => put_dashboard::call(services, parse(request)?).await,
        "PutMetricData" => put_metric_data::call(services, parse(request)?),
        _ => Err(CloudWatchError::UnknownOperation {
            operation: operation.to_owned(),
            known: KNOWN.join(", "),
        }),
    }
}
