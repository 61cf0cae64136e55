//! Alarms: they are evaluated when a period has ended, and their actions are told. Actions are topics.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sluice_cloudwatch::{AlarmNotice, CloudWatchError, NoticeOutcome};
use sluice_engine::Timestamp;
use sluice_sns::{Message, SnsError};
use sluice_template::{Alarm, ComparisonOperator, MissingData};
use tokio::task::JoinHandle;

use crate::endpoint::Services;

/// The name of the watch among what the time machine waits for.
const WATCH: &str = "alarms";

/// The pause after a failure of the journal or of the metrics, in milliseconds.
const PAUSE: i64 = 60_000;

/// Notices that are read at a time.
const BATCH: usize = 100;

/// Watches the alarms until it is aborted.
pub(crate) fn start(services: Arc<Services>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let activity = Arc::clone(&services.activity.alarms);
        let mut changed = services.cloudwatch.alarms_changed();
        let listed = activity.list(WATCH, WATCH, true, services.config.now());
        loop {
            changed.borrow_and_update();
            let next = watch(&services).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the alarms are evaluated later");
                Some(services.config.now().saturating_add(PAUSE))
            });
            // without alarms there is no time to wait for
            let next = next.unwrap_or(Timestamp::MAX);
            listed.next_at(next);
            tokio::select! {
                () = services.wait_until(next) => {}
                // the sender is in the services
                _ = changed.changed() => {}
            }
        }
    })
}

/// Evaluates what is due, and tells the actions. Returns the time at which the next period ends.
async fn watch(services: &Services) -> Result<Option<Timestamp>, CloudWatchError> {
    let next = services.cloudwatch.evaluate_alarms().await?;
    loop {
        let notices = services.cloudwatch.alarm_notices(BATCH).await?;
        if notices.is_empty() {
            return Ok(next);
        }
        for (id, notice) in notices {
            match tell(services, &notice).await {
                Ok(()) => {
                    services
                        .cloudwatch
                        .close_alarm_notice(&id, &notice, NoticeOutcome::Told)
                        .await?
                }
                // the journal: they are kept, and told later
                Err(SnsError::Driver(error)) => return Err(CloudWatchError::Driver(error)),
                Err(error) => {
                    tracing::warn!(alarm = notice.alarm, action = notice.action, %error, "an alarm's action failed");
                    let reason = error.to_string();
                    let outcome = NoticeOutcome::Failed(&reason);
                    services.cloudwatch.close_alarm_notice(&id, &notice, outcome).await?;
                }
            }
        }
    }
}

async fn tell(services: &Services, notice: &AlarmNotice) -> Result<(), SnsError> {
    if !notice.action.contains(":sns:") {
        return Err(SnsError::InvalidParameter(format!(
            "{} is no topic, and actions of other kinds are not available locally",
            notice.action
        )));
    }
    let texts = json!({ "default": notice.message, "email": notice.text }).to_string();
    let message = Message::new(&texts, Some(&notice.subject), Some("json"))?;
    services.sns.publish(&notice.action, &message).await.map(|_| ())
}

/// The members of PutMetricAlarm's request for the alarm of a template.
pub(crate) fn request(alarm: &Alarm) -> Value {
    let mut request = json!({
        "AlarmName": alarm.name,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "Threshold": alarm.threshold,
        "ComparisonOperator": comparison(alarm.comparison),
        "TreatMissingData": missing(alarm.missing_data),
        "ActionsEnabled": alarm.actions_enabled,
        "AlarmActions": alarm.alarm_actions,
        "OKActions": alarm.ok_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    });
    if let Some(members) = request.as_object_mut() {
        insert(members, "AlarmDescription", alarm.description.as_deref());
        if alarm.metrics.is_empty() {
            let dimensions = alarm.dimensions.iter();
            let dimensions: Vec<Value> = dimensions
                .map(|one| json!({ "Name": one.name, "Value": one.value }))
                .collect();
            members.insert("Dimensions".to_owned(), json!(dimensions));
            members.insert("Period".to_owned(), json!(alarm.period_seconds));
            insert(members, "Namespace", alarm.namespace.as_deref());
            insert(members, "MetricName", alarm.metric_name.as_deref());
            insert(members, "Statistic", alarm.statistic.as_deref());
            insert(members, "Unit", alarm.unit.as_deref());
        } else {
            members.insert("Metrics".to_owned(), json!(alarm.metrics));
        }
    }
    request
}

fn insert(members: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

fn comparison(operator: ComparisonOperator) -> &'static str {
    match operator {
        ComparisonOperator::GreaterThanOrEqual => "GreaterThanOrEqualToThreshold",
        ComparisonOperator::GreaterThan => "GreaterThanThreshold",
        ComparisonOperator::LessThanOrEqual => "LessThanOrEqualToThreshold",
        ComparisonOperator::LessThan => "LessThanThreshold",
    }
}

fn missing(meaning: MissingData) -> &'static str {
    match meaning {
        MissingData::Breaching => "breaching",
        MissingData::NotBreaching => "notBreaching",
        MissingData::Ignore => "ignore",
        MissingData::Missing => "missing",
    }
}
