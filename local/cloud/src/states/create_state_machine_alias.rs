//! [CreateStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::VersionError;

use super::StatesError;
use super::publish::MAX_DESCRIPTION;
use super::routing::{self, RoutingConfiguration};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    name: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RoutingConfiguration>>,
}

/// The same again is the same alias.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
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
    let created = services
        .driver
        .create_alias(&to.machine_arn, name, description, to.routes)
        .await
        .map_err(|error| match error {
            VersionError::VersionNotFound { .. } => routing::no_version(&list),
            other => other.into(),
        })?;
    Ok(json!({
        "stateMachineAliasArn": format!("{}:{}", to.machine_arn, created.name),
        "creationDate": epoch_seconds(created.created),
    }))
}
