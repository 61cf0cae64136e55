//! [PutMetricData](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html)

use serde::Deserialize;
use sluice_metrics::{MAX_VALUE, Point, SeriesKey, StatisticSet, Timestamp, Unit};
use sluice_wire::Constraints;

use crate::metric::{self, Dimension};
use crate::node::Node;
use crate::wire::{Number, Time, Whole};
use crate::{CloudWatch, CloudWatchError};

/// The most metrics of a request, and the most values of one.
const MAX_DATA: usize = 1_000;
const MAX_VALUES: usize = 150;

/// The bounds of a time before and after now, in milliseconds.
const OLDEST: i64 = 14 * 24 * 60 * 60 * 1_000;
const NEWEST: i64 = 2 * 60 * 60 * 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    namespace: Option<String>,
    metric_data: Option<Vec<MetricDatum>>,
    entity_metric_data: Option<Vec<EntityMetricData>>,
}

/// The entity that metrics belong to is not kept.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EntityMetricData {
    metric_data: Option<Vec<MetricDatum>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDatum {
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    timestamp: Option<Time>,
    value: Option<Number>,
    statistic_values: Option<StatisticValues>,
    values: Option<Vec<Number>>,
    counts: Option<Vec<Number>>,
    unit: Option<String>,
    storage_resolution: Option<Whole>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticValues {
    sample_count: Option<Number>,
    sum: Option<Number>,
    minimum: Option<Number>,
    maximum: Option<Number>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let now = cloudwatch.account.now();
    let mut constraints = Constraints::default();
    let namespace = metric::read_namespace(&mut constraints, "namespace", request.namespace);
    let of_entities = request.entity_metric_data.unwrap_or_default().into_iter();
    let mut data = request.metric_data.unwrap_or_default();
    data.extend(of_entities.flat_map(|entity| entity.metric_data.unwrap_or_default()));
    let mut metrics = Vec::with_capacity(data.len());
    for (n, datum) in (1..).zip(&mut data) {
        let path = format!("metricData.{n}.member.");
        let dimensions = datum.dimensions.take();
        let metric = metric::read(
            &mut constraints,
            &path,
            Some(namespace.clone()),
            datum.metric_name.take(),
            dimensions,
        );
        metrics.push(metric);
    }
    constraints.finish()?;
    if namespace.starts_with("AWS/") {
        return Err(CloudWatchError::InvalidParameterValue(
            "The value AWS/ for parameter Namespace is invalid.".into(),
        ));
    }
    if data.is_empty() {
        return Err(CloudWatchError::MissingParameter("MetricData"));
    }
    if data.len() > MAX_DATA {
        return Err(CloudWatchError::InvalidParameterValue(format!(
            "The collection MetricData must not have a size greater than {MAX_DATA}."
        )));
    }
    let mut points = Vec::with_capacity(data.len());
    for (n, (metric, datum)) in (1..).zip(metrics.into_iter().zip(data)) {
        let at = Datum { n };
        let unit = at.unit(&datum)?;
        points.push((SeriesKey { metric, unit }, at.point(&datum)?, at.time(&datum, now)?));
    }
    cloudwatch.metrics.add_all(points)?;
    Ok(Node::nothing())
}

/// A member of `MetricData`, for messages.
struct Datum {
    n: usize,
}

impl Datum {
    fn invalid(&self, member: &str, problem: &str) -> CloudWatchError {
        CloudWatchError::InvalidParameterValue(format!(
            "The parameter MetricData.member.{}.{member} is invalid: {problem}",
            self.n
        ))
    }

    /// Two members of which only one may be there.
    fn exclusive(&self, one: &str, other: &str) -> CloudWatchError {
        let at = format!("MetricData.member.{}", self.n);
        CloudWatchError::InvalidParameterCombination(format!(
            "The parameters {at}.{one} and {at}.{other} are mutually exclusive and you have specified both."
        ))
    }

    fn unit(&self, datum: &MetricDatum) -> Result<Unit, CloudWatchError> {
        let Some(unit) = &datum.unit else {
            return Ok(Unit::None);
        };
        Unit::parse(unit).ok_or_else(|| {
            let units: Vec<&str> = Unit::ALL.iter().map(|(name, _)| *name).collect();
            CloudWatchError::InvalidParameterValue(format!(
                "The parameter MetricData.member.{}.Unit must be a value in the set [ {} ].",
                self.n,
                units.join(", ")
            ))
        })
    }

    fn combination(&self, problem: &str) -> CloudWatchError {
        CloudWatchError::InvalidParameterCombination(format!("MetricData.member.{}: {problem}", self.n))
    }

    fn time(&self, datum: &MetricDatum, now: Timestamp) -> Result<Timestamp, CloudWatchError> {
        if datum
            .storage_resolution
            .is_some_and(|resolution| !matches!(resolution.0, 1 | 60))
        {
            return Err(self.invalid("StorageResolution", "it must be 1 or 60."));
        }
        let at = datum.timestamp.map_or(now, |time| time.0);
        if at < now - OLDEST {
            return Err(CloudWatchError::InvalidParameterValue(format!(
                "The parameter MetricData.member.{}.Timestamp must specify a time within the past two weeks.",
                self.n
            )));
        }
        if at > now + NEWEST {
            return Err(self.invalid("Timestamp", "it must be at most two hours ahead."));
        }
        Ok(at)
    }

    fn point(&self, datum: &MetricDatum) -> Result<Point, CloudWatchError> {
        match (&datum.value, &datum.statistic_values, &datum.values) {
            (Some(value), None, None) => Ok(Point::of(self.number("Value", value.0)?, 1.0)),
            (None, Some(set), None) => self.set(set),
            (None, None, Some(values)) => self.values(values, datum.counts.as_deref()),
            (None, None, None) => Err(self.combination("one of Value, Values and StatisticValues must be specified.")),
            (Some(_), _, Some(_)) => Err(self.exclusive("Value", "Values")),
            (Some(_), Some(_), None) => Err(self.exclusive("Value", "StatisticValues")),
            (None, Some(_), Some(_)) => Err(self.exclusive("StatisticValues", "Values")),
        }
    }

    fn number(&self, member: &str, value: f64) -> Result<f64, CloudWatchError> {
        if value.abs() <= MAX_VALUE {
            Ok(value)
        } else {
            Err(CloudWatchError::InvalidParameterValue(format!(
                "The value {value} for parameter MetricData.member.{}.{member} is invalid.",
                self.n
            )))
        }
    }

    fn set(&self, set: &StatisticValues) -> Result<Point, CloudWatchError> {
        let read = |member: &'static str, value: Option<Number>| match value {
            Some(value) => self.number(member, value.0),
            None => Err(self.invalid(member, "it must be specified.")),
        };
        let set = StatisticSet {
            count: read("StatisticValues.SampleCount", set.sample_count)?,
            sum: read("StatisticValues.Sum", set.sum)?,
            min: read("StatisticValues.Minimum", set.minimum)?,
            max: read("StatisticValues.Maximum", set.maximum)?,
        };
        if set.count <= 0.0 {
            return Err(self.invalid("StatisticValues.SampleCount", "it must be greater than 0."));
        }
        if set.min > set.max {
            let at = format!("MetricData.member.{}.StatisticValues", self.n);
            return Err(CloudWatchError::InvalidParameterValue(format!(
                "The parameter {at}.Maximum must be greater than {at}.Minimum."
            )));
        }
        Ok(Point::of_set(set))
    }

    fn values(&self, values: &[Number], counts: Option<&[Number]>) -> Result<Point, CloudWatchError> {
        if values.is_empty() || values.len() > MAX_VALUES {
            return Err(self.invalid("Values", "it must have 1 to 150 values."));
        }
        if counts.is_some_and(|counts| counts.len() != values.len()) {
            return Err(self.combination("Counts must have as many members as Values."));
        }
        let mut all: Option<Point> = None;
        for (n, value) in values.iter().enumerate() {
            let count = counts.and_then(|counts| counts.get(n)).map_or(1.0, |count| count.0);
            if !(count > 0.0 && count <= MAX_VALUE) {
                return Err(self.invalid("Counts", "each must be greater than 0."));
            }
            let value = self.number("Values", value.0)?;
            match &mut all {
                None => all = Some(Point::of(value, count)),
                Some(point) => point.record(value, count),
            }
        }
        all.ok_or_else(|| self.invalid("Values", "it must have 1 to 150 values."))
    }
}
