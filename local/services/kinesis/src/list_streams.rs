//! [ListStreams](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{Constraints, PageToken, epoch_seconds};

use crate::description::StreamModeDetails;
use crate::stream_ref::check_name;
use crate::{Kinesis, KinesisError};

/// The streams of a response when `Limit` is absent.
const DEFAULT: u32 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    limit: Option<i64>,
    exclusive_start_stream_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    stream_names: Vec<String>,
    has_more_streams: bool,
    stream_summaries: Vec<StreamSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamSummary {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: StreamModeDetails,
    stream_creation_timestamp: f64,
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    let limit = constraints.number("limit", request.limit, 1..=10_000, DEFAULT);
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_048_576);
    if let Some(name) = &request.exclusive_start_stream_name {
        check_name(&mut constraints, "exclusiveStartStreamName", name);
    }
    constraints.finish()?;
    let token = PageToken::of(&["ListStreams"]);
    let after = match next_token {
        None => request.exclusive_start_stream_name,
        Some(text) => {
            let place = token.open(&text);
            Some(place.ok_or_else(|| KinesisError::InvalidArgument("NextToken is invalid.".to_owned()))?)
        }
    };
    // One more than asked for tells whether there is another page.
    let mut streams = kinesis.streams.streams(after, limit + 1).await?;
    let more = streams.len() > limit as usize;
    streams.truncate(limit as usize);
    let last = streams.last().filter(|_| more);
    let next_token = last.map(|last| token.seal(&last.name));
    let summaries = streams.iter().map(|stream| StreamSummary {
        stream_name: stream.name.clone(),
        stream_arn: kinesis.stream_arn(&stream.name),
        stream_status: "ACTIVE",
        stream_mode_details: StreamModeDetails::PROVISIONED,
        stream_creation_timestamp: epoch_seconds(stream.created),
    });
    Ok(Response {
        stream_summaries: summaries.collect(),
        stream_names: streams.into_iter().map(|stream| stream.name).collect(),
        has_more_streams: more,
        next_token,
    })
}
