//! [GetDashboard](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetDashboard.html)

use serde::Deserialize;

use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    dashboard_name: Option<String>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let name = request
        .dashboard_name
        .ok_or(CloudWatchError::MissingParameter("DashboardName"))?;
    let found = cloudwatch.dashboards.get(&name).await?;
    let dashboard = found.ok_or_else(|| CloudWatchError::DashboardNotFound(name.clone()))?;
    Ok(Node::Record(vec![
        ("DashboardArn", Node::Text(cloudwatch.dashboard_arn(&name))),
        ("DashboardBody", Node::Text(dashboard.body)),
        ("DashboardName", Node::Text(name)),
    ]))
}
