//! Metrics embedded in log lines.
//! See the [specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{MAX_DIMENSIONS, MAX_VALUE, MetricId, Timestamp, Unit};

/// The most metrics of a directive, and the most values of a metric.
const MAX_MEMBERS: usize = 100;

/// The values of one metric in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// The metric, once for each of its dimension sets.
    pub metric: MetricId,
    /// Its unit.
    pub unit: Unit,
    /// One value, or several.
    pub values: Vec<f64>,
}

/// The content of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `_aws.Timestamp`.
    pub at: Timestamp,
    /// Its metrics.
    pub metrics: Vec<Embedded>,
}

/// The reason why a line that means to be a document is none. Nothing of it becomes a metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddedError {
    /// Cut off, or no JSON from the first brace on.
    #[error("it is no JSON object: {0}")]
    Json(String),
    /// A member is missing or of another type.
    #[error("{path} must be {expected}")]
    Member {
        /// The path of the wrong value, such as `_aws.CloudWatchMetrics[0].Namespace`.
        path: String,
        /// The kind of value that must be there.
        expected: &'static str,
    },
}

/// Reads a log line; `None` for one that is no document, as most are.
///
/// What precedes the first brace is not looked at: runtimes put times and request ids there.
///
/// # Errors
/// [`EmbeddedError`] for a line that means to be a document and breaks the specification.
///
/// ```
/// let line = r#"{"_aws": {"Timestamp": 0, "CloudWatchMetrics": [{"Namespace": "Shop", "Dimensions": [[]],
///     "Metrics": [{"Name": "Orders", "Unit": "Count"}]}]}, "Orders": 3}"#;
/// let document = sluice_metrics::emf::parse(line).ok_or("no document")??;
/// assert_eq!(document.metrics[0].metric.name(), "Orders");
/// assert_eq!(document.metrics[0].values, [3.0]);
/// assert!(sluice_metrics::emf::parse("a plain line").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse(line: &str) -> Option<Result<Document, EmbeddedError>> {
    // most lines are told apart without being parsed
    if !line.contains("\"CloudWatchMetrics\"") || !line.contains("\"_aws\"") {
        return None;
    }
    let text = &line[line.find('{')?..];
    match serde_json::from_str::<Map<String, Value>>(text) {
        Err(error) => Some(Err(EmbeddedError::Json(error.to_string()))),
        Ok(root) if !root.contains_key("_aws") => None,
        Ok(root) => Some(document(&root)),
    }
}

fn document(root: &Map<String, Value>) -> Result<Document, EmbeddedError> {
    let meta = object("_aws", root.get("_aws"))?;
    let at = meta.get("Timestamp").and_then(Value::as_i64);
    let at = at
        .filter(|at| *at >= 0)
        .ok_or_else(|| wrong("_aws.Timestamp", "milliseconds since 1970"))?;
    let mut metrics = Vec::new();
    for (n, directive) in array("_aws.CloudWatchMetrics", meta.get("CloudWatchMetrics"))?
        .iter()
        .enumerate()
    {
        let path = format!("_aws.CloudWatchMetrics[{n}]");
        read_directive(root, &path, object(&path, Some(directive))?, &mut metrics)?;
    }
    Ok(Document { at, metrics })
}

fn read_directive(
    root: &Map<String, Value>,
    path: &str,
    directive: &Map<String, Value>,
    metrics: &mut Vec<Embedded>,
) -> Result<(), EmbeddedError> {
    let namespace = text(&format!("{path}.Namespace"), directive.get("Namespace"))?;
    let mut sets = Vec::new();
    for (n, set) in array(&format!("{path}.Dimensions"), directive.get("Dimensions"))?
        .iter()
        .enumerate()
    {
        sets.push(dimensions(root, &format!("{path}.Dimensions[{n}]"), set)?);
    }
    let definitions = array(&format!("{path}.Metrics"), directive.get("Metrics"))?;
    if definitions.len() > MAX_MEMBERS {
        return Err(wrong(&format!("{path}.Metrics"), "an array of at most 100 metrics"));
    }
    for (n, definition) in definitions.iter().enumerate() {
        let path = format!("{path}.Metrics[{n}]");
        let definition = object(&path, Some(definition))?;
        let name = text(&format!("{path}.Name"), definition.get("Name"))?;
        let unit = match definition.get("Unit") {
            None => Unit::None,
            Some(unit) => unit
                .as_str()
                .and_then(Unit::parse)
                .ok_or_else(|| wrong(&format!("{path}.Unit"), "a unit of CloudWatch"))?,
        };
        let values = values(name, root.get(name))?;
        for set in &sets {
            metrics.push(Embedded {
                metric: MetricId::new(namespace, name, set.iter().cloned()),
                unit,
                values: values.clone(),
            });
        }
    }
    Ok(())
}

/// Names with their values.
type DimensionSet = Vec<(Arc<str>, Arc<str>)>;

fn dimensions(root: &Map<String, Value>, path: &str, set: &Value) -> Result<DimensionSet, EmbeddedError> {
    let names = array(path, Some(set))?;
    if names.len() > MAX_DIMENSIONS {
        return Err(wrong(path, "an array of at most 30 dimensions"));
    }
    let pair = |(n, name): (usize, &Value)| {
        let name = text(&format!("{path}[{n}]"), Some(name))?;
        let value = root.get(name).and_then(Value::as_str);
        let value = value.filter(|value| (1..=1024).contains(&value.chars().count()));
        match value {
            Some(value) => Ok((name.into(), value.into())),
            None => Err(wrong(name, "a string of 1 to 1024 characters, as a dimension's value")),
        }
    };
    names.iter().enumerate().map(pair).collect()
}

fn values(name: &str, target: Option<&Value>) -> Result<Vec<f64>, EmbeddedError> {
    let expected = "a number or an array of at most 100 numbers, none beyond 2^360, as a metric's value";
    let all = match target {
        Some(Value::Array(all)) if all.len() <= MAX_MEMBERS => all.as_slice(),
        Some(one @ Value::Number(_)) => std::slice::from_ref(one),
        _ => return Err(wrong(name, expected)),
    };
    let numbers: Option<Vec<f64>> = all
        .iter()
        .map(|one| one.as_f64().filter(|one| one.abs() <= MAX_VALUE))
        .collect();
    numbers.ok_or_else(|| wrong(name, expected))
}

fn wrong(path: &str, expected: &'static str) -> EmbeddedError {
    EmbeddedError::Member {
        path: path.chars().take(128).collect(),
        expected,
    }
}

fn object<'a>(path: &str, value: Option<&'a Value>) -> Result<&'a Map<String, Value>, EmbeddedError> {
    value.and_then(Value::as_object).ok_or_else(|| wrong(path, "an object"))
}

fn array<'a>(path: &str, value: Option<&'a Value>) -> Result<&'a Vec<Value>, EmbeddedError> {
    value.and_then(Value::as_array).ok_or_else(|| wrong(path, "an array"))
}

/// A name: 1 to 255 characters.
fn text<'a>(path: &str, value: Option<&'a Value>) -> Result<&'a str, EmbeddedError> {
    let text = value.and_then(Value::as_str);
    text.filter(|text| (1..=255).contains(&text.chars().count()))
        .ok_or_else(|| wrong(path, "a string of 1 to 255 characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"_aws":{"Timestamp":1795354020000,"CloudWatchMetrics":[{"Namespace":"Sluice","Dimensions":[["Stack"],[]],"Metrics":[{"Name":"PendingApprovals","Unit":"Count"},{"Name":"Ages"}]}]},"Stack":"sluice","PendingApprovals":3,"Ages":[1.5,2],"other":null}"#;

    #[test]
    fn a_document_becomes_a_metric_for_each_dimension_set() {
        let document = parse(WHOLE).unwrap().unwrap();
        let shown: Vec<_> = document
            .metrics
            .iter()
            .map(|one| {
                (
                    one.metric.name(),
                    one.metric.dimensions().len(),
                    one.unit,
                    one.values.clone(),
                )
            })
            .collect();
        assert_eq!(document.at, 1_795_354_020_000);
        assert_eq!(
            shown,
            [
                ("PendingApprovals", 1, Unit::Count, vec![3.0]),
                ("PendingApprovals", 0, Unit::Count, vec![3.0]),
                ("Ages", 1, Unit::None, vec![1.5, 2.0]),
                ("Ages", 0, Unit::None, vec![1.5, 2.0]),
            ]
        );
        assert!(document.metrics[0].metric.has_dimension("Stack", Some("sluice")));
        let prefixed = format!("2026-11-22T13:27:00.000Z\tid\tINFO\t{WHOLE}");
        assert_eq!(parse(&prefixed), Some(Ok(document)));
    }

    #[test]
    fn other_lines_are_no_documents() {
        for line in [
            "",
            "plain",
            "{\"level\":\"INFO\"}",
            "the words \"_aws\" and \"CloudWatchMetrics\" without a brace",
            r#"{"nested":{"_aws":{"CloudWatchMetrics":[]}}}"#,
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn what_breaks_the_specification_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            let line = WHOLE.replace(from, to);
            assert_ne!(line, WHOLE, "{from}");
            let error = parse(&line).unwrap().unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        };
        check("1795354020000", "\"now\"", "_aws.Timestamp must be milliseconds");
        check(
            "\"Sluice\"",
            "\"\"",
            "_aws.CloudWatchMetrics[0].Namespace must be a string",
        );
        check(
            "[[\"Stack\"],[]]",
            "\"Stack\"",
            "_aws.CloudWatchMetrics[0].Dimensions must be an array",
        );
        check("\"Stack\":\"sluice\"", "\"Stack\":7", "Stack must be a string");
        check(
            "\"PendingApprovals\":3",
            "\"PendingApprovals\":\"3\"",
            "PendingApprovals must be a number",
        );
        check("[1.5,2]", "[1.5,null]", "Ages must be a number");
        check("[1.5,2]", "1e300", "none beyond 2^360");
        check(
            "\"Unit\":\"Count\"",
            "\"Unit\":\"Furlongs\"",
            "Metrics[0].Unit must be a unit",
        );
        check("\"other\":null}", "\"oth [9 more bytes]", "no JSON object");
    }
}
