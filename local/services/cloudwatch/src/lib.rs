//! CloudWatch: metrics, alarms and dashboards. See the
//! [reference](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html).
//!
//! [`Metrics`] gathers values and keeps them; [`CloudWatch`] answers the API. Each action is one file that knows no protocol:
//! `protocols` reads requests and writes responses in the three that AWS's clients speak. Nothing is
//! older than 15 days. [`CloudWatch::evaluate_alarms`] is to be called when it says that it is due; whoever calls also tells
//! the actions ([`CloudWatch::alarm_notices`]).

mod alarm_notices;
mod alarm_request;
mod alarm_words;
mod alarms;
mod alarms_for_pages;
mod api;
mod broken;
mod dashboards;
mod delete_alarms;
mod delete_dashboards;
mod describe_alarm_history;
mod describe_alarms;
mod disable_alarm_actions;
mod enable_alarm_actions;
mod ensure_dashboard;
mod error;
mod evaluate_alarms;
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
mod put_metric_alarm;
mod put_metric_data;
mod read_for_pages;
mod service;
mod set_alarm_state;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use alarm_notices::NoticeOutcome;
pub use alarms::AlarmNotice;
pub use alarms_for_pages::{AlarmChange, AlarmView};
pub use api::API;
pub use error::CloudWatchError;
pub use metrics::{Metrics, MetricsError};
pub use service::CloudWatch;
pub use wire::uncompressed;
