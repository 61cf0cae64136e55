//! Changes of a Map Run as a whole.

use std::sync::Arc;

use serde_json::Value;

use super::kind::Change;
use super::position::{EventPosition, History, append_event};
use crate::event::{ErrorDetails, EventKind};
use crate::execution_state::{ExecutionState, MapRun, ThreadId, Threshold};
use crate::map_run::MapRunStatus;
use crate::map_run_changes::MapRunChange;
use crate::{Identity, InvariantViolation, Timestamp};

/// A Map Run has started.
#[derive(Debug, Clone)]
pub(crate) struct MapRunStarted {
    pub(crate) thread: ThreadId,
    pub(crate) run: Box<MapRun>,
    /// Those of the children, after ItemSelector and ItemBatcher.
    pub(crate) inputs: Vec<Arc<Value>>,
}

impl Change for MapRunStarted {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(EventKind::MapRunStarted {
            map_run_arn: self.run.arn.clone(),
        }))
    }

    fn map_run(&self, _before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        Ok(Some(MapRunChange::Run(self.thread)))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.iterations(self.thread)?;
        let position = append_event(execution, self.thread)?;
        let mut run = *self.run;
        run.started = position.id;
        run.started_at = at;
        run.executions.pending = run.weights.len();
        run.items.pending = run.weights.iter().sum();
        execution.fan_out_mut(self.thread)?.results = vec![None; self.inputs.len()];
        let iterations = execution.iterations_mut(self.thread)?;
        iterations.items = self.inputs;
        iterations.run = Some(run);
        Ok(Some(position))
    }
}

/// A Map Run has ended.
#[derive(Debug, Clone)]
pub(crate) struct MapRunEnded {
    pub(crate) thread: ThreadId,
    pub(crate) end: MapRunEnd,
}

/// The ways in which a Map Run ends.
#[derive(Debug, Clone)]
pub(crate) enum MapRunEnd {
    Succeeded,
    Failed(ErrorDetails),
    Aborted,
}

impl Change for MapRunEnded {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, _before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        Ok(Some(match &self.end {
            MapRunEnd::Succeeded => EventKind::MapRunSucceeded,
            MapRunEnd::Failed(details) => EventKind::MapRunFailed(details.clone()),
            MapRunEnd::Aborted => EventKind::MapRunAborted,
        }))
    }

    fn map_run(&self, _before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        Ok(Some(MapRunChange::Run(self.thread)))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.run(self.thread)?;
        let position = append_event(execution, self.thread)?;
        let status = match self.end {
            MapRunEnd::Succeeded => MapRunStatus::Succeeded,
            MapRunEnd::Failed(_) => MapRunStatus::Failed,
            MapRunEnd::Aborted => MapRunStatus::Aborted,
        };
        execution.run_mut(self.thread)?.end(status, at);
        Ok(Some(position))
    }
}

/// A Map Run goes on with its unsuccessful children.
#[derive(Debug, Clone)]
pub(crate) struct MapRunRedriven {
    pub(crate) thread: ThreadId,
}

impl Change for MapRunRedriven {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn history(&self) -> History {
        History::Of(self.thread)
    }

    fn event(&self, before: &ExecutionState, _identity: &Identity) -> Result<Option<EventKind>, InvariantViolation> {
        let run = before.run(self.thread)?;
        Ok(Some(EventKind::MapRunRedriven {
            map_run_arn: run.arn.clone(),
            redrive_count: run.redrives + 1,
        }))
    }

    fn map_run(&self, _before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        Ok(Some(MapRunChange::Run(self.thread)))
    }

    fn apply(self, execution: &mut ExecutionState, at: Timestamp) -> Result<Option<EventPosition>, InvariantViolation> {
        execution.run(self.thread)?;
        let position = append_event(execution, self.thread)?;
        let run = execution.run_mut(self.thread)?;
        run.status = MapRunStatus::Running;
        run.ended_at = None;
        run.redrives += 1;
        run.redriven_at = Some(at);
        Ok(Some(position))
    }
}

/// UpdateMapRun has changed its limits.
#[derive(Debug, Clone)]
pub(crate) struct MapRunUpdated {
    pub(crate) thread: ThreadId,
    pub(crate) limit: usize,
    pub(crate) max_concurrency: u64,
    pub(crate) tolerance: Threshold,
}

impl Change for MapRunUpdated {
    fn thread(&self) -> Option<ThreadId> {
        Some(self.thread)
    }

    fn map_run(&self, _before: &ExecutionState, _at: Timestamp) -> Result<Option<MapRunChange>, InvariantViolation> {
        Ok(Some(MapRunChange::Run(self.thread)))
    }

    fn apply(
        self,
        execution: &mut ExecutionState,
        _at: Timestamp,
    ) -> Result<Option<EventPosition>, InvariantViolation> {
        let run = execution.run_mut(self.thread)?;
        run.max_concurrency = self.max_concurrency;
        run.tolerance = self.tolerance;
        execution.iterations_mut(self.thread)?.limit = self.limit;
        Ok(None)
    }
}
