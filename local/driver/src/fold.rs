//! Folding logs, with the engine's panics kept to the execution they belong to.

use std::ops::Range;
use std::sync::Arc;

use sluice_asl::StateMachine;
use sluice_asl::eval::StopSignal;
use sluice_engine::{
    ApplyError, ChildHistory, Consequences, EvaluationOptions, Execution, HistoryEvent, Identity, IllegalFact,
    LogEntry, Status, Trace, WaitingOn,
};
use sluice_storage::catch_panic;

use crate::DriverError;
use crate::evaluate::ReplayEvaluator;
use crate::journal::executions::Projection;

/// Folds a log into its execution; if the fold is stopped, its result is of no use.
pub(crate) fn fold(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: &[LogEntry],
    evaluator: &ReplayEvaluator,
    stop: Option<&StopSignal>,
) -> Result<Execution, DriverError> {
    let key = identity.key;
    told(key, evaluator, || {
        let mut execution = Execution::new(machine, identity);
        for entry in entries {
            execution.apply_with(
                entry,
                None,
                EvaluationOptions {
                    stop,
                    ..means(evaluator)
                },
            )?;
            if stop.is_some_and(StopSignal::is_stopped) {
                break;
            }
        }
        Ok(execution)
    })
}

/// Returns the options of a fold: what its log does not hold is evaluated again, within limits.
fn means(evaluator: &ReplayEvaluator) -> EvaluationOptions<'_> {
    EvaluationOptions {
        stop: None,
        evaluator: Some(evaluator),
    }
}

/// Runs a fold, and refuses its result if something in it could not be evaluated again.
fn told<T>(
    key: u64,
    evaluator: &ReplayEvaluator,
    tell: impl FnOnce() -> Result<T, ApplyError>,
) -> Result<T, DriverError> {
    let told = guarded(key, tell)?.map_err(|illegal| DriverError::unreadable(key, illegal))?;
    if evaluator.has_failed() {
        let why = "an evaluation that is not in its log cannot be made within the limits";
        return Err(DriverError::unreadable(key, why));
    }
    Ok(told)
}

/// Folds a log into its history, with its visits.
pub(crate) fn trace(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: &[LogEntry],
    evaluator: &ReplayEvaluator,
) -> Result<Trace, DriverError> {
    told(identity.key, evaluator, || {
        sluice_engine::trace_with(machine, identity, entries, means(evaluator))
    })
}

/// Folds a log into the histories of the Map Runs' child executions with these numbers.
pub(crate) fn children(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: &[LogEntry],
    numbers: Range<u32>,
    evaluator: &ReplayEvaluator,
) -> Result<Vec<ChildHistory>, DriverError> {
    told(identity.key, evaluator, || {
        sluice_engine::children_with(machine, identity, entries, numbers, means(evaluator))
    })
}

/// Folds a log into the turns of its facts.
pub(crate) fn turns(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: &[LogEntry],
    evaluator: &ReplayEvaluator,
) -> Result<Vec<Consequences>, DriverError> {
    let key = identity.key;
    let mut execution = Execution::new(machine, identity);
    let mut apply = |entry| {
        execution
            .apply_with(entry, None, means(evaluator))
            .map(|(turn, _)| turn)
    };
    told(key, evaluator, || entries.iter().map(&mut apply).collect())
}

/// Applies one further fact, until `stop`; what it adds to the history goes behind `events`. After a stop, a panic or a
/// contradiction, the execution must not be used any more.
pub(crate) fn apply(
    execution: &mut Execution,
    key: u64,
    entry: &LogEntry,
    events: &mut Vec<HistoryEvent>,
    stop: &StopSignal,
) -> Result<Result<Consequences, IllegalFact>, DriverError> {
    let options = EvaluationOptions {
        stop: Some(stop),
        evaluator: None,
    };
    match guarded(key, || execution.apply_with(entry, Some(events), options))? {
        Ok((consequences, _)) => Ok(Ok(consequences)),
        Err(ApplyError::Illegal(illegal)) => Ok(Err(illegal)),
        Err(ApplyError::Violation(violation)) => Err(DriverError::Engine {
            key,
            reason: violation.to_string(),
        }),
    }
}

/// Returns the part of an execution that the lists, the timers and the recovery look at.
pub(crate) fn project(execution: &Execution) -> Projection {
    let status = execution.status();
    let running = status == Status::Running;
    let resident = running && !execution.is_parked();
    let waiting = if running { execution.waiting() } else { Vec::new() };
    let undelivered = waiting
        .iter()
        .any(|waiting| matches!(waiting.on, WaitingOn::Worker { .. }));
    let longest = waiting
        .into_iter()
        .filter(|waiting| matches!(waiting.on, WaitingOn::Token { .. }))
        .min_by_key(|waiting| waiting.since);
    Projection {
        status,
        stop: execution.ended_at(),
        in_flight: resident || undelivered,
        resident,
        wake_at: execution.next_deadline().filter(|_| running && !resident),
        waiting_since: longest.as_ref().map(|waiting| waiting.since),
        waiting_state: longest.map(|waiting| waiting.state),
        outcome: execution.outcome().cloned(),
        redrive_count: execution.redrive_count(),
    }
}

/// Does some work about an execution, with the engine's panics as errors.
pub(crate) fn guarded<T>(key: u64, work: impl FnOnce() -> T) -> Result<T, DriverError> {
    // What a panic leaves half done is thrown away by the caller.
    catch_panic(work).map_err(|panicked| DriverError::Engine {
        key,
        reason: panicked.message,
    })
}
