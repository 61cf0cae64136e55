//! The members that requests and responses have of a metric.

use serde::Deserialize;
use serde_json::Value;
use sluice_metrics::{MAX_DIMENSIONS, MetricId, Unit};
use sluice_wire::Constraints;

use crate::CloudWatchError;
use crate::node::Node;

/// `Dimension`, or `DimensionFilter`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dimension {
    pub(crate) name: Option<String>,
    pub(crate) value: Option<String>,
}

/// The metric that these members name; `path` is where they stand, such as `metricData.1.member.`.
pub(crate) fn read(
    constraints: &mut Constraints,
    path: &str,
    namespace: Option<String>,
    name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
) -> MetricId {
    let namespace = read_namespace(constraints, &format!("{path}namespace"), namespace);
    let name = constraints.text(&format!("{path}metricName"), name, 1..=255);
    let dimensions = dimensions.unwrap_or_default();
    let at = format!("{path}dimensions");
    constraints.count(
        &at,
        dimensions.len(),
        &format!("{} dimensions", dimensions.len()),
        0..=MAX_DIMENSIONS,
    );
    let pairs: Vec<(String, String)> = (1..)
        .zip(dimensions)
        .map(|(n, one)| {
            let name = constraints.text(&format!("{at}.{n}.member.name"), one.name, 1..=255);
            (
                name,
                constraints.text(&format!("{at}.{n}.member.value"), one.value, 1..=1024),
            )
        })
        .collect();
    MetricId::new(&namespace, &name, pairs)
}

/// A namespace that must be there.
pub(crate) fn read_namespace(constraints: &mut Constraints, path: &str, namespace: Option<String>) -> String {
    let namespace = constraints.text(path, namespace, 1..=255);
    constraints.pattern(path, &namespace, "[^:].*", !namespace.starts_with(':'));
    namespace
}

/// Seconds: 1, 5, 10, 20, 30, or a multiple of 60.
pub(crate) fn read_period(period: i64) -> Result<u32, CloudWatchError> {
    let found = u32::try_from(period).ok();
    found
        .filter(|period| matches!(period, 1 | 5 | 10 | 20 | 30) || (*period > 0 && period % 60 == 0))
        .ok_or_else(|| {
            CloudWatchError::InvalidParameterValue("The parameter Period must be a multiple of 60.".to_owned())
        })
}

/// A unit that may be absent.
pub(crate) fn read_unit(constraints: &mut Constraints, path: &str, unit: Option<&str>) -> Option<Unit> {
    unit?;
    Some(constraints.choice(path, unit, &Unit::ALL, Unit::None))
}

/// `Metric`.
pub(crate) fn node(metric: &MetricId) -> Node {
    let dimension = |one: &sluice_metrics::Dimension| {
        Node::Record(vec![("Name", Node::text(&one.name)), ("Value", Node::text(&one.value))])
    };
    Node::Record(vec![
        ("Namespace", Node::text(metric.namespace())),
        ("MetricName", Node::text(metric.name())),
        (
            "Dimensions",
            Node::List(metric.dimensions().iter().map(dimension).collect()),
        ),
    ])
}

/// A metric as the place of a list.
pub(crate) fn sealed(metric: &MetricId) -> String {
    let dimensions: Vec<Value> = metric
        .dimensions()
        .iter()
        .map(|one| serde_json::json!([&*one.name, &*one.value]))
        .collect();
    serde_json::json!([metric.namespace(), metric.name(), dimensions]).to_string()
}

/// The metric of a place that [`sealed`] wrote.
pub(crate) fn opened(place: &str) -> Option<MetricId> {
    let (namespace, name, dimensions): (String, String, Vec<(String, String)>) = serde_json::from_str(place).ok()?;
    Some(MetricId::new(&namespace, &name, dimensions))
}
