//! [GetMetricStatistics](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html)

use serde::Deserialize;
use sluice_metrics::{Point, Statistic, Timestamp, Unit, Window, aggregate};
use sluice_wire::Constraints;

use crate::metric::{self, Dimension};
use crate::node::Node;
use crate::wire::{Time, Whole};
use crate::{CloudWatch, CloudWatchError, MetricsError};

/// The most data points of a response.
const MAX_POINTS: u64 = 1_440;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    start_time: Option<Time>,
    end_time: Option<Time>,
    period: Option<Whole>,
    statistics: Option<Vec<String>>,
    extended_statistics: Option<Vec<String>>,
    unit: Option<String>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let now = cloudwatch.account.now();
    let mut constraints = Constraints::default();
    let metric = metric::read(
        &mut constraints,
        "",
        request.namespace,
        request.metric_name,
        request.dimensions,
    );
    let start = constraints.required("startTime", request.start_time.map(|time| time.0));
    let end = constraints.required("endTime", request.end_time.map(|time| time.0));
    let period = constraints.required("period", request.period.map(|period| period.0));
    let unit = metric::read_unit(&mut constraints, "unit", request.unit.as_deref());
    let basic = request.statistics.unwrap_or_default();
    for (n, name) in (1..).zip(&basic) {
        let path = format!("statistics.{n}.member");
        constraints.choice(&path, Some(name), &Statistic::BASIC, Statistic::Sum);
    }
    constraints.finish()?;
    let statistics = statistics(basic, request.extended_statistics.unwrap_or_default())?;
    let window = window(start, end, metric::read_period(period)?, now)?;
    let label = metric.name().to_owned();
    let read = cloudwatch
        .metrics
        .read(move |store| store.minutes(&metric, unit, &window).map_err(MetricsError::File));
    let minutes = read.await?;
    let mut points = Vec::new();
    for (_, unit) in Unit::ALL {
        let of_unit = minutes.iter().filter(|(_, found, _)| *found == unit);
        let periods = aggregate(of_unit.map(|(at, _, point)| (*at, point.clone())), &window);
        points.extend(
            periods
                .iter()
                .map(|(at, point)| datapoint(*at, unit, point, &statistics)),
        );
    }
    Ok(Node::Record(vec![
        ("Label", Node::Text(label)),
        ("Datapoints", Node::List(points)),
    ]))
}

/// The statistics with their names, either kind but not both.
fn statistics(basic: Vec<String>, extended: Vec<String>) -> Result<Vec<(String, Statistic)>, CloudWatchError> {
    let combination = |message: &str| Err(CloudWatchError::InvalidParameterCombination(message.to_owned()));
    let names = match (basic.is_empty(), extended.is_empty()) {
        (true, true) => {
            return combination("At least one of the parameters Statistics and ExtendedStatistics must be specified.");
        }
        (false, false) => return combination("Statistics and ExtendedStatistics cannot be specified together."),
        (false, true) => basic,
        (true, false) => extended,
    };
    let read = |name: String| match Statistic::parse(&name) {
        Ok(statistic) => Ok((name, statistic)),
        Err(error) => Err(CloudWatchError::InvalidParameterValue(error.to_string())),
    };
    names.into_iter().map(read).collect()
}

/// A number with a comma before each three digits, as messages have it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn window(start: Timestamp, end: Timestamp, period: u32, now: Timestamp) -> Result<Window, CloudWatchError> {
    if start >= end {
        return Err(CloudWatchError::InvalidParameterValue(
            "The parameter StartTime must be less than the parameter EndTime.".into(),
        ));
    }
    let asked = Window::new(start, end, period, now);
    if asked.periods() > MAX_POINTS {
        return Err(CloudWatchError::InvalidParameterCombination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range.",
            grouped(asked.periods()),
            grouped(MAX_POINTS)
        )));
    }
    Ok(asked.kept(now))
}

fn datapoint(at: Timestamp, unit: Unit, point: &Point, statistics: &[(String, Statistic)]) -> Node {
    let mut members = vec![("Timestamp", Node::Time(at))];
    let mut extended = Vec::new();
    for (name, statistic) in statistics {
        let Some(value) = statistic.of(point) else { continue };
        match Statistic::BASIC.iter().find(|(_, basic)| basic == statistic) {
            Some((name, _)) => members.push((name, Node::Number(value))),
            None => extended.push((name.clone(), Node::Number(value))),
        }
    }
    members.push(("Unit", Node::text(unit.as_str())));
    if !extended.is_empty() {
        members.push(("ExtendedStatistics", Node::Map(extended)));
    }
    Node::Record(members)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_in_messages_have_commas() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_440, "1,440"),
            (16_666, "16,666"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }
}
