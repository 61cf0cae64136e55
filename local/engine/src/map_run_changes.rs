//! The changes that a decision makes to Map Runs and their children, for lists and descriptions.
//!
//! A child that has ended well is gone after the change that ends it. So a change takes a snapshot of what it is about
//! before it is applied ([`MapRunChange`]), and the run is read after it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::execution_state::{ChildExecution, ExecutionState, MapRun, ThreadId};
use crate::map_run::{ChildSummary, MapRunReport};
use crate::{InvariantViolation, Status};

/// The meaning of one change for Map Runs.
#[derive(Debug)]
pub(crate) enum MapRunChange {
    /// The run of this thread's Map state is another.
    Run(ThreadId),
    /// All runs may be.
    AllRuns,
    /// A child is, and with it the run of its Map.
    Child { parent: ThreadId, child: ChildSummary },
}

impl MapRunChange {
    /// The start of a child execution as branch `branch`, the `index`th of `parent`.
    pub(crate) fn started_child(
        before: &ExecutionState,
        parent: ThreadId,
        index: usize,
        branch: ThreadId,
        child: &ChildExecution,
    ) -> Result<Self, InvariantViolation> {
        let run = before.run(parent)?;
        Ok(Self::Child {
            parent,
            child: ChildSummary {
                number: branch.0,
                arn: child.arn.clone(),
                map_run_arn: run.arn.clone(),
                state: before.instance(parent)?.state.name.clone(),
                status: Status::Running,
                started_at: child.started_at,
                ended_at: None,
                items: run.weight(index),
                redrives: 0,
                redriven_at: None,
                full: false,
            },
        })
    }

    /// The change of the child execution whose first thread is `thread`: its summary as it is before, and then as `edit`
    /// has it.
    pub(crate) fn of_child(
        before: &ExecutionState,
        thread: ThreadId,
        edit: impl FnOnce(&mut ChildSummary),
    ) -> Result<Self, InvariantViolation> {
        let child = before.child(thread)?;
        let slot = before.slot(thread)?;
        let instance = before.instance(slot.parent)?;
        let run = before.run(slot.parent)?;
        let mut summary = ChildSummary {
            number: thread.0,
            arn: child.arn.clone(),
            map_run_arn: run.arn.clone(),
            state: instance.state.name.clone(),
            status: child.status,
            started_at: child.started_at,
            ended_at: child.ended.map(|(_, at)| at),
            items: run.weight(slot.index),
            redrives: child.redrives,
            redriven_at: child.redriven_at,
            full: false,
        };
        edit(&mut summary);
        Ok(Self::Child {
            parent: slot.parent,
            child: summary,
        })
    }
}

/// The Map Runs and children that a decision has changed, as each of them is at its end.
#[derive(Debug, Default)]
pub(crate) struct MapRunChanges {
    runs: BTreeMap<Arc<str>, MapRunReport>,
    children: BTreeMap<u32, ChildSummary>,
}

impl MapRunChanges {
    /// Keeps the effects of a change that has just been applied; `execution_arn` is the execution's own.
    pub(crate) fn keep(&mut self, after: &ExecutionState, execution_arn: &Arc<str>, change: MapRunChange) {
        match change {
            MapRunChange::Run(thread) => self.keep_run(after, execution_arn, thread),
            MapRunChange::AllRuns => {
                for thread in after.threads.keys() {
                    self.keep_run(after, execution_arn, *thread);
                }
            }
            MapRunChange::Child { parent, child } => {
                self.children.insert(child.number, child);
                self.keep_run(after, execution_arn, parent);
            }
        }
    }

    fn keep_run(&mut self, after: &ExecutionState, execution_arn: &Arc<str>, thread: ThreadId) {
        // with the end of its state the run is gone
        let Some(run) = after.run_if_any(thread) else {
            return;
        };
        let owner = after
            .thread(thread)
            .and_then(|thread| after.child(thread.history_owner));
        let execution_arn = owner.map_or(execution_arn, |child| &child.arn);
        self.runs.insert(run.arn.clone(), report(run, execution_arn.clone()));
    }

    pub(crate) fn into_parts(self) -> (Vec<MapRunReport>, Vec<ChildSummary>) {
        (self.runs.into_values().collect(), self.children.into_values().collect())
    }
}

/// The report of a run as it is.
fn report(run: &MapRun, execution_arn: Arc<str>) -> MapRunReport {
    MapRunReport {
        arn: run.arn.clone(),
        execution_arn,
        express: run.express,
        status: run.status,
        started_at: run.started_at,
        ended_at: run.ended_at,
        max_concurrency: run.max_concurrency,
        tolerated_count: run.tolerance.count,
        tolerated_percentage: run.tolerance.percentage,
        redrives: run.redrives,
        redriven_at: run.redriven_at,
        executions: run.executions,
        items: run.items,
    }
}
