//! [GetDashboard](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetDashboard.html)

use serde::Deserialize;

use super::wire::Node;
use super::{CloudWatchError, dashboards};
use crate::endpoint::Services;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    dashboard_name: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Node, CloudWatchError> {
    let name = request
        .dashboard_name
        .ok_or(CloudWatchError::MissingParameter("DashboardName"))?;
    let found = dashboards::get(services, &name).await?;
    let dashboard = found.ok_or_else(|| CloudWatchError::DashboardNotFound(name.clone()))?;
    Ok(Node::Record(vec![
        ("DashboardArn", Node::Text(dashboards::arn(services, &name))),
        ("DashboardBody", Node::Text(dashboard.body)),
        ("DashboardName", Node::Text(name)),
    ]))
}
