//! The parts that requests have in common: the caller's way to the endpoint, queues by URL, and empty responses.

use axum::http::{HeaderMap, header};
use serde::Serialize;
use sluice_streams::Queue;

use crate::name::{name_in_url, queue_url};
use crate::{Sqs, SqsError};

/// A request's service, and the way by which its caller reaches the endpoint.
pub(crate) struct RequestContext<'a> {
    pub(crate) sqs: &'a Sqs,
    /// `http://HOST`, for the URLs of queues.
    origin: String,
}

/// The response of an action that has nothing to say.
#[derive(Debug, Serialize)]
pub(crate) struct EmptyResponse {}

impl<'a> RequestContext<'a> {
    pub(crate) fn new(sqs: &'a Sqs, headers: &HeaderMap) -> Self {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        Self {
            sqs,
            origin: format!("http://{}", host.unwrap_or("localhost")),
        }
    }

    /// The URL of a queue as the caller reaches it.
    pub(crate) fn url(&self, queue: &str) -> String {
        queue_url(&self.origin, &self.sqs.account.id, queue)
    }
}

impl Sqs {
    /// The name of the queue that `QueueUrl` names.
    pub(crate) fn queue_name(&self, url: Option<String>) -> Result<String, SqsError> {
        name_in_url(&self.account.id, url)
    }

    /// The queue of this name.
    pub(crate) async fn queue(&self, name: &str) -> Result<Queue, SqsError> {
        let queue = self.streams.queue(name).await?;
        queue.ok_or(SqsError::QueueDoesNotExist)
    }
}
