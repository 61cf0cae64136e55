//! Queues: messages that are hidden while somebody works on them, and come back unless they are deleted.
//! See [Amazon SQS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html).

mod depth;
mod manage;
mod receive;
mod send;
mod settle;
#[cfg(test)]
mod tests;

use crate::Timestamp;

/// The settings of a queue. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// The time for which a received message is hidden.
    pub visibility: Timestamp,
    /// The time for which a message is kept.
    pub retention: Timestamp,
    /// The time for which a new message is hidden.
    pub delay: Timestamp,
    /// The time that a receive waits; the caller does the waiting.
    pub wait: Timestamp,
    /// The greatest length of a message in bytes; the caller checks it.
    pub max_bytes: u32,
    /// The destination of messages that are received again and again and never deleted.
    pub redrive: Option<Redrive>,
    /// A text that the caller keeps with the queue; its form is the caller's.
    pub remark: String,
}

/// The destination of a message that was received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the dead letter queue.
    pub queue: String,
    /// The number of times that it may be received before.
    pub max_receives: u32,
}

/// A queue.
///
/// ```
/// use sluice_streams::{NewMessage, QueueSettings, Streams};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let streams = Streams::new(directory.path().join("streams.sqlite"));
/// let settings = QueueSettings {
///     visibility: 30_000,
///     retention: 345_600_000,
///     delay: 0,
///     wait: 0,
///     max_bytes: 262_144,
///     redrive: None,
///     remark: String::new(),
/// };
/// streams.create_queue("mails", settings, 0).await?;
/// let mail = NewMessage { message_id: "1".into(), body: "hello".into(), attributes: String::new(), delay: None };
/// streams.send("mails", vec![mail], 0).await?;
/// let received = streams.receive("mails", 10, None, 1).await?;
/// assert!(streams.receive("mails", 10, None, 2).await?.messages.is_empty(), "it is hidden");
/// streams.delete_messages("mails", vec![received.messages[0].receipt], 3).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its number in the store, never given to another queue.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// The time at which it was made.
    pub created: Timestamp,
    /// The time at which its settings last changed.
    pub modified: Timestamp,
    /// Its settings.
    pub settings: QueueSettings,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id, which the caller has drawn.
    pub message_id: String,
    /// Its text.
    pub body: String,
    /// Its attributes; their form is the caller's.
    pub attributes: String,
    /// The time for which it is hidden, in milliseconds; absent: as long as the queue says.
    pub delay: Option<Timestamp>,
}

/// One receive of one message: who holds it may delete the message, until somebody else receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The message's number in the store.
    pub message: i64,
    /// The number of this receive among those of the message.
    pub receives: u32,
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// The receipt to delete it with.
    pub receipt: Receipt,
    /// Its text.
    pub body: String,
    /// Its attributes.
    pub attributes: String,
    /// The time at which it was sent.
    pub sent: Timestamp,
    /// The time at which it was first received.
    pub first_received: Timestamp,
    /// The queue that it comes from, when this is a dead letter queue.
    pub origin: Option<String>,
}

/// The result of a receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The messages, which are hidden now.
    pub messages: Vec<Message>,
    /// The time at which the next hidden message becomes visible, if none is there.
    pub next_visible: Option<Timestamp>,
}

/// A new visibility timeout for a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibilityChange {
    /// The receipt of the message.
    pub receipt: Receipt,
    /// The time for which it is hidden from now on, in milliseconds.
    pub timeout: Timestamp,
}

/// The reason why a message's visibility did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisibilityError {
    /// It is deleted, or was received again.
    Gone,
    /// It is not hidden.
    NotInFlight,
    /// It would be hidden for more than twelve hours since it was received.
    TooLong,
}

/// The counts of the messages of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Those that a receive would find.
    pub visible: u64,
    /// Those that were received and not deleted.
    pub in_flight: u64,
    /// Those that were sent with a delay that is not over.
    pub delayed: u64,
    /// The time at which the oldest of them all was sent.
    pub oldest: Option<Timestamp>,
}
