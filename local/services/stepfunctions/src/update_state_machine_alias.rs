//! [UpdateStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachineAlias.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{UpdateAlias, VersionError};
use sluice_wire::{ApiError, Constraints, epoch_seconds};

use crate::publish::MAX_DESCRIPTION;
use crate::routing::{self, RoutingConfiguration};
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_alias_arn: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RoutingConfiguration>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    update_date: f64,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let alias_arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, 1..=256);
    let description = constraints.optional_text("description", request.description, 0..=MAX_DESCRIPTION);
    let list = request.routing_configuration;
    if let Some(list) = &list {
        routing::check(&mut constraints, list);
    }
    constraints.finish()?;
    let (machine_arn, name) = arn::alias(&alias_arn)?;
    if description.is_none() && list.is_none() {
        let message = "Either the description or the RoutingConfiguration must be specified";
        return Err(ApiError::client("MissingRequiredParameter", message).into());
    }
    let routes = match &list {
        None => None,
        Some(list) => {
            let to = routing::read(list)?;
            if to.machine_arn != machine_arn {
                return Err(routing::no_version(list));
            }
            Some(to.routes)
        }
    };
    let updated = states
        .driver
        .aliases()
        .update(UpdateAlias {
            machine_arn,
            name,
            description,
            routes,
        })
        .await
        .map_err(|error| match (error, &list) {
            (VersionError::VersionNotFound { .. }, Some(list)) => routing::no_version(list),
            (other, _) => other.into(),
        })?;
    Ok(Response {
        update_date: epoch_seconds(updated.updated),
    })
}
