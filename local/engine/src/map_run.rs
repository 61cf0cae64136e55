//! Map Runs, as DescribeMapRun tells of them: a second projection of the fold, beside the history.

use std::sync::Arc;

use sluice_asl::StateMachine;

use crate::change::Change;
use crate::execution::{Execution, IllegalFact};
use crate::life::{Life, Seat, ThreadId, Threshold};
use crate::state::map::RUN_CONCURRENCY;
use crate::{Entry, Identity, Timestamp};

/// How far a Map Run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// How many child executions, or items in them, stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MapRunCounts {
    /// Not started yet.
    pub pending: usize,
    /// At work.
    pub running: usize,
    /// Ended well.
    pub succeeded: usize,
    /// Failed.
    pub failed: usize,
    /// Cut short.
    pub aborted: usize,
}

impl MapRunCounts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.pending + self.running + self.succeeded + self.failed + self.aborted
    }

    fn add(&mut self, child: Child, weight: usize) {
        let count = match child {
            Child::Pending => &mut self.pending,
            Child::Running => &mut self.running,
            Child::Succeeded => &mut self.succeeded,
            Child::Failed => &mut self.failed,
            Child::Aborted => &mut self.aborted,
        };
        *count += weight;
    }
}

/// One run of a distributed Map.
///
/// [AWS](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html)
#[derive(Debug, Clone, PartialEq)]
pub struct MapRunReport {
    /// `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:ID`.
    pub arn: Arc<str>,
    /// How far it is.
    pub status: MapRunStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How many children may be at work at a time; 0: as many as there can be.
    pub max_concurrency: usize,
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

/// The Map Runs of the execution that `entries` tell, in the order of their starts.
///
/// # Errors
/// When an entry cannot have happened.
pub fn map_runs<'e>(
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    entries: impl IntoIterator<Item = &'e Entry>,
) -> Result<Vec<MapRunReport>, IllegalFact> {
    let mut execution = Execution::new(machine, identity);
    let mut observer = Observer::default();
    for entry in entries {
        execution.apply_observed(entry, &mut observer)?;
    }
    Ok(observer.runs.into_iter().map(Run::report).collect())
}

/// Where a child execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Child {
    Pending,
    Running,
    Succeeded,
    Failed,
    Aborted,
}

#[derive(Debug)]
struct Run {
    thread: ThreadId,
    /// Without its counts.
    report: MapRunReport,
    children: Vec<Child>,
    weights: Vec<usize>,
}

/// Watches the changes of a fold for what they do to Map Runs.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    runs: Vec<Run>,
}

impl Observer {
    /// Takes note of `change`, seen from the state `life` before it.
    pub(crate) fn observe(&mut self, life: &Life, change: &Change, at: Timestamp) {
        match change {
            Change::MapRunStarted { thread, run, .. } => {
                let block = life.visit(*thread).and_then(|visit| visit.block());
                let limit = block.and_then(|block| block.map.as_ref()).map_or(0, |map| map.limit);
                self.runs.push(Run {
                    thread: *thread,
                    report: MapRunReport {
                        arn: run.arn.clone(),
                        status: MapRunStatus::Running,
                        started_at: at,
                        ended_at: None,
                        max_concurrency: shown_limit(limit),
                        tolerated_count: run.tolerance.count,
                        tolerated_percentage: run.tolerance.percentage,
                        redrives: 0,
                        redriven_at: None,
                        executions: MapRunCounts::default(),
                        items: MapRunCounts::default(),
                    },
                    children: vec![Child::Pending; run.weights.len()],
                    weights: run.weights.clone(),
                });
            }
            Change::ChildStarted { parent, index, .. } => self.child(*parent, *index, Child::Running),
            Change::ChildSucceeded { thread, .. } => self.child_of(life, *thread, Child::Succeeded),
            Change::ChildTolerated { thread } | Change::ChildFailed { thread } => {
                self.child_of(life, *thread, Child::Failed);
            }
            Change::Halted { thread } => self.halted(life, *thread),
            Change::Revived { thread, .. } => self.child_of(life, *thread, Child::Running),
            Change::MapRunSucceeded { thread } => self.end(*thread, MapRunStatus::Succeeded, at),
            Change::MapRunFailed { thread, .. } => self.end(*thread, MapRunStatus::Failed, at),
            Change::MapRunAborted { thread } => self.end(*thread, MapRunStatus::Aborted, at),
            Change::MapRunRedriven { thread } => self.redriven(*thread, at),
            Change::MapRunUpdated {
                thread,
                limit,
                tolerance,
            } => self.updated(*thread, *limit, *tolerance),
            Change::Ended { at, .. } => {
                for run in &mut self.runs {
                    run.end(MapRunStatus::Aborted, *at);
                }
            }
            _ => {}
        }
    }

    /// The newest run of a Map state's thread.
    fn run(&mut self, thread: ThreadId) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.thread == thread)
    }

    fn child(&mut self, parent: ThreadId, index: usize, to: Child) {
        if let Some(child) = self.run(parent).and_then(|run| run.children.get_mut(index)) {
            *child = to;
        }
    }

    fn child_of(&mut self, life: &Life, thread: ThreadId, to: Child) {
        if let Some(Seat { parent, index }) = seat(life, thread) {
            self.child(parent, index, to);
        }
    }

    /// A thread that stops without having failed was cut short.
    fn halted(&mut self, life: &Life, thread: ThreadId) {
        let Some(Seat { parent, index }) = seat(life, thread) else {
            return;
        };
        if let Some(child) = self.run(parent).and_then(|run| run.children.get_mut(index))
            && *child == Child::Running
        {
            *child = Child::Aborted;
        }
    }

    fn end(&mut self, thread: ThreadId, status: MapRunStatus, at: Timestamp) {
        if let Some(run) = self.run(thread) {
            run.end(status, at);
        }
    }

    fn updated(&mut self, thread: ThreadId, limit: usize, tolerance: Threshold) {
        if let Some(run) = self.run(thread) {
            run.report.max_concurrency = shown_limit(limit);
            run.report.tolerated_count = tolerance.count;
            run.report.tolerated_percentage = tolerance.percentage;
        }
    }

    fn redriven(&mut self, thread: ThreadId, at: Timestamp) {
        if let Some(run) = self.run(thread) {
            run.report.status = MapRunStatus::Running;
            run.report.ended_at = None;
            run.report.redrives += 1;
            run.report.redriven_at = Some(at);
        }
    }
}

/// The most that AWS runs is also what it runs if nothing was said: both are shown as no limit.
fn shown_limit(limit: usize) -> usize {
    if limit == RUN_CONCURRENCY { 0 } else { limit }
}

/// The seat of a child execution's first thread.
fn seat(life: &Life, thread: ThreadId) -> Option<Seat> {
    let thread = life.threads.get(&thread)?;
    thread.child.as_ref()?;
    thread.seat
}

impl Run {
    /// Ends the run, unless it has ended.
    fn end(&mut self, status: MapRunStatus, at: Timestamp) {
        if self.report.status != MapRunStatus::Running {
            return;
        }
        self.report.status = status;
        self.report.ended_at = Some(at);
        for child in &mut self.children {
            if *child == Child::Running {
                *child = Child::Aborted;
            }
        }
    }

    fn report(self) -> MapRunReport {
        let mut report = self.report;
        for (child, weight) in self.children.into_iter().zip(self.weights) {
            report.executions.add(child, 1);
            report.items.add(child, weight);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Effect, Fact};

    /// A run over three items by two, whose children each make one call; its log is made by `step`.
    struct Log {
        machine: Arc<StateMachine>,
        identity: Arc<Identity>,
        execution: Execution,
        entries: Vec<Entry>,
    }

    impl Log {
        fn new(tolerated: u64) -> Self {
            let definition = json!({
                "StartAt": "M",
                "States": { "M": {
                    "Type": "Map", "End": true, "MaxConcurrency": 2, "ToleratedFailureCount": tolerated,
                    "Label": "L",
                    "ItemProcessor": {
                        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                        "StartAt": "T",
                        "States": { "T": {
                            "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true,
                        } },
                    },
                } },
            });
            let machine = Arc::new(StateMachine::parse(&definition.to_string()).expect("a definition"));
            let identity = Arc::new(Identity {
                key: 1,
                arn: "arn:aws:states:us-east-1:000000000000:execution:m:x".into(),
                name: "x".into(),
                machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
                machine_name: "m".into(),
                role_arn: "arn:aws:iam::000000000000:role/r".into(),
                express: false,
            });
            let execution = Execution::new(machine.clone(), identity.clone());
            let mut log = Self {
                machine,
                identity,
                execution,
                entries: Vec::new(),
            };
            let input = Arc::new(json!([1, 2, 3]));
            log.step(Fact::Started { input });
            log
        }

        /// Takes a fact a second later; answers the attempts that begin.
        fn step(&mut self, fact: Fact) -> Vec<crate::AttemptId> {
            let seconds = self.entries.len() as i64;
            let entry = Entry {
                at: 1000 * seconds,
                seed: [seconds as u64, 1],
                fact,
            };
            let turn = self.execution.apply(&entry).expect("can happen");
            self.entries.push(entry);
            let begun = turn.effects.into_iter().filter_map(|effect| match effect {
                Effect::Run(task) => Some(task.attempt),
                Effect::Abandon(_) | Effect::Finish(_) => None,
            });
            begun.collect()
        }

        fn succeed(&mut self, attempt: u64) {
            self.step(Fact::TaskSucceeded {
                attempt: crate::AttemptId(attempt),
                output: Arc::new(json!("fine")),
            });
        }

        fn fail(&mut self, attempt: u64) {
            self.step(Fact::TaskFailed {
                attempt: crate::AttemptId(attempt),
                error: Some("E".into()),
                cause: None,
            });
        }

        /// Status, end, and pending, running, succeeded, failed and aborted children.
        fn check(&self, status: MapRunStatus, ended_at: Option<Timestamp>, counts: [usize; 5]) {
            let runs = map_runs(self.machine.clone(), self.identity.clone(), &self.entries).expect("a log");
            let [run] = &runs[..] else { panic!("{runs:?}") };
            let [pending, running, succeeded, failed, aborted] = counts;
            let counts = MapRunCounts {
                pending,
                running,
                succeeded,
                failed,
                aborted,
            };
            assert_eq!((run.status, run.ended_at, run.executions), (status, ended_at, counts));
            assert_eq!((run.items, run.items.total()), (counts, 3));
            assert_eq!((run.started_at, run.max_concurrency), (0, 2));
            assert!(run.arn.contains(":mapRun:m/L:"), "{}", run.arn);
        }
    }

    #[test]
    fn a_run_counts_its_children_as_they_come_and_go() {
        let mut log = Log::new(0);
        log.check(MapRunStatus::Running, None, [1, 2, 0, 0, 0]);
        log.succeed(1);
        log.check(MapRunStatus::Running, None, [0, 2, 1, 0, 0]);
        log.succeed(3);
        log.succeed(2);
        log.check(MapRunStatus::Succeeded, Some(3000), [0, 0, 3, 0, 0]);
    }

    #[test]
    fn what_is_tolerated_counts_as_failed_and_what_is_not_ends_the_run() {
        let mut log = Log::new(1);
        log.fail(1);
        log.check(MapRunStatus::Running, None, [0, 2, 0, 1, 0]);
        log.fail(2);
        log.check(MapRunStatus::Failed, Some(2000), [0, 0, 0, 2, 1]);
    }

    #[test]
    fn an_update_lets_more_start_and_more_fail() {
        let mut log = Log::new(0);
        let runs = map_runs(log.machine.clone(), log.identity.clone(), &log.entries).expect("a log");
        let update = |arn: &str| Fact::MapRunUpdated {
            arn: arn.into(),
            update: crate::MapRunUpdate {
                max_concurrency: Some(0),
                tolerated_count: Some(1),
                tolerated_percentage: None,
            },
        };
        let begun = log.step(update(&runs[0].arn));
        assert_eq!(begun, [crate::AttemptId(3)]);
        log.fail(1);
        log.succeed(2);
        log.succeed(3);
        let runs = map_runs(log.machine.clone(), log.identity.clone(), &log.entries).expect("a log");
        assert_eq!(
            (runs[0].status, runs[0].max_concurrency, runs[0].tolerated_count),
            (MapRunStatus::Succeeded, 0, Some(1))
        );
        let entry = Entry {
            at: 9000,
            seed: [0, 0],
            fact: update(&runs[0].arn),
        };
        assert!(log.execution.apply(&entry).is_err(), "it is over");
    }

    #[test]
    fn a_run_ends_with_its_execution_and_goes_on_with_it() {
        let mut log = Log::new(0);
        log.succeed(1);
        log.step(Fact::Stopped {
            error: None,
            cause: None,
        });
        log.check(MapRunStatus::Aborted, Some(2000), [0, 0, 1, 0, 2]);
        let begun = log.step(Fact::Redriven);
        log.check(MapRunStatus::Running, None, [0, 2, 1, 0, 0]);
        for attempt in begun {
            log.succeed(attempt.0);
        }
        log.check(MapRunStatus::Succeeded, Some(5000), [0, 0, 3, 0, 0]);
        let runs = map_runs(log.machine, log.identity, &log.entries).expect("a log");
        assert_eq!((runs[0].redrives, runs[0].redriven_at), (1, Some(3000)));
    }
}
