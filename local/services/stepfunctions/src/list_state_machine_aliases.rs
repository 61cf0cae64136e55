//! [ListStateMachineAliases](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineAliases.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{AliasRecord, Qualifier};
use sluice_wire::{Constraints, Page, PageToken, epoch_seconds};

use crate::paging::Paging;
use crate::{StatesError, StepFunctions, arn, lookup};

/// More than a state machine can have.
const ALL: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    state_machine_arn: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_aliases: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// `StateMachineAliasListItem`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_alias_arn: String,
    creation_date: f64,
}

/// The aliases of a state machine, or those that lead to a version of it; the oldest first.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let asked_for = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let paging = Paging::of(&mut constraints, request.max_results, request.next_token);
    constraints.finish()?;
    let (machine_arn, only) = machine_or_version(states, &asked_for).await?;
    let scope = ["ListStateMachineAliases", &asked_for];
    let token = PageToken::of(&scope);
    let after: Option<i64> = paging.start(&token)?;

    let leads_there =
        |alias: &AliasRecord| only.is_none_or(|number| alias.routes.iter().any(|route| route.version == number));
    let mut aliases = states.driver.aliases().list(&machine_arn, after, ALL).await?;
    aliases.retain(leads_there);
    let page = Page::cut(aliases, paging.limit, &token, |alias| alias.id.to_string());
    let item = |alias: AliasRecord| Item {
        state_machine_alias_arn: format!("{machine_arn}:{}", alias.name),
        creation_date: epoch_seconds(alias.created),
    };
    Ok(Response {
        state_machine_aliases: page.items.into_iter().map(item).collect(),
        next_token: page.next,
    })
}

/// The machine whose aliases are asked for, and the version to which they must lead.
async fn machine_or_version(states: &StepFunctions, asked_for: &str) -> Result<(String, Option<u64>), StatesError> {
    let (machine_arn, qualifier) = arn::qualified(asked_for)?;
    match qualifier {
        None => {
            lookup::machine(states, &machine_arn).await?;
            Ok((machine_arn, None))
        }
        Some(Qualifier::Version(number)) if states.driver.versions().get(&machine_arn, number).await?.is_some() => {
            Ok((machine_arn, Some(number)))
        }
        Some(Qualifier::Version(_) | Qualifier::Alias(_)) => {
            Err(StatesError::StateMachineDoesNotExist(asked_for.to_owned()))
        }
    }
}
