//! [ListStateMachines](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::paging::{cut, open_token, page_size};
use crate::endpoint::{Constraints, PageToken, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let limit = page_size(&mut constraints, request.max_results);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_024);
    constraints.finish()?;
    let token = PageToken::of(&["ListStateMachines"]);
    let after = open_token(&token, next_token.as_deref())?;

    // One more than asked for tells whether there is another page.
    let mut machines = services.driver.machines(after, limit + 1).await?;
    let more = cut(&mut machines, limit);
    let next = machines.last().filter(|_| more).map(|last| token.seal(&last.arn));
    let shown: Vec<Value> = machines
        .iter()
        .map(|machine| {
            json!({
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": machine.kind.as_str(),
                "creationDate": epoch_seconds(machine.created),
            })
        })
        .collect();
    let mut answer = json!({ "stateMachines": shown });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}
