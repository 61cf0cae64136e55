//! [DeleteActivity](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteActivity.html)

use serde::Deserialize;
use sluice_driver::ACTIVITY_KIND;
use sluice_wire::Constraints;

use crate::empty::Empty;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    activity_arn: Option<String>,
}

/// Deleting what is not there is no error. Tasks that are under way go on to their end or timeout.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let activity_arn = constraints.text("activityArn", request.activity_arn, 1..=256);
    constraints.finish()?;
    arn::activity(&activity_arn)?;
    states.driver.store().remove(ACTIVITY_KIND, &activity_arn).await?;
    Ok(Empty {})
}
