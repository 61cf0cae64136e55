//! [GetLogEvents](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{ApiError, Constraints, PageToken};

use crate::describe_log_groups::unknown_token;
use crate::events::{Event, events};
use crate::{Logs, LogsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    limit: Option<i64>,
    next_token: Option<String>,
    start_from_head: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    events: Vec<OutputEvent>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputEvent {
    timestamp: i64,
    message: String,
    ingestion_time: i64,
}

pub(crate) async fn call(logs: &Logs, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::default();
    let limit = constraints.number("limit", request.limit, 1..=10_000, 10_000) as usize;
    let stream = constraints.text("logStreamName", request.log_stream_name, 1..=512);
    constraints.finish()?;
    let function = logs.function(
        request.log_group_name.as_deref(),
        request.log_group_identifier.as_deref(),
    )?;
    let all = events(&logs.host, &function);
    if !all.iter().any(|event| *event.stream == *stream) {
        return Err(LogsError::NoStream.into());
    }
    let wanted: Vec<Event> = all
        .into_iter()
        .filter(|event| *event.stream == *stream)
        .filter(|event| request.start_time.is_none_or(|start| event.timestamp >= start))
        .filter(|event| request.end_time.is_none_or(|end| event.timestamp < end))
        .collect();
    let scope = ["GetLogEvents", function.as_str(), stream.as_str()];
    let token = PageToken::of(&scope);
    // a token is a direction and the place between two events from which to go
    let place = match request.next_token.as_deref() {
        None => None,
        Some(text) => {
            let (direction, sealed) = text.split_once('/').ok_or_else(unknown_token)?;
            Some((direction == "f", token.open(sealed).ok_or_else(unknown_token)?))
        }
    };
    let (from, to) = match &place {
        Some((true, id)) => {
            let from = wanted.partition_point(|event| event.id.as_str() <= id.as_str());
            (from, (from + limit).min(wanted.len()))
        }
        Some((false, id)) => {
            let to = wanted.partition_point(|event| event.id.as_str() < id.as_str());
            (to.saturating_sub(limit), to)
        }
        None if request.start_from_head.unwrap_or(false) => (0, limit.min(wanted.len())),
        None => (wanted.len().saturating_sub(limit), wanted.len()),
    };
    let page = &wanted[from..to];
    // at an end the same token comes back, by which clients see that there is nothing more
    let given = place.map_or_else(String::new, |(_, id)| id);
    let seal = |event: Option<&Event>| token.seal(event.map_or(given.as_str(), |event| event.id.as_str()));
    Ok(Response {
        next_forward_token: format!("f/{}", seal(page.last())),
        next_backward_token: format!("b/{}", seal(page.first())),
        events: page
            .iter()
            .map(|event| OutputEvent {
                timestamp: event.timestamp,
                message: event.message.clone(),
                ingestion_time: event.timestamp,
            })
            .collect(),
    })
}
