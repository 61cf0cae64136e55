//! [ListShards](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html)

use serde::{Deserialize, Serialize};
use sluice_streams::{Stream, Timestamp};
use sluice_wire::{Constraints, PageToken};

use crate::shard::{ShardDescription, check_id, shard_id, shards_after};
use crate::stream_ref::StreamRef;
use crate::{Kinesis, KinesisError};

/// The shards of a response when `MaxResults` is absent.
const DEFAULT: u32 = 1_000;
/// The milliseconds for which a token is good.
const TOKEN_LIFETIME: Timestamp = 300_000;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
    #[serde(rename = "ExclusiveStartShardId")]
    exclusive_start_shard_id: Option<String>,
    #[serde(rename = "MaxResults")]
    max_results: Option<i64>,
    #[serde(rename = "StreamCreationTimestamp")]
    stream_creation_timestamp: Option<f64>,
    #[serde(rename = "ShardFilter")]
    shard_filter: Option<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    r#type: Option<String>,
    shard_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FilterType {
    AfterShardId,
    /// Shards are never split or merged here, so all are open, and were since the stream was made.
    All,
}

const FILTERS: [(&str, FilterType); 6] = [
    ("AFTER_SHARD_ID", FilterType::AfterShardId),
    ("AT_TRIM_HORIZON", FilterType::All),
    ("FROM_TRIM_HORIZON", FilterType::All),
    ("AT_LATEST", FilterType::All),
    ("AT_TIMESTAMP", FilterType::All),
    ("FROM_TIMESTAMP", FilterType::All),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    shards: Vec<ShardDescription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

fn token() -> PageToken<'static> {
    PageToken::of(&["ListShards"])
}

pub(crate) async fn call(kinesis: &Kinesis, request: Request) -> Result<Response, KinesisError> {
    let mut constraints = Constraints::default();
    request.stream.check(&mut constraints);
    let limit = constraints.number("maxResults", request.max_results, 1..=10_000, DEFAULT) as usize;
    let start = request.exclusive_start_shard_id;
    if let Some(id) = &start {
        check_id(&mut constraints, "exclusiveStartShardId", id);
    }
    let filter = request.shard_filter.unwrap_or_default();
    let kind = constraints.choice("shardFilter.type", filter.r#type.as_deref(), &FILTERS, FilterType::All);
    if let Some(id) = &filter.shard_id {
        check_id(&mut constraints, "shardFilter.shardId", id);
    }
    let next_token = constraints.optional_text("nextToken", request.next_token, 1..=1_048_576);
    constraints.finish()?;

    let (stream, after) = match next_token {
        Some(text) => {
            if !request.stream.is_absent() || start.is_some() || request.stream_creation_timestamp.is_some() {
                let message = "NextToken and StreamName cannot be provided together.";
                return Err(KinesisError::InvalidArgument(message.to_owned()));
            }
            let (stream, after) = open(kinesis, &text).await?;
            (stream, Some(after))
        }
        None => {
            let after = match kind {
                FilterType::AfterShardId => filter.shard_id,
                FilterType::All => start,
            };
            (request.stream.find(kinesis).await?, after)
        }
    };
    let rest = shards_after(&stream.shards, after.as_deref())?;
    let page = &rest[..rest.len().min(limit)];
    let last = page.last().filter(|_| rest.len() > limit);
    Ok(Response {
        shards: page.iter().map(ShardDescription::from).collect(),
        next_token: last.map(|last| {
            let place = format!("{}/{}/{}", shard_id(last.number), kinesis.account.now(), stream.name);
            token().seal(&place)
        }),
    })
}

/// The stream and the shard that a token names.
async fn open(kinesis: &Kinesis, text: &str) -> Result<(Stream, String), KinesisError> {
    let invalid = || KinesisError::InvalidArgument("NextToken is invalid.".to_owned());
    let place = token().open(text).ok_or_else(invalid)?;
    let mut parts = place.splitn(3, '/');
    let (Some(after), Some(issued), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(invalid());
    };
    let issued: Timestamp = issued.parse().map_err(|_| invalid())?;
    if kinesis.account.now().saturating_sub(issued) > TOKEN_LIFETIME {
        return Err(KinesisError::ExpiredNextToken);
    }
    let stream = kinesis.streams.stream(name).await?;
    let stream = stream.ok_or_else(|| kinesis.not_found(name))?;
    Ok((stream, after.to_owned()))
}
