//! [DeleteStateMachineVersion](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineVersion.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::{StatesError, arn};
use crate::endpoint::{Constraints, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_version_arn: Option<String>,
}

/// One that is not there counts as deleted, as on AWS. Its executions go on.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let version_arn = constraints.text("stateMachineVersionArn", request.state_machine_version_arn, 1..=2000);
    constraints.finish()?;
    let (machine_arn, number) = arn::version(&version_arn)?;
    services.driver.delete_version(&machine_arn, number).await?;
    Ok(json!({}))
}
