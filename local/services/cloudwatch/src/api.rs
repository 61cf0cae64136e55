//! The API: the operations by name.

use serde_json::Value;
use sluice_wire::query::QueryApi;

use crate::node::Node;
use crate::wire::parse;
use crate::{CloudWatch, CloudWatchError};
use crate::{
    delete_alarms, delete_dashboards, describe_alarm_history, describe_alarms, disable_alarm_actions,
    enable_alarm_actions, get_dashboard, get_metric_data, get_metric_statistics, list_dashboards, list_metrics,
    put_dashboard, put_metric_alarm, put_metric_data, set_alarm_state,
};

/// CloudWatch in the query protocol.
pub const API: QueryApi = QueryApi {
    name: "cloudwatch",
    version: "2010-08-01",
    signing_name: "monitoring",
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
};

/// Declares the operations once, for their dispatch and for the error about one that is not among them.
macro_rules! operations {
    ($($operation:literal => $module:ident,)+) => {
        /// The operations' names.
        pub(crate) const OPERATIONS: &[&str] = &[$($operation),+];

        /// Answers one call, whatever protocol it came by.
        pub(crate) async fn call(cloudwatch: &CloudWatch, operation: &str, request: Value) -> Result<Node, CloudWatchError> {
            match operation {
                $($operation => $module::call(cloudwatch, parse(request)?).await,)+
                _ => Err(CloudWatchError::UnknownOperation {
                    operation: operation.to_owned(),
                    known: OPERATIONS.join(", "),
                }),
            }
        }
    };
}

operations! {
    "DeleteAlarms" => delete_alarms,
    "DeleteDashboards" => delete_dashboards,
    "DescribeAlarmHistory" => describe_alarm_history,
    "DescribeAlarms" => describe_alarms,
    "DisableAlarmActions" => disable_alarm_actions,
    "EnableAlarmActions" => enable_alarm_actions,
    "GetDashboard" => get_dashboard,
    "GetMetricData" => get_metric_data,
    "GetMetricStatistics" => get_metric_statistics,
    "ListDashboards" => list_dashboards,
    "ListMetrics" => list_metrics,
    "PutDashboard" => put_dashboard,
    "PutMetricAlarm" => put_metric_alarm,
    "PutMetricData" => put_metric_data,
    "SetAlarmState" => set_alarm_state,
}
