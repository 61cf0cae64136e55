//! [ListQueues](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::name::queue_url;
use super::{Call, SqsError};
use crate::endpoint::PageToken;

/// The most that are listed at once, and what is when `MaxResults` is absent; there is no next page then.
const MOST: u32 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let invalid = |message: &str| SqsError::InvalidParameterValue(message.to_owned());
    let limit = match request.max_results {
        None => MOST,
        Some(limit) => u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=MOST).contains(limit))
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
    // One more than asked for tells whether there is another page.
    let mut queues = call.services.streams.queues(&prefix, after, limit + 1).await?;
    let more = queues.len() > limit as usize && request.max_results.is_some();
    queues.truncate(limit as usize);
    let account = &call.services.config.account;
    let urls: Vec<String> = queues
        .iter()
        .map(|queue| queue_url(&call.base, account, &queue.name))
        .collect();
    let mut answer = json!({});
    if !urls.is_empty() {
        answer["QueueUrls"] = json!(urls);
    }
    if let Some(last) = queues.last().filter(|_| more) {
        answer["NextToken"] = json!(token.seal(&last.name));
    }
    Ok(answer)
}
