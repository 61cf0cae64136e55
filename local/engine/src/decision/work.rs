//! The decision itself: its changes, its effects and its work queue.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::eval::{Entropy, EvaluationDelegate, StopSignal};
use sluice_asl::{State, StateMachine};

use super::failure::Failure;
use crate::change::child::ChildEnded;
use crate::change::execution::ExecutionEnded;
use crate::change::{self, Change, History};
use crate::event::{EventKind, HistoryEvent};
use crate::execution_state::{ExecutionState, ROOT, ThreadId};
use crate::limits::MAX_EVENTS;
use crate::map_run_changes::MapRunChanges;
use crate::origin::{self, EventOrigin};
use crate::recorder::HistoryRecorder;
use crate::{AttemptId, Effect, Identity, InvariantViolation, Outcome, Timestamp};

/// The reason for which a step stops in the middle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The execution has ended.
    ExecutionEnded,
    /// The history that this thread owns has room for one more event only.
    HistoryFull(ThreadId),
    /// A bug.
    Violation(InvariantViolation),
}

impl From<InvariantViolation> for StopReason {
    fn from(violation: InvariantViolation) -> Self {
        Self::Violation(violation)
    }
}

/// The result of everything that emits.
pub(crate) type Step = Result<(), StopReason>;

/// Work that is still to be done within a decision.
///
/// Its thread may be gone or stopped by the time it is taken up: then there is nothing to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// Enter the thread's pending state.
    Enter(ThreadId),
    /// Do (again) what the entered state does.
    Start(ThreadId),
    /// The thread's last state has ended well.
    Return(ThreadId, Arc<Value>),
    /// The thread's state has failed, and nothing caught it.
    Fail(ThreadId, Failure),
}

impl Work {
    /// The thread that it is about.
    pub(crate) fn thread(&self) -> ThreadId {
        match self {
            Work::Enter(thread) | Work::Start(thread) | Work::Return(thread, _) | Work::Fail(thread, _) => *thread,
        }
    }
}

/// One decision under way.
pub(crate) struct Decision<'a> {
    pub(crate) machine: &'a StateMachine,
    pub(crate) identity: &'a Identity,
    execution: &'a mut ExecutionState,
    /// The time of the decision.
    pub(crate) at: Timestamp,
    pub(crate) entropy: Entropy,
    pub(crate) effects: Vec<Effect>,
    queue: VecDeque<Work>,
    recorder: Option<&'a mut dyn HistoryRecorder>,
    map_runs: MapRunChanges,
    pub(super) stop: Option<&'a StopSignal>,
    pub(super) delegate: Option<&'a dyn EvaluationDelegate>,
    #[cfg(test)]
    pub(crate) log: Option<&'a mut Vec<Replay>>,
}

/// A change that was made, to be made once more.
#[cfg(test)]
pub(crate) type Replay = Box<dyn FnOnce(&mut ExecutionState) -> Result<(), InvariantViolation>>;

impl<'a> Decision<'a> {
    pub(crate) fn new(
        machine: &'a StateMachine,
        identity: &'a Identity,
        execution: &'a mut ExecutionState,
        at: Timestamp,
        seed: [u64; 2],
    ) -> Self {
        Self {
            machine,
            identity,
            execution,
            at,
            entropy: Entropy::new(seed),
            effects: Vec::new(),
            queue: VecDeque::new(),
            recorder: None,
            map_runs: MapRunChanges::default(),
            stop: None,
            delegate: None,
            #[cfg(test)]
            log: None,
        }
    }

    /// The same with a keeper of its events.
    pub(crate) fn recording(self, recorder: Option<&'a mut dyn HistoryRecorder>) -> Self {
        Self { recorder, ..self }
    }

    /// The same with a signal that may stop it, after which its result is of no use, and with a delegate for its
    /// evaluations.
    pub(crate) fn evaluating(self, stop: Option<&'a StopSignal>, delegate: Option<&'a dyn EvaluationDelegate>) -> Self {
        Self { stop, delegate, ..self }
    }

    /// The effects, and the changes of Map Runs.
    pub(crate) fn into_parts(self) -> (Vec<Effect>, MapRunChanges) {
        (self.effects, self.map_runs)
    }

    /// The execution as it is after the changes so far.
    pub(crate) fn execution(&self) -> &ExecutionState {
        self.execution
    }

    /// Applies a change and keeps its event.
    ///
    /// # Errors
    /// When the execution has ended, or the history has no room for the event.
    pub(crate) fn emit(&mut self, change: impl Change) -> Step {
        if !self.execution.is_running() {
            return Err(StopReason::ExecutionEnded);
        }
        if let History::Of(thread) = change.history() {
            let owner = self.execution.thread(thread)?.history_owner;
            if self.execution.event_count(owner)? + 1 >= MAX_EVENTS {
                return Err(StopReason::HistoryFull(owner));
            }
        }
        self.apply(change)?;
        Ok(())
    }

    /// Applies a change without asking whether it may be.
    pub(crate) fn apply<C: Change>(&mut self, change: C) -> Result<(), InvariantViolation> {
        let event = self.event_of(&change)?;
        let timestamp = change.at().unwrap_or(self.at);
        let map_run = change.map_run(self.execution, timestamp)?;
        #[cfg(test)]
        if let Some(log) = &mut self.log {
            let change = change.clone();
            log.push(Box::new(move |execution| {
                change::apply(change, execution, timestamp).map(drop)
            }));
        }
        let position = change::apply(change, self.execution, timestamp)?;
        if let Some(map_run) = map_run {
            self.map_runs.keep(self.execution, &self.identity.arn, map_run);
        }
        if let (Some(recorder), Some(position), Some((kind, mut origin))) =
            (self.recorder.as_deref_mut(), position, event)
        {
            if matches!(kind, EventKind::StateEntered { .. }) {
                origin.visit = position.id;
            }
            let event = HistoryEvent {
                id: position.id,
                previous_event_id: position.previous,
                timestamp,
                kind,
            };
            recorder.record(position.owner, event, origin);
        }
        Ok(())
    }

    /// The event that a change is, if its history is kept.
    fn event_of(&self, change: &impl Change) -> Result<Option<(EventKind, EventOrigin)>, InvariantViolation> {
        let Some(recorder) = &self.recorder else {
            return Ok(None);
        };
        let history = change.history();
        match history.owner(self.execution)? {
            Some(owner) if recorder.wants(owner) => {}
            _ => return Ok(None),
        }
        let Some(kind) = change.event(self.execution, self.identity)? else {
            return Ok(None);
        };
        let origin = match history {
            History::Of(writer) => origin::origin(self.execution, writer, &kind)?,
            History::None | History::OwnedBy(_) => EventOrigin::default(),
        };
        Ok(Some((kind, origin)))
    }

    /// Puts work behind what other threads have to do.
    pub(crate) fn later(&mut self, work: Work) {
        self.queue.push_back(work);
    }

    /// Puts work before what other threads have to do.
    pub(crate) fn next(&mut self, work: Work) {
        self.queue.push_front(work);
    }

    /// Takes the next work from the queue; none is left when the decision has been told to stop.
    pub(crate) fn take_work(&mut self) -> Option<Work> {
        let work = self.queue.pop_front()?;
        if self.stop.is_some_and(StopSignal::is_stopped) {
            self.queue.clear();
            return None;
        }
        Some(work)
    }

    /// Deals with the end of a step.
    pub(crate) fn finish_step(&mut self, step: Step) -> Result<(), InvariantViolation> {
        match step {
            Ok(()) => Ok(()),
            Err(StopReason::ExecutionEnded) => {
                self.queue.clear();
                Ok(())
            }
            Err(StopReason::HistoryFull(owner)) => self.overflow(owner),
            Err(StopReason::Violation(violation)) => Err(violation),
        }
    }

    /// Makes the failure the 25,000th event of a history.
    fn overflow(&mut self, owner: ThreadId) -> Result<(), InvariantViolation> {
        let failure = Failure::runtime("The execution reached the maximum number of history events (25000).");
        if owner == ROOT {
            self.finish(failure.into_outcome(), self.at)?;
            self.queue.clear();
        } else {
            self.next(Work::Fail(owner, failure));
        }
        Ok(())
    }

    /// Ends the execution: what is under way is abandoned.
    pub(crate) fn finish(&mut self, outcome: Outcome, at: Timestamp) -> Result<(), InvariantViolation> {
        let open: Vec<AttemptId> = self.execution.open_attempts.keys().copied().collect();
        for attempt in open {
            self.abandon(attempt);
        }
        self.abort_children(at)?;
        self.apply(ExecutionEnded {
            outcome: outcome.clone(),
            at,
        })?;
        self.effects.push(Effect::Finish(outcome));
        Ok(())
    }

    /// Aborts all child executions at work, the innermost first.
    fn abort_children(&mut self, at: Timestamp) -> Result<(), InvariantViolation> {
        let threads = self.execution.threads.iter().rev();
        let running = threads.filter(|(_, thread)| !thread.stopped && thread.child.is_some());
        let children: Vec<ThreadId> = running.map(|(id, _)| *id).collect();
        let now = std::mem::replace(&mut self.at, at);
        for thread in children {
            self.apply(ChildEnded {
                thread,
                outcome: Outcome::Aborted {
                    error: None,
                    cause: None,
                },
            })?;
        }
        self.at = now;
        Ok(())
    }

    /// Abandons an attempt; if its call was to start with this very decision, it does not start.
    pub(crate) fn abandon(&mut self, attempt: AttemptId) {
        let sends = |effect: &Effect| matches!(effect, Effect::Run(task) if task.attempt == attempt);
        match self.effects.iter().position(sends) {
            Some(unsent) => {
                self.effects.remove(unsent);
            }
            None => self.effects.push(Effect::Abandon(attempt)),
        }
    }

    /// The state that a thread is in.
    pub(crate) fn state_of(&self, thread: ThreadId) -> Result<Arc<State>, InvariantViolation> {
        Ok(self.execution.instance(thread)?.state.clone())
    }
}
