//! Executions that cannot be gone on with.
//!
//! A log that cannot be read, or that the process died over each time, costs its execution and nobody else: its row says
//! FAILED and why, whatever its log says, and nobody folds it again.

use serde_json::json;
use sluice_engine::{Breakdown, Fact, Outcome, Status};

use super::batch::{Batch, JobWork};
use super::refused::Refused;
use super::state::Writer;
use crate::crash_markers::{CrashMarker, Phase};
use crate::journal::{executions, store};
use crate::{DriverError, SET_ASIDE, set_aside_key};

/// The reason why a log is not folded any more that several processes died over.
const DEADLY: &str = "each time its log was read, sluice hung or died over it";

impl Writer {
    /// Ends what earlier processes died over.
    pub(super) fn set_aside_culprits(&mut self, batch: &mut Batch) {
        for mark in std::mem::take(&mut self.culprits) {
            match mark.phase {
                Phase::Folding => self.set_aside(mark.key, &DriverError::unreadable(mark.key, DEADLY), batch),
                Phase::Deciding => self.give_up(mark, batch),
            }
        }
    }

    /// The next step of an execution was decided in vain, in one process after the other: it fails, unless it has gone on.
    fn give_up(&mut self, mark: CrashMarker, batch: &mut Batch) {
        match self.load(mark.key, batch) {
            Ok(true) => {}
            // it has never started
            Ok(false) => return,
            Err(error) => return self.set_aside(mark.key, &error, batch),
        }
        let stands = |loaded: &super::execution_cache::Loaded| {
            loaded.next_seq == mark.seq && loaded.execution.status() == Status::Running
        };
        if !self.cache.get(mark.key).is_some_and(stands) {
            return;
        }
        tracing::error!(
            execution = mark.key,
            "an execution fails: sluice hung or died whenever it was decided about"
        );
        // nobody knows any more what it was about
        let fact = Box::new(Fact::Stopped {
            error: None,
            cause: None,
        });
        let breakdown = Breakdown::Fatal;
        match self.append_one(mark.key, Fact::BrokeDown { fact, breakdown }, batch) {
            Ok(()) | Err(Refused::Illegal(_) | Refused::Deferred) => {}
            Err(Refused::Driver(error)) => self.set_aside(mark.key, &error, batch),
        }
    }

    /// Ends an execution that cannot be gone on with, so that it is seen and not tried again for ever.
    pub(super) fn set_aside(&mut self, key: u64, error: &DriverError, batch: &mut Batch) {
        self.report(key, error, batch);
        self.cache.evict(key);
        let reason = match error {
            // the disk's trouble is no reason to give anything up
            DriverError::Journal { .. } => return,
            DriverError::Unreadable { reason, .. } | DriverError::Engine { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        let outcome = Outcome::Failed {
            error: Some("States.Runtime".to_owned()),
            cause: Some(format!("The execution was set aside: {reason}.")),
        };
        let written = executions::set_aside(&self.database.connection, key, self.now, &outcome).and_then(|()| {
            store::put(
                &self.database.connection,
                SET_ASIDE,
                &set_aside_key(key),
                &json!(reason),
            )
        });
        if let Err(error) = written {
            return batch.note(Some(&error));
        }
        if let Ok(Some(head)) = executions::head(&self.database.connection, key) {
            self.shared.recent.put(&head.arn.into(), None);
        }
        if self.jobs.contains(&key) {
            batch.jobs.push_back(JobWork::Ended(key));
        }
        batch.set_aside.push(key);
        self.set_aside.insert(key, reason);
    }
}
