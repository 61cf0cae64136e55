//! [DeleteActivity](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteActivity.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::ACTIVITIES;

use super::{StatesError, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    activity_arn: Option<String>,
}

/// Deleting what is not there is no error. Tasks that are under way go on to their end or timeout.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let activity_arn = constraints.text("activityArn", request.activity_arn, 1..=256);
    constraints.finish()?;
    arn::activity(&activity_arn)?;
    services.driver.remove(ACTIVITIES, &activity_arn).await?;
    Ok(json!({}))
}
