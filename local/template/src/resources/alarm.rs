//! `AWS::CloudWatch::Alarm`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html>).

use indexmap::IndexMap;
use serde_json::Value;

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// An alarm on a metric or on a metric expression. `Ref` gives its name, `Arn` its ARN.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// `AlarmName`, or a generated name; at most 255 characters.
    pub name: String,
    /// The alarm's ARN.
    pub arn: String,
    /// `AlarmDescription`.
    pub description: Option<String>,
    /// `Namespace` of the metric; absent when `Metrics` is given.
    pub namespace: Option<String>,
    /// `MetricName`; absent when `Metrics` is given.
    pub metric_name: Option<String>,
    /// `Dimensions` of the metric.
    pub dimensions: Vec<Dimension>,
    /// `Statistic` or `ExtendedStatistic`: `Sum`, `p99`, ...
    pub statistic: Option<String>,
    /// `Unit` of the metric.
    pub unit: Option<String>,
    /// `Period` in seconds.
    pub period_seconds: Option<u32>,
    /// `Metrics`: queries and expressions, as CloudWatch's API takes them.
    pub metrics: Vec<Value>,
    /// `EvaluationPeriods`: how many periods are compared with the threshold.
    pub evaluation_periods: u32,
    /// `DatapointsToAlarm`: how many of them must breach; all when absent.
    pub datapoints_to_alarm: u32,
    /// `Threshold`.
    pub threshold: f64,
    /// `ComparisonOperator`.
    pub comparison: ComparisonOperator,
    /// `TreatMissingData`; missing when absent.
    pub missing_data: MissingData,
    /// `ActionsEnabled`; true when absent.
    pub actions_enabled: bool,
    /// `AlarmActions`: ARNs, such as a topic's.
    pub alarm_actions: Vec<String>,
    /// `OKActions`.
    pub ok_actions: Vec<String>,
    /// `InsufficientDataActions`.
    pub insufficient_data_actions: Vec<String>,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// A dimension of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// `Name`.
    pub name: String,
    /// `Value`.
    pub value: String,
}

/// The comparison of a datapoint with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonOperator {
    /// `GreaterThanOrEqualToThreshold`.
    GreaterThanOrEqual,
    /// `GreaterThanThreshold`.
    GreaterThan,
    /// `LessThanOrEqualToThreshold`.
    LessThanOrEqual,
    /// `LessThanThreshold`.
    LessThan,
}

impl Choice for ComparisonOperator {
    const ALL: &'static [(&'static str, Self)] = &[
        ("GreaterThanOrEqualToThreshold", ComparisonOperator::GreaterThanOrEqual),
        ("GreaterThanThreshold", ComparisonOperator::GreaterThan),
        ("LessThanOrEqualToThreshold", ComparisonOperator::LessThanOrEqual),
        ("LessThanThreshold", ComparisonOperator::LessThan),
    ];
}

/// The meaning of a period without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingData {
    /// `breaching`.
    Breaching,
    /// `notBreaching`.
    NotBreaching,
    /// `ignore`: the state stays.
    Ignore,
    /// `missing`: the state becomes INSUFFICIENT_DATA.
    Missing,
}

impl Choice for MissingData {
    const ALL: &'static [(&'static str, Self)] = &[
        ("breaching", MissingData::Breaching),
        ("notBreaching", MissingData::NotBreaching),
        ("ignore", MissingData::Ignore),
        ("missing", MissingData::Missing),
    ];
}

#[derive(Clone, Copy)]
struct Statistic(&'static str);

impl Choice for Statistic {
    const ALL: &'static [(&'static str, Self)] = &[
        ("Average", Statistic("Average")),
        ("Maximum", Statistic("Maximum")),
        ("Minimum", Statistic("Minimum")),
        ("SampleCount", Statistic("SampleCount")),
        ("Sum", Statistic("Sum")),
    ];
}

const METRIC_KEYS: &[&str] = &[
    "AccountId",
    "Expression",
    "Id",
    "Label",
    "MetricStat",
    "Period",
    "ReturnData",
];
const ANOMALY: &str = "anomaly detection needs CloudWatch; compare with a Threshold";

impl Kind for Alarm {
    const TYPE: &'static str = "AWS::CloudWatch::Alarm";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored(
            "ActionConfiguration",
            Shape::Mapping,
            "notifications carry no tags locally",
        ),
        Property::honoured("ActionsEnabled"),
        Property::honoured("AlarmActions"),
        Property::honoured("AlarmDescription"),
        Property::honoured("AlarmName"),
        Property::honoured("ComparisonOperator"),
        Property::honoured("DatapointsToAlarm"),
        Property::honoured("Dimensions"),
        Property::ignored(
            "EvaluateLowSampleCountPercentile",
            Shape::Text,
            "every percentile is evaluated",
        ),
        Property::refused(
            "EvaluationCriteria",
            "PromQL needs CloudWatch; use MetricName or Metrics",
        ),
        Property::refused("EvaluationInterval", "it is for PromQL; use Period"),
        Property::honoured("EvaluationPeriods"),
        Property::refused(
            "EvaluationWindow",
            "windows are Period times EvaluationPeriods; leave it out",
        ),
        Property::honoured("ExtendedStatistic"),
        Property::honoured("InsufficientDataActions"),
        Property::honoured("MetricName"),
        Property::honoured("Metrics"),
        Property::honoured("Namespace"),
        Property::honoured("OKActions"),
        Property::honoured("Period"),
        Property::honoured("Statistic"),
        Property::honoured("Tags"),
        Property::honoured("Threshold"),
        Property::refused("ThresholdMetricId", ANOMALY),
        Property::honoured("TreatMissingData"),
        Property::honoured("Unit"),
        Property::ignored(
            "WarmUpConfiguration",
            Shape::Mapping,
            "alarms are evaluated from the start",
        ),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields.text("AlarmName").unwrap_or_else(|| identity.generated_name(255));
        check_metric(fields);
        let comparison = fields.required("ComparisonOperator", fields.choice("ComparisonOperator"));
        let periods: Option<u32> = fields.integer("EvaluationPeriods", 1, i64::from(u32::MAX));
        let periods = fields.required("EvaluationPeriods", periods);
        let threshold = fields.required("Threshold", fields.number("Threshold"));
        let datapoints = fields.integer("DatapointsToAlarm", 1, i64::from(periods.unwrap_or(u32::MAX)));
        let statistic = fields.choice("Statistic").map(|Statistic(name)| name.to_owned());
        let dimension = |dimension: &Fields<'_>| {
            let (name, value) = (dimension.required_text("Name"), dimension.required_text("Value"));
            Some(Dimension {
                name: name?,
                value: value?,
            })
        };
        let dimensions = fields.nested_list("Dimensions", &["Name", "Value"]);
        // Read for its errors; CloudWatch's own shape is kept.
        for metric in fields.nested_list("Metrics", METRIC_KEYS) {
            metric.required_text("Id");
        }
        Some(Alarm {
            arn: identity.arn("cloudwatch", &format!("alarm:{name}")),
            name,
            description: fields.text("AlarmDescription"),
            namespace: fields.text("Namespace"),
            metric_name: fields.text("MetricName"),
            dimensions: dimensions.iter().filter_map(dimension).collect(),
            statistic: statistic.or_else(|| fields.text("ExtendedStatistic")),
            unit: fields.text("Unit"),
            period_seconds: fields.integer("Period", 1, i64::from(u32::MAX)),
            metrics: fields.list("Metrics").iter().map(crate::node::Node::to_json).collect(),
            missing_data: fields.choice("TreatMissingData").unwrap_or(MissingData::Missing),
            actions_enabled: fields.boolean("ActionsEnabled").unwrap_or(true),
            alarm_actions: fields.texts("AlarmActions"),
            ok_actions: fields.texts("OKActions"),
            insufficient_data_actions: fields.texts("InsufficientDataActions"),
            tags: fields.tags(),
            evaluation_periods: periods?,
            datapoints_to_alarm: datapoints.or(periods)?,
            threshold: threshold?,
            comparison: comparison?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }
}

/// An alarm watches one metric or a list of queries, not both and not neither.
fn check_metric(fields: &Fields<'_>) {
    let single = [
        "Namespace",
        "MetricName",
        "Period",
        "Statistic",
        "ExtendedStatistic",
        "Dimensions",
        "Unit",
    ];
    if fields.node("Metrics").is_some() {
        for name in single {
            if let Some(node) = fields.node(name) {
                let message = format!("{name} belongs into Metrics when Metrics is given");
                fields.report(node.at, name, Problem::Conflict(message));
            }
        }
        return;
    }
    for name in ["Namespace", "MetricName", "Period"] {
        fields.required(name, fields.node(name));
    }
    if fields.node("Statistic").is_some() == fields.node("ExtendedStatistic").is_some() {
        let message = "exactly one of Statistic and ExtendedStatistic is required".to_owned();
        fields.report(fields.at(), "Statistic", Problem::Conflict(message));
    }
}
