//! A history with what AWS's events do not say: the visit of a state that each is about, and what is open now.

use std::sync::Arc;

use sluice_asl::StateMachine;

use crate::decision::handlers;
use crate::execution::{Execution, waiting};
use crate::execution_state::{ExecutionState, InstanceStatus, ROOT, StateInstance, Thread, ThreadId};
use crate::origin::EventOrigin;
use crate::recorder::HistoryRecorder;
use crate::{ApplyError, EvaluationOptions, HistoryEvent, Identity, LogEntry, Timestamp, WaitingOn};

/// A visit that is not over.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenVisit {
    /// Its number.
    pub visit: u64,
    /// The attempt that it is in, or that has failed last, from 1.
    pub attempt: u64,
    /// The attempts that there can be if the last error goes on; `None` before a retry.
    pub most_attempts: Option<u64>,
    /// The thing that it waits for; `None` for a Parallel or Map, which waits for what is in it.
    pub waits_for: Option<WaitingOn>,
    /// The time at which the attempt times out, over `TimeoutSeconds` or a heartbeat that does not come.
    pub times_out_at: Option<Timestamp>,
}

/// The history of an execution, or of a child execution, with its visits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The events, oldest first.
    pub events: Arc<[HistoryEvent]>,
    /// The origin of each event.
    pub origins: Arc<[EventOrigin]>,
    /// The visits that are not over.
    pub open: Vec<OpenVisit>,
}

/// Events and their origins, as they come.
#[derive(Debug, Default)]
pub(crate) struct TraceRecorder {
    pub(crate) events: Vec<HistoryEvent>,
    pub(crate) origins: Vec<EventOrigin>,
}

impl HistoryRecorder for TraceRecorder {
    fn wants(&self, owner: ThreadId) -> bool {
        owner == ROOT
    }

    fn record(&mut self, _owner: ThreadId, event: HistoryEvent, origin: EventOrigin) {
        self.events.push(event);
        self.origins.push(origin);
    }
}

impl TraceRecorder {
    /// The trace of the history that `owner` owns, at the end of the fold that was recorded.
    pub(crate) fn into_trace(self, execution: &Execution, owner: ThreadId) -> Trace {
        Trace {
            events: self.events.into(),
            origins: self.origins.into(),
            open: open_visits(execution.state(), owner),
        }
    }
}

/// Folds `entries` into the trace of their execution, with an evaluator and a signal to stop; once the signal is given,
/// the result is of no use.
///
/// # Errors
/// As [`Execution::apply`].
pub fn trace_with<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    options: EvaluationOptions<'_>,
) -> Result<Trace, ApplyError> {
    let mut execution = Execution::new(machine, identity);
    let mut recorder = TraceRecorder::default();
    for entry in entries {
        execution.apply_entry(entry, Some(&mut recorder), options)?;
    }
    Ok(recorder.into_trace(&execution, ROOT))
}

fn open_visits(state: &ExecutionState, owner: ThreadId) -> Vec<OpenVisit> {
    if !state.is_running() {
        return Vec::new();
    }
    let at_work = |thread: &&Thread| thread.history_owner == owner && !thread.stopped;
    let threads = state.threads.values().filter(at_work);
    threads
        .filter_map(|thread| Some(open_visit(thread.instance.as_deref()?)))
        .collect()
}

fn open_visit(instance: &StateInstance) -> OpenVisit {
    OpenVisit {
        visit: instance.entered,
        attempt: instance.retry_count + 1,
        most_attempts: most_attempts(instance),
        waits_for: waiting(instance).map(|waiting| waiting.on),
        times_out_at: match &instance.status {
            InstanceStatus::Calling(_) => instance.status.deadline(),
            _ => None,
        },
    }
}

/// The attempts that there can be if the error of the last retry goes on; `None` before a retry.
fn most_attempts(instance: &StateInstance) -> Option<u64> {
    let index = instance.last_retrier?;
    let retrier = handlers(&instance.state).0.get(index)?;
    let used = instance.tries.get(index).copied().unwrap_or_default();
    // a retry that is scheduled is used up, and not counted yet
    let scheduled = u64::from(matches!(instance.status, InstanceStatus::Retrying { .. }));
    Some(instance.retry_count + 1 + scheduled + retrier.max_attempts.saturating_sub(used))
}
