//! The API: the operations by name.

use serde_json::Value;
use sluice_wire::query::QueryApi;

use crate::node::Node;
use crate::wire::parse;
use crate::{CloudWatch, CloudWatchError};
use crate::{
    delete_dashboards, get_dashboard, get_metric_data, get_metric_statistics, list_dashboards, list_metrics,
    put_dashboard, put_metric_data,
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
    "DeleteDashboards" => delete_dashboards,
    "GetDashboard" => get_dashboard,
    "GetMetricData" => get_metric_data,
    "GetMetricStatistics" => get_metric_statistics,
    "ListDashboards" => list_dashboards,
    "ListMetrics" => list_metrics,
    "PutDashboard" => put_dashboard,
    "PutMetricData" => put_metric_data,
}
