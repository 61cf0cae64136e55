//! Histories: that of an execution, and those of a Map Run's child executions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::StateMachine;

use crate::execution::Execution;
use crate::execution_state::{ROOT, ThreadId};
use crate::map_run::ChildSummary;
use crate::origin::EventOrigin;
use crate::recorder::HistoryRecorder;
use crate::trace::{Trace, TraceRecorder};
use crate::{ApplyError, EvaluationOptions, EventKind, HistoryEvent, Identity, LogEntry, Outcome};

/// The histories of the children whose numbers lie in a range.
struct ChildRecorder {
    numbers: Range<u32>,
    traces: BTreeMap<u32, TraceRecorder>,
}

impl HistoryRecorder for ChildRecorder {
    fn wants(&self, owner: ThreadId) -> bool {
        owner != ROOT && self.numbers.contains(&owner.0)
    }

    fn record(&mut self, owner: ThreadId, event: HistoryEvent, origin: EventOrigin) {
        self.traces.entry(owner.0).or_default().record(owner, event, origin);
    }
}

/// The history of one child execution of a Map Run, with its summary.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildHistory {
    /// Its summary as it is at the end of the log.
    pub summary: ChildSummary,
    /// Its own history, from its `ExecutionStarted`.
    pub trace: Trace,
}

impl ChildHistory {
    /// Its input.
    pub fn input(&self) -> Arc<Value> {
        match self.trace.events.first().map(|event| &event.kind) {
            Some(EventKind::ExecutionStarted { input, .. }) => input.clone(),
            _ => Arc::default(),
        }
    }

    /// Its last end; `None` while it is at work.
    pub fn outcome(&self) -> Option<Outcome> {
        Some(match &self.trace.events.last()?.kind {
            EventKind::ExecutionSucceeded { output } => Outcome::Succeeded { output: output.clone() },
            EventKind::ExecutionFailed(details) => Outcome::Failed {
                error: details.error.clone(),
                cause: details.cause.clone(),
            },
            EventKind::ExecutionAborted(details) => Outcome::Aborted {
                error: details.error.clone(),
                cause: details.cause.clone(),
            },
            EventKind::ExecutionTimedOut(_) => Outcome::TimedOut,
            _ => return None,
        })
    }
}

/// Folds `entries` into the history of their execution: the same fold as [`Execution::apply`], with the events kept.
///
/// ```
/// use std::sync::Arc;
///
/// use sluice_asl::StateMachine;
/// use sluice_engine::{Fact, LogEntry, history};
///
/// let machine = Arc::new(StateMachine::parse(
///     r#"{ "StartAt": "Done", "States": { "Done": { "Type": "Succeed" } } }"#,
/// )?);
/// let log = [LogEntry { at: 0, seed: [1, 2], fact: Fact::Started { input: Arc::default() } }];
/// let events = history(machine, identity(), &log)?;
/// let types: Vec<String> = events.iter().map(|event| event.kind.type_name()).collect();
/// assert_eq!(types, ["ExecutionStarted", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]);
/// # fn identity() -> std::sync::Arc<sluice_engine::Identity> {
/// #     std::sync::Arc::new(sluice_engine::Identity {
/// #         key: 1,
/// #         arn: "arn:aws:states:us-east-1:123456789012:execution:m:run".into(),
/// #         name: "run".into(),
/// #         machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
/// #         machine_name: "m".into(),
/// #         role_arn: "arn:aws:iam::123456789012:role/r".into(),
/// #         express: false,
/// #     })
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Execution::apply`].
pub fn history<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
) -> Result<Vec<HistoryEvent>, ApplyError> {
    history_with(machine, identity, entries, EvaluationOptions::default())
}

/// The same with an evaluator and a signal to stop; once the signal is given, the result is of no use.
///
/// # Errors
/// As [`Execution::apply`].
pub fn history_with<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    options: EvaluationOptions<'_>,
) -> Result<Vec<HistoryEvent>, ApplyError> {
    let mut execution = Execution::new(machine, identity);
    let mut events = Vec::new();
    for entry in entries {
        execution.apply_with(entry, Some(&mut events), options)?;
    }
    Ok(events)
}

/// Folds `entries` into the histories of the child executions with these numbers, in the order of their starts.
///
/// ```
/// use std::sync::Arc;
///
/// use serde_json::json;
/// use sluice_asl::StateMachine;
/// use sluice_engine::{Fact, LogEntry, Outcome, children};
///
/// let machine = Arc::new(StateMachine::parse(
///     r#"{ "StartAt": "Each", "States": { "Each": { "Type": "Map", "End": true, "ItemProcessor": {
///         "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
///         "StartAt": "Same", "States": { "Same": { "Type": "Pass", "End": true } } } } } }"#,
/// )?);
/// let input = Arc::new(json!(["a", "b"]));
/// let log = [LogEntry { at: 0, seed: [1, 2], fact: Fact::Started { input } }];
/// let children = children(machine, identity(), &log, 0..u32::MAX)?;
/// assert_eq!(children.len(), 2);
/// assert_eq!(*children[1].input(), json!("b"));
/// assert_eq!(children[1].outcome(), Some(Outcome::Succeeded { output: Arc::new(json!("b")) }));
/// # fn identity() -> std::sync::Arc<sluice_engine::Identity> {
/// #     std::sync::Arc::new(sluice_engine::Identity {
/// #         key: 1,
/// #         arn: "arn:aws:states:us-east-1:123456789012:execution:m:run".into(),
/// #         name: "run".into(),
/// #         machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
/// #         machine_name: "m".into(),
/// #         role_arn: "arn:aws:iam::123456789012:role/r".into(),
/// #         express: false,
/// #     })
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Execution::apply`].
pub fn children<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    numbers: Range<u32>,
) -> Result<Vec<ChildHistory>, ApplyError> {
    children_with(machine, identity, entries, numbers, EvaluationOptions::default())
}

/// The same with an evaluator and a signal to stop; once the signal is given, the result is of no use.
///
/// # Errors
/// As [`Execution::apply`].
pub fn children_with<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    numbers: Range<u32>,
    options: EvaluationOptions<'_>,
) -> Result<Vec<ChildHistory>, ApplyError> {
    let mut execution = Execution::new(machine, identity);
    let mut recorder = ChildRecorder {
        numbers,
        traces: BTreeMap::new(),
    };
    let mut summaries: BTreeMap<u32, ChildSummary> = BTreeMap::new();
    for entry in entries {
        let (consequences, _) = execution.apply_entry(entry, Some(&mut recorder), options)?;
        let wanted = consequences.children.into_iter();
        summaries.extend(
            wanted
                .filter(|child| recorder.numbers.contains(&child.number))
                .map(|child| (child.number, child)),
        );
    }
    let histories = summaries.into_iter().map(|(number, summary)| ChildHistory {
        summary,
        trace: recorder
            .traces
            .remove(&number)
            .unwrap_or_default()
            .into_trace(&execution, ThreadId(number)),
    });
    Ok(histories.collect())
}
