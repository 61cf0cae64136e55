//! Requests about alarms, checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sluice_metrics::alarm::{AlarmState, Comparison, Condition, MissingData};
use sluice_metrics::query::{Query, Subject};
use sluice_wire::{Constraints, shortened};

use crate::CloudWatchError;
use crate::get_metric_data::{Metric, MetricDataQuery, MetricStat, queries};
use crate::metric::Dimension;
use crate::wire::{Flag, Number, Whole, parse};

/// The most actions of a state, and the most metrics of an alarm with metric math.
const MAX_ACTIONS: usize = 5;
const MAX_QUERIES: usize = 20;

/// A day: an alarm looks no further back.
const MAX_SECONDS: u64 = 86_400;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    alarm_name: Option<String>,
    alarm_description: Option<String>,
    actions_enabled: Option<Flag>,
    #[serde(rename = "OKActions")]
    ok_actions: Option<Vec<String>>,
    alarm_actions: Option<Vec<String>>,
    insufficient_data_actions: Option<Vec<String>>,
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    period: Option<Whole>,
    unit: Option<String>,
    evaluation_periods: Option<Whole>,
    datapoints_to_alarm: Option<Whole>,
    threshold: Option<Number>,
    comparison_operator: Option<String>,
    treat_missing_data: Option<String>,
    metrics: Option<Vec<MetricDataQuery>>,
    threshold_metric_id: Option<String>,
}

/// An alarm, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlarmSpec {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) actions_enabled: bool,
    pub(crate) ok_actions: Vec<String>,
    pub(crate) alarm_actions: Vec<String>,
    pub(crate) insufficient_data_actions: Vec<String>,
    pub(crate) condition: Condition,
    pub(crate) queries: Vec<Query>,
    /// The texts of the expressions, by the ids of their queries.
    pub(crate) expressions: BTreeMap<String, String>,
    /// The period in seconds: of a metric, or the shortest of an expression's.
    pub(crate) period: u32,
    /// True: metric math, given by `Metrics`.
    pub(crate) is_math: bool,
}

impl AlarmSpec {
    /// Checks a request, and reads it.
    fn read(request: Request, account: &str) -> Result<Self, CloudWatchError> {
        if request.threshold_metric_id.is_some() {
            return Err(CloudWatchError::Validation(
                "Anomaly detection (ThresholdMetricId) is not available locally: compare with a Threshold.".into(),
            ));
        }
        let mut constraints = Constraints::default();
        let name = constraints.text("alarmName", request.alarm_name.clone(), 1..=255);
        let description = constraints.optional_text("alarmDescription", request.alarm_description.clone(), 0..=1024);
        let condition = condition(&mut constraints, &request);
        let is_math = request.metrics.is_some();
        let asked = match request.metrics {
            Some(ref metrics) => {
                refuse_both(&request)?;
                let shown = format!("{} queries", metrics.len());
                constraints.count("metrics", metrics.len(), &shown, 1..=MAX_QUERIES);
                request.metrics.unwrap_or_default()
            }
            None => vec![single(&mut constraints, &request)?],
        };
        let expression = |query: &MetricDataQuery| Some((query.id.clone()?, query.expression.clone()?));
        let expressions = asked.iter().filter_map(expression).collect();
        let queries = queries(constraints, asked, account)?;
        let period = period(&queries)?;
        check_condition(&condition, period)?;
        let actions = |member: &str, list: Option<Vec<String>>| actions(member, list.unwrap_or_default());
        Ok(Self {
            name,
            description,
            actions_enabled: request.actions_enabled.is_none_or(|flag| flag.0),
            ok_actions: actions("OKActions", request.ok_actions)?,
            alarm_actions: actions("AlarmActions", request.alarm_actions)?,
            insufficient_data_actions: actions("InsufficientDataActions", request.insufficient_data_actions)?,
            condition,
            queries,
            expressions,
            period,
            is_math,
        })
    }

    /// Reads PutMetricAlarm's members.
    pub(crate) fn parse(request: Value, account: &str) -> Result<Self, CloudWatchError> {
        Self::read(parse(request)?, account)
    }

    /// The actions of a state.
    pub(crate) fn actions(&self, state: AlarmState) -> &[String] {
        match state {
            AlarmState::Ok => &self.ok_actions,
            AlarmState::Alarm => &self.alarm_actions,
            AlarmState::InsufficientData => &self.insufficient_data_actions,
        }
    }

    /// The text of a query's expression.
    pub(crate) fn expression(&self, id: &str) -> &str {
        self.expressions.get(id).map_or("", String::as_str)
    }

    /// True if the alarm watches metrics of DynamoDB, whose missing data AWS ignores, whatever an alarm says.
    pub(crate) fn is_of_dynamodb(&self) -> bool {
        self.queries.iter().any(
            |query| matches!(&query.subject, Subject::Metric(metric) if metric.metric.namespace() == "AWS/DynamoDB"),
        )
    }
}

/// The most alarms of a request.
const MAX_NAMES: usize = 100;

/// The request of DeleteAlarms, EnableAlarmActions and DisableAlarmActions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NamesRequest {
    alarm_names: Option<Vec<String>>,
}

impl NamesRequest {
    pub(crate) fn checked(self) -> Result<Vec<String>, CloudWatchError> {
        let names = self
            .alarm_names
            .ok_or(CloudWatchError::MissingParameter("AlarmNames"))?;
        if names.len() > MAX_NAMES {
            return Err(CloudWatchError::InvalidParameterValue(format!(
                "The collection AlarmNames must not have a size greater than {MAX_NAMES}."
            )));
        }
        Ok(names)
    }
}

fn condition(constraints: &mut Constraints, request: &Request) -> Condition {
    let periods = request.evaluation_periods.map(|periods| periods.0);
    let periods = constraints.required("evaluationPeriods", periods);
    let periods = constraints.number("evaluationPeriods", Some(periods.max(0)), 1..=86_400, 1);
    let datapoints = request.datapoints_to_alarm.map(|count| count.0);
    let datapoints = constraints.number("datapointsToAlarm", datapoints, 1..=periods.max(1), periods);
    let operator = constraints.required("comparisonOperator", request.comparison_operator.clone());
    let comparison = constraints.choice(
        "comparisonOperator",
        Some(&operator),
        &Comparison::ALL,
        Comparison::Greater,
    );
    let threshold = constraints.required("threshold", request.threshold.map(|threshold| threshold.0));
    let missing = request.treat_missing_data.as_deref();
    Condition {
        comparison,
        threshold,
        evaluation_periods: periods,
        datapoints_to_alarm: datapoints,
        missing: constraints.choice("treatMissingData", missing, &MissingData::ALL, MissingData::Missing),
    }
}

/// A metric and metric math exclude each other.
fn refuse_both(request: &Request) -> Result<(), CloudWatchError> {
    let given = [
        ("MetricName", request.metric_name.is_some()),
        ("Namespace", request.namespace.is_some()),
        ("Statistic", request.statistic.is_some()),
        ("ExtendedStatistic", request.extended_statistic.is_some()),
        ("Dimensions", request.dimensions.is_some()),
        ("Period", request.period.is_some()),
        ("Unit", request.unit.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((member, _)) => Err(CloudWatchError::InvalidParameterCombination(format!(
            "{member} must not be specified when Metrics is specified: it belongs into a query."
        ))),
        None => Ok(()),
    }
}

/// The query of an alarm on one metric.
fn single(constraints: &mut Constraints, request: &Request) -> Result<MetricDataQuery, CloudWatchError> {
    let namespace = constraints.text("namespace", request.namespace.clone(), 1..=255);
    let name = constraints.text("metricName", request.metric_name.clone(), 1..=255);
    let period = constraints.required("period", request.period.map(|period| period.0));
    let stat = match (&request.statistic, &request.extended_statistic) {
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (Some(_), Some(_)) | (None, None) => {
            return Err(CloudWatchError::InvalidParameterCombination(
                "Exactly one of Statistic and ExtendedStatistic must be specified.".into(),
            ));
        }
    };
    Ok(MetricDataQuery {
        id: Some("m1".to_owned()),
        metric_stat: Some(MetricStat {
            metric: Some(Metric {
                namespace: Some(namespace),
                metric_name: Some(name),
                dimensions: request.dimensions.clone(),
            }),
            period: Some(Whole(period)),
            stat,
            unit: request.unit.clone(),
        }),
        expression: None,
        label: None,
        return_data: None,
        period: None,
        account_id: None,
    })
}

/// The period of the one query whose result counts.
fn period(queries: &[Query]) -> Result<u32, CloudWatchError> {
    let returned = queries.iter().filter(|query| query.returned).count();
    if returned != 1 {
        return Err(CloudWatchError::Validation(format!(
            "Exactly one element of the metrics list should return data: {returned} do. Set ReturnData to false for the others."
        )));
    }
    let periods = queries.iter().filter_map(|query| match &query.subject {
        Subject::Metric(metric) => Some(metric.period),
        Subject::Expression(_) => None,
    });
    periods.min().ok_or_else(|| {
        CloudWatchError::Validation("The metrics list must have a metric: an expression alone has no period.".into())
    })
}

fn check_condition(condition: &Condition, period: u32) -> Result<(), CloudWatchError> {
    if u64::from(period) * u64::from(condition.evaluation_periods) > MAX_SECONDS {
        return Err(CloudWatchError::Validation(format!(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= {MAX_SECONDS})."
        )));
    }
    if !condition.threshold.is_finite() {
        return Err(CloudWatchError::Validation(
            "The value for parameter Threshold must be a number.".into(),
        ));
    }
    Ok(())
}

fn actions(member: &str, list: Vec<String>) -> Result<Vec<String>, CloudWatchError> {
    if list.len() > MAX_ACTIONS {
        return Err(CloudWatchError::Validation(format!(
            "The collection {member} must not have a size greater than {MAX_ACTIONS}."
        )));
    }
    match list.iter().find(|arn| !arn.starts_with("arn:")) {
        Some(wrong) => Err(CloudWatchError::Validation(format!(
            "Invalid arn syntax in {member}: {}",
            shortened(wrong)
        ))),
        None => Ok(list),
    }
}
