//! The state of an execution: threads of control in an arena, linked to the states that opened them.
//!
//! A thread runs the states of one flow one after the other: the machine's own, a Parallel branch's, a Map
//! iteration's. Parallel and Map are state instances with a [`FanOut`]; their branches are threads whose
//! [`BranchSlot`] names the Parallel's or Map's thread.
//!
//! Decisions read the state; only a [`Change`](crate::change::Change) writes it.

mod child;
mod fan_out;
mod instance;
mod thread;
mod thread_id;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

pub(crate) use child::{ChildEnd, ChildExecution};
pub(crate) use fan_out::{FanOut, Iterations, MapRun, Threshold};
pub(crate) use instance::{Call, CallStage, InstanceStatus, StateInstance};
pub(crate) use thread::{BranchSlot, FlowRef, MapItem, Thread};
pub(crate) use thread_id::{ROOT, ThreadId};

use crate::{AttemptId, InvariantViolation, Outcome, Status, Timestamp};

/// All that is known about an execution between two facts.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionState {
    pub(crate) phase: Phase,
    pub(crate) started_at: Timestamp,
    /// The time of the last fact.
    pub(crate) last_at: Timestamp,
    /// The time limit of the execution as a whole.
    pub(crate) times_out_at: Timestamp,
    pub(crate) input: Arc<Value>,
    pub(crate) redrives: u64,
    /// The time of the last redrive.
    pub(crate) redriven_at: Option<Timestamp>,
    /// The events of the execution's own history.
    pub(crate) events: u64,
    pub(crate) next_attempt: u64,
    pub(crate) next_thread: u32,
    pub(crate) threads: BTreeMap<ThreadId, Thread>,
    /// The times that the threads wait for, the earliest first; see [`ExecutionState::rearm`].
    pub(crate) deadlines: BTreeSet<(Timestamp, ThreadId)>,
    /// The threads that wait for answers.
    pub(crate) open_attempts: BTreeMap<AttemptId, ThreadId>,
    /// The tokens of attempts that are over, so that their holders hear "timed out" and not "never was".
    pub(crate) closed_tokens: BTreeMap<AttemptId, Arc<str>>,
    /// The activities that the definition names and that do not exist.
    pub(crate) missing_activities: Arc<BTreeSet<Arc<str>>>,
}

/// The progress of the execution as a whole.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    New,
    Running,
    Ended { outcome: Outcome, at: Timestamp },
}

impl ExecutionState {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::New,
            started_at: 0,
            last_at: Timestamp::MIN,
            times_out_at: Timestamp::MAX,
            input: Arc::new(Value::Null),
            redrives: 0,
            redriven_at: None,
            events: 0,
            next_attempt: 1,
            next_thread: 0,
            threads: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            open_attempts: BTreeMap::new(),
            closed_tokens: BTreeMap::new(),
            missing_activities: Arc::default(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        match &self.phase {
            Phase::New | Phase::Running => Status::Running,
            Phase::Ended { outcome, .. } => outcome.status(),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Tells whether a thread is there and may go on.
    pub(crate) fn is_live(&self, id: ThreadId) -> bool {
        self.threads.get(&id).is_some_and(|thread| !thread.stopped)
    }

    /// The state that a thread is in, if the thread is there and in one.
    pub(crate) fn instance_if_any(&self, id: ThreadId) -> Option<&StateInstance> {
        self.threads.get(&id)?.instance.as_deref()
    }

    /// The Map Run of a thread's state, if there is one at work.
    pub(crate) fn run_if_any(&self, id: ThreadId) -> Option<&MapRun> {
        self.instance_if_any(id)?.run()
    }

    /// The threads that `top` and those below it opened and that are still there, oldest first, by their parents.
    pub(crate) fn descendants(&self, top: ThreadId) -> BTreeMap<ThreadId, Vec<ThreadId>> {
        let mut found = BTreeMap::from([(top, Vec::new())]);
        // a branch is younger than its parent
        for (id, thread) in self.threads.range(top..) {
            if let Some(siblings) = thread.slot.and_then(|slot| found.get_mut(&slot.parent)) {
                siblings.push(*id);
                found.insert(*id, Vec::new());
            }
        }
        found
    }

    /// Tells whether a thread that `parent` opened has failed or was aborted.
    pub(crate) fn has_stopped_branch(&self, parent: ThreadId) -> bool {
        self.threads
            .range(parent..)
            .any(|(_, thread)| thread.stopped && thread.slot.is_some_and(|slot| slot.parent == parent))
    }

    /// Puts a thread where it belongs among the deadlines, after it has changed.
    pub(crate) fn rearm(&mut self, id: ThreadId) {
        let Some(thread) = self.threads.get_mut(&id) else {
            return;
        };
        let wanted = thread.deadline().filter(|_| !thread.stopped);
        if wanted == thread.armed {
            return;
        }
        if let Some(at) = std::mem::replace(&mut thread.armed, wanted) {
            self.deadlines.remove(&(at, id));
        }
        if let Some(at) = wanted {
            self.deadlines.insert((at, id));
        }
    }

    /// Takes a thread out, and its deadline with it.
    pub(crate) fn remove(&mut self, id: ThreadId) -> Option<Thread> {
        let thread = self.threads.remove(&id)?;
        if let Some(at) = thread.armed {
            self.deadlines.remove(&(at, id));
        }
        Some(thread)
    }

    /// The earliest deadline, while the execution runs.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        if !self.is_running() {
            return None;
        }
        #[cfg(test)]
        assert!(
            self.is_armed_right(),
            "the deadlines are not those that the threads want"
        );
        let first = self.deadlines.first().map(|(at, _)| *at);
        first
            .into_iter()
            .chain((self.times_out_at != Timestamp::MAX).then_some(self.times_out_at))
            .min()
    }

    /// Tells whether the deadlines are those that the threads want.
    #[cfg(test)]
    pub(crate) fn is_armed_right(&self) -> bool {
        let at_work = self.threads.iter().filter(|(_, thread)| !thread.stopped);
        let wanted = at_work.filter_map(|(id, thread)| Some((thread.deadline()?, *id)));
        wanted.collect::<BTreeSet<_>>() == self.deadlines
    }
}

/// Look-ups of what must be there.
impl ExecutionState {
    pub(crate) fn thread(&self, id: ThreadId) -> Result<&Thread, InvariantViolation> {
        self.threads.get(&id).ok_or(InvariantViolation::NoThread(id.0))
    }

    pub(crate) fn thread_mut(&mut self, id: ThreadId) -> Result<&mut Thread, InvariantViolation> {
        self.threads.get_mut(&id).ok_or(InvariantViolation::NoThread(id.0))
    }

    /// The state that a thread is in.
    pub(crate) fn instance(&self, id: ThreadId) -> Result<&StateInstance, InvariantViolation> {
        let instance = self.thread(id)?.instance.as_deref();
        instance.ok_or(InvariantViolation::NoStateInstance(id.0))
    }

    pub(crate) fn instance_mut(&mut self, id: ThreadId) -> Result<&mut StateInstance, InvariantViolation> {
        let instance = self.thread_mut(id)?.instance.as_deref_mut();
        instance.ok_or(InvariantViolation::NoStateInstance(id.0))
    }

    /// The attempt that a thread's state waits for.
    pub(crate) fn call(&self, id: ThreadId) -> Result<&Call, InvariantViolation> {
        self.instance(id)?.call().ok_or(InvariantViolation::NoCall(id.0))
    }

    pub(crate) fn call_mut(&mut self, id: ThreadId) -> Result<&mut Call, InvariantViolation> {
        let call = self.instance_mut(id)?.call_mut();
        call.ok_or(InvariantViolation::NoCall(id.0))
    }

    /// The branches of the Parallel or Map that a thread is in.
    pub(crate) fn fan_out(&self, id: ThreadId) -> Result<&FanOut, InvariantViolation> {
        self.instance(id)?.fan_out().ok_or(InvariantViolation::NoFanOut(id.0))
    }

    pub(crate) fn fan_out_mut(&mut self, id: ThreadId) -> Result<&mut FanOut, InvariantViolation> {
        let fan_out = self.instance_mut(id)?.fan_out_mut();
        fan_out.ok_or(InvariantViolation::NoFanOut(id.0))
    }

    /// The iterations of the Map that a thread is in.
    pub(crate) fn iterations(&self, id: ThreadId) -> Result<&Iterations, InvariantViolation> {
        let iterations = self.instance(id)?.iterations();
        iterations.ok_or(InvariantViolation::NoIterations(id.0))
    }

    pub(crate) fn iterations_mut(&mut self, id: ThreadId) -> Result<&mut Iterations, InvariantViolation> {
        let iterations = self.instance_mut(id)?.iterations_mut();
        iterations.ok_or(InvariantViolation::NoIterations(id.0))
    }

    /// The run of the distributed Map that a thread is in.
    pub(crate) fn run(&self, id: ThreadId) -> Result<&MapRun, InvariantViolation> {
        self.instance(id)?.run().ok_or(InvariantViolation::NoMapRun(id.0))
    }

    pub(crate) fn run_mut(&mut self, id: ThreadId) -> Result<&mut MapRun, InvariantViolation> {
        let run = self.instance_mut(id)?.run_mut();
        run.ok_or(InvariantViolation::NoMapRun(id.0))
    }

    /// The child execution whose first thread this is.
    pub(crate) fn child(&self, id: ThreadId) -> Result<&ChildExecution, InvariantViolation> {
        let child = self.thread(id)?.child.as_deref();
        child.ok_or(InvariantViolation::NoChildExecution(id.0))
    }

    pub(crate) fn child_mut(&mut self, id: ThreadId) -> Result<&mut ChildExecution, InvariantViolation> {
        let child = self.thread_mut(id)?.child.as_deref_mut();
        child.ok_or(InvariantViolation::NoChildExecution(id.0))
    }

    /// The place of a thread among the branches of its parent.
    pub(crate) fn slot(&self, id: ThreadId) -> Result<BranchSlot, InvariantViolation> {
        self.thread(id)?.slot.ok_or(InvariantViolation::NoBranch(id.0))
    }

    /// The number of events in the history of `owner`.
    pub(crate) fn event_count(&self, owner: ThreadId) -> Result<u64, InvariantViolation> {
        if owner == ROOT {
            return Ok(self.events);
        }
        Ok(self.child(owner)?.events)
    }
}
