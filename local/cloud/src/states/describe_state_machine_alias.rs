//! [DescribeStateMachineAlias](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineAlias.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::routing::RoutingConfiguration;
use super::{StatesError, arn};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let alias_arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, 1..=256);
    constraints.finish()?;
    let (machine_arn, name) = arn::alias(&alias_arn)?;
    let alias = services.driver.alias(&machine_arn, &name).await?;
    let alias = alias.ok_or(StatesError::ReferenceNotFound)?;
    let routing: Vec<RoutingConfiguration> = alias
        .routes
        .iter()
        .map(|route| RoutingConfiguration::of(&machine_arn, route))
        .collect();
    let mut shown = json!({
        "stateMachineAliasArn": alias_arn,
        "name": alias.name,
        "routingConfiguration": routing,
        "creationDate": epoch_seconds(alias.created),
        "updateDate": epoch_seconds(alias.updated),
    });
    if let Some(description) = alias.description {
        shown["description"] = json!(description);
    }
    Ok(shown)
}
