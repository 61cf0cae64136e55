//! [GetExecutionHistory](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html)

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_wire::{Constraints, PageToken};

use crate::paging::Paging;
use crate::{StatesError, StepFunctions, arn};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    reverse_order: Option<bool>,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    events: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Only the events of the page become JSON. Events are numbered without gaps, so the newest one, which is all that
/// somebody who waits for an end asks for, says by itself how many are before it.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let paging = Paging::of(&mut constraints, request.max_results, request.next_token);
    constraints.finish()?;
    arn::execution(&execution_arn)?;
    if arn::is_express_child(&execution_arn) {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let reverse = request.reverse_order.unwrap_or(false);
    let include_data = request.include_execution_data.unwrap_or(true);

    let order = if reverse { "newest" } else { "oldest" };
    let scope = ["GetExecutionHistory", &execution_arn, order];
    let token = PageToken::of(&scope);
    let start = paging.start(&token)?;
    let not_found = || StatesError::ExecutionDoesNotExist(execution_arn.clone());
    if reverse && paging.limit == 1 && start.is_none() {
        let newest = states
            .driver
            .executions()
            .newest_event(&execution_arn)
            .await?
            .ok_or_else(not_found)?;
        return Ok(Response {
            events: vec![newest.to_json(include_data)],
            next_token: (newest.id > 1).then(|| token.seal(&(newest.id - 1).to_string())),
        });
    }
    let history = states
        .driver
        .executions()
        .history(&execution_arn)
        .await?
        .ok_or_else(not_found)?;

    let page = page(history.len(), start, paging.limit, reverse);
    let event = |index: usize| history[index].to_json(include_data);
    let events = if reverse {
        page.clone().rev().map(event).collect()
    } else {
        page.clone().map(event).collect()
    };
    // Newest first, the place is how many older events are left; oldest first, how many were shown.
    let next = if reverse {
        (page.start > 0).then_some(page.start)
    } else {
        (page.end < history.len()).then_some(page.end)
    };
    Ok(Response {
        events,
        next_token: next.map(|place| token.seal(&place.to_string())),
    })
}

/// The events of one page by their index. Histories only grow at the end, so a place stays right.
fn page(length: usize, start: Option<usize>, limit: usize, reverse: bool) -> Range<usize> {
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
