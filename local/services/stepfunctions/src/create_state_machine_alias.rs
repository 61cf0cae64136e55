//! [CreateStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{CreateAlias, VersionError};
use sluice_wire::{Constraints, epoch_seconds};

use crate::publish::MAX_DESCRIPTION;
use crate::routing::{self, RoutingConfiguration};
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    name: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RoutingConfiguration>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_alias_arn: String,
    creation_date: f64,
}

/// The same again is the same alias.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let name = routing::check_name(&mut constraints, request.name);
    let description = constraints.optional_text("description", request.description, 0..=MAX_DESCRIPTION);
    let missing = request.routing_configuration.is_none();
    let list = constraints.required("routingConfiguration", request.routing_configuration);
    if !missing {
        routing::check(&mut constraints, &list);
    }
    constraints.finish()?;
    let to = routing::read(&list)?;
    let created = states
        .driver
        .aliases()
        .create(CreateAlias {
            machine_arn: to.machine_arn.clone(),
            name,
            description,
            routes: to.routes,
        })
        .await
        .map_err(|error| match error {
            VersionError::VersionNotFound { .. } => routing::no_version(&list),
            other => other.into(),
        })?;
    Ok(Response {
        state_machine_alias_arn: format!("{}:{}", to.machine_arn, created.name),
        creation_date: epoch_seconds(created.created),
    })
}
