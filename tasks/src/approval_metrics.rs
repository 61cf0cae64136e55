//! Reports how many approvals wait for an admin, how long the one that expires first has waited, and how many subscriptions
//! hear of approvals and of alarms. It reads counters and the head of an index, so that its cost does not grow with what waits.
//!
//! The figures leave as a line of the embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>):
//! CloudWatch reads it from the log, so the function needs no right to write metrics, and no call.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_aws::{
    Approvals, Attempts, CallError, Fault, OpenItem, Service, SettingError, Topic, config, environment, required,
};

use crate::mailing::{approvals, table_fault};
use crate::times::parse;

/// The table of approvals, as the metrics need it.
pub trait ApprovalTable {
    /// The number of open approvals.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn open_count(&self) -> impl Future<Output = Result<u64, CallError>>;

    /// The open approval that expires first.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn first_open(&self) -> impl Future<Output = Result<Option<OpenItem>, CallError>>;
}

impl ApprovalTable for Approvals {
    async fn open_count(&self) -> Result<u64, CallError> {
        Approvals::open_count(self).await
    }

    async fn first_open(&self) -> Result<Option<OpenItem>, CallError> {
        Approvals::first_open(self).await
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
    let open = sources.table.open_count().await.map_err(|error| table_fault(&error))?;
    let first = sources.table.first_open().await.map_err(|error| table_fault(&error))?;
    let age_ms = first.map_or(0, |first| at_ms - first.opened_at_ms);
    let mut figures = vec![
        ("PendingApprovals", "Count", json!(open)),
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
        table: approvals()?,
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
    use sluice_aws::{ApprovalState, CallErrorKind};
    use sluice_workflows::TaskError;

    use super::*;
    use crate::testing::{OPENED, record};

    /// The number of open approvals, and the time at which the first was opened.
    struct Table(Result<(u64, Option<i64>), CallErrorKind>);

    impl Table {
        fn answer(&self) -> Result<(u64, Option<i64>), CallError> {
            self.0.map_err(|kind| CallError {
                action: "dynamodb:Query",
                kind,
                message: "no".to_owned(),
            })
        }
    }

    impl ApprovalTable for Table {
        async fn open_count(&self) -> Result<u64, CallError> {
            self.answer().map(|(count, _)| count)
        }

        async fn first_open(&self) -> Result<Option<OpenItem>, CallError> {
            let record = record("s-1.1", ApprovalState::Open);
            Ok(self.answer()?.1.map(|opened_at_ms| OpenItem {
                id: record.id,
                submission_id: record.submission_id,
                submission: record.submission,
                violations: record.violations,
                submitted_at: record.submitted_at,
                expires_at: record.expires_at,
                expires_at_ms: record.expires_at_ms,
                opened_at_ms,
                summary: record.summary,
                mailed: record.mailed,
            }))
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

    fn sources(table: Table, confirmed: [Option<u64>; 2]) -> Sources<Table, Subscribed> {
        let [approvals, alarms] = confirmed.map(Subscribed);
        Sources {
            table,
            approvals,
            alarms,
        }
    }

    #[tokio::test]
    async fn subscriptions_are_counted_and_a_topic_that_does_not_answer_is_left_out() {
        let request = MetricsRequest {
            at: "2026-11-22T10:00:00Z".to_owned(),
        };
        let sources = sources(Table(Ok((2, None))), [Some(0), None]);
        let line = measure(&sources, "sluice", &request).await.unwrap();
        assert_eq!(
            (&line["ApprovalSubscriptions"], &line["PendingApprovals"]),
            (&json!(0), &json!(2))
        );
        assert!(line.get("AlarmSubscriptions").is_none(), "{line}");
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 3, "{metrics:?}");
    }

    async fn check(table: Table, at: &str, expected: Result<(u64, i64), TaskError>) {
        let request = MetricsRequest { at: at.to_owned() };
        let got = measure(&sources(table, [Some(1), Some(2)]), "sluice", &request).await;
        let figures = got.map(|line| {
            assert_eq!(line["_aws"]["Timestamp"], OPENED);
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
        assert_eq!(figures.map_err(|fault| fault.name), expected);
    }

    #[tokio::test]
    async fn what_waits_is_counted_and_the_first_ones_age_told() {
        const AT: &str = "2026-11-22T10:00:00Z";
        check(Table(Ok((0, None))), AT, Ok((0, 0))).await;
        check(Table(Ok((3, Some(OPENED - 90_500)))), AT, Ok((3, 90))).await;
        check(Table(Ok((1, Some(OPENED + 5000)))), AT, Ok((1, 0))).await;
        check(Table(Ok((0, None))), "now", Err(TaskError::InvalidEvent)).await;
        for (kind, name) in [
            (CallErrorKind::Throttled, TaskError::ApprovalTableUnavailable),
            (CallErrorKind::Refused, TaskError::ApprovalTableRefused),
        ] {
            check(Table(Err(kind)), AT, Err(name)).await;
        }
    }
}
