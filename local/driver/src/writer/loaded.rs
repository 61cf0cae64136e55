//! Executions in memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use sluice_asl::StateMachine;
use sluice_engine::{AttemptId, Execution, Timestamp};

use crate::journal::executions::Projection;
use crate::journal::machines::Revision;

/// A revision with its definition parsed.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) revision: Revision,
    pub(crate) machine: Arc<StateMachine>,
    /// The activities that its Tasks name.
    pub(crate) activities: Vec<Arc<str>>,
}

/// An execution in memory.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) execution: Execution,
    pub(crate) prepared: Arc<Prepared>,
    /// The number of its next fact.
    pub(crate) next_seq: u32,
    /// The time of its last fact.
    pub(crate) last_at: Timestamp,
    /// Its row as it is on disk; none: not known, to be written.
    pub(crate) written: Option<Projection>,
    /// How long it was decided about, its folding included; what takes no time to speak of is not counted.
    pub(crate) spent: Duration,
    /// Calls of an earlier process, which nobody makes until they are sent again.
    pub(crate) orphans: Vec<AttemptId>,
    armed: Option<Timestamp>,
}

impl Loaded {
    pub(crate) fn new(
        execution: Execution,
        prepared: Arc<Prepared>,
        next_seq: u32,
        last_at: Timestamp,
        written: Option<Projection>,
    ) -> Self {
        Self {
            execution,
            prepared,
            next_seq,
            last_at,
            written,
            spent: Duration::ZERO,
            orphans: Vec::new(),
            armed: None,
        }
    }
}

/// The executions in memory, with the deadlines of those that stay there.
#[derive(Debug, Default)]
pub(crate) struct Residents {
    by_key: HashMap<u64, Loaded>,
    deadlines: BTreeSet<(Timestamp, u64)>,
}

impl Residents {
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn contains(&self, key: u64) -> bool {
        self.by_key.contains_key(&key)
    }

    pub(crate) fn get(&self, key: u64) -> Option<&Loaded> {
        self.by_key.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut Loaded> {
        self.by_key.get_mut(&key)
    }

    pub(crate) fn insert(&mut self, key: u64, loaded: Loaded) {
        self.evict(key);
        self.by_key.insert(key, loaded);
    }

    /// Takes an execution out of memory, and its deadline with it.
    pub(crate) fn evict(&mut self, key: u64) {
        if let Some(Loaded { armed: Some(at), .. }) = self.by_key.remove(&key) {
            self.deadlines.remove(&(at, key));
        }
        if self.by_key.is_empty() {
            // Gives back what a burst took.
            self.by_key.shrink_to(1_024);
        }
    }

    /// Sets the deadline of an execution that stays in memory to what it wants now.
    pub(crate) fn arm(&mut self, key: u64) {
        let Some(loaded) = self.by_key.get_mut(&key) else {
            return;
        };
        let wanted = loaded.execution.next_deadline();
        if wanted == loaded.armed {
            return;
        }
        if let Some(at) = std::mem::replace(&mut loaded.armed, wanted) {
            self.deadlines.remove(&(at, key));
        }
        if let Some(at) = wanted {
            self.deadlines.insert((at, key));
        }
    }

    /// The earliest deadline.
    pub(crate) fn first_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    /// Takes the executions out of the timer, at most `limit`, whose deadline has come. To be armed again.
    pub(crate) fn take_due(&mut self, now: Timestamp, limit: usize) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(&(at, key)) = self.deadlines.first()
            && at <= now
            && due.len() < limit
        {
            self.deadlines.pop_first();
            if let Some(loaded) = self.by_key.get_mut(&key) {
                loaded.armed = None;
            }
            due.push(key);
        }
        due
    }
}
