//! CloudWatch: metrics and dashboards. See the
//! [reference](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html).
//!
//! [`Metrics`] gathers values and keeps them; [`CloudWatch`] answers the API. Each action is one file that knows no protocol:
//! `protocols` reads requests and writes responses in the three that AWS's clients speak. There are no alarms, and nothing older
//! than 15 days.

mod api;
mod broken;
mod dashboards;
mod delete_dashboards;
mod ensure_dashboard;
mod error;
mod get_dashboard;
mod get_metric_data;
mod get_metric_statistics;
mod list_dashboards;
mod list_metrics;
mod metric;
mod metrics;
mod node;
mod protocols;
mod put_dashboard;
mod put_metric_data;
mod read_for_pages;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use api::API;
pub use error::CloudWatchError;
pub use metrics::{Metrics, MetricsError};
pub use service::CloudWatch;
pub use wire::uncompressed;
