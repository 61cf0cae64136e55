//! [GetMetricData](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html)

mod page;
mod read;
mod request;

use std::cmp::Ordering;

use sluice_metrics::query::Span;

use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

use page::{Page, ScanBy};
pub(crate) use read::queries;
pub(crate) use request::{Metric, MetricDataQuery, MetricStat, Request};
use sluice_wire::{Constraints, PageToken};

/// The most data points of a response, and as many as there are when nothing is said.
const MAX_POINTS: u32 = 100_800;

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let now = cloudwatch.account.now();
    let scope = format!(
        "{:?}",
        (
            &request.metric_data_queries,
            request.start_time,
            request.end_time,
            &request.scan_by
        )
    );
    let scope = ["GetMetricData", &scope];
    let token = PageToken::of(&scope);
    let from = match &request.next_token {
        None => None,
        Some(text) => {
            let place = token.open(text).and_then(|place| place.parse().ok());
            Some(place.ok_or(CloudWatchError::InvalidNextToken)?)
        }
    };
    let mut constraints = Constraints::default();
    let start = constraints.required("startTime", request.start_time.map(|time| time.0));
    let end = constraints.required("endTime", request.end_time.map(|time| time.0));
    let most = constraints.number(
        "maxDatapoints",
        request.max_datapoints.map(|most| most.0),
        1..=MAX_POINTS,
        MAX_POINTS,
    );
    let scan_by = constraints.choice("scanBy", request.scan_by.as_deref(), &ScanBy::ALL, ScanBy::Descending);
    let queries = request.metric_data_queries;
    let queries = constraints.required("metricDataQueries", queries);
    constraints.count(
        "metricDataQueries",
        queries.len(),
        &format!("{} queries", queries.len()),
        1..=500,
    );
    let queries = read::queries(constraints, queries, &cloudwatch.account.id)?;
    let message = match start.cmp(&end) {
        Ordering::Less => None,
        Ordering::Equal => Some("The parameter StartTime must not equal parameter EndTime."),
        Ordering::Greater => Some("The parameter StartTime must be less than the parameter EndTime."),
    };
    if let Some(message) = message {
        return Err(CloudWatchError::Validation(message.into()));
    }

    let span = Span { start, end, now };
    let results = cloudwatch.query(queries, span).await?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(page::node(&Page::of(&results, scan_by, from, most), &token))
}
