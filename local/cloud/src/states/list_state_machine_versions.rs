//! [ListStateMachineVersions](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::describe_state_machine::machine;
use super::paging::{cut, open_token, page_size, place};
use crate::endpoint::{Constraints, PageToken, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// The newest first.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let machine_arn = constraints.text("stateMachineArn", request.state_machine_arn, 1..=256);
    let limit = page_size(&mut constraints, request.max_results);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_024);
    constraints.finish()?;
    let record = machine(services, &machine_arn).await?;
    let scope = ["ListStateMachineVersions", &machine_arn];
    let token = PageToken::of(&scope);
    let before = place(open_token(&token, next_token.as_deref())?)?;

    // One more than asked for tells whether there is another page.
    let mut versions = services.driver.versions(&record.arn, before, limit + 1).await?;
    let more = cut(&mut versions, limit);
    let shown: Vec<Value> = versions
        .iter()
        .map(|version| {
            json!({
                "stateMachineVersionArn": format!("{}:{}", record.arn, version.number),
                "creationDate": epoch_seconds(version.created),
            })
        })
        .collect();
    let mut answer = json!({ "stateMachineVersions": shown });
    if let Some(last) = versions.last().filter(|_| more) {
        answer["nextToken"] = json!(token.seal(&last.number.to_string()));
    }
    Ok(answer)
}
