//! [ListStateMachines](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html)

use serde::{Deserialize, Serialize};
use sluice_driver::MachineRecord;
use sluice_wire::{Constraints, Page, PageToken, epoch_seconds};

use crate::paging::Paging;
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machines: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// `StateMachineListItem`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_arn: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: f64,
}

impl From<MachineRecord> for Item {
    fn from(machine: MachineRecord) -> Self {
        Self {
            state_machine_arn: machine.arn,
            name: machine.name,
            kind: machine.kind.as_str(),
            creation_date: epoch_seconds(machine.created),
        }
    }
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let paging = Paging::of(&mut constraints, request.max_results, request.next_token);
    constraints.finish()?;
    let token = PageToken::of(&["ListStateMachines"]);
    let after = paging.start(&token)?;

    // One more than asked for tells whether there is another page.
    let found = states.driver.machines().list(after, paging.limit + 1).await?;
    let page = Page::cut(found, paging.limit, &token, |machine| machine.arn.clone());
    Ok(Response {
        state_machines: page.items.into_iter().map(Item::from).collect(),
        next_token: page.next,
    })
}
