//! GetMetricData's queries: metrics, and expressions over each other.
//! See [MetricDataQuery](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::math::{Expression, MathError, Scope, TimeSeries, Value};
use crate::{MetricId, Point, Statistic, Timestamp, Unit, Window, aggregate};

/// The most data points that one request computes with, intermediate ones included.
const MAX_POINTS: usize = 2_000_000;

/// One query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The name by which other queries refer to it; unique in a request.
    pub id: String,
    /// The statistic or the expression that is asked for.
    pub subject: Subject,
    /// `Label`.
    pub label: Option<String>,
    /// True if its result is returned, and not only used by expressions.
    pub returned: bool,
}

/// The subject of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A statistic of a metric.
    Metric(MetricQuery),
    /// An expression.
    Expression(Expression),
}

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricQuery {
    /// The metric.
    pub metric: MetricId,
    /// The period in seconds.
    pub period: u32,
    /// The statistic.
    pub statistic: Statistic,
    /// The statistic's name as given.
    pub statistic_name: String,
    /// Only values of this unit.
    pub unit: Option<Unit>,
}

/// The span of time that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Inclusive, rounded down as CloudWatch does.
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// The time at which the request came.
    pub now: Timestamp,
}

/// The result of a query; an expression that gives an array has several.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// The query.
    pub id: String,
    /// Its values, the earliest first, with their label.
    pub series: TimeSeries,
}

/// The reason why queries cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// An expression cannot be computed.
    #[error("Error in expression '{id}': {error}")]
    Expression {
        /// The query's id.
        id: String,
        /// The error.
        error: MathError,
    },
    /// Expressions that need each other.
    #[error("The expressions {} refer to each other in a circle", .ids.join(", "))]
    Circle {
        /// Their ids.
        ids: Vec<String>,
    },
    /// Two queries with one id.
    #[error("The id {0} is used by more than one query: ids must be unique")]
    SameId(String),
    /// More data points than are computed at once.
    #[error(
        "The request covers more than {MAX_POINTS} data points: ask for fewer metrics, a shorter time or longer periods"
    )]
    TooManyPoints,
}

/// Answers queries in their order. `minutes` gives the minutes of a metric within a window, the earliest first.
///
/// # Errors
/// [`QueryError`], or what `minutes` fails with.
pub fn answer<E: From<QueryError>>(
    queries: &[Query],
    span: Span,
    mut minutes: impl FnMut(&MetricQuery, &Window) -> Result<Vec<(Timestamp, Point)>, E>,
) -> Result<Vec<QueryResult>, E> {
    let order = order(queries)?;
    let budget = Cell::new(MAX_POINTS);
    let labels = default_labels(queries);
    let mut metrics = Vec::new();
    let mut values = BTreeMap::new();
    for (query, label) in queries.iter().zip(labels) {
        let Subject::Metric(metric) = &query.subject else {
            continue;
        };
        let window = window(span, metric.period);
        let expected = usize::try_from(window.periods()).unwrap_or(usize::MAX);
        budget.set(budget.get().checked_sub(expected).ok_or(QueryError::TooManyPoints)?);
        let points = aggregate(minutes(metric, &window)?, &window);
        let series = TimeSeries {
            points: statistic(metric.statistic, &points),
            label: query.label.clone().unwrap_or(label),
            period: Some(metric.period),
        };
        metrics.push((query.id.clone(), series.clone()));
        values.insert(query.id.clone(), Value::Series(series));
    }
    for (id, expression) in order {
        let scope = Scope {
            values: &values,
            metrics: &metrics,
            window: window(span, shortest_period(queries)),
            budget: &budget,
            most_points: MAX_POINTS,
        };
        let value = expression.evaluate(&scope).map_err(|error| QueryError::Expression {
            id: id.to_owned(),
            error,
        })?;
        values.insert(id.to_owned(), value);
    }
    let mut answers = Vec::new();
    for query in queries.iter().filter(|query| query.returned) {
        let Some(value) = values.get(&query.id) else { continue };
        answers.extend(results(query, value)?);
    }
    Ok(answers)
}

/// Nothing older than what is kept, and no future.
fn window(span: Span, period: u32) -> Window {
    let end = span.end.min(span.now.saturating_add(1));
    Window::new(span.start, end, period, span.now).kept(span.now)
}

/// The period of expressions that have none of their own.
fn shortest_period(queries: &[Query]) -> u32 {
    let periods = queries.iter().filter_map(|query| match &query.subject {
        Subject::Metric(metric) => Some(metric.period),
        Subject::Expression(_) => None,
    });
    periods.min().unwrap_or(60)
}

fn statistic(statistic: Statistic, points: &[(Timestamp, Point)]) -> Vec<(Timestamp, f64)> {
    let values = points
        .iter()
        .filter_map(|(at, point)| Some((*at, statistic.of(point)?)));
    values.filter(|(_, value)| value.is_finite()).collect()
}

fn results(query: &Query, value: &Value) -> Result<Vec<QueryResult>, QueryError> {
    let answer = |series: TimeSeries| QueryResult {
        id: query.id.clone(),
        series,
    };
    let own_label = query.label.clone();
    Ok(match (value, &query.subject) {
        (Value::Series(series), Subject::Metric(_)) => vec![answer(series.clone())],
        (Value::Series(series), Subject::Expression(_)) => vec![answer(TimeSeries {
            label: own_label.unwrap_or_else(|| query.id.clone()),
            ..series.clone()
        })],
        (Value::Array(all), _) => {
            let prefix = own_label.unwrap_or_else(|| query.id.clone());
            let labelled = |series: &TimeSeries| TimeSeries {
                label: format!("{prefix} {}", series.label).trim().to_owned(),
                ..series.clone()
            };
            all.iter().map(|series| answer(labelled(series))).collect()
        }
        (Value::Scalar(_), _) => {
            return Err(QueryError::Expression {
                id: query.id.clone(),
                error: MathError::Scalar,
            });
        }
    })
}

/// The metric's name, after the values that differ where the name alone is ambiguous.
fn default_labels(queries: &[Query]) -> Vec<String> {
    let named = |query: &Query, depth: usize| match &query.subject {
        Subject::Expression(_) => query.id.clone(),
        Subject::Metric(one) => {
            let values = one.metric.dimensions().iter().map(|dimension| &*dimension.value);
            let mut words: Vec<&str> = if depth > 0 { values.collect() } else { Vec::new() };
            words.push(one.metric.name());
            if depth > 1 {
                words.push(&one.statistic_name);
            }
            words.join(" ")
        }
    };
    let distinct = |depth: &usize| {
        let labels: BTreeSet<String> = queries.iter().map(|query| named(query, *depth)).collect();
        labels.len() == queries.len()
    };
    let depth = (0..2).find(distinct).unwrap_or(2);
    queries.iter().map(|query| named(query, depth)).collect()
}

/// The expressions, each after those that it names.
fn order(queries: &[Query]) -> Result<Vec<(&str, &Expression)>, QueryError> {
    let mut ids = BTreeSet::new();
    if let Some(twice) = queries.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(QueryError::SameId(twice.id.clone()));
    }
    let mut waiting: Vec<(&str, &Expression, BTreeSet<&str>)> = Vec::new();
    let expressions: BTreeSet<&str> = queries
        .iter()
        .filter(|query| matches!(query.subject, Subject::Expression(_)))
        .map(|query| query.id.as_str())
        .collect();
    for query in queries {
        if let Subject::Expression(expression) = &query.subject {
            let needed = expression.ids().into_iter().map(|(id, _)| id);
            let needed = needed.filter(|id| expressions.contains(id)).collect();
            waiting.push((&query.id, expression, needed));
        }
    }
    let mut ordered = Vec::new();
    let mut done = BTreeSet::new();
    while !waiting.is_empty() {
        let (ready, blocked): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, _, needed)| needed.is_subset(&done));
        if ready.is_empty() {
            let ids = blocked.iter().map(|(id, ..)| (*id).to_owned()).collect();
            return Err(QueryError::Circle { ids });
        }
        done.extend(ready.iter().map(|(id, ..)| *id));
        ordered.extend(ready.into_iter().map(|(id, expression, _)| (id, expression)));
        waiting = blocked;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MINUTE;

    const START: i64 = 1_795_354_020_000;
    const SPAN: Span = Span {
        start: START,
        end: START + 4 * MINUTE,
        now: START + 60 * MINUTE,
    };

    fn metric(id: &str, name: &str, value: &str) -> Query {
        Query {
            id: id.into(),
            subject: Subject::Metric(MetricQuery {
                metric: MetricId::new("N", name, [("d", value)]),
                period: 60,
                statistic: Statistic::Sum,
                statistic_name: "Sum".into(),
                unit: None,
            }),
            label: None,
            returned: true,
        }
    }

    fn expression(id: &str, text: &str) -> Query {
        Query {
            id: id.into(),
            subject: Subject::Expression(Expression::parse(text).unwrap()),
            label: None,
            returned: true,
        }
    }

    /// Each metric has the value 1 in its first minute, 2 in its second, and none later.
    fn ask(queries: &[Query], span: Span) -> Result<Vec<QueryResult>, QueryError> {
        answer(queries, span, |_, _| {
            Ok(vec![
                (START, Point::of(1.0, 1.0)),
                (START + MINUTE, Point::of(2.0, 1.0)),
            ])
        })
    }

    fn shown(answers: &[QueryResult]) -> Vec<(&str, &str, Vec<f64>)> {
        let values = |one: &QueryResult| one.series.points.iter().map(|(_, value)| *value).collect();
        answers
            .iter()
            .map(|one| (one.id.as_str(), one.series.label.as_str(), values(one)))
            .collect()
    }

    #[test]
    fn expressions_use_metrics_and_each_other_in_any_order() {
        let hidden = Query {
            returned: false,
            ..metric("m1", "a", "x")
        };
        let queries = [
            expression("e2", "e1 * 10"),
            expression("e1", "FILL(m1, 0)"),
            hidden,
            Query {
                label: Some("Both".into()),
                ..expression("e3", "METRICS() + 1")
            },
        ];
        let answers = ask(&queries, SPAN).unwrap();
        assert_eq!(
            shown(&answers),
            [
                ("e2", "e2", vec![10.0, 20.0, 0.0, 0.0]),
                ("e1", "e1", vec![1.0, 2.0, 0.0, 0.0]),
                ("e3", "Both a", vec![2.0, 3.0]),
            ]
        );
    }

    #[test]
    fn labels_tell_metrics_apart() {
        let label = |queries: &[Query]| {
            let answers = ask(queries, SPAN).unwrap();
            answers.into_iter().map(|one| one.series.label).collect::<Vec<_>>()
        };
        assert_eq!(label(&[metric("m1", "a", "x"), metric("m2", "b", "x")]), ["a", "b"]);
        assert_eq!(label(&[metric("m1", "a", "x"), metric("m2", "a", "y")]), ["x a", "y a"]);
        assert_eq!(
            label(&[metric("m1", "a", "x"), metric("m2", "a", "x")]),
            ["x a Sum", "x a Sum"]
        );
    }

    #[test]
    fn what_is_not_kept_and_the_future_are_not_filled() {
        let rows = [(SPAN.start - 100 * crate::RETENTION, 22), (SPAN.start, 22)];
        for (start, most) in rows {
            let span = Span {
                start,
                end: i64::MAX,
                now: START + 21 * MINUTE + 30_000,
            };
            let answers = ask(&[metric("m1", "a", "x"), expression("e", "TIME_SERIES(1)")], span).unwrap();
            let ones = &answers[1].series.points;
            assert_eq!(ones.last().unwrap().0, START + 21 * MINUTE);
            assert!(ones.len() >= most && ones.len() <= 22 + 15 * 24 * 60, "{}", ones.len());
        }
    }

    #[test]
    fn what_cannot_be_answered_is_named() {
        let check = |queries: &[Query], expected: &str| {
            assert_eq!(ask(queries, SPAN).unwrap_err().to_string(), expected);
        };
        check(
            &[metric("m1", "a", "x"), metric("m1", "b", "x")],
            "The id m1 is used by more than one query: ids must be unique",
        );
        check(
            &[
                expression("a", "b + 1"),
                expression("b", "a + 1"),
                expression("c", "TIME_SERIES(1)"),
            ],
            "The expressions a, b refer to each other in a circle",
        );
        check(
            &[expression("e1", "m9 + 1")],
            "Error in expression 'e1': unknown id m9 at position 1: no metric or expression of the request has it",
        );
        check(
            &[expression("e1", "1 + 1")],
            "Error in expression 'e1': the result is a single number, but must be a time series: TIME_SERIES makes one of a number",
        );
        let many: Vec<Query> = (0..500).map(|n| metric(&format!("m{n}"), "a", "x")).collect();
        let wide = Span {
            start: 0,
            end: SPAN.now,
            ..SPAN
        };
        assert_eq!(ask(&many, wide), Err(QueryError::TooManyPoints));
    }
}
