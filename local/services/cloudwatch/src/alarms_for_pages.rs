//! Alarms for pages of this process, beside the API.

use sluice_clock::Timestamp;
use sluice_driver::Order;
use sluice_metrics::alarm::AlarmState;
use sluice_metrics::query::Query;

use crate::alarm_words::{self, watched};
use crate::alarms::{AlarmRecord, HistoryItem, HistoryItemType};
use crate::{CloudWatch, CloudWatchError};

/// The items of the history that are looked through for one alarm's.
const LOOKED_THROUGH: usize = 2_000;

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmView {
    /// `AlarmName`.
    pub name: String,
    /// `AlarmArn`.
    pub arn: String,
    /// `AlarmDescription`.
    pub description: Option<String>,
    /// The state.
    pub state: AlarmState,
    /// The reason for the state.
    pub reason: String,
    /// The time since which it has this state.
    pub since: Timestamp,
    /// The condition in words.
    pub condition: String,
    /// `Threshold`.
    pub threshold: f64,
    /// Its metrics and expressions, a line each.
    pub watched: Vec<String>,
    /// The same as queries.
    pub queries: Vec<Query>,
    /// The actions when it goes into the ALARM state.
    pub alarm_actions: Vec<String>,
    /// False: the state changes, and nobody is told.
    pub actions_enabled: bool,
}

/// Something that happened to an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmChange {
    /// The time.
    pub at: Timestamp,
    /// `HistoryItemType`.
    pub kind: &'static str,
    /// `HistorySummary`.
    pub summary: String,
}

impl CloudWatch {
    /// Returns an alarm; none: there is no such alarm.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn alarm(&self, name: &str) -> Result<Option<AlarmView>, CloudWatchError> {
        Ok(self.alarms.get(name).await?.and_then(|record| self.view(name, &record)))
    }

    /// Returns alarms in the order of their names, from behind `after`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn alarm_list(&self, after: Option<String>, limit: usize) -> Result<Vec<AlarmView>, CloudWatchError> {
        let found = self.alarms.after(after, limit).await?;
        Ok(found
            .iter()
            .filter_map(|(name, record)| self.view(name, record))
            .collect())
    }

    /// Returns what happened to an alarm lately, the latest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn alarm_changes(&self, name: &str, limit: usize) -> Result<Vec<AlarmChange>, CloudWatchError> {
        let items = self.alarms.history(Order::Descending, None, LOOKED_THROUGH).await?;
        let of_alarm = items.into_iter().filter(|(_, item)| item.alarm == name).take(limit);
        let change = |(_, item): (String, HistoryItem)| AlarmChange {
            at: item.at,
            kind: HistoryItemType::as_str(item.kind),
            summary: item.summary,
        };
        Ok(of_alarm.map(change).collect())
    }

    fn view(&self, name: &str, record: &AlarmRecord) -> Option<AlarmView> {
        let spec = self
            .alarm_spec(record)
            .inspect_err(|error| tracing::error!(%error, name, "an alarm cannot be read"))
            .ok()?;
        let condition = &spec.condition;
        Some(AlarmView {
            name: name.to_owned(),
            arn: alarm_words::arn(&self.account, name),
            state: record.state,
            reason: record.reason.clone(),
            since: record.state_updated,
            condition: format!(
                "{} {} in {} of {} periods of {} s; without data: {}",
                condition.comparison.words(),
                condition.threshold,
                condition.datapoints_to_alarm,
                condition.evaluation_periods,
                spec.period,
                condition.missing.as_str()
            ),
            threshold: condition.threshold,
            watched: watched(&spec)
                .into_iter()
                .map(|line| line.trim_start_matches("- ").to_owned())
                .collect(),
            description: spec.description,
            queries: spec.queries,
            alarm_actions: spec.alarm_actions,
            actions_enabled: record.actions_enabled,
        })
    }
}
