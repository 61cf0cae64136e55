//! The watch over alarms: each is evaluated when one of its periods has ended, on the engine's clock.

use serde_json::{Value, json};
use sluice_clock::Timestamp;
use sluice_metrics::alarm::{AlarmState, Condition, FURTHER_PERIODS, MissingData, Verdict};
use sluice_metrics::query::{Span, Subject};
use tokio::sync::watch;

use crate::alarm_request::AlarmSpec;
use crate::alarm_words::{day_and_time, with_offset};
use crate::alarms::{AlarmRecord, Change, HistoryItem, HistoryItemType, Watched};
use crate::{CloudWatch, CloudWatchError};

/// Metrics are kept by the minute: periods that are shorter are evaluated as minutes.
const SHORTEST: i64 = 60_000;

/// The ends of periods that are evaluated after this one, up to now.
///
/// After a jump of the clock these are the first ones, in which what was recorded before still counts, and the last
/// ones: between them nothing was recorded, and nothing changes.
fn ends(evaluated: Timestamp, now: Timestamp, period: i64, range: i64) -> Vec<Timestamp> {
    let first = evaluated - evaluated.rem_euclid(period) + period;
    let last = now - now.rem_euclid(period);
    let count = (last - first) / period + 1;
    let at = |n: i64| first + n * period;
    if count <= 2 * range {
        return (0..count).map(at).collect();
    }
    (0..range).chain(count - range..count).map(at).collect()
}

impl CloudWatch {
    /// Tells when an alarm was made, changed or deleted, and when actions are to be told.
    pub fn alarms_changed(&self) -> watch::Receiver<()> {
        self.alarms.changed.subscribe()
    }

    /// Evaluates each alarm of which a period has ended. Returns the time at which the next one ends; none: no alarms.
    ///
    /// # Errors
    /// When the journal or the metrics cannot be read or written.
    pub async fn evaluate_alarms(&self) -> Result<Option<Timestamp>, CloudWatchError> {
        let mut next: Option<Timestamp> = None;
        for (name, record) in self.alarms.all().await? {
            let spec = match self.alarm_spec(&record) {
                Ok(spec) => spec,
                Err(error) => {
                    tracing::error!(%error, name, "an alarm is not evaluated");
                    continue;
                }
            };
            let due = self.evaluate_alarm(&name, &spec).await?;
            next = Some(next.map_or(due, |next| next.min(due)));
        }
        Ok(next)
    }

    pub(crate) fn alarm_spec(&self, record: &AlarmRecord) -> Result<AlarmSpec, CloudWatchError> {
        AlarmSpec::parse(record.request.clone(), &self.account.id)
    }

    /// Evaluates one alarm; the end of its next period.
    async fn evaluate_alarm(&self, name: &str, spec: &AlarmSpec) -> Result<Timestamp, CloudWatchError> {
        let now = self.account.now();
        let period = (i64::from(spec.period) * 1_000).max(SHORTEST);
        let range = i64::from(spec.condition.evaluation_periods + FURTHER_PERIODS);
        let fresh = Watched {
            since: now,
            evaluated: now,
        };
        let mut watched = *self.alarms.watched.lock().entry(name.to_owned()).or_insert(fresh);
        let ends = ends(watched.evaluated, now, period, range);
        if ends.len() > 1 {
            watched.since = now;
        }
        for end in ends {
            self.evaluate_at(name, spec, end, watched.since).await?;
            watched.evaluated = end;
        }
        // one that was deleted meanwhile is not watched again
        if let Some(kept) = self.alarms.watched.lock().get_mut(name) {
            *kept = watched;
        }
        Ok(now - now.rem_euclid(period) + period)
    }

    async fn evaluate_at(
        &self,
        name: &str,
        spec: &AlarmSpec,
        end: Timestamp,
        since: Timestamp,
    ) -> Result<(), CloudWatchError> {
        let period = (i64::from(spec.period) * 1_000).max(SHORTEST);
        let condition = condition_at(spec, end, period, since);
        let range = condition.evaluation_periods + FURTHER_PERIODS;
        let start = end - i64::from(range) * period;
        let span = Span { start, end, now: end };
        let found = match self.query(spec.queries.clone(), span).await {
            Ok(found) => found,
            Err(CloudWatchError::Validation(problem)) => {
                tracing::warn!(name, problem, "an alarm's expression cannot be computed");
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let points = found.first().map_or(&[][..], |result| &result.series.points);
        let latest: Vec<Option<f64>> = (1..=i64::from(range))
            .map(|n| {
                let slot = end - n * period..end - (n - 1) * period;
                let in_slot = points.iter().rev().find(|(at, _)| slot.contains(at));
                in_slot.map(|(_, value)| *value)
            })
            .collect();
        let verdict = condition.evaluate(&latest);
        let Some(state) = verdict.state else { return Ok(()) };
        let time_of = |place: usize| end - i64::try_from(place + 1).unwrap_or(i64::MAX).saturating_mul(period);
        let change = Change {
            state,
            reason: condition.reason(&verdict, state, |place| day_and_time(time_of(place))),
            data: Some(reason_data(spec, &verdict, end, time_of).to_string()),
            at: end,
        };
        self.change_alarm(name, spec, change, false).await
    }

    /// Puts an alarm into a state; its actions are told if that is another one. `by_hand`: the reason is kept in any case.
    pub(crate) async fn change_alarm(
        &self,
        name: &str,
        spec: &AlarmSpec,
        change: Change,
        by_hand: bool,
    ) -> Result<(), CloudWatchError> {
        let _alone = self.alarms.changing.lock().await;
        let Some(mut record) = self.alarms.get(name).await? else {
            return Ok(());
        };
        let is_other = record.state != change.state;
        if !is_other && !by_hand {
            return Ok(());
        }
        let before = record.clone();
        record.state = change.state;
        record.reason.clone_from(&change.reason);
        record.reason_data.clone_from(&change.data);
        if is_other {
            record.state_updated = change.at;
            self.note_change(name, &before, &change).await?;
            if record.actions_enabled {
                // before the state: a crash in between tells twice, and not never
                self.keep_notices(name, spec, &before, &change).await?;
            }
        }
        Ok(self.alarms.put(name, &record).await?)
    }

    async fn note_change(&self, name: &str, before: &AlarmRecord, change: &Change) -> Result<(), CloudWatchError> {
        let state = |state: AlarmState, reason: &str, data: Option<&str>| {
            let data = data.and_then(|data| serde_json::from_str::<Value>(data).ok());
            json!({ "stateValue": state.as_str(), "stateReason": reason, "stateReasonData": data })
        };
        let data = json!({
            "version": "1.0",
            "oldState": state(before.state, &before.reason, before.reason_data.as_deref()),
            "newState": state(change.state, &change.reason, change.data.as_deref()),
        });
        let summary = format!(
            "Alarm updated from {} to {}",
            before.state.as_str(),
            change.state.as_str()
        );
        self.note_alarm(name, change.at, HistoryItemType::StateUpdate, summary, &data)
            .await
    }

    pub(crate) async fn note_alarm(
        &self,
        name: &str,
        at: Timestamp,
        kind: HistoryItemType,
        summary: String,
        data: &Value,
    ) -> Result<(), CloudWatchError> {
        let item = HistoryItem {
            alarm: name.to_owned(),
            at,
            kind,
            summary,
            data: data.to_string(),
        };
        Ok(self.alarms.note(&item, &self.account.uuid().to_string()).await?)
    }
}

/// The condition as it holds at a time. Silence that nobody listened to breaches nothing: while the process was down, or the
/// clock jumped, nobody could have spoken.
fn condition_at(spec: &AlarmSpec, end: Timestamp, period: i64, since: Timestamp) -> Condition {
    let mut condition = spec.condition;
    let listened = end - i64::from(condition.evaluation_periods) * period >= since;
    if condition.missing == MissingData::Breaching && !listened || spec.is_of_dynamodb() {
        condition.missing = MissingData::Ignore;
    }
    condition
}

/// `StateReasonData`.
fn reason_data(spec: &AlarmSpec, verdict: &Verdict, end: Timestamp, time_of: impl Fn(usize) -> Timestamp) -> Value {
    let statistic = spec.queries.iter().find_map(|query| match &query.subject {
        Subject::Metric(metric) if !spec.is_math => Some(metric.statistic_name.clone()),
        Subject::Metric(_) | Subject::Expression(_) => None,
    });
    let values: Vec<f64> = verdict.counted.iter().rev().map(|(_, value)| *value).collect();
    let evaluated = verdict
        .counted
        .iter()
        .map(|(place, value)| json!({ "timestamp": with_offset(time_of(*place)), "value": value }));
    json!({
        "version": "1.0",
        "queryDate": with_offset(end),
        "startDate": verdict.counted.last().map(|(place, _)| with_offset(time_of(*place))),
        "statistic": statistic,
        "period": spec.period,
        "recentDatapoints": values,
        "threshold": spec.condition.threshold,
        "evaluatedDatapoints": evaluated.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_a_period_counts_and_of_a_long_jump_the_first_and_the_last_ones() {
        assert_eq!(ends(90, 119, 60, 3), Vec::<i64>::new());
        assert_eq!(ends(90, 120, 60, 3), [120]);
        assert_eq!(ends(120, 120, 60, 3), Vec::<i64>::new());
        assert_eq!(ends(120, 245, 60, 3), [180, 240]);
        assert_eq!(ends(0, 6_010, 60, 3), [60, 120, 180, 5_880, 5_940, 6_000]);
    }
}
