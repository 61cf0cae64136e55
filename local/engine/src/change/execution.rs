//! Changes of the execution as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::Name;

use super::kind::Change;
use super::position::{EventPosition, History};
use super::structure::close_call;
use crate::event::{ErrorDetails, EventKind};
use crate::execution_state::{ExecutionState, FlowRef, Phase, ROOT, Thread, ThreadId};
use crate::map_run::MapRunStatus;
use crate::map_run_changes::MapRunChange;
use crate::{Identity, InvariantViolation, Outcome, Timestamp};

/// The execution has started.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionStarted {
    pub(crate) input: Arc<Value>,
    pub(crate) times_out_at: Timestamp,
    pub(crate) start_at: Name,
}

impl Change for ExecutionStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(ROOT)
    }

    fn history(&self) -> History {
        History::OwnedBy(ROOT)
    }

    fn event(&self, _before: &ExecutionState, identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::ExecutionStarted {
            input: self.input.clone(),
            role_arn: identity.role_arn.clone(),
        }))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.phase = Phase::Running;
        execution.started_at = at;
        execution.times_out_at = self.times_out_at;
        execution.input = self.input.clone();
        execution.events = 1;
        execution.next_thread = ROOT.0 + 1;
        execution.threads.insert(
            ROOT,
            Thread {
                history_owner: ROOT,
                child: None,
                slot: None,
                flow: FlowRef::Machine,
                variables: Arc::default(),
                item: None,
                // the first state's entry follows no event
                last: 0,
                pending: Some((self.start_at, self.input)),
                instance: None,
                stopped: false,
                armed: None,
            },
        );
        Ok(Some(EventPosition {
            owner: ROOT,
            id: 1,
            previous: 0,
        }))
    }
}

/// The execution has ended.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionEnded {
    pub(crate) outcome: Outcome,
    pub(crate) at: Timestamp,
}

impl Change for ExecutionEnded {
    fn thread(&self) -> Option<ThreadId> {
        Some(ROOT)
    }

    fn history(&self) -> History {
        History::OwnedBy(ROOT)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(end_event(&self.outcome)))
    }

    fn at(&self) -> Option<Timestamp> {
        Some(self.at)
    }

    fn map_run(&self, _before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        Ok(Some(MapRunChange::AllRuns))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let previous = end_follows(execution, ROOT, &self.outcome)?;
        execution.events += 1;
        let waiting: Vec<ThreadId> = execution.open_attempts.values().copied().collect();
        for thread in waiting {
            close_call(execution, thread);
        }
        if matches!(self.outcome, Outcome::Succeeded { .. }) {
            execution.threads.clear();
        }
        for thread in execution.threads.values_mut() {
            thread.stopped = true;
            thread.armed = None;
            let run = thread.instance.as_mut().and_then(|instance| instance.run_mut());
            if let Some(run) = run {
                run.end(MapRunStatus::Aborted, self.at);
            }
        }
        execution.deadlines.clear();
        execution.phase = Phase::Ended {
            outcome: self.outcome,
            at: self.at,
        };
        Ok(Some(EventPosition {
            owner: ROOT,
            id: execution.events,
            previous,
        }))
    }
}

/// The event with which an execution or a child execution ends.
pub(super) fn end_event(outcome: &Outcome) -> EventKind {
    match outcome {
        Outcome::Succeeded { output } => EventKind::ExecutionSucceeded { output: output.clone() },
        Outcome::Failed { error, cause } => EventKind::ExecutionFailed(ErrorDetails {
            error: error.clone(),
            cause: cause.clone(),
        }),
        Outcome::TimedOut => EventKind::ExecutionTimedOut(ErrorDetails::default()),
        Outcome::Aborted { error, cause } => EventKind::ExecutionAborted(ErrorDetails {
            error: error.clone(),
            cause: cause.clone(),
        }),
    }
}

/// The event that such an event follows.
pub(super) fn end_follows(
    execution: &ExecutionState,
    thread: ThreadId,
    outcome: &Outcome,
) -> Result<u64, InvariantViolation> {
    Ok(match outcome {
        Outcome::Succeeded { .. } | Outcome::Failed { .. } => execution.thread(thread)?.last,
        Outcome::TimedOut | Outcome::Aborted { .. } => 0,
    })
}

/// The execution runs again.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionRedriven {
    pub(crate) times_out_at: Timestamp,
}

impl Change for ExecutionRedriven {
    fn thread(&self) -> Option<ThreadId> {
        Some(ROOT)
    }

    fn history(&self) -> History {
        History::OwnedBy(ROOT)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::ExecutionRedriven {
            redrive_count: before.redrives + 1,
        }))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        let previous = execution.events;
        execution.events += 1;
        execution.redrives += 1;
        execution.redriven_at = Some(at);
        execution.times_out_at = self.times_out_at;
        execution.phase = Phase::Running;
        Ok(Some(EventPosition {
            owner: ROOT,
            id: execution.events,
            previous,
        }))
    }
}

/// Other activities than before do not exist.
#[derive(Debug, Clone)]
pub(crate) struct ActivitiesMissing {
    pub(crate) arns: Arc<BTreeSet<Arc<str>>>,
}

impl Change for ActivitiesMissing {
    fn thread(&self) -> Option<ThreadId> {
        None
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.missing_activities = self.arns;
        Ok(None)
    }
}
