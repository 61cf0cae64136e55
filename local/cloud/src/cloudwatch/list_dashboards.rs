//! [ListDashboards](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListDashboards.html)

use serde::Deserialize;

use super::wire::Node;
use super::{CloudWatchError, dashboards};
use crate::endpoint::{PageToken, Services};

/// Dashboards of one answer.
const PAGE: usize = 1_000;

/// Records read at a time.
const BATCH: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    dashboard_name_prefix: Option<String>,
    next_token: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Node, CloudWatchError> {
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
        let batch = dashboards::after(services, after.clone(), BATCH).await?;
        let full = batch.len() == BATCH;
        for (name, dashboard) in batch {
            after = Some(name.clone());
            if !name.starts_with(&prefix) {
                continue;
            }
            if entries.len() == PAGE {
                let more = last.map(|last: String| ("NextToken", Node::Text(token.seal(&last))));
                return Ok(answer(entries, more));
            }
            entries.push(Node::Record(vec![
                ("DashboardName", Node::text(&name)),
                ("DashboardArn", Node::Text(dashboards::arn(services, &name))),
                ("LastModified", Node::Time(dashboard.modified)),
                (
                    "Size",
                    Node::Integer(i64::try_from(dashboard.body.len()).unwrap_or(i64::MAX)),
                ),
            ]));
            last = Some(name);
        }
        if !full {
            return Ok(answer(entries, None));
        }
    }
}

fn answer(entries: Vec<Node>, more: Option<(&'static str, Node)>) -> Node {
    let mut members = vec![("DashboardEntries", Node::List(entries))];
    members.extend(more);
    Node::Record(members)
}
