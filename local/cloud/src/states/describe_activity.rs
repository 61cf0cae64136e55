//! [DescribeActivity](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeActivity.html)

use serde::Deserialize;
use serde_json::Value;

use super::attributes::EncryptionConfiguration;
use super::{StatesError, activity, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    activity_arn: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let activity_arn = constraints.text("activityArn", request.activity_arn, 1..=256);
    constraints.finish()?;
    arn::activity(&activity_arn)?;
    let Some(activity) = activity::find(services, &activity_arn).await? else {
        return Err(StatesError::ActivityDoesNotExist(activity_arn));
    };
    let mut answer = activity.shown(&activity_arn);
    answer["encryptionConfiguration"] = EncryptionConfiguration::shown(activity.encryption.as_ref());
    Ok(answer)
}
