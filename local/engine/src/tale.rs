//! Histories: that of an execution, and those of a Map Run's child executions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::StateMachine;

use crate::execution::{Execution, IllegalFact};
use crate::life::{ROOT, ThreadId};
use crate::map_run::ChildSummary;
use crate::{EvaluationOptions, EventKind, HistoryEvent, Identity, LogEntry, Outcome};

/// Who keeps events, and of which histories.
pub(crate) trait Recorder {
    /// Whether the history of that home is kept.
    fn wants(&self, home: ThreadId) -> bool;
    /// Keeps its next event.
    fn record(&mut self, home: ThreadId, event: HistoryEvent);
}

/// The execution's own.
impl Recorder for Vec<HistoryEvent> {
    fn wants(&self, home: ThreadId) -> bool {
        home == ROOT
    }

    fn record(&mut self, _home: ThreadId, event: HistoryEvent) {
        self.push(event);
    }
}

/// Those of the children whose numbers lie in a range.
struct Children {
    numbers: Range<u32>,
    events: BTreeMap<u32, Vec<HistoryEvent>>,
}

impl Recorder for Children {
    fn wants(&self, home: ThreadId) -> bool {
        home != ROOT && self.numbers.contains(&home.0)
    }

    fn record(&mut self, home: ThreadId, event: HistoryEvent) {
        self.events.entry(home.0).or_default().push(event);
    }
}

/// All that a log tells of one child execution of a Map Run.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildHistory {
    /// How it stands.
    pub summary: ChildSummary,
    /// Its own history, from its `ExecutionStarted`.
    pub events: Arc<[HistoryEvent]>,
}

impl ChildHistory {
    /// Its input.
    pub fn input(&self) -> Arc<Value> {
        match self.events.first().map(|event| &event.kind) {
            Some(EventKind::ExecutionStarted { input, .. }) => input.clone(),
            _ => Arc::default(),
        }
    }

    /// How it ended last; `None` while it is at work.
    pub fn outcome(&self) -> Option<Outcome> {
        Some(match &self.events.last()?.kind {
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

/// The history of the execution that `entries` tell: the same fold as [`Execution::apply`], with the events kept.
///
/// # Errors
/// When an entry cannot have happened.
pub fn history<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
) -> Result<Vec<HistoryEvent>, IllegalFact> {
    history_with(machine, identity, entries, EvaluationOptions::default())
}

/// The same with these means; if somebody stopped it, what came of it is of no use.
///
/// # Errors
/// When an entry cannot have happened.
pub fn history_with<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    means: EvaluationOptions<'_>,
) -> Result<Vec<HistoryEvent>, IllegalFact> {
    let mut execution = Execution::new(machine, identity);
    let mut events = Vec::new();
    for entry in entries {
        execution.apply_with(entry, Some(&mut events), means)?;
    }
    Ok(events)
}

/// The child executions with these numbers that `entries` tell of, in the order of their starts.
///
/// # Errors
/// When an entry cannot have happened.
pub fn children<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    numbers: Range<u32>,
) -> Result<Vec<ChildHistory>, IllegalFact> {
    children_with(machine, identity, entries, numbers, EvaluationOptions::default())
}

/// The same with these means; if somebody stopped it, what came of it is of no use.
///
/// # Errors
/// When an entry cannot have happened.
pub fn children_with<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e LogEntry>,
    numbers: Range<u32>,
    means: EvaluationOptions<'_>,
) -> Result<Vec<ChildHistory>, IllegalFact> {
    let mut execution = Execution::new(machine, identity);
    let mut recorder = Children {
        numbers,
        events: BTreeMap::new(),
    };
    let mut summaries: BTreeMap<u32, ChildSummary> = BTreeMap::new();
    for entry in entries {
        let (turn, _) = execution.take(entry, Some(&mut recorder), means)?;
        let wanted = turn.children.into_iter();
        summaries.extend(
            wanted
                .filter(|child| recorder.numbers.contains(&child.number))
                .map(|child| (child.number, child)),
        );
    }
    let tales = summaries.into_iter().map(|(number, summary)| ChildHistory {
        summary,
        events: recorder.events.remove(&number).unwrap_or_default().into(),
    });
    Ok(tales.collect())
}
