//! SQS's API in awsJson1.0, one file per action, and the queues of stacks. Standard queues only; the query protocol
//! of older SDKs is refused by name.
//! See the [reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html).
//!
//! For stacks: [`Sqs::ensure_queue`] makes a [`QueueSpec`]'s queue or brings it up to date, [`Sqs::delete_queue`] deletes it
//! with its messages, and [`queue_url`] is what `Ref` of a queue gives.

mod api;
mod attributes;
mod batch;
mod change_message_visibility;
mod change_message_visibility_batch;
mod create_queue;
mod delete_message;
mod delete_message_batch;
mod delete_queue;
mod ensure_queue;
mod error;
mod get_queue_attributes;
mod get_queue_url;
mod list_queues;
mod message_attributes;
mod message_text;
mod name;
mod purge_queue;
mod receipt;
mod receive_message;
mod request;
mod send_message;
mod send_message_batch;
mod service;
mod set_queue_attributes;
#[cfg(test)]
mod tests;

pub use ensure_queue::{DeadLetters, QueueSpec};
pub use error::SqsError;
pub use name::{name_in_arn, queue_url};
pub use service::Sqs;
