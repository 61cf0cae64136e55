//! [GetExecutionHistory](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::{open_token, page_size, place};
use super::{StatesError, arn};
use crate::endpoint::{Constraints, PageToken, Services};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    reverse_order: Option<bool>,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

/// Only the events of the page become JSON. Events are numbered without gaps, so the newest one, which is all that
/// somebody who waits for an end asks for, says by itself how many are before it.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let limit = page_size(&mut constraints, request.max_results);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_024);
    constraints.finish()?;
    arn::execution(&execution_arn)?;
    if arn::is_express_child(&execution_arn) {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let reverse = request.reverse_order.unwrap_or(false);
    let include_data = request.include_execution_data.unwrap_or(true);

    let scope = [
        "GetExecutionHistory",
        &execution_arn,
        if reverse { "newest" } else { "oldest" },
    ];
    let token = PageToken::of(&scope);
    let start = place(open_token(&token, next_token.as_deref())?)?;
    if reverse && limit == 1 && start.is_none() {
        let newest = services.driver.newest_event(&execution_arn).await?;
        let newest = newest.ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.clone()))?;
        let mut answer = json!({ "events": [newest.to_json(include_data)] });
        if newest.id > 1 {
            answer["nextToken"] = json!(token.seal(&(newest.id - 1).to_string()));
        }
        return Ok(answer);
    }
    let history = services.driver.history(&execution_arn).await?;
    let history = history.ok_or(StatesError::ExecutionDoesNotExist(execution_arn.clone()))?;

    let page = page(history.len(), start, limit, reverse);
    let shown = |index: usize| history[index].to_json(include_data);
    let events: Vec<Value> = if reverse {
        page.clone().rev().map(shown).collect()
    } else {
        page.clone().map(shown).collect()
    };
    let mut answer = json!({ "events": events });
    // Newest first, the place is how many older events are left; oldest first, how many were shown.
    let next = if reverse {
        (page.start > 0).then_some(page.start)
    } else {
        (page.end < history.len()).then_some(page.end)
    };
    if let Some(next) = next {
        answer["nextToken"] = json!(token.seal(&next.to_string()));
    }
    Ok(answer)
}

/// The events of one page by their index. Histories only grow at the end, so a place stays right.
fn page(length: usize, start: Option<usize>, limit: usize, reverse: bool) -> std::ops::Range<usize> {
    if reverse {
        let end = start.unwrap_or(length).min(length);
        end.saturating_sub(limit)..end
    } else {
        let start = start.unwrap_or(0).min(length);
        start..(start + limit).min(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_from_either_end_and_never_past_it() {
        let check = |length, start, limit, reverse, expected| {
            assert_eq!(
                page(length, start, limit, reverse),
                expected,
                "{length} {start:?} {limit} {reverse}"
            );
        };
        check(5, None, 2, false, 0..2);
        check(5, Some(4), 2, false, 4..5);
        check(5, Some(9), 2, false, 5..5);
        check(0, None, 2, false, 0..0);
        check(5, None, 2, true, 3..5);
        check(5, Some(3), 2, true, 1..3);
        check(5, Some(1), 2, true, 0..1);
        check(0, None, 1, true, 0..0);
    }
}
