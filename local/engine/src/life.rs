//! The state of an execution: threads of control in an arena, linked to the states that opened them.
//!
//! A thread runs the states of one flow one after the other: the machine's own, a Parallel branch's, a Map
//! iteration's. Parallel and Map are visits with a [`Block`]; their branches are threads whose [`Seat`] names the
//! block's thread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{Flow, MapProcessor, Name, Resource};
use sluice_asl::{State, StateKind, StateMachine, Variables};

use crate::map_run::{MapRunCounts, MapRunStatus};
use crate::{AttemptId, Outcome, ScheduledTask, Status, Timestamp};

/// A thread's number; never given twice in the life of an execution, so that a stale one finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ThreadId(pub(crate) u32);

/// The machine's own thread.
pub(crate) const ROOT: ThreadId = ThreadId(0);

/// All that is known about an execution between two facts.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) phase: Phase,
    pub(crate) started_at: Timestamp,
    /// The time of the last fact.
    pub(crate) last_at: Timestamp,
    /// When the execution as a whole times out.
    pub(crate) times_out_at: Timestamp,
    pub(crate) input: Arc<Value>,
    pub(crate) redrives: u64,
    /// The events of the execution's own history.
    pub(crate) events: u64,
    pub(crate) next_attempt: u64,
    pub(crate) next_thread: u32,
    pub(crate) threads: BTreeMap<ThreadId, Thread>,
    /// What the threads wait for, the earliest first; see [`Life::rearm`].
    pub(crate) deadlines: BTreeSet<(Timestamp, ThreadId)>,
    /// Who waits for which answer.
    pub(crate) open_attempts: BTreeMap<AttemptId, ThreadId>,
    /// The tokens of attempts that are over, so that their holders hear "timed out" and not "never was".
    pub(crate) closed_tokens: BTreeMap<AttemptId, Arc<str>>,
    /// The activities that the definition names and that do not exist.
    pub(crate) missing_activities: Arc<BTreeSet<Arc<str>>>,
}

/// How far the execution as a whole is.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    New,
    Running,
    Ended { outcome: Outcome, at: Timestamp },
}

/// One thread of control.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    /// The thread whose history its events belong to: [`ROOT`], or the first thread of a Map Run's child execution.
    pub(crate) home: ThreadId,
    /// What a child execution is, at its first thread.
    pub(crate) child: Option<Box<ChildExecution>>,
    pub(crate) seat: Option<Seat>,
    pub(crate) flow: FlowRef,
    pub(crate) variables: Arc<Variables>,
    /// `$$.Map.Item`, inside an iteration.
    pub(crate) item: Option<Arc<MapItem>>,
    /// The event that its next one follows.
    pub(crate) last: u64,
    /// The state to be entered next, with its input.
    pub(crate) pending: Option<(Name, Arc<Value>)>,
    pub(crate) visit: Option<Box<Visit>>,
    /// Failed or aborted: it does nothing more, unless the execution is redriven.
    pub(crate) halted: bool,
    /// Where it stands in [`Life::deadlines`].
    pub(crate) armed: Option<Timestamp>,
}

/// Where a branch or an iteration belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) parent: ThreadId,
    pub(crate) index: usize,
}

/// A child execution of a Map Run: its events are its own and not its parent's.
#[derive(Debug, Clone)]
pub(crate) struct ChildExecution {
    pub(crate) arn: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) input: Arc<Value>,
    pub(crate) express: bool,
    pub(crate) started_at: Timestamp,
    /// When it times out; a Standard child does not outlive its parent.
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) events: u64,
    pub(crate) status: Status,
    /// How it ended last, and when.
    pub(crate) ended: Option<(Status, Timestamp)>,
    pub(crate) redrives: u64,
    pub(crate) redriven_at: Option<Timestamp>,
}

/// `$$.Map.Item`.
#[derive(Debug)]
pub(crate) struct MapItem {
    pub(crate) index: usize,
    pub(crate) value: Arc<Value>,
}

/// The states that a thread runs.
#[derive(Debug, Clone)]
pub(crate) enum FlowRef {
    /// The machine's own.
    Machine,
    /// A branch's or an iteration's.
    Inner(Arc<Flow>),
}

/// One state being executed.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) state: Arc<State>,
    pub(crate) input: Arc<Value>,
    pub(crate) entered_at: Timestamp,
    /// Its `…StateEntered` event.
    pub(crate) entered: u64,
    /// The event before that.
    pub(crate) before: u64,
    /// `$$.State.RetryCount`.
    pub(crate) retry_count: u64,
    /// How often each retrier was used.
    pub(crate) tries: Vec<u64>,
    pub(crate) activity: Activity,
}

/// What a visit is doing between two facts.
#[derive(Debug, Clone)]
pub(crate) enum Activity {
    /// Nothing that outlasts the decision.
    Deciding,
    Waiting {
        until: Timestamp,
    },
    Calling(Box<Call>),
    Retrying {
        at: Timestamp,
    },
    Block(Box<Block>),
}

/// An attempt of a Task.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) task: ScheduledTask,
    pub(crate) since: Timestamp,
    pub(crate) stage: Stage,
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) heartbeat_by: Option<Timestamp>,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The call is under way, or an activity's task waits for a worker.
    Scheduled,
    /// A worker has the activity's task.
    Taken,
    /// The call was accepted; the token or the job is still to end.
    Submitted,
}

/// A Parallel or Map in the middle of its work.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// By branch or item; a tolerated failure leaves none.
    pub(crate) results: Vec<Option<Arc<Value>>>,
    /// Branches and iterations that are not over.
    pub(crate) open: usize,
    pub(crate) map: Option<MapBlock>,
}

/// What a Map knows beyond its results.
#[derive(Debug, Clone)]
pub(crate) struct MapBlock {
    /// The effective input, for ItemSelector.
    pub(crate) input: Arc<Value>,
    /// The items, or the batches' inputs.
    pub(crate) items: Vec<Arc<Value>>,
    /// The next to start.
    pub(crate) next: usize,
    /// How many may run at a time.
    pub(crate) limit: usize,
    /// Unsuccessful children that wait for their turn to run again.
    pub(crate) again: VecDeque<ThreadId>,
    /// The event that the next iteration follows.
    pub(crate) link: u64,
    pub(crate) run: Option<MapRun>,
}

/// A distributed Map's run.
#[derive(Debug, Clone)]
pub(crate) struct MapRun {
    pub(crate) arn: Arc<str>,
    pub(crate) label: Arc<str>,
    /// Its children are Express executions.
    pub(crate) express: bool,
    /// `MaxConcurrency` as the state says it.
    pub(crate) max_concurrency: u64,
    /// Items per child execution.
    pub(crate) weights: Vec<usize>,
    pub(crate) tolerance: Threshold,
    /// Its `MapRunStarted` event.
    pub(crate) started: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) status: MapRunStatus,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) redrives: u64,
    pub(crate) redriven_at: Option<Timestamp>,
    pub(crate) executions: MapRunCounts,
    pub(crate) items: MapRunCounts,
    /// How the children ended, if the state's output tells.
    pub(crate) ends: Option<BTreeMap<usize, ChildEnd>>,
}

/// A child execution and its end.
#[derive(Debug, Clone)]
pub(crate) struct ChildEnd {
    pub(crate) child: Box<ChildExecution>,
    pub(crate) outcome: Outcome,
}

/// How many items may fail.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Threshold {
    pub(crate) count: Option<u64>,
    pub(crate) percentage: Option<f64>,
}

impl Threshold {
    /// Whether `failed` of `total` are more than that.
    pub(crate) fn exceeded(self, failed: usize, total: usize) -> bool {
        let percent = if total == 0 {
            0.0
        } else {
            failed as f64 * 100.0 / total as f64
        };
        match (self.count, self.percentage) {
            (None, None) => failed > 0,
            (Some(count), None) => failed as u64 > count,
            (None, Some(percentage)) => percent > percentage,
            (Some(count), Some(percentage)) => failed as u64 > count || percent > percentage,
        }
    }
}

impl MapRun {
    /// Ends the run, unless it has ended.
    pub(crate) fn end(&mut self, status: MapRunStatus, at: Timestamp) {
        if self.status == MapRunStatus::Running {
            self.status = status;
            self.ended_at = Some(at);
        }
    }

    /// Whether more items have failed than the state tolerates.
    pub(crate) fn exceeded(&self) -> bool {
        let failed = self.items.failed + self.items.timed_out;
        self.tolerance.exceeded(failed, self.items.total())
    }
}

impl FlowRef {
    /// The state of that name in the flow.
    pub(crate) fn state(&self, machine: &StateMachine, name: &str) -> Option<Arc<State>> {
        self.flow(machine).states.get(name).cloned()
    }

    /// The flow itself.
    pub(crate) fn flow<'f>(&'f self, machine: &'f StateMachine) -> &'f Flow {
        match self {
            FlowRef::Machine => &machine.flow,
            FlowRef::Inner(flow) => flow,
        }
    }
}

impl Thread {
    /// When it wants to be woken.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let limit = self.child.as_ref().and_then(|child| child.times_out_at);
        let own = self.visit.as_ref().and_then(|visit| visit.activity.deadline());
        own.into_iter().chain(limit).min()
    }
}

impl Call {
    /// Whether it is under way, so that the next answer is its own: not an activity's task, which is a worker's, nor
    /// what a token or a job will end.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.stage == Stage::Scheduled && !matches!(self.task.resource, Resource::Activity { .. })
    }

    /// Whether it is under way and has a time of its own.
    pub(crate) fn is_timed(&self) -> bool {
        self.is_in_flight() && (self.times_out_at.is_some() || self.heartbeat_by.is_some())
    }
}

impl Activity {
    fn deadline(&self) -> Option<Timestamp> {
        match self {
            Activity::Waiting { until } => Some(*until),
            Activity::Retrying { at } => Some(*at),
            Activity::Calling(call) => match (call.times_out_at, call.heartbeat_by) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            Activity::Deciding | Activity::Block(_) => None,
        }
    }
}

impl Visit {
    /// The Map processor of a Map state.
    pub(crate) fn processor(&self) -> Option<&MapProcessor> {
        match &self.state.kind {
            StateKind::Map(map) => Some(&map.processor),
            _ => None,
        }
    }

    /// The block of a Parallel or Map at work.
    pub(crate) fn block(&self) -> Option<&Block> {
        match &self.activity {
            Activity::Block(block) => Some(block),
            _ => None,
        }
    }

    /// The same of a Map, to be changed.
    pub(crate) fn map_mut(&mut self) -> Option<&mut MapBlock> {
        match &mut self.activity {
            Activity::Block(block) => block.map.as_mut(),
            _ => None,
        }
    }

    /// The run of a distributed Map at work.
    pub(crate) fn run(&self) -> Option<&MapRun> {
        self.block()?.map.as_ref()?.run.as_ref()
    }

    /// The attempt under way.
    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.activity {
            Activity::Calling(call) => Some(call),
            _ => None,
        }
    }
}

impl Life {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::New,
            started_at: 0,
            last_at: Timestamp::MIN,
            times_out_at: Timestamp::MAX,
            input: Arc::new(Value::Null),
            redrives: 0,
            events: 0,
            next_attempt: 1,
            next_thread: 0,
            threads: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            open_attempts: BTreeMap::new(),
            closed_tokens: BTreeMap::new(),
            missing_activities: Arc::default(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        match &self.phase {
            Phase::New | Phase::Running => Status::Running,
            Phase::Ended { outcome, .. } => outcome.status(),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// The state that a thread is in.
    pub(crate) fn visit(&self, thread: ThreadId) -> Option<&Visit> {
        self.threads.get(&thread)?.visit.as_deref()
    }

    /// The threads that `top` and those below it opened and that are still there, oldest first.
    pub(crate) fn families(&self, top: ThreadId) -> BTreeMap<ThreadId, Vec<ThreadId>> {
        let mut families = BTreeMap::from([(top, Vec::new())]);
        // a child is younger than its parent
        for (id, thread) in self.threads.range(top..) {
            if let Some(siblings) = thread.seat.and_then(|seat| families.get_mut(&seat.parent)) {
                siblings.push(*id);
                families.insert(*id, Vec::new());
            }
        }
        families
    }

    /// Whether a thread that `parent` opened has failed or was aborted.
    pub(crate) fn has_halted_child(&self, parent: ThreadId) -> bool {
        self.threads
            .range(parent..)
            .any(|(_, thread)| thread.halted && thread.seat.is_some_and(|seat| seat.parent == parent))
    }

    /// Puts a thread where it belongs among the deadlines, after it has changed.
    pub(crate) fn rearm(&mut self, id: ThreadId) {
        let Some(thread) = self.threads.get_mut(&id) else {
            return;
        };
        let wanted = thread.deadline().filter(|_| !thread.halted);
        if wanted == thread.armed {
            return;
        }
        if let Some(at) = std::mem::replace(&mut thread.armed, wanted) {
            self.deadlines.remove(&(at, id));
        }
        if let Some(at) = wanted {
            self.deadlines.insert((at, id));
        }
    }

    /// Takes a thread out, and its deadline with it.
    pub(crate) fn remove(&mut self, id: ThreadId) -> Option<Thread> {
        let thread = self.threads.remove(&id)?;
        if let Some(at) = thread.armed {
            self.deadlines.remove(&(at, id));
        }
        Some(thread)
    }

    /// Whether the deadlines are those that the threads want.
    #[cfg(test)]
    pub(crate) fn is_armed_right(&self) -> bool {
        let at_work = self.threads.iter().filter(|(_, thread)| !thread.halted);
        let wanted = at_work.filter_map(|(id, thread)| Some((thread.deadline()?, *id)));
        wanted.collect::<BTreeSet<_>>() == self.deadlines
    }

    /// The events of the history that a thread writes to.
    pub(crate) fn events_at(&self, home: ThreadId) -> u64 {
        if home == ROOT {
            return self.events;
        }
        self.threads
            .get(&home)
            .and_then(|thread| thread.child.as_ref())
            .map_or(0, |child| child.events)
    }
}
