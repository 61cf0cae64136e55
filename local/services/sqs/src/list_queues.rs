//! [ListQueues](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html)

use serde::{Deserialize, Serialize};
use sluice_wire::PageToken;

use crate::SqsError;
use crate::request::RequestContext;

/// The most that are listed at once, and as many as are when `MaxResults` is absent; there is no next page then.
const MAX_RESULTS: u32 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<Response, SqsError> {
    let invalid = |message: &str| SqsError::InvalidParameterValue(message.to_owned());
    let limit = match request.max_results {
        None => MAX_RESULTS,
        Some(limit) => u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_RESULTS).contains(limit))
            .ok_or_else(|| invalid("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000."))?,
    };
    let prefix = request.queue_name_prefix.unwrap_or_default();
    let scope = ["ListQueues", prefix.as_str()];
    let token = PageToken::of(&scope);
    let after = match request.next_token {
        None => None,
        Some(text) => Some(
            token
                .open(&text)
                .ok_or_else(|| invalid("Invalid or expired next token."))?,
        ),
    };
    // one more than asked for tells whether there is another page
    let mut queues = context.sqs.streams.queues(&prefix, after, limit + 1).await?;
    let more = queues.len() > limit as usize && request.max_results.is_some();
    queues.truncate(limit as usize);
    let last = queues.last().filter(|_| more);
    Ok(Response {
        next_token: last.map(|last| token.seal(&last.name)),
        queue_urls: queues.iter().map(|queue| context.url(&queue.name)).collect(),
    })
}
