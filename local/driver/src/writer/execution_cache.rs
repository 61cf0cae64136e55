//! Executions in memory.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use sluice_asl::StateMachine;
use sluice_engine::{AttemptId, Execution, HistoryEvent, Timestamp};

use crate::ExecutionRecord;
use crate::journal::executions::Projection;
use crate::journal::machines::Revision;
use crate::recent::{HEAVIEST, Snapshot};

/// The length of a log from which on a parked execution is not folded for each of its answers, but stays in memory for a while.
const LONG: u32 = 1_000;

/// The most of them that stay.
const LONG_KEPT: usize = 4;

/// The number of executions at work from which on no state machine starts more that has its fair share of them.
const MOST_LOADED: usize = 10_000;

/// The executions that one state machine may have at work whatever others have.
const FAIR_SHARE: usize = 1_000;

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
    /// Shared with whoever decides about it elsewhere.
    pub(crate) execution: Arc<Execution>,
    pub(crate) prepared: Arc<Prepared>,
    /// The number of its next fact.
    pub(crate) next_seq: u32,
    /// The time of its last fact.
    pub(crate) last_at: Timestamp,
    /// Its row as it is on disk; none: not known, to be written.
    pub(crate) written: Option<Projection>,
    /// A decision about it took too long for the engine's thread.
    pub(crate) slow: bool,
    /// Calls of an earlier process, which nobody makes until they are sent again.
    pub(crate) orphans: Vec<AttemptId>,
    /// The record without what its projection holds. Known of those that have been in memory since they were started.
    pub(crate) start_record: Option<Box<ExecutionRecord>>,
    /// The last event of its history, as far as the facts since it was loaded have added any.
    pub(crate) newest: Option<HistoryEvent>,
    /// The bytes of those facts.
    pub(crate) bytes: usize,
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
            execution: Arc::new(execution),
            prepared,
            next_seq,
            last_at,
            written,
            slow: false,
            orphans: Vec::new(),
            start_record: None,
            newest: None,
            bytes: 0,
            armed: None,
        }
    }

    /// Returns true if its decisions may take long, and are made by the evaluation pool.
    pub(crate) fn is_costly(&self) -> bool {
        self.slow || self.prepared.machine.costly
    }

    /// Returns its state for those who ask; none if it is not known, or too large to be kept.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        if self.bytes > HEAVIEST {
            return None;
        }
        let now = self.written.as_ref()?;
        Some(Snapshot {
            newest: self.newest.clone()?,
            record: ExecutionRecord {
                status: now.status,
                stop_date: now.stop,
                outcome: now.outcome.clone(),
                waiting_since: now.waiting_since,
                waiting_state: now.waiting_state.as_deref().map(str::to_owned),
                redrive_count: now.redrive_count,
                ..ExecutionRecord::clone(self.start_record.as_deref()?)
            },
        })
    }
}

/// The executions in memory, with the deadlines of those that stay there.
#[derive(Debug, Default)]
pub(crate) struct ExecutionCache {
    by_key: HashMap<u64, Loaded>,
    /// The number of them by state machine.
    by_machine: HashMap<Arc<str>, usize>,
    /// Parked ones with long logs, the one used last at the end.
    long: VecDeque<u64>,
    deadlines: BTreeSet<(Timestamp, u64)>,
}

impl ExecutionCache {
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
        let machine = loaded.execution.identity().machine_arn.clone();
        *self.by_machine.entry(machine).or_default() += 1;
        self.by_key.insert(key, loaded);
    }

    /// Returns true if a state machine has so many executions at work that it may start no more: all are in memory, share the
    /// time, and are finished first.
    pub(crate) fn is_crowded_by(&self, machine_arn: &str) -> bool {
        self.len() >= MOST_LOADED && self.by_machine.get(machine_arn).is_some_and(|own| *own >= FAIR_SHARE)
    }

    /// Takes an execution out of memory, and its deadline with it.
    pub(crate) fn evict(&mut self, key: u64) {
        if let Some(Loaded { armed, execution, .. }) = self.by_key.remove(&key) {
            if let Some(at) = armed {
                self.deadlines.remove(&(at, key));
            }
            let machine = &*execution.identity().machine_arn;
            match self.by_machine.get_mut(machine) {
                Some(own) if *own > 1 => *own -= 1,
                _ => drop(self.by_machine.remove(machine)),
            }
        }
        if self.by_key.is_empty() {
            // Gives back what a burst took.
            self.by_key.shrink_to(1_024);
        }
    }

    /// Takes a parked execution out of memory, unless it is one of the few with long logs that were used last.
    pub(crate) fn park(&mut self, key: u64) {
        let long = self
            .get(key)
            .is_some_and(|loaded| loaded.next_seq >= LONG && loaded.execution.outcome().is_none());
        self.long.retain(|kept| *kept != key);
        if !long {
            self.evict(key);
            return;
        }
        self.long.push_back(key);
        if self.long.len() > LONG_KEPT
            && let Some(oldest) = self.long.pop_front()
            // what this very round has given calls to is not parked any more
            && self.get(oldest).and_then(|loaded| loaded.written.as_ref()).is_some_and(|row| !row.resident)
        {
            self.evict(oldest);
        }
    }

    /// An execution is not parked any more.
    pub(crate) fn unpark(&mut self, key: u64) {
        self.long.retain(|kept| *kept != key);
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

    /// Those with calls in flight that can time out.
    pub(crate) fn with_timed_calls(&self) -> Vec<u64> {
        let timed = self
            .by_key
            .iter()
            .filter(|(_, loaded)| loaded.execution.has_timed_calls());
        timed.map(|(key, _)| *key).collect()
    }

    /// Returns true if an execution in memory has a call in flight.
    pub(crate) fn has_calls_in_flight(&self) -> bool {
        let resident = |loaded: &Loaded| loaded.written.as_ref().is_none_or(|row| row.resident);
        self.by_key.values().any(resident)
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
