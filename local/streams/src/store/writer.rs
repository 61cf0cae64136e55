//! The work of the writing thread: jobs one after the other, one commit for all that wait, and only then the answers.

use std::sync::Arc;

use rusqlite::Connection;
use sluice_storage::{GroupWriter, HeldReplies, Next, WriteError};

use super::changes::{ChangeRegistry, Topic};
use super::observation::OwnedObservation;
use crate::StreamsError;
use crate::stream_cache::StreamCache;

/// The most jobs that share a commit, so that the first of them does not wait for all of a large number.
pub(super) const GROUP: usize = 256;

/// The writing thread's memory, and what a job leaves to be done once it is on disk.
#[derive(Default)]
pub(crate) struct WriterState {
    /// Streams as they are in the open transaction.
    pub(crate) streams: StreamCache,
    /// The topics whose waiters are to be woken.
    pub(crate) changed: Vec<Topic>,
    /// The observations to be reported.
    pub(crate) observed: Vec<OwnedObservation>,
    /// The last failure of SQLite within a job.
    pub(crate) failure: Option<WriteError>,
}

/// A job: works in the open transaction, and holds its reply back. False: nothing of it is to stay.
pub(super) type Job = Box<dyn FnOnce(&Connection, &mut WriterState, &mut HeldReplies<StreamsError>) -> bool + Send>;

/// The writer of the file.
pub(super) struct Writer {
    pub(super) database: GroupWriter,
    pub(super) path: String,
    pub(super) changes: Arc<ChangeRegistry>,
    pub(super) observe: Box<dyn Fn(&OwnedObservation) + Send>,
    pub(super) state: WriterState,
    pub(super) replies: HeldReplies<StreamsError>,
}

impl Writer {
    /// Carries out a group of jobs in one transaction.
    pub(super) fn carry_out(&mut self, group: &mut dyn Iterator<Item = Job>) -> Next {
        let written = self.write(group);
        let refused = self.state.failure.take();
        let (committed, failure) = match written {
            Ok(()) => (Ok(()), refused),
            Err(failure) => {
                // The memory of what the transaction did goes with it.
                self.state = WriterState::default();
                (Err(self.error(&failure)), Some(failure))
            }
        };
        let retry = match &failure {
            Some(failure) => self.database.failed(failure),
            None => {
                self.database.succeeded();
                None
            }
        };
        if committed.is_err() {
            // Whoever came for this group learns it from the reply that is dropped with the job, and looks for the reason then:
            // it has to be noted before.
            group.for_each(drop);
        }
        let observed = std::mem::take(&mut self.state.observed);
        observed.iter().for_each(&self.observe);
        self.replies.release(committed.as_ref().copied());
        let mut changed = std::mem::take(&mut self.state.changed);
        changed.sort_unstable();
        changed.dedup();
        changed.iter().for_each(|topic| self.changes.notify(topic));
        retry.map_or(Next::Wait, Next::RetryAfter)
    }

    fn error(&self, failure: &WriteError) -> StreamsError {
        StreamsError::Disk {
            path: self.path.clone(),
            reason: failure.reason.clone(),
        }
    }

    fn write(&mut self, group: &mut dyn Iterator<Item = Job>) -> Result<(), WriteError> {
        self.database.begin()?;
        let (connection, state) = (&self.database.connection, &mut self.state);
        for job in group {
            let (changed, observed) = (state.changed.len(), state.observed.len());
            connection.execute_batch("SAVEPOINT job")?;
            let end = if job(connection, state, &mut self.replies) {
                "RELEASE job"
            } else {
                state.streams.forget();
                state.changed.truncate(changed);
                state.observed.truncate(observed);
                "ROLLBACK TO job; RELEASE job"
            };
            connection.execute_batch(end)?;
        }
        self.database.commit()
    }
}
