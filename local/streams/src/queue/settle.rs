//! The deletion of received messages, and changes of the time for which they are hidden.

use rusqlite::{Connection, OptionalExtension as _};

use super::manage::open;
use super::{Receipt, VisibilityChange, VisibilityError};
use crate::store::{ObservationKind, OwnedObservation, Topic};
use crate::{Streams, StreamsError, Timestamp};

/// The longest time for which a message is hidden since it was received, in milliseconds.
const LONGEST_HIDDEN: Timestamp = 43_200_000;

impl Streams {
    /// Deletes received messages. Those that are gone, or were received again by somebody else, are passed over.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`], or when it cannot be written.
    pub async fn delete_messages(
        &self,
        queue: &str,
        receipts: Vec<Receipt>,
        now: Timestamp,
    ) -> Result<(), StreamsError> {
        let name = queue.to_owned();
        self.write(move |connection, state| {
            let queue = open(connection, &name)?;
            let sql = "DELETE FROM messages WHERE id = ?1 AND queue = ?2 AND receives = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let mut messages = 0;
            for receipt in receipts {
                messages += statement.execute((receipt.message, queue.id, receipt.receives))? as u64;
            }
            let kind = ObservationKind::Deleted { queue: name, messages };
            state.observed.push(OwnedObservation { at: now, kind });
            Ok(())
        })
        .await
    }

    /// Hides received messages for another time than planned, each from now on.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`], or when it cannot be written. What is wrong with one message is its own answer.
    pub async fn change_visibility(
        &self,
        queue: &str,
        changes: Vec<VisibilityChange>,
        now: Timestamp,
    ) -> Result<Vec<Result<(), VisibilityError>>, StreamsError> {
        let name = queue.to_owned();
        self.write(move |connection, state| {
            let queue = open(connection, &name)?;
            let changed = changes.iter().map(|one| change(connection, queue.id, *one, now));
            let changed = changed.collect::<rusqlite::Result<Vec<_>>>()?;
            state.changed.push(Topic::Queue(name));
            Ok(changed)
        })
        .await
    }
}

fn change(
    connection: &Connection,
    queue: i64,
    VisibilityChange { receipt, timeout }: VisibilityChange,
    now: Timestamp,
) -> rusqlite::Result<Result<(), VisibilityError>> {
    let sql = "SELECT visible_at, last_received FROM messages WHERE id = ?1 AND queue = ?2 AND receives = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let found: Option<(Timestamp, Timestamp)> = statement
        .query_row((receipt.message, queue, receipt.receives), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let until = now.saturating_add(timeout);
    match found {
        None => return Ok(Err(VisibilityError::Gone)),
        Some((visible_at, _)) if visible_at <= now => return Ok(Err(VisibilityError::NotInFlight)),
        Some((_, received)) if until > received.saturating_add(LONGEST_HIDDEN) => {
            return Ok(Err(VisibilityError::TooLong));
        }
        Some(_) => {}
    }
    let sql = "UPDATE messages SET visible_at = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute((receipt.message, until))?;
    Ok(Ok(()))
}
