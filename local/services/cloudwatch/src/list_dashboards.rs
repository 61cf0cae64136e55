//! [ListDashboards](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListDashboards.html)

use serde::Deserialize;
use sluice_wire::PageToken;

use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

/// Dashboards of one response.
const PAGE: usize = 1_000;

/// Records read at a time.
const BATCH: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    dashboard_name_prefix: Option<String>,
    next_token: Option<String>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let prefix = request.dashboard_name_prefix.unwrap_or_default();
    let scope = ["ListDashboards", &prefix];
    let token = PageToken::of(&scope);
    let mut after = match &request.next_token {
        None => None,
        Some(text) => Some(token.open(text).ok_or(CloudWatchError::InvalidParameterValue(
            "The parameter NextToken is not one of this list.".into(),
        ))?),
    };
    let mut entries = Vec::new();
    let mut last = None;
    loop {
        let batch = cloudwatch.dashboards.after(after.clone(), BATCH).await?;
        let full = batch.len() == BATCH;
        for (name, dashboard) in batch {
            after = Some(name.clone());
            if !name.starts_with(&prefix) {
                continue;
            }
            if entries.len() == PAGE {
                let more = last.map(|last: String| ("NextToken", Node::Text(token.seal(&last))));
                return Ok(response(entries, more));
            }
            entries.push(Node::Record(vec![
                ("DashboardName", Node::text(&name)),
                ("DashboardArn", Node::Text(cloudwatch.dashboard_arn(&name))),
                ("LastModified", Node::Time(dashboard.modified)),
                (
                    "Size",
                    Node::Integer(i64::try_from(dashboard.body.len()).unwrap_or(i64::MAX)),
                ),
            ]));
            last = Some(name);
        }
        if !full {
            return Ok(response(entries, None));
        }
    }
}

fn response(entries: Vec<Node>, more: Option<(&'static str, Node)>) -> Node {
    let mut members = vec![("DashboardEntries", Node::List(entries))];
    members.extend(more);
    Node::Record(members)
}
