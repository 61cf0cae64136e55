//! The sending of messages.

use super::NewMessage;
use super::manage::open;
use super::receive::make_room;
use crate::store::{ObservationKind, OwnedObservation, Topic};
use crate::{Streams, StreamsError, Timestamp};

impl Streams {
    /// Sends messages to a queue. They are on disk when this returns.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`], or when they cannot be written: then none is there.
    pub async fn send(&self, queue: &str, messages: Vec<NewMessage>, now: Timestamp) -> Result<(), StreamsError> {
        let name = queue.to_owned();
        self.write(move |connection, state| {
            let queue = open(connection, &name)?;
            make_room(connection, &queue, messages.len(), now)?;
            let sql = "INSERT INTO messages (queue, message_id, body, attributes, sent, visible_at, receives)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut bytes = 0;
            for message in &messages {
                let visible = now.saturating_add(message.delay.unwrap_or(queue.settings.delay));
                let (id, body, attributes) = (&message.message_id, &message.body, &message.attributes);
                statement.execute((queue.id, id, body, attributes, now, visible))?;
                bytes += (body.len() + attributes.len()) as u64;
            }
            let kind = ObservationKind::Sent {
                queue: name.clone(),
                messages: messages.len() as u64,
                bytes,
            };
            state.observed.push(OwnedObservation { at: now, kind });
            state.changed.push(Topic::Queue(name));
            Ok(())
        })
        .await
    }
}
