//! Reports how many approvals wait for an admin, how long the one that expires first has waited, and how many subscriptions
//! hear of approvals and of alarms.
//!
//! The figures leave as a line of the embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>):
//! CloudWatch reads it from the log, so the function needs no right to write metrics, and no call.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_aws::{
    Approvals, Attempts, CallError, Fault, Service, SettingError, Topic, Waiting, config, environment, required,
};
use sluice_workflows::TaskError;

use crate::times::parse;

/// The table of approvals, as the metrics need it.
pub trait ApprovalTable {
    /// Those that are open.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn waiting(&self) -> impl Future<Output = Result<Waiting, CallError>>;
}

impl ApprovalTable for Approvals {
    async fn waiting(&self) -> Result<Waiting, CallError> {
        Approvals::waiting(self).await
    }
}

/// A topic, as the metrics need it.
pub trait Subscriptions {
    /// The number of subscriptions that are confirmed.
    ///
    /// # Errors
    /// [`CallError`] if SNS did not answer.
    fn confirmed(&self) -> impl Future<Output = Result<u64, CallError>>;
}

impl Subscriptions for Topic {
    async fn confirmed(&self) -> Result<u64, CallError> {
        self.confirmed_subscriptions().await
    }
}

/// The places that the metrics come from.
#[derive(Debug)]
pub struct Sources<A, S> {
    /// The table of approvals.
    pub table: A,
    /// The topic of approvals.
    pub approvals: S,
    /// The topic of alarms.
    pub alarms: S,
}

/// The event that the schedule sends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MetricsRequest {
    /// The time that the metrics are for: when the schedule meant to invoke it (ISO 8601).
    pub at: String,
}

/// Counts the approvals of `stack` and the subscriptions, and answers the line for the log. A topic that does not answer
/// leaves its metric out: the others are wanted all the same.
///
/// # Errors
/// `InvalidEvent` for a time that is none, `ApprovalTableUnavailable` or `ApprovalTableRefused` from the table.
pub async fn measure<A: ApprovalTable, S: Subscriptions>(
    sources: &Sources<A, S>,
    stack: &str,
    request: &MetricsRequest,
) -> Result<Value, Fault> {
    let at_ms = parse("at", &request.at)?.timestamp_millis();
    let waiting = sources.table.waiting().await.map_err(|error| {
        Fault::from_call(
            &error,
            TaskError::ApprovalTableUnavailable,
            TaskError::ApprovalTableRefused,
        )
    })?;
    let age_ms = match &waiting.first {
        Some(item) => at_ms - parse("submitted_at", &item.submitted_at)?.timestamp_millis(),
        None => 0,
    };
    let mut figures = vec![
        ("PendingApprovals", "Count", json!(waiting.count)),
        // two clocks may differ a little
        ("OldestPendingApprovalAge", "Seconds", json!(age_ms.max(0) / 1000)),
    ];
    for (name, topic) in [
        ("ApprovalSubscriptions", &sources.approvals),
        ("AlarmSubscriptions", &sources.alarms),
    ] {
        match topic.confirmed().await {
            Ok(confirmed) => figures.push((name, "Count", json!(confirmed))),
            Err(error) => tracing::error!(%error, metric = name, "the subscriptions were not counted"),
        }
    }
    Ok(line(at_ms, stack, &figures))
}

/// Writes figures (name, unit, value) in the embedded metric format.
fn line(at_ms: i64, stack: &str, figures: &[(&str, &str, Value)]) -> Value {
    let metrics: Vec<Value> = figures
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }))
        .collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": at_ms,
            "CloudWatchMetrics": [{ "Namespace": "Sluice", "Dimensions": [["Stack"]], "Metrics": metrics }],
        },
        "Stack": stack,
    });
    for (name, _, value) in figures {
        line[name] = value.clone();
    }
    line
}

fn settings() -> Result<(Sources<Approvals, Topic>, String), SettingError> {
    let config = |service| config(service, Attempts::BySdk, &environment);
    let topic = |name| Ok(Topic::new(&config(Service::Sns)?, required(&environment, name)?));
    let sources = Sources {
        table: Approvals::new(
            &config(Service::DynamoDb)?,
            required(&environment, "APPROVALS_TABLE_NAME")?,
            required(&environment, "APPROVAL_AUDIT_TABLE_NAME")?,
        ),
        approvals: topic("TOPIC_ARN")?,
        alarms: topic("ALARM_TOPIC_ARN")?,
    };
    Ok((sources, required(&environment, "STACK_NAME")?))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(settings, async |(sources, stack), request: MetricsRequest, _| {
        let line = measure(sources, stack, &request).await?;
        // Whole and by itself: a metric is read from a line that is nothing but this object. Without a log there is nobody
        // to tell that there is none.
        let _ = writeln!(std::io::stdout(), "{line}");
        Ok(line)
    })
}

#[cfg(test)]
mod tests {
    use sluice_aws::{CallErrorKind, OpenItem};
    use sluice_workflows::Submission;

    use super::*;

    fn first_of(submitted_at: &str) -> OpenItem {
        OpenItem {
            id: "s-1.1".to_owned(),
            submission_id: "s-1".to_owned(),
            submission: Submission::default(),
            violations: vec![],
            submitted_at: submitted_at.to_owned(),
            expires_at: "2026-11-29T10:00:00.000Z".to_owned(),
            expires_at_ms: 1_795_946_400_000,
            opened_at_ms: 1_795_341_600_000,
            summary: String::new(),
            mailed: true,
        }
    }

    struct Table(Result<Waiting, CallErrorKind>);

    impl ApprovalTable for Table {
        async fn waiting(&self) -> Result<Waiting, CallError> {
            self.0.clone().map_err(|kind| CallError {
                action: "dynamodb:Query",
                kind,
                message: "no".to_owned(),
            })
        }
    }

    struct Subscribed(Option<u64>);

    impl Subscriptions for Subscribed {
        async fn confirmed(&self) -> Result<u64, CallError> {
            self.0.ok_or_else(|| CallError {
                action: "sns:GetTopicAttributes",
                kind: CallErrorKind::Throttled,
                message: "no".to_owned(),
            })
        }
    }

    fn sources(waiting: Result<Waiting, CallErrorKind>, confirmed: [Option<u64>; 2]) -> Sources<Table, Subscribed> {
        let [approvals, alarms] = confirmed.map(Subscribed);
        Sources {
            table: Table(waiting),
            approvals,
            alarms,
        }
    }

    #[tokio::test]
    async fn subscriptions_are_counted_and_a_topic_that_does_not_answer_is_left_out() {
        let request = MetricsRequest {
            at: "2026-11-22T10:00:00Z".to_owned(),
        };
        let waiting = Waiting { count: 2, first: None };
        let sources = sources(Ok(waiting), [Some(0), None]);
        let line = measure(&sources, "sluice", &request).await.unwrap();
        assert_eq!(
            (&line["ApprovalSubscriptions"], &line["PendingApprovals"]),
            (&json!(0), &json!(2))
        );
        assert!(line.get("AlarmSubscriptions").is_none(), "{line}");
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 3, "{metrics:?}");
    }

    async fn check(waiting: Result<Waiting, CallErrorKind>, at: &str, expected: Result<(u64, i64), TaskError>) {
        let request = MetricsRequest { at: at.to_owned() };
        let got = measure(&sources(waiting, [Some(1), Some(2)]), "sluice", &request).await;
        let figures = got.map(|line| {
            assert_eq!(line["_aws"]["Timestamp"], 1_795_341_600_000_i64);
            let metrics = &line["_aws"]["CloudWatchMetrics"][0];
            for metric in metrics["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{line}");
            }
            assert_eq!(
                (&metrics["Dimensions"][0][0], &line["Stack"]),
                (&json!("Stack"), &json!("sluice"))
            );
            let number = |name: &str| line[name].as_i64().unwrap();
            (
                u64::try_from(number("PendingApprovals")).unwrap(),
                number("OldestPendingApprovalAge"),
            )
        });
        assert_eq!(got_name(figures), expected);
    }

    fn got_name<T>(result: Result<T, Fault>) -> Result<T, TaskError> {
        result.map_err(|fault| fault.name)
    }

    #[tokio::test]
    async fn what_waits_is_counted_and_the_first_ones_age_told() {
        const AT: &str = "2026-11-22T10:00:00Z";
        let waiting = |count, first: Option<&str>| {
            Ok(Waiting {
                count,
                first: first.map(first_of),
            })
        };
        check(waiting(0, None), AT, Ok((0, 0))).await;
        check(waiting(3, Some("2026-11-22T09:58:29.500Z")), AT, Ok((3, 90))).await;
        check(waiting(1, Some("2026-11-22T10:00:05Z")), AT, Ok((1, 0))).await;
        check(waiting(1, Some("yesterday")), AT, Err(TaskError::InvalidEvent)).await;
        check(waiting(0, None), "now", Err(TaskError::InvalidEvent)).await;
        check(
            Err(CallErrorKind::Throttled),
            AT,
            Err(TaskError::ApprovalTableUnavailable),
        )
        .await;
        check(Err(CallErrorKind::Refused), AT, Err(TaskError::ApprovalTableRefused)).await;
    }
}
