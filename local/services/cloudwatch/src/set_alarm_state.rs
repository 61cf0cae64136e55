//! [SetAlarmState](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html)

use serde::Deserialize;
use sluice_metrics::alarm::AlarmState;
use sluice_wire::Constraints;

use crate::alarms::Change;
use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    alarm_name: Option<String>,
    state_value: Option<String>,
    state_reason: Option<String>,
    state_reason_data: Option<String>,
}

/// The state is there until the next evaluation finds another one.
pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let mut constraints = Constraints::default();
    let name = constraints.text("alarmName", request.alarm_name, 1..=255);
    let state = constraints.required("stateValue", request.state_value);
    let state = constraints.choice("stateValue", Some(&state), &AlarmState::ALL, AlarmState::Ok);
    let reason = constraints.text("stateReason", request.state_reason, 0..=1023);
    let data = constraints.optional_text("stateReasonData", request.state_reason_data, 0..=4000);
    constraints.finish()?;
    if let Some(data) = &data
        && let Err(error) = serde_json::from_str::<serde_json::Value>(data)
    {
        return Err(CloudWatchError::InvalidFormat(format!(
            "StateReasonData must be JSON: {error}"
        )));
    }
    let record = cloudwatch.alarms.existing(&name).await?;
    let spec = cloudwatch.alarm_spec(&record)?;
    let at = cloudwatch.account.now();
    let change = Change {
        state,
        reason,
        data,
        at,
    };
    cloudwatch.change_alarm(&name, &spec, change, true).await?;
    Ok(Node::nothing())
}
