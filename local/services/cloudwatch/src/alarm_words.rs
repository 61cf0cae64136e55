//! Alarms in words: times, subjects, and the text and the JSON that actions are told.

use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_metrics::alarm::AlarmState;
use sluice_metrics::query::Subject;
use sluice_wire::Account;

use crate::alarm_request::AlarmSpec;
use crate::alarms::{AlarmRecord, Change};

/// The longest subject of a mail, in characters.
const MAX_SUBJECT: usize = 99;

/// The ARN of an alarm.
pub(crate) fn arn(account: &Account, name: &str) -> String {
    account.arn("cloudwatch", &format!("alarm:{name}"))
}

/// The message that programs get.
pub(crate) fn message(account: &Account, spec: &AlarmSpec, before: &AlarmRecord, change: &Change) -> Value {
    json!({
        "AlarmName": spec.name,
        "AlarmDescription": spec.description,
        "AWSAccountId": account.id,
        "AlarmConfigurationUpdatedTimestamp": with_offset(before.configured),
        "NewStateValue": change.state.as_str(),
        "NewStateReason": change.reason,
        "StateChangeTime": with_offset(change.at),
        "Region": account.region,
        "AlarmArn": arn(account, &spec.name),
        "OldStateValue": before.state.as_str(),
        "OKActions": spec.ok_actions,
        "AlarmActions": spec.alarm_actions,
        "InsufficientDataActions": spec.insufficient_data_actions,
        "Trigger": trigger(spec),
    })
}

/// The message that people get.
pub(crate) fn text(account: &Account, spec: &AlarmSpec, before: &AlarmRecord, change: &Change) -> String {
    let condition = &spec.condition;
    let region = &account.region;
    let state = change.state.as_str();
    let time = formatted(change.at, "%A %d %B, %Y %H:%M:%S UTC");
    let lists = [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData].map(|state| {
        let actions = spec.actions(state).iter().map(|arn| format!("[{arn}]"));
        format!("- {}: {}", state.as_str(), actions.collect::<Vec<_>>().join(" "))
    });
    format!(
        "The alarm \"{name}\" of CloudWatch in the region {region} is in the state {state} since {time}, because: {reason}\n\n\
         Alarm details:\n- Name: {name}\n- Description: {description}\n- State change: {old} -> {state}\n\
         - Reason for the state change: {reason}\n- Time: {time}\n- Account: {account}\n- ARN: {arn}\n\n\
         Threshold:\n- The alarm is in the ALARM state when the {what} is {comparison} {threshold:?} for at least {m} of the last {n} period(s) of {period} seconds.\n\
         - TreatMissingData: {missing}\n\n\
         Monitored:\n{watched}\n\nActions by state:\n{lists}\n",
        name = spec.name,
        reason = change.reason,
        description = spec.description.as_deref().unwrap_or("none"),
        old = before.state.as_str(),
        account = account.id,
        arn = arn(account, &spec.name),
        what = if spec.is_math {
            "result of the metric expression"
        } else {
            "metric"
        },
        comparison = condition.comparison.words(),
        threshold = condition.threshold,
        m = condition.datapoints_to_alarm,
        n = condition.evaluation_periods,
        period = spec.period,
        missing = condition.missing.as_str(),
        watched = watched(spec).join("\n"),
        lists = lists.join("\n"),
    )
}

pub(crate) fn subject(name: &str, state: AlarmState, region: &str) -> String {
    // a subject is ASCII, and begins with a letter
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii() && !c.is_control() { c } else { '?' })
        .collect();
    let whole = format!("{}: \"{name}\" in {region}", state.as_str());
    whole.chars().take(MAX_SUBJECT).collect()
}

/// The metrics and expressions of an alarm, a line each.
pub(crate) fn watched(spec: &AlarmSpec) -> Vec<String> {
    let line = |query: &sluice_metrics::query::Query| match &query.subject {
        Subject::Expression(_) => format!("- {} = {}", query.id, spec.expression(&query.id)),
        Subject::Metric(metric) => {
            let dimensions = metric
                .metric
                .dimensions()
                .iter()
                .map(|one| format!("{} = {}", one.name, one.value));
            let dimensions: Vec<String> = dimensions.collect();
            let id = if spec.is_math {
                format!("{} = ", query.id)
            } else {
                String::new()
            };
            format!(
                "- {id}{} of {} {} [{}], by {} seconds",
                metric.statistic_name,
                metric.metric.namespace(),
                metric.metric.name(),
                dimensions.join(", "),
                metric.period
            )
        }
    };
    spec.queries.iter().map(line).collect()
}

fn trigger(spec: &AlarmSpec) -> Value {
    let condition = &spec.condition;
    let mut trigger = json!({
        "Period": spec.period,
        "EvaluationPeriods": condition.evaluation_periods,
        "DatapointsToAlarm": condition.datapoints_to_alarm,
        "ComparisonOperator": condition.comparison.as_str(),
        "Threshold": condition.threshold,
        "TreatMissingData": condition.missing.as_str(),
        "EvaluateLowSampleCountPercentile": "",
    });
    let Some(members) = trigger.as_object_mut() else {
        return trigger;
    };
    let metric_of = |metric: &sluice_metrics::query::MetricQuery| {
        let dimensions = metric.metric.dimensions().iter();
        let dimensions: Vec<Value> = dimensions
            .map(|one| json!({ "value": &*one.value, "name": &*one.name }))
            .collect();
        (
            metric.metric.name().to_owned(),
            metric.metric.namespace().to_owned(),
            dimensions,
        )
    };
    for query in &spec.queries {
        if let (Subject::Metric(metric), false) = (&query.subject, spec.is_math) {
            let (name, namespace, dimensions) = metric_of(metric);
            members.insert("MetricName".to_owned(), json!(name));
            members.insert("Namespace".to_owned(), json!(namespace));
            members.insert("StatisticType".to_owned(), json!("Statistic"));
            members.insert("Statistic".to_owned(), json!(metric.statistic_name.to_uppercase()));
            members.insert("Unit".to_owned(), json!(metric.unit.map(sluice_metrics::Unit::as_str)));
            members.insert("Dimensions".to_owned(), json!(dimensions));
        }
    }
    if spec.is_math {
        let metrics = spec.queries.iter().map(|query| match &query.subject {
            Subject::Expression(_) => json!({ "Id": query.id, "Expression": spec.expression(&query.id), "Label": query.label, "ReturnData": query.returned }),
            Subject::Metric(metric) => {
                let (name, namespace, dimensions) = metric_of(metric);
                json!({ "Id": query.id, "ReturnData": query.returned, "MetricStat": {
                    "Metric": { "Dimensions": dimensions, "MetricName": name, "Namespace": namespace },
                    "Period": metric.period, "Stat": metric.statistic_name } })
            }
        });
        members.insert("Metrics".to_owned(), metrics.collect());
    }
    trigger
}

/// `22/11/26 13:27:00`.
pub(crate) fn day_and_time(at: Timestamp) -> String {
    formatted(at, "%d/%m/%y %H:%M:%S")
}

/// `2026-11-22T13:27:00.000+0000`.
pub(crate) fn with_offset(at: Timestamp) -> String {
    formatted(at, "%Y-%m-%dT%H:%M:%S%.3f+0000")
}

fn formatted(at: Timestamp, format: &str) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    time.format(format).to_string()
}
