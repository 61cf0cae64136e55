//! [ListStateMachineAliases](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineAliases.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::{AliasRecord, Qualifier};

use super::describe_state_machine::machine;
use super::paging::{cut, open_token, page_size, place};
use super::{StatesError, arn};
use crate::endpoint::{Constraints, PageToken, Services, epoch_seconds};

/// More than a state machine can have.
const ALL: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// The aliases of a state machine, or those that lead to a version of it; the oldest first.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let asked_for = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let limit = page_size(&mut constraints, request.max_results);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_024);
    constraints.finish()?;
    let (machine_arn, qualifier) = arn::qualified(&asked_for)?;
    let only = match qualifier {
        None => {
            machine(services, &machine_arn).await?;
            None
        }
        Some(Qualifier::Version(number)) if services.driver.version(&machine_arn, number).await?.is_some() => {
            Some(number)
        }
        Some(Qualifier::Version(_) | Qualifier::Alias(_)) => {
            return Err(StatesError::StateMachineDoesNotExist(asked_for));
        }
    };
    let scope = ["ListStateMachineAliases", &asked_for];
    let token = PageToken::of(&scope);
    let after: Option<i64> = place(open_token(&token, next_token.as_deref())?)?;

    let leads_there =
        |alias: &AliasRecord| only.is_none_or(|number| alias.routes.iter().any(|route| route.version == number));
    let mut aliases = services.driver.aliases(&machine_arn, after, ALL).await?;
    aliases.retain(leads_there);
    let more = cut(&mut aliases, limit);
    let shown: Vec<Value> = aliases
        .iter()
        .map(|alias| {
            json!({
                "stateMachineAliasArn": format!("{machine_arn}:{}", alias.name),
                "creationDate": epoch_seconds(alias.created),
            })
        })
        .collect();
    let mut answer = json!({ "stateMachineAliases": shown });
    if let Some(last) = aliases.last().filter(|_| more) {
        answer["nextToken"] = json!(token.seal(&last.id.to_string()));
    }
    Ok(answer)
}
