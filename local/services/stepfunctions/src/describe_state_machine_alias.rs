//! [DescribeStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineAlias.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{Constraints, epoch_seconds};

use crate::routing::RoutingConfiguration;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_alias_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_alias_arn: String,
    name: String,
    routing_configuration: Vec<RoutingConfiguration>,
    creation_date: f64,
    update_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let alias_arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, 1..=256);
    constraints.finish()?;
    let (machine_arn, name) = arn::alias(&alias_arn)?;
    let alias = states.driver.aliases().get(&machine_arn, &name).await?;
    let alias = alias.ok_or(StatesError::ReferenceNotFound)?;
    let routes = alias.routes.iter();
    Ok(Response {
        state_machine_alias_arn: alias_arn,
        routing_configuration: routes
            .map(|route| RoutingConfiguration::of(&machine_arn, route))
            .collect(),
        name: alias.name,
        creation_date: epoch_seconds(alias.created),
        update_date: epoch_seconds(alias.updated),
        description: alias.description,
    })
}
