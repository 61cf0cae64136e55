//! [ListMetrics](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html)

use serde::Deserialize;
use sluice_wire::{Constraints, PageToken, shortened};

use crate::metric::{self, Dimension};
use crate::node::Node;
use crate::store::Filter;
use crate::wire::Flag;
use crate::{CloudWatch, CloudWatchError, MetricsError};

/// Metrics of one response.
const PAGE: usize = 500;

/// Metrics without data for so long are not listed.
const LISTED: i64 = 14 * 24 * 60 * 60 * 1_000;

const THREE_HOURS: i64 = 3 * 60 * 60 * 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    next_token: Option<String>,
    recently_active: Option<String>,
    include_linked_accounts: Option<Flag>,
    owning_account: Option<String>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let scope = format!(
        "{:?}",
        (
            &request.namespace,
            &request.metric_name,
            &request.dimensions,
            &request.recently_active
        )
    );
    let scope = ["ListMetrics", &scope];
    let token = PageToken::of(&scope);
    let after = match &request.next_token {
        None => None,
        Some(text) => {
            let place = token.open(text).and_then(|place| metric::opened(&place));
            Some(place.ok_or(CloudWatchError::InvalidNextToken)?)
        }
    };
    refuse_other_accounts(cloudwatch, &request)?;
    let filter = Filter {
        after,
        ..filter(request, cloudwatch.account.now())?
    };
    let read = cloudwatch
        .metrics
        .read(move |store| store.list(&filter, PAGE + 1).map_err(MetricsError::File));
    let mut found = read.await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let mut response = vec![("Metrics", Node::List(found.iter().map(metric::node).collect()))];
    if let Some(last) = found.last().filter(|_| more) {
        response.push(("NextToken", Node::Text(token.seal(&metric::sealed(last)))));
    }
    Ok(Node::Record(response))
}

fn filter(request: Request, now: i64) -> Result<Filter, CloudWatchError> {
    let mut constraints = Constraints::default();
    let namespace = constraints.optional_text("namespace", request.namespace, 1..=255);
    let name = constraints.optional_text("metricName", request.metric_name, 1..=255);
    let dimensions = request.dimensions.unwrap_or_default();
    constraints.count(
        "dimensions",
        dimensions.len(),
        &format!("{} filters", dimensions.len()),
        0..=10,
    );
    let dimensions = (1..)
        .zip(dimensions)
        .map(|(n, one)| {
            let path = format!("dimensions.{n}.member");
            let name = constraints.text(&format!("{path}.name"), one.name, 1..=255);
            (
                name,
                constraints.optional_text(&format!("{path}.value"), one.value, 1..=1024),
            )
        })
        .collect();
    let active = request.recently_active.as_deref();
    let age = constraints.choice("recentlyActive", active, &[("PT3H", THREE_HOURS)], LISTED);
    constraints.finish()?;
    Ok(Filter {
        namespace,
        name,
        dimensions,
        since: now - age,
        after: None,
    })
}

/// There are no other accounts to monitor.
fn refuse_other_accounts(cloudwatch: &CloudWatch, request: &Request) -> Result<(), CloudWatchError> {
    let linked = request.include_linked_accounts.is_some_and(|flag| flag.0);
    match &request.owning_account {
        Some(account) if linked && *account != cloudwatch.account.id => {
            Err(CloudWatchError::InvalidParameterValue(format!(
                "The account {} is not linked: there is only {}.",
                shortened(account),
                cloudwatch.account.id
            )))
        }
        _ => Ok(()),
    }
}
