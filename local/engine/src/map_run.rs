//! Map Runs and their child executions, as lists and descriptions tell of them: what a turn changed in them, beside the
//! history.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::decide::MAX_EVENTS;
use crate::life::{Life, MapRun, ThreadId};
use crate::{Status, Timestamp};

/// How far a Map Run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MapRunStatus {
    /// It has children that are not done.
    Running,
    /// All its children are done, and no more failed than it tolerates.
    Succeeded,
    /// More children failed than it tolerates.
    Failed,
    /// Its state or its execution ended first.
    Aborted,
}

impl MapRunStatus {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }
}

/// How many child executions, or items in them, stand where. Each is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRunCounts {
    /// Not started yet.
    pub pending: usize,
    /// At work.
    pub running: usize,
    /// Ended well.
    pub succeeded: usize,
    /// Failed.
    pub failed: usize,
    /// Ran out of time.
    pub timed_out: usize,
    /// Cut short.
    pub aborted: usize,
    /// Unsuccessful, and waiting to be redriven.
    pub pending_redrive: usize,
}

impl MapRunCounts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.pending
            + self.running
            + self.succeeded
            + self.failed
            + self.timed_out
            + self.aborted
            + self.pending_redrive
    }

    /// Those that stand there; `None`: not started yet.
    fn at(&mut self, status: Option<Status>) -> &mut usize {
        match status {
            None => &mut self.pending,
            Some(Status::Running) => &mut self.running,
            Some(Status::Succeeded) => &mut self.succeeded,
            Some(Status::Failed) => &mut self.failed,
            Some(Status::TimedOut) => &mut self.timed_out,
            Some(Status::Aborted) => &mut self.aborted,
            Some(Status::PendingRedrive) => &mut self.pending_redrive,
        }
    }

    /// So many go from one place to another.
    pub(crate) fn shift(&mut self, count: usize, from: Option<Status>, to: Option<Status>) {
        let from = self.at(from);
        *from = from.saturating_sub(count);
        *self.at(to) += count;
    }
}

/// One run of a distributed Map.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRunReport {
    /// `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:ID`.
    pub arn: Arc<str>,
    /// The execution in which it was started: the machine's, or a child execution of another Map Run.
    pub execution_arn: Arc<str>,
    /// Its children are Express executions.
    pub express: bool,
    /// How far it is.
    pub status: MapRunStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How many children may be at work at a time, as the state or UpdateMapRun says; 0: no limit was given.
    pub max_concurrency: u64,
    /// How many items may fail, if the state says so.
    pub tolerated_count: Option<u64>,
    /// Which share of the items may fail, if the state says so.
    pub tolerated_percentage: Option<f64>,
    /// How often it was redriven.
    pub redrives: u64,
    /// When it was redriven last.
    pub redriven_at: Option<Timestamp>,
    /// Its child executions.
    pub executions: MapRunCounts,
    /// Their items.
    pub items: MapRunCounts,
}

/// One child execution of a Map Run, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildSummary {
    /// Its number within the execution that holds the log; larger ones started later.
    pub number: u32,
    /// `arn:aws:states:REGION:ACCOUNT:execution:MACHINE/LABEL:NAME` (Express: `…:express:MACHINE/LABEL:NAME:ID`).
    pub arn: Arc<str>,
    /// The run that started it.
    pub map_run_arn: Arc<str>,
    /// The name of the Map state.
    pub state: Arc<str>,
    /// Its status.
    pub status: Status,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended last, unless it is at work.
    pub ended_at: Option<Timestamp>,
    /// How many items it has.
    pub items: usize,
    /// How often it was redriven.
    pub redrives: u64,
    /// When it was redriven last.
    pub redriven_at: Option<Timestamp>,
    /// Its history has no room for a redrive.
    pub full: bool,
}

/// What a turn does to Map Runs and their children: how each that it changes stands at its end.
#[derive(Debug, Default)]
pub(crate) struct News {
    runs: BTreeMap<Arc<str>, MapRunReport>,
    children: BTreeMap<u32, ChildSummary>,
}

impl News {
    /// Takes note of what a change that was just made means.
    pub(crate) fn note(&mut self, life: &Life, execution_arn: &Arc<str>, change: &Noted) {
        match change {
            Noted::Run(thread) => self.run(life, execution_arn, *thread),
            Noted::AllRuns => {
                let runs = life.threads.iter().filter(|(_, thread)| {
                    let visit = thread.visit.as_deref();
                    visit.is_some_and(|visit| visit.run().is_some())
                });
                let threads: Vec<ThreadId> = runs.map(|(id, _)| *id).collect();
                for thread in threads {
                    self.run(life, execution_arn, thread);
                }
            }
            Noted::Child { parent, child } => {
                self.children.insert(child.number, child.clone());
                self.run(life, execution_arn, *parent);
            }
        }
    }

    fn run(&mut self, life: &Life, execution_arn: &Arc<str>, thread: ThreadId) {
        let Some(run) = life.visit(thread).and_then(|visit| visit.run()) else {
            return;
        };
        let home = life
            .threads
            .get(&thread)
            .and_then(|thread| life.threads.get(&thread.home));
        let child = home.and_then(|home| home.child.as_deref());
        let execution_arn = child.map_or(execution_arn, |child| &child.arn);
        self.runs.insert(run.arn.clone(), report(run, execution_arn.clone()));
    }

    pub(crate) fn into_parts(self) -> (Vec<MapRunReport>, Vec<ChildSummary>) {
        (self.runs.into_values().collect(), self.children.into_values().collect())
    }
}

/// What a change means for Map Runs.
#[derive(Debug)]
pub(crate) enum Noted {
    /// The run of this thread's Map state is another.
    Run(ThreadId),
    /// All runs may be.
    AllRuns,
    /// A child is, and with it the run.
    Child { parent: ThreadId, child: ChildSummary },
}

/// What `change` will mean for Map Runs, seen from the state `life` before it.
pub(crate) fn noted(life: &Life, change: &Change, at: Timestamp) -> Option<Noted> {
    match change {
        Change::MapRunStarted { thread, .. }
        | Change::MapRunSucceeded { thread }
        | Change::MapRunFailed { thread, .. }
        | Change::MapRunAborted { thread }
        | Change::MapRunRedriven { thread }
        | Change::MapRunUpdated { thread, .. } => Some(Noted::Run(*thread)),
        Change::Halted { thread } => life.visit(*thread)?.run().map(|_| Noted::Run(*thread)),
        Change::Ended { .. } => Some(Noted::AllRuns),
        Change::ChildStarted {
            parent,
            branch,
            index,
            child,
            ..
        } => {
            let visit = life.visit(*parent)?;
            let run = visit.run()?;
            Some(Noted::Child {
                parent: *parent,
                child: ChildSummary {
                    number: branch.0,
                    arn: child.arn.clone(),
                    map_run_arn: run.arn.clone(),
                    state: visit.state.name.clone(),
                    status: Status::Running,
                    started_at: child.started_at,
                    ended_at: None,
                    items: run.weights.get(*index).copied().unwrap_or(1),
                    redrives: 0,
                    redriven_at: None,
                    full: false,
                },
            })
        }
        Change::ChildEnded { thread, outcome } => {
            let (parent, mut child) = summary(life, *thread)?;
            child.status = outcome.status();
            child.ended_at = Some(at);
            let events = life.threads.get(thread)?.child.as_ref()?.events + 1;
            child.full = child.status != Status::Succeeded && events >= MAX_EVENTS - 1;
            Some(Noted::Child { parent, child })
        }
        Change::ChildQueued { thread } => {
            let (parent, mut child) = summary(life, *thread)?;
            child.status = Status::PendingRedrive;
            Some(Noted::Child { parent, child })
        }
        Change::ChildReplaced { thread } => {
            let (parent, mut child) = summary(life, *thread)?;
            let ended = life.threads.get(thread)?.child.as_ref()?.ended;
            child.status = ended.map_or(child.status, |(status, _)| status);
            Some(Noted::Child { parent, child })
        }
        Change::ChildRedriven { thread } => {
            let (parent, mut child) = summary(life, *thread)?;
            child.status = Status::Running;
            child.ended_at = None;
            child.redrives += 1;
            child.redriven_at = Some(at);
            Some(Noted::Child { parent, child })
        }
        _ => None,
    }
}

/// A child execution as it stands, and the thread of its Map.
fn summary(life: &Life, thread: ThreadId) -> Option<(ThreadId, ChildSummary)> {
    let control = life.threads.get(&thread)?;
    let (child, seat) = (control.child.as_deref()?, control.seat?);
    let visit = life.visit(seat.parent)?;
    let run = visit.run()?;
    let summary = ChildSummary {
        number: thread.0,
        arn: child.arn.clone(),
        map_run_arn: run.arn.clone(),
        state: visit.state.name.clone(),
        status: child.status,
        started_at: child.started_at,
        ended_at: child.ended.map(|(_, at)| at),
        items: run.weights.get(seat.index).copied().unwrap_or(1),
        redrives: child.redrives,
        redriven_at: child.redriven_at,
        full: false,
    };
    Some((seat.parent, summary))
}

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
