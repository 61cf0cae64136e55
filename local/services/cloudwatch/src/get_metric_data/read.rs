//! A request's queries, checked.

use sluice_metrics::Statistic;
use sluice_metrics::math::Expression;
use sluice_metrics::query::{MetricQuery, Query, QueryError, Subject};
use sluice_wire::{Constraints, shortened};

use super::request::{MetricDataQuery, MetricStat};
use crate::{CloudWatchError, metric};

/// A query whose members have the right lengths.
struct Checked {
    id: String,
    subject: Asked,
    label: Option<String>,
    returned: bool,
}

enum Asked {
    Metric(MetricQuery, i64),
    Expression(String),
}

/// Checks all queries, so that every constraint that is broken is named, then what they mean, one after the other.
pub(crate) fn queries(
    mut constraints: Constraints,
    queries: Vec<MetricDataQuery>,
    account: &str,
) -> Result<Vec<Query>, CloudWatchError> {
    let mut checked = Vec::with_capacity(queries.len());
    for (n, query) in (1..).zip(queries) {
        refuse_other_account(&query, account)?;
        let path = format!("metricDataQueries.{n}.member");
        checked.push(check(&mut constraints, &path, query)?);
    }
    constraints.finish()?;
    checked.into_iter().map(read).collect()
}

fn check(constraints: &mut Constraints, path: &str, query: MetricDataQuery) -> Result<Checked, CloudWatchError> {
    let id = constraints.text(&format!("{path}.id"), query.id, 1..=255);
    let well_formed =
        id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    constraints.pattern(
        &format!("{path}.id"),
        &id,
        "^[a-z][a-zA-Z0-9_]*$",
        id.is_empty() || well_formed,
    );
    let subject = match (query.metric_stat, query.expression) {
        (Some(stat), None) => check_stat(constraints, &format!("{path}.metricStat"), stat),
        (None, Some(text)) => {
            let text = constraints.text(&format!("{path}.expression"), Some(text), 1..=2048);
            if let Some(period) = query.period {
                metric::read_period(period.0)?;
            }
            Asked::Expression(text)
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(CloudWatchError::Validation(format!(
                "The query {} must have either MetricStat or Expression, and not both.",
                shortened(&id)
            )));
        }
    };
    Ok(Checked {
        id,
        subject,
        label: query.label,
        returned: query.return_data.is_none_or(|flag| flag.0),
    })
}

fn check_stat(constraints: &mut Constraints, path: &str, stat: MetricStat) -> Asked {
    let (namespace, name, dimensions) = match stat.metric {
        Some(metric) => (metric.namespace, metric.metric_name, metric.dimensions),
        None => (None, None, None),
    };
    let metric = metric::read(constraints, &format!("{path}.metric."), namespace, name, dimensions);
    let period = constraints.required(&format!("{path}.period"), stat.period.map(|period| period.0));
    let statistic_name = constraints.required(&format!("{path}.stat"), stat.stat);
    let query = MetricQuery {
        metric,
        // both are read once all members are known to be there
        period: 0,
        statistic: Statistic::Sum,
        statistic_name,
        unit: metric::read_unit(constraints, &format!("{path}.unit"), stat.unit.as_deref()),
    };
    Asked::Metric(query, period)
}

fn read(checked: Checked) -> Result<Query, CloudWatchError> {
    let subject = match checked.subject {
        Asked::Metric(query, period) => Subject::Metric(MetricQuery {
            period: metric::read_period(period)?,
            statistic: Statistic::parse(&query.statistic_name)
                .map_err(|error| CloudWatchError::Validation(error.to_string()))?,
            ..query
        }),
        Asked::Expression(text) => Subject::Expression(expression(&checked.id, &text)?),
    };
    Ok(Query {
        id: checked.id,
        subject,
        label: checked.label,
        returned: checked.returned,
    })
}

fn expression(id: &str, text: &str) -> Result<Expression, CloudWatchError> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.eq_ignore_ascii_case("SELECT") {
        return Err(CloudWatchError::Validation(format!(
            "The expression of {id} is a Metrics Insights query, which is not available locally: name the metrics instead."
        )));
    }
    Expression::parse(text).map_err(|error| {
        QueryError::Expression {
            id: id.to_owned(),
            error,
        }
        .into()
    })
}

fn refuse_other_account(query: &MetricDataQuery, account: &str) -> Result<(), CloudWatchError> {
    match &query.account_id {
        Some(other) if other != account => Err(CloudWatchError::InvalidParameterValue(format!(
            "The account {} is not linked: there is only {account}.",
            shortened(other)
        ))),
        _ => Ok(()),
    }
}
