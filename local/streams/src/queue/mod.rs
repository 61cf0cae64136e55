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

/// How a queue treats its messages. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a received message is hidden.
    pub visibility: Timestamp,
    /// How long a message is kept.
    pub retention: Timestamp,
    /// How long a new message is hidden.
    pub delay: Timestamp,
    /// How long a receive waits; the caller does the waiting.
    pub wait: Timestamp,
    /// How long a message may be, in bytes; the caller looks.
    pub max_bytes: u32,
    /// Where messages go that nobody manages to deal with.
    pub redrive: Option<Redrive>,
    /// What the caller wants to find again; its form is the caller's.
    pub remark: String,
}

/// Where a message goes that was received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the dead letter queue.
    pub queue: String,
    /// How often it may be received before.
    pub max_receives: u32,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its number in the store, never given to another queue.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its settings last changed.
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
    /// What else belongs to it; its form is the caller's.
    pub attributes: String,
    /// How long it is hidden, in milliseconds; absent: as long as the queue says.
    pub delay: Option<Timestamp>,
}

/// One receive of one message: who holds it may delete the message, until somebody else receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The message's number in the store.
    pub message: i64,
    /// Which of its receives this was.
    pub receives: u32,
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// What to delete it with.
    pub receipt: Receipt,
    /// Its text.
    pub body: String,
    /// What else belongs to it.
    pub attributes: String,
    /// When it was sent.
    pub sent: Timestamp,
    /// When it was first received.
    pub first_received: Timestamp,
    /// The queue that it comes from, when this is a dead letter queue.
    pub origin: Option<String>,
}

/// What a receive brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The messages, which are hidden now.
    pub messages: Vec<Message>,
    /// When the next hidden message becomes visible, if none is there.
    pub next_visible: Option<Timestamp>,
}

/// A new visibility timeout for a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibilityChange {
    /// Which receive.
    pub receipt: Receipt,
    /// How long it is hidden from now on, in milliseconds.
    pub timeout: Timestamp,
}

/// Why a message's visibility did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisibilityRefused {
    /// It is deleted, or was received again.
    Gone,
    /// It is not hidden.
    NotInFlight,
    /// It would be hidden for more than twelve hours since it was received.
    TooLong,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Those that a receive would find.
    pub visible: u64,
    /// Those that were received and not deleted.
    pub in_flight: u64,
    /// Those that were sent with a delay that is not over.
    pub delayed: u64,
    /// When the oldest of them all was sent.
    pub oldest: Option<Timestamp>,
}
