//! The members of a request.

use serde::Deserialize;

use crate::metric::Dimension;
use crate::wire::{Flag, Time, Whole};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    pub(crate) metric_data_queries: Option<Vec<MetricDataQuery>>,
    pub(crate) start_time: Option<Time>,
    pub(crate) end_time: Option<Time>,
    pub(crate) next_token: Option<String>,
    pub(crate) scan_by: Option<String>,
    pub(crate) max_datapoints: Option<Whole>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricDataQuery {
    pub(crate) id: Option<String>,
    pub(crate) metric_stat: Option<MetricStat>,
    pub(crate) expression: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) return_data: Option<Flag>,
    pub(crate) period: Option<Whole>,
    pub(crate) account_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricStat {
    pub(crate) metric: Option<Metric>,
    pub(crate) period: Option<Whole>,
    pub(crate) stat: Option<String>,
    pub(crate) unit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Metric {
    pub(crate) namespace: Option<String>,
    pub(crate) metric_name: Option<String>,
    pub(crate) dimensions: Option<Vec<Dimension>>,
}
