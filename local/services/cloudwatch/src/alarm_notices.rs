//! The words for the actions of alarms: kept until somebody has told them.

use serde_json::json;

use crate::alarm_request::AlarmSpec;
use crate::alarm_words;
use crate::alarms::{AlarmNotice, AlarmRecord, Change, HistoryItemType};
use crate::{CloudWatch, CloudWatchError};

/// The outcome of telling an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeOutcome<'a> {
    /// The action was told.
    Told,
    /// It cannot be told; the reason.
    Failed(&'a str),
}

impl CloudWatch {
    pub(crate) async fn keep_notices(
        &self,
        name: &str,
        spec: &AlarmSpec,
        before: &AlarmRecord,
        change: &Change,
    ) -> Result<(), CloudWatchError> {
        for action in spec.actions(change.state) {
            let notice = AlarmNotice {
                alarm: name.to_owned(),
                action: action.clone(),
                subject: alarm_words::subject(name, change.state, &self.account.region),
                message: alarm_words::message(&self.account, spec, before, change).to_string(),
                text: alarm_words::text(&self.account, spec, before, change),
            };
            let unique = self.account.uuid().to_string();
            self.alarms.keep_notice(&notice, change.at, &unique).await?;
        }
        Ok(())
    }

    /// Returns the words that actions are still to be told, the earliest first, each with its id.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn alarm_notices(&self, limit: usize) -> Result<Vec<(String, AlarmNotice)>, CloudWatchError> {
        Ok(self.alarms.notices(limit).await?)
    }

    /// Notes in the alarm's history what became of a notice, and forgets it.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn close_alarm_notice(
        &self,
        id: &str,
        notice: &AlarmNotice,
        outcome: NoticeOutcome<'_>,
    ) -> Result<(), CloudWatchError> {
        let (state, summary, error) = match outcome {
            NoticeOutcome::Told => ("Succeeded", "Successfully executed action", None),
            NoticeOutcome::Failed(reason) => ("Failed", "Failed to execute action", Some(reason)),
        };
        let mut data = json!({
            "actionState": state, "notificationResource": notice.action, "stateUpdateTimestamp": self.account.now(),
            "publishedMessage": notice.message, "error": error,
        });
        if error.is_none()
            && let Some(members) = data.as_object_mut()
        {
            members.remove("error");
        }
        let summary = format!("{summary} {}", notice.action);
        self.note_alarm(
            &notice.alarm,
            self.account.now(),
            HistoryItemType::Action,
            summary,
            &data,
        )
        .await?;
        Ok(self.alarms.forget_notice(id).await?)
    }
}
