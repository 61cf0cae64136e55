//! [ListMapRuns](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListMapRuns.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::describe_execution::record;
use super::paging::{open_token, page_size, place};
use crate::endpoint::{Constraints, PageToken, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The oldest first: an execution only ever gets more of them, so that a page's place stays right.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let limit = page_size(&mut constraints, request.max_results);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_024);
    constraints.finish()?;
    let scope = ["ListMapRuns", &execution_arn];
    let token = PageToken::of(&scope);
    let start: usize = place(open_token(&token, next_token.as_deref())?)?.unwrap_or(0);
    let execution = record(services, &execution_arn).await?;
    if execution.identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let runs = services.driver.map_runs(&execution_arn).await?;

    let page = runs.iter().skip(start).take(limit).map(|run| {
        let mut shown = json!({
            "executionArn": run.execution_arn,
            "mapRunArn": run.arn,
            "stateMachineArn": execution.identity.machine_arn,
            "startDate": epoch_seconds(run.started_at),
        });
        if let Some(ended_at) = run.ended_at {
            shown["stopDate"] = json!(epoch_seconds(ended_at));
        }
        shown
    });
    let mut answer = json!({ "mapRuns": page.collect::<Vec<_>>() });
    let end = start.saturating_add(limit);
    if end < runs.len() {
        answer["nextToken"] = json!(token.seal(&end.to_string()));
    }
    Ok(answer)
}
