//! [ListStateMachineVersions](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{Constraints, Page, PageToken, epoch_seconds};

use crate::paging::Paging;
use crate::{StatesError, StepFunctions, lookup};

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
    state_machine_versions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// `StateMachineVersionListItem`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_version_arn: String,
    creation_date: f64,
}

/// The newest first.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let paging = Paging::of(&mut constraints, request.max_results, request.next_token);
    constraints.finish()?;
    let machine = lookup::machine(states, &machine_arn).await?;
    let scope = ["ListStateMachineVersions", &machine_arn];
    let token = PageToken::of(&scope);
    let before = paging.start(&token)?;

    // One more than asked for tells whether there is another page.
    let found = states
        .driver
        .versions()
        .list(&machine.arn, before, paging.limit + 1)
        .await?;
    let page = Page::cut(found, paging.limit, &token, |version| version.number.to_string());
    let item = |version: sluice_driver::VersionSummary| Item {
        state_machine_version_arn: format!("{}:{}", machine.arn, version.number),
        creation_date: epoch_seconds(version.created),
    };
    Ok(Response {
        state_machine_versions: page.items.into_iter().map(item).collect(),
        next_token: page.next,
    })
}
