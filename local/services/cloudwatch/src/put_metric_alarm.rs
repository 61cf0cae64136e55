//! [PutMetricAlarm](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)

use serde_json::{Value, json};

use crate::alarm_request::AlarmSpec;
use crate::alarms::{AlarmRecord, HistoryItemType};
use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Value) -> Result<Node, CloudWatchError> {
    cloudwatch.put_alarm(request).await?;
    Ok(Node::nothing())
}

impl CloudWatch {
    /// Makes the alarm of a template, or brings it up to date. `request`: PutMetricAlarm's members.
    ///
    /// # Errors
    /// When the request breaks a rule, or the journal fails.
    pub async fn ensure_alarm(&self, name: &str, request: Value) -> Result<(), CloudWatchError> {
        match self.alarms.get(name).await? {
            Some(there) if there.request == request => Ok(()),
            _ => self.put_alarm(request).await,
        }
    }

    /// Removes the alarm of a template; one that is not there is removed already.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn remove_alarm(&self, name: &str) -> Result<(), CloudWatchError> {
        Ok(self.alarms.remove(name).await?)
    }

    async fn put_alarm(&self, request: Value) -> Result<(), CloudWatchError> {
        let spec = AlarmSpec::parse(request.clone(), &self.account.id)?;
        let now = self.account.now();
        let _alone = self.alarms.changing.lock().await;
        let (record, summary) = match self.alarms.get(&spec.name).await? {
            // the state stays until the next evaluation
            Some(there) => {
                let record = AlarmRecord {
                    request: request.clone(),
                    configured: now,
                    actions_enabled: spec.actions_enabled,
                    ..there
                };
                (record, format!("Alarm \"{}\" updated", spec.name))
            }
            None => (
                AlarmRecord::new(request.clone(), spec.actions_enabled, now),
                format!("Alarm \"{}\" created", spec.name),
            ),
        };
        self.alarms.put(&spec.name, &record).await?;
        let data = json!({ "version": "1.0", "updatedAlarm": request });
        self.note_alarm(&spec.name, now, HistoryItemType::ConfigurationUpdate, summary, &data)
            .await
    }
}
