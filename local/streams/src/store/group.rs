//! The thread that writes: jobs one after the other, one commit for all that wait, and only then the answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;

use super::Told;
use super::schema::disk;
use super::wakes::{Board, Topic};
use crate::StreamsError;
use crate::stream::StreamCache;

/// At most so many jobs share a commit, so that the first of them does not wait for all of a flood.
const GROUP: usize = 256;

/// What the writing thread keeps in memory, and what a job leaves to be done once it is on disk.
#[derive(Default)]
pub(crate) struct Desk {
    /// Streams as they are in the open transaction.
    pub(crate) streams: StreamCache,
    /// Who is to be woken.
    pub(crate) wakes: Vec<Topic>,
    /// What observers are to be told.
    pub(crate) told: Vec<Told>,
}

/// Gives a job's answer, once it is known whether it is on disk.
pub(crate) type Deliver = Box<dyn FnOnce(Result<(), StreamsError>) + Send>;

/// A job: works in the open transaction. `Err`: nothing of it is to stay.
pub(crate) type Job = Box<dyn FnOnce(&Connection, &mut Desk) -> (bool, Deliver) + Send>;

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) board: Arc<Board>,
    pub(super) tell: Box<dyn Fn(&Told) + Send>,
    pub(super) desk: Desk,
}

impl Writer {
    /// Works until nobody is left to send jobs.
    pub(super) fn serve(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let group = std::iter::once(first).chain(jobs.try_iter()).take(GROUP);
            let group: Vec<Job> = group.collect();
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Job>) {
        let mut answers = Vec::with_capacity(group.len());
        let written = self.transact(group, &mut answers);
        if let Err(error) = &written {
            tracing::error!(%error, "streams and queues could not be written; the calls that waited are refused");
            // What the transaction did is gone, so what is remembered of it must go.
            self.desk = Desk::default();
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
    }

    fn transact(&mut self, group: Vec<Job>, answers: &mut Vec<Deliver>) -> Result<(), StreamsError> {
        let Self {
            connection, desk, path, ..
        } = self;
        let run =
            |connection: &Connection, sql: &str| connection.execute_batch(sql).map_err(|error| disk(path, &error));
        run(connection, "BEGIN IMMEDIATE")?;
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
        match run(connection, "COMMIT") {
            Ok(()) => Ok(()),
            Err(error) => rolled_back(connection, error),
        }
    }
}

fn rolled_back(connection: &Connection, error: StreamsError) -> Result<(), StreamsError> {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction of streams and queues could not be rolled back");
    }
    Err(error)
}
