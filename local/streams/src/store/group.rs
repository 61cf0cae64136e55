//! The thread that writes: jobs one after the other, one commit for all that wait, and only then the answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;
use sluice_disk::{Disk, Fault};

use super::Told;
use super::schema::FORMAT;
use super::wakes::{Board, Topic};
use crate::StreamsError;
use crate::stream::StreamCache;

/// At most so many jobs share a commit, so that the first of them does not wait for all of a flood.
const GROUP: usize = 256;

/// The memory of the writing thread, and the work that a job leaves to be done once it is on disk.
#[derive(Default)]
pub(crate) struct Desk {
    /// Streams as they are in the open transaction.
    pub(crate) streams: StreamCache,
    /// The topics whose waiters are to be woken.
    pub(crate) wakes: Vec<Topic>,
    /// The observations to be reported.
    pub(crate) told: Vec<Told>,
    /// The error with which SQLite has refused a job.
    pub(crate) failure: Option<(String, Fault)>,
}

/// Gives a job's answer, once it is known whether it is on disk.
pub(crate) type Deliver = Box<dyn FnOnce(Result<(), StreamsError>) + Send>;

/// A job: works in the open transaction. `Err`: nothing of it is to stay.
pub(crate) type Job = Box<dyn FnOnce(&Connection, &mut Desk) -> (bool, Deliver) + Send>;

/// The error of SQLite, with the kind of fault, which says if trying again may help.
type Failure = (String, Fault);

pub(super) struct Writer {
    pub(super) disk: Disk,
    pub(super) connection: Connection,
    pub(super) board: Arc<Board>,
    pub(super) tell: Box<dyn Fn(&Told) + Send>,
    pub(super) desk: Desk,
}

impl Writer {
    /// Works until nobody is left to send jobs.
    pub(super) fn serve(mut self, jobs: &Receiver<Job>) {
        let mut pause = None;
        loop {
            let first = match pause {
                None => jobs.recv().ok(),
                Some(pause) => match jobs.recv_timeout(pause) {
                    Ok(job) => Some(job),
                    Err(RecvTimeoutError::Disconnected) => None,
                    // nobody asks for anything: whether the disk works again is found out all the same
                    Err(RecvTimeoutError::Timeout) => Some(nothing()),
                },
            };
            let Some(first) = first else { return };
            let group = std::iter::once(first).chain(jobs.try_iter()).take(GROUP);
            let group: Vec<Job> = group.collect();
            pause = self.commit(group);
        }
    }

    /// Carries out a group of jobs. The pause until writing is to be tried again, if it has failed.
    fn commit(&mut self, group: Vec<Job>) -> Option<Duration> {
        let mut answers = Vec::with_capacity(group.len());
        let written = self.transact(group, &mut answers);
        let refused = self.desk.failure.take();
        let (written, failure) = match written {
            Ok(()) => (Ok(()), refused),
            Err(failure) => {
                // What the transaction did is gone, so what is remembered of it must go.
                self.desk = Desk::default();
                (Err(self.error(&failure.0)), Some(failure))
            }
        };
        let pause = failure.and_then(|(reason, fault)| self.disk.failed(&reason, fault));
        if pause.is_none() {
            self.disk.works();
        }
        let told = std::mem::take(&mut self.desk.told);
        told.iter().for_each(&self.tell);
        for answer in answers {
            answer(written.clone());
        }
        let mut wakes = std::mem::take(&mut self.desk.wakes);
        wakes.sort_unstable();
        wakes.dedup();
        wakes.iter().for_each(|topic| self.board.wake(topic));
        pause
    }

    fn error(&self, reason: &str) -> StreamsError {
        StreamsError::Disk {
            path: self.disk.path().display().to_string(),
            reason: reason.to_owned(),
        }
    }

    fn transact(&mut self, group: Vec<Job>, answers: &mut Vec<Deliver>) -> Result<(), Failure> {
        let Self { connection, desk, .. } = self;
        if let Some(lost) = self.disk.lost() {
            return Err((lost.to_string(), Fault::Lasting));
        }
        let run = |connection: &Connection, sql: &str| {
            let failure = |error: rusqlite::Error| (error.to_string(), sluice_disk::fault(&error));
            connection.execute_batch(sql).map_err(failure)
        };
        run(connection, "BEGIN IMMEDIATE")?;
        if self.disk.is_troubled()
            // writes one page as it is
            && let Err(error) = run(connection, &format!("PRAGMA user_version = {FORMAT}"))
        {
            return rolled_back(connection, error);
        }
        for job in group {
            let (wakes, told) = (desk.wakes.len(), desk.told.len());
            if let Err(error) = run(connection, "SAVEPOINT job") {
                // not even begun: whoever waits is told so by the answer that is dropped with the job
                return rolled_back(connection, error);
            }
            let done = catch_unwind(AssertUnwindSafe(|| job(connection, desk)));
            let keep = matches!(done, Ok((true, _)));
            let end = if keep {
                "RELEASE job"
            } else {
                "ROLLBACK TO job; RELEASE job"
            };
            if !keep {
                desk.streams.forget();
                desk.wakes.truncate(wakes);
                desk.told.truncate(told);
            }
            // A job that panicked has dropped its answer, which tells whoever waits.
            answers.extend(done.ok().map(|(_, deliver)| deliver));
            if let Err(error) = run(connection, end) {
                return rolled_back(connection, error);
            }
        }
        if let Err(error) = run(connection, "COMMIT") {
            return rolled_back(connection, error);
        }
        // written to a file that is gone is not written
        match self.disk.in_place() {
            true => Ok(()),
            false => Err(("the file is gone".into(), Fault::Lasting)),
        }
    }
}

/// A job that does nothing.
fn nothing() -> Job {
    Box::new(|_, _| (true, Box::new(drop)))
}

fn rolled_back(connection: &Connection, error: Failure) -> Result<(), Failure> {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction of streams and queues could not be rolled back");
    }
    Err(error)
}
