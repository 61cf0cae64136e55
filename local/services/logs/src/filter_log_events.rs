//! [FilterLogEvents](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{ApiError, Constraints, PageToken};

use crate::describe_log_groups::unknown_token;
use crate::events::{Event, events};
use crate::filter_pattern::FilterPattern;
use crate::{Logs, LogsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    events: Vec<FilteredEvent>,
    searched_log_streams: Vec<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FilteredEvent {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: i64,
    event_id: String,
}

impl From<&Event> for FilteredEvent {
    fn from(event: &Event) -> Self {
        Self {
            log_stream_name: event.stream.to_string(),
            timestamp: event.timestamp,
            message: event.message.clone(),
            ingestion_time: event.timestamp,
            event_id: event.id.clone(),
        }
    }
}

pub(crate) async fn call(logs: &Logs, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::default();
    let limit = constraints.number("limit", request.limit, 1..=10_000, 10_000) as usize;
    let pattern = constraints.optional_text("filterPattern", request.filter_pattern.clone(), 0..=1024);
    constraints.finish()?;
    let function = logs.function(
        request.log_group_name.as_deref(),
        request.log_group_identifier.as_deref(),
    )?;
    let names = request.log_stream_names.as_deref();
    let prefix = request.log_stream_name_prefix.as_deref();
    if names.is_some() && prefix.is_some() {
        let problem = "logStreamNames and logStreamNamePrefix cannot be used together.";
        return Err(LogsError::InvalidParameter(problem.to_owned()).into());
    }
    let pattern = FilterPattern::parse(pattern.as_deref().unwrap_or_default()).map_err(LogsError::InvalidParameter)?;
    let scope = format!("{function} {:?} {:?} {:?}", request.filter_pattern, names, prefix);
    let scope = ["FilterLogEvents", &scope];
    let token = PageToken::of(&scope);
    let after = match &request.next_token {
        None => None,
        Some(text) => Some(token.open(text).ok_or_else(unknown_token)?),
    };
    let found: Vec<Event> = events(&logs.host, &function)
        .into_iter()
        .filter(|event| after.as_deref().is_none_or(|after| event.id.as_str() > after))
        .filter(|event| request.start_time.is_none_or(|start| event.timestamp >= start))
        .filter(|event| request.end_time.is_none_or(|end| event.timestamp < end))
        .filter(|event| names.is_none_or(|names| names.iter().any(|name| **name == *event.stream)))
        .filter(|event| prefix.is_none_or(|prefix| event.stream.starts_with(prefix)))
        .filter(|event| pattern.fits(&event.message))
        .take(limit + 1)
        .collect();
    let page = &found[..found.len().min(limit)];
    Ok(Response {
        next_token: page
            .last()
            .filter(|_| found.len() > limit)
            .map(|last| token.seal(&last.id)),
        events: page.iter().map(FilteredEvent::from).collect(),
        searched_log_streams: Vec::new(),
    })
}
