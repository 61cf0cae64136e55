//! [GetMetricData](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html)

mod page;
mod read;

use serde::Deserialize;
use sluice_metrics::query::{self, Span};

use super::metric::Dimension;
use super::store::Store;
use super::wire::{Flag, Node, Time, Whole};
use super::{CloudWatchError, MetricsError};
use crate::endpoint::{Constraints, PageToken, Services};

use page::{Page, ScanBy};

/// The most data points of an answer, and how many there are when nothing is said.
const MAX_POINTS: u32 = 100_800;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    metric_data_queries: Option<Vec<MetricDataQuery>>,
    start_time: Option<Time>,
    end_time: Option<Time>,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<Whole>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDataQuery {
    id: Option<String>,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<Flag>,
    period: Option<Whole>,
    account_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Option<Metric>,
    period: Option<Whole>,
    stat: Option<String>,
    unit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Node, CloudWatchError> {
    let now = services.config.now();
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
    let queries = read::queries(constraints, queries, &services.config.account)?;
    if start >= end {
        let message = "The parameter EndTime must be greater than StartTime.";
        return Err(CloudWatchError::Validation(message.into()));
    }

    let span = Span { start, end, now };
    let read = services.metrics.read(move |store: &Store| {
        query::answer(&queries, span, |metric, window| {
            let minutes = store
                .minutes(&metric.metric, metric.unit, window)
                .map_err(MetricsError::File)?;
            Ok::<_, CloudWatchError>(minutes.into_iter().map(|(at, _, point)| (at, point)).collect())
        })
    });
    let answers = read.await?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(page::node(&Page::of(&answers, scan_by, from, most), &token))
}
