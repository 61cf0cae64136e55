//! [DeleteDashboards](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteDashboards.html)

use serde::Deserialize;

use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

/// The most dashboards of a request.
const MAX_NAMES: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    dashboard_names: Option<Vec<String>>,
}

/// All of them, or none if one is not there.
pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let names = request.dashboard_names.unwrap_or_default();
    if names.is_empty() {
        return Err(CloudWatchError::MissingParameter("DashboardNames"));
    }
    if names.len() > MAX_NAMES {
        return Err(CloudWatchError::InvalidParameterValue(format!(
            "The collection DashboardNames must not have a size greater than {MAX_NAMES}."
        )));
    }
    for name in &names {
        if cloudwatch.dashboards.get(name).await?.is_none() {
            return Err(CloudWatchError::DashboardNotFound(name.clone()));
        }
    }
    for name in &names {
        cloudwatch.dashboards.remove(name).await?;
    }
    Ok(Node::nothing())
}
