//! Changes that a state of any type makes, and the waits of Wait.

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Name;
use sluice_asl::{State, Variables};

use super::kind::Change;
use super::position::{EventPosition, History, append_event};
use super::structure::stop;
use crate::event::EventKind;
use crate::execution_state::{ExecutionState, InstanceStatus, StateInstance, ThreadId};
use crate::map_run::MapRunStatus;
use crate::map_run_changes::MapRunChange;
use crate::{Identity, InvariantViolation, StateType, Timestamp};

/// A state has been entered.
#[derive(Debug, Clone)]
pub(crate) struct StateEntered {
    pub(crate) thread: ThreadId,
    pub(crate) state: Arc<State>,
    pub(crate) input: Arc<Value>,
}

impl Change for StateEntered {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::StateEntered {
            state: StateType::of(&self.state.kind),
            name: self.state.name.clone(),
            input: self.input.clone(),
        }))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        let before = execution.thread(self.thread)?.last;
        let position = append_event(execution, self.thread)?;
        let thread = execution.thread_mut(self.thread)?;
        thread.pending = None;
        thread.instance = Some(Box::new(StateInstance {
            state: self.state,
            input: self.input,
            entered_at: at,
            entered: position.id,
            before,
            retry_count: 0,
            tries: Vec::new(),
            last_retrier: None,
            status: InstanceStatus::Deciding,
        }));
        Ok(Some(position))
    }
}

/// A state has been left.
#[derive(Debug, Clone)]
pub(crate) struct StateExited {
    pub(crate) thread: ThreadId,
    pub(crate) output: Arc<Value>,
    pub(crate) assigned: Option<Arc<Variables>>,
    pub(crate) next: Option<Name>,
}

impl Change for StateExited {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let state = &before.instance(self.thread)?.state;
        Ok(Some(EventKind::StateExited {
            state: StateType::of(&state.kind),
            name: state.name.clone(),
            output: self.output.clone(),
            assigned: self.assigned.clone(),
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let position = append_event(execution, self.thread)?;
        let thread = execution.thread_mut(self.thread)?;
        if let Some(assigned) = self.assigned {
            let variables: &mut Variables = Arc::make_mut(&mut thread.variables);
            variables.extend(assigned.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        thread.instance = None;
        thread.pending = self.next.map(|name| (name, self.output));
        Ok(Some(position))
    }
}

/// A JSONata expression has failed.
#[derive(Debug, Clone)]
pub(crate) struct EvaluationFailed {
    pub(crate) thread: ThreadId,
    /// The event is linked as if the state had not been entered.
    pub(crate) early: bool,
    pub(crate) error: &'static str,
    pub(crate) cause: String,
    pub(crate) location: Option<String>,
}

impl Change for EvaluationFailed {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::EvaluationFailed {
            state: before.instance(self.thread)?.state.name.clone(),
            error: self.error.to_owned(),
            cause: self.cause.clone(),
            location: self.location.clone(),
        }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let before = execution.instance(self.thread)?.before;
        if self.early {
            execution.thread_mut(self.thread)?.last = before;
        }
        append_event(execution, self.thread).map(Some)
    }
}

/// A retrier has been used: the state is tried again later.
#[derive(Debug, Clone)]
pub(crate) struct RetryScheduled {
    pub(crate) thread: ThreadId,
    pub(crate) retrier: usize,
    pub(crate) at: Timestamp,
}

impl Change for RetryScheduled {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let instance = execution.instance_mut(self.thread)?;
        if instance.tries.len() <= self.retrier {
            instance.tries.resize(self.retrier + 1, 0);
        }
        instance.tries[self.retrier] += 1;
        instance.last_retrier = Some(self.retrier);
        instance.status = InstanceStatus::Retrying { at: self.at };
        Ok(None)
    }
}

/// A state is tried again.
#[derive(Debug, Clone)]
pub(crate) struct RetryStarted {
    pub(crate) thread: ThreadId,
}

impl Change for RetryStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let instance = execution.instance_mut(self.thread)?;
        instance.retry_count += 1;
        instance.status = InstanceStatus::Deciding;
        Ok(None)
    }
}

/// A Wait waits.
#[derive(Debug, Clone)]
pub(crate) struct WaitStarted {
    pub(crate) thread: ThreadId,
    pub(crate) until: Timestamp,
}

impl Change for WaitStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.instance_mut(self.thread)?.status = InstanceStatus::Waiting { until: self.until };
        Ok(None)
    }
}

/// A thread has failed or was aborted without an event of its own.
#[derive(Debug, Clone)]
pub(crate) struct ThreadStopped {
    pub(crate) thread: ThreadId,
}

impl Change for ThreadStopped {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn map_run(&self, before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        let run = before.run_if_any(self.thread);
        Ok(run.map(|_| MapRunChange::Run(self.thread)))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        // between two states it has no run
        if let Ok(run) = execution.run_mut(self.thread) {
            run.end(MapRunStatus::Aborted, at);
        }
        stop(execution, self.thread)?;
        Ok(None)
    }
}

/// A Task, Wait, Parallel or Map was cut short.
#[derive(Debug, Clone)]
pub(crate) struct StateAborted {
    pub(crate) thread: ThreadId,
}

impl Change for StateAborted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let state = StateType::of(&before.instance(self.thread)?.state.kind);
        Ok(Some(EventKind::StateAborted { state }))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let position = append_event(execution, self.thread)?;
        stop(execution, self.thread)?;
        Ok(Some(position))
    }
}

/// A stopped thread takes up its work again, after `ExecutionRedriven`.
#[derive(Debug, Clone)]
pub(crate) struct ThreadResumed {
    pub(crate) thread: ThreadId,
    /// Its state begins again, and not only what is below.
    pub(crate) anew: bool,
}

impl Change for ThreadResumed {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let redriven = execution.event_count(execution.thread(self.thread)?.history_owner)?;
        let has_run = execution.run_if_any(self.thread).is_some();
        let thread = execution.thread_mut(self.thread)?;
        thread.stopped = false;
        if self.anew || has_run {
            thread.last = redriven;
        }
        if self.anew
            && let Some(instance) = &mut thread.instance
        {
            instance.retry_count = 0;
            instance.tries.clear();
            instance.last_retrier = None;
            instance.status = InstanceStatus::Deciding;
        }
        Ok(None)
    }
}
