//! [DescribeLogStreams](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_wire::{ApiError, Constraints, PageToken};

use crate::describe_log_groups::unknown_token;
use crate::events::events;
use crate::{Logs, LogsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    log_streams: Vec<Stream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stream {
    log_stream_name: String,
    creation_time: i64,
    first_event_timestamp: i64,
    last_event_timestamp: i64,
    last_ingestion_time: i64,
    arn: String,
    stored_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OrderBy {
    Name,
    LastEvent,
}

pub(crate) async fn call(logs: &Logs, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::default();
    let limit = constraints.number("limit", request.limit, 1..=50, 50) as usize;
    let orders = [("LogStreamName", OrderBy::Name), ("LastEventTime", OrderBy::LastEvent)];
    let order = constraints.choice("orderBy", request.order_by.as_deref(), &orders, OrderBy::Name);
    constraints.finish()?;
    let function = logs.function(
        request.log_group_name.as_deref(),
        request.log_group_identifier.as_deref(),
    )?;
    if order == OrderBy::LastEvent && request.log_stream_name_prefix.is_some() {
        let problem = "Cannot order by LastEventTime with a logStreamNamePrefix.";
        return Err(LogsError::InvalidParameter(problem.to_owned()).into());
    }
    let descending = request.descending.unwrap_or(false);
    let scope = format!("{function} {order:?} {descending} {:?}", request.log_stream_name_prefix);
    let scope = ["DescribeLogStreams", &scope];
    let token = PageToken::of(&scope);
    let after = match &request.next_token {
        None => None,
        Some(text) => Some(token.open(text).ok_or_else(unknown_token)?),
    };
    let mut streams = streams(logs, &function);
    let prefix = request.log_stream_name_prefix.as_deref();
    streams.retain(|stream| prefix.is_none_or(|prefix| stream.log_stream_name.starts_with(prefix)));
    if order == OrderBy::LastEvent {
        streams.sort_by_key(|stream| stream.last_event_timestamp);
    }
    if descending {
        streams.reverse();
    }
    let begin = after.and_then(|after| streams.iter().position(|stream| stream.log_stream_name == after));
    let mut rest: Vec<Stream> = streams.split_off(begin.map_or(0, |at| at + 1));
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next_token = rest
        .last()
        .filter(|_| more)
        .map(|last| token.seal(&last.log_stream_name));
    Ok(Response {
        log_streams: rest,
        next_token,
    })
}

/// The streams of a function by name.
fn streams(logs: &Logs, function: &str) -> Vec<Stream> {
    let mut found: BTreeMap<String, Stream> = BTreeMap::new();
    let group = logs.group_arn(&Logs::group_of(function));
    for event in events(&logs.host, function) {
        let stream = found.entry(event.stream.to_string()).or_insert_with(|| Stream {
            log_stream_name: event.stream.to_string(),
            creation_time: event.timestamp,
            first_event_timestamp: event.timestamp,
            last_event_timestamp: event.timestamp,
            last_ingestion_time: event.timestamp,
            arn: format!("{group}:log-stream:{}", event.stream),
            stored_bytes: 0,
        });
        stream.last_event_timestamp = stream.last_event_timestamp.max(event.timestamp);
        stream.last_ingestion_time = stream.last_event_timestamp;
        stream.stored_bytes += event.message.len() as u64;
    }
    found.into_values().collect()
}
