//! [ListStreams](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::KinesisError;
use super::stream_ref::check_name;
use crate::endpoint::{Constraints, PageToken, Services, epoch_seconds};

const DEFAULT: u32 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    limit: Option<i64>,
    exclusive_start_stream_name: Option<String>,
    next_token: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, KinesisError> {
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
    let mut streams = services.streams.streams(after, limit + 1).await?;
    let more = streams.len() > limit as usize;
    streams.truncate(limit as usize);
    let names: Vec<&str> = streams.iter().map(|stream| stream.name.as_str()).collect();
    let summaries = streams.iter().map(|stream| {
        json!({
            "StreamName": stream.name,
            "StreamARN": services.config.arn("kinesis", &format!("stream/{}", stream.name)),
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": { "StreamMode": "PROVISIONED" },
            "StreamCreationTimestamp": epoch_seconds(stream.created),
        })
    });
    let summaries: Vec<Value> = summaries.collect();
    let mut answer = json!({ "StreamNames": names, "HasMoreStreams": more, "StreamSummaries": summaries });
    if let Some(last) = streams.last().filter(|_| more) {
        answer["NextToken"] = json!(token.seal(&last.name));
    }
    Ok(answer)
}
