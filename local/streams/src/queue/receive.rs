//! The receipt of messages, which hides them.

use rusqlite::{Connection, Row};

use super::manage::{find, open};
use super::{Message, Queue, Receipt, Received};
use crate::error::JobError;
use crate::store::{ObservationKind, OwnedObservation, Topic, WriterState};
use crate::{Streams, StreamsError, Timestamp};

/// The most messages of a queue that may be received and not deleted.
/// See the [quotas](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const MOST_IN_FLIGHT: u32 = 120_000;
/// The most old messages that a receive deletes.
const EXPIRED_AT_ONCE: u32 = 1_000;
/// The most old messages that a send deletes for each one that it brings: a queue that nobody receives from does not grow for
/// ever.
const EXPIRED_FOR_ONE: u32 = 2;

/// A message that a receive could return.
struct Candidate {
    id: i64,
    receives: u32,
    receives_here: u32,
    message: Message,
}

impl Streams {
    /// Receives at most `limit` messages and hides them for `visibility` milliseconds, or for as long as the queue says. A
    /// message that was received too often goes to the dead letter queue instead, if there is one.
    ///
    /// # Errors
    /// [`StreamsError::NoQueue`]; [`StreamsError::TooManyInFlight`]; or when it cannot be written that they are hidden.
    pub async fn receive(
        &self,
        queue: &str,
        limit: usize,
        visibility: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Received, StreamsError> {
        let name = queue.to_owned();
        self.write(move |connection, state| {
            let queue = open(connection, &name)?;
            expire(connection, &queue, now)?;
            check_in_flight(connection, &queue, now)?;
            let until = now.saturating_add(visibility.unwrap_or(queue.settings.visibility));
            let dead = match &queue.settings.redrive {
                Some(redrive) => find(connection, &redrive.queue)?,
                None => None,
            };
            let mut messages = Vec::new();
            // A queue may hold any number of messages that are to move: those are looked through as well.
            while messages.len() < limit {
                let found = candidates(connection, &queue, now, limit - messages.len())?;
                if found.is_empty() {
                    break;
                }
                for candidate in found {
                    if let Some(dead) = dead.as_ref().filter(|_| used_up(&queue, &candidate)) {
                        bury(connection, &queue, dead, &candidate, now)?;
                        state.changed.push(Topic::Queue(dead.name.clone()));
                    } else {
                        messages.push(hide(connection, candidate, until, now)?);
                    }
                }
            }
            received(connection, state, queue, messages, now)
        })
        .await
    }
}

fn received(
    connection: &Connection,
    state: &mut WriterState,
    queue: Queue,
    messages: Vec<Message>,
    now: Timestamp,
) -> Result<Received, JobError> {
    let next_visible = if messages.is_empty() {
        let sql = "SELECT min(visible_at) FROM messages WHERE queue = ?1 AND visible_at > ?2";
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row((queue.id, now), |row| row.get(0))?
    } else {
        None
    };
    let kind = ObservationKind::Received {
        queue: queue.name,
        messages: messages.len() as u64,
    };
    state.observed.push(OwnedObservation { at: now, kind });
    Ok(Received { messages, next_visible })
}

/// Deletes what has been in the queue for too long. A message's number grows with the time at which it was sent, also in
/// a dead letter queue, where the time goes on.
fn expire(connection: &Connection, queue: &Queue, now: Timestamp) -> Result<(), JobError> {
    // all that were looked at were old: there may be more of them
    while expire_some(connection, queue, now, EXPIRED_AT_ONCE)? == EXPIRED_AT_ONCE as usize {}
    Ok(())
}

/// Makes room for messages that come.
pub(super) fn make_room(connection: &Connection, queue: &Queue, coming: usize, now: Timestamp) -> Result<(), JobError> {
    let most = EXPIRED_FOR_ONE.saturating_mul(u32::try_from(coming).unwrap_or(u32::MAX));
    expire_some(connection, queue, now, most)?;
    Ok(())
}

fn expire_some(connection: &Connection, queue: &Queue, now: Timestamp, most: u32) -> rusqlite::Result<usize> {
    let oldest = now.saturating_sub(queue.settings.retention);
    let sql = "DELETE FROM messages WHERE id IN
               (SELECT id FROM (SELECT id, sent FROM messages WHERE queue = ?1 ORDER BY id LIMIT ?3) WHERE sent <= ?2)";
    connection.prepare_cached(sql)?.execute((queue.id, oldest, most))
}

fn check_in_flight(connection: &Connection, queue: &Queue, now: Timestamp) -> Result<(), JobError> {
    let sql = "SELECT count(*) FROM
               (SELECT 1 FROM messages WHERE queue = ?1 AND visible_at > ?2 AND receives > receives_before LIMIT ?3)";
    let mut statement = connection.prepare_cached(sql)?;
    let count: u32 = statement.query_row((queue.id, now, MOST_IN_FLIGHT), |row| row.get(0))?;
    if count < MOST_IN_FLIGHT {
        return Ok(());
    }
    Err(StreamsError::TooManyInFlight(queue.name.clone()).into())
}

fn candidates(
    connection: &Connection,
    queue: &Queue,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<Candidate>> {
    let sql =
        "SELECT id, receives, receives - receives_before, message_id, body, attributes, sent, first_received, origin
               FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((queue.id, now, limit), |row| candidate(row, now))?;
    rows.collect()
}

fn candidate(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Candidate> {
    let (id, receives): (i64, u32) = (row.get(0)?, row.get(1)?);
    Ok(Candidate {
        id,
        receives,
        receives_here: row.get(2)?,
        message: Message {
            message_id: row.get(3)?,
            receipt: Receipt {
                message: id,
                receives: receives.saturating_add(1),
            },
            body: row.get(4)?,
            attributes: row.get(5)?,
            sent: row.get(6)?,
            first_received: row.get::<_, Option<_>>(7)?.unwrap_or(now),
            origin: row.get(8)?,
        },
    })
}

fn used_up(queue: &Queue, candidate: &Candidate) -> bool {
    let redrive = queue.settings.redrive.as_ref();
    redrive.is_some_and(|redrive| candidate.receives_here >= redrive.max_receives)
}

/// Moves a message to the dead letter queue. It keeps its id, its age and its count.
fn bury(
    connection: &Connection,
    queue: &Queue,
    dead: &Queue,
    candidate: &Candidate,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql =
        "UPDATE messages SET queue = ?2, visible_at = ?3, receives_before = receives, origin = coalesce(origin, ?4)
               WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute((candidate.id, dead.id, now, &queue.name))?;
    Ok(())
}

fn hide(connection: &Connection, candidate: Candidate, until: Timestamp, now: Timestamp) -> rusqlite::Result<Message> {
    let sql = "UPDATE messages SET visible_at = ?2, receives = ?3, last_received = ?4,
               first_received = coalesce(first_received, ?4) WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute((candidate.id, until, candidate.receives.saturating_add(1), now))?;
    Ok(candidate.message)
}
