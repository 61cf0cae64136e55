//! [DescribeActivity](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeActivity.html)

use serde::{Deserialize, Serialize};
use sluice_wire::Constraints;

use crate::activity::{self, ActivityListItem};
use crate::attributes::EncryptionConfiguration;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    activity_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    #[serde(flatten)]
    activity: ActivityListItem,
    encryption_configuration: EncryptionConfiguration,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let activity_arn = constraints.text("activityArn", request.activity_arn, 1..=256);
    constraints.finish()?;
    arn::activity(&activity_arn)?;
    let Some(activity) = activity::find(states, &activity_arn).await? else {
        return Err(StatesError::ActivityDoesNotExist(activity_arn));
    };
    Ok(Response {
        activity: activity.list_item(&activity_arn),
        encryption_configuration: EncryptionConfiguration::effective(activity.encryption),
    })
}
