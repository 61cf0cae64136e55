//! Decisions: what follows from a fact.
//!
//! A [`Decision`] reads the execution and emits [`Change`]s through [`Decision::emit`], each of which
//! [`evolve`](crate::evolve::evolve) applies at once. What follows from a change is put on a work queue, never called
//! in recursion, so that neither long nor deep machines need stack.
//!
//! | fact | from | to |
//! |---|---|---|
//! | Started | new | the first state is entered |
//! | TaskSubmitted | call scheduled | parked on token or job |
//! | ActivityStarted | activity's task scheduled | with a worker |
//! | Heartbeat | call open | its heartbeat deadline moves |
//! | TimeoutsRestarted | running | the deadlines of the calls in flight move |
//! | TaskSucceeded | call open | state left, or failed if its output is wrong |
//! | TaskFailed | call open | retry armed, caught, or failed |
//! | DeadlinePassed | wait, retry, timeout due | state left, tried again, timed out |
//! | Stopped | running | aborted |
//! | BrokeDown | as the fact in it | failed |
//! | Evaluated | as the fact in it | as by the fact in it |
//! | Redriven | failed, timed out, aborted | its unsuccessful states begin again |

mod error;
mod fact;
mod flow;
mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::eval::{Entropy, EvaluationDelegate, StopSignal};
use sluice_asl::{State, StateKind, StateMachine, nests_deeper, serialized_len};

pub(crate) use error::{Failure, delay_ms, handlers};
pub(crate) use fact::{EXPRESS_SECONDS, REDRIVE_MS, after, check, next_deadline};
pub(crate) use flow::{ResultFlow, too_many_variables};
pub(crate) use view::{Data, View, condition_reads_context, dynamic_reads_context, iso, names_token, within_depth};

use crate::change::Change;
use crate::event::HistoryEvent;
use crate::evolve::evolve;
use crate::life::{Life, ROOT, ThreadId};
use crate::map_run::{News, noted};
use crate::project::project;
use crate::tale::Recorder;
use crate::{AttemptId, Effect, Identity, Outcome, Timestamp, state};

/// The number of events at which AWS ends an execution.
pub(crate) const MAX_EVENTS: u64 = 25_000;

/// A payload's largest size: the bytes of its JSON text.
pub(crate) const MAX_PAYLOAD: usize = 262_144;

/// The most levels of a value that a state passes on: below what the journal can hold, far above what data has.
pub(crate) const MAX_DEPTH: usize = 300;

/// The most bytes of all variables of a scope together.
const MAX_VARIABLES: usize = 10 << 20;

/// Whether a value is more than a state may pass on, assign or send.
pub(crate) fn exceeds_limits(value: &Value) -> bool {
    nests_deeper(value, MAX_DEPTH) || serialized_len(value) > MAX_PAYLOAD
}

/// Why a decision stops in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The execution has ended.
    Over,
    /// The history of that thread has room for one more event only.
    Full(ThreadId),
}

/// The result of everything that emits.
pub(crate) type Step = Result<(), Halt>;

/// What is still to be done within a decision.
#[derive(Debug)]
pub(crate) enum Work {
    /// Enter the thread's pending state.
    Enter(ThreadId),
    /// Do (again) what the entered state does.
    Begin(ThreadId),
    /// The thread's last state has ended well.
    Return(ThreadId, Arc<Value>),
    /// The thread's state has failed, and nothing caught it.
    Fail(ThreadId, Failure),
}

/// One decision under way.
pub(crate) struct Decision<'a> {
    pub(crate) machine: &'a StateMachine,
    pub(crate) identity: &'a Identity,
    pub(crate) life: &'a mut Life,
    /// The time of the decision.
    pub(crate) at: Timestamp,
    pub(crate) entropy: Entropy,
    pub(crate) effects: Vec<Effect>,
    queue: VecDeque<Work>,
    recorder: Option<&'a mut dyn Recorder>,
    /// What it does to Map Runs.
    pub(crate) news: News,
    /// Who may stop it; what came of it is then of no use.
    pub(crate) stop: Option<&'a StopSignal>,
    /// Who is asked about its evaluations.
    pub(crate) delegate: Option<&'a dyn EvaluationDelegate>,
    #[cfg(test)]
    pub(crate) log: Option<&'a mut Vec<(Change, Timestamp)>>,
}

impl<'a> Decision<'a> {
    pub(crate) fn new(
        machine: &'a StateMachine,
        identity: &'a Identity,
        life: &'a mut Life,
        at: Timestamp,
        seed: [u64; 2],
        recorder: Option<&'a mut dyn Recorder>,
    ) -> Self {
        Self {
            machine,
            identity,
            life,
            at,
            entropy: Entropy::new(seed),
            effects: Vec::new(),
            queue: VecDeque::new(),
            recorder,
            news: News::default(),
            stop: None,
            delegate: None,
            #[cfg(test)]
            log: None,
        }
    }

    /// Applies a change and keeps its event.
    ///
    /// # Errors
    /// When the execution has ended, or the history has no room for the event.
    pub(crate) fn emit(&mut self, change: Change) -> Step {
        if !self.life.is_running() {
            return Err(Halt::Over);
        }
        if let Some(thread) = change.shown_at() {
            let home = self.home_of(thread);
            if self.life.events_at(home) + 1 >= MAX_EVENTS && !matches!(change, Change::Ended { .. }) {
                return Err(Halt::Full(home));
            }
        }
        self.commit(change);
        Ok(())
    }

    /// Applies a change without asking whether it may.
    fn commit(&mut self, change: Change) {
        let home = change.home(self.life);
        let recorded = match (&self.recorder, home) {
            (Some(recorder), Some(home)) => recorder.wants(home),
            _ => false,
        };
        let kind = if recorded {
            project(self.life, self.identity, &change)
        } else {
            None
        };
        let timestamp = match &change {
            Change::Ended { at, .. } => *at,
            _ => self.at,
        };
        #[cfg(test)]
        if let Some(log) = &mut self.log {
            log.push((change.clone(), self.at));
        }
        let noted = noted(self.life, &change, timestamp);
        let stamp = evolve(self.life, change, timestamp);
        if let Some(noted) = noted {
            self.news.note(self.life, &self.identity.arn, &noted);
        }
        if let (Some(recorder), Some(stamp), Some(kind)) = (self.recorder.as_deref_mut(), stamp, kind) {
            let event = HistoryEvent {
                id: stamp.id,
                previous_event_id: stamp.previous,
                timestamp,
                kind,
            };
            recorder.record(stamp.home, event);
        }
    }

    /// Puts work behind what other threads have to do.
    pub(crate) fn later(&mut self, work: Work) {
        self.queue.push_back(work);
    }

    /// Puts work before what other threads have to do.
    pub(crate) fn next(&mut self, work: Work) {
        self.queue.push_front(work);
    }

    /// Works the queue off, after a first step.
    pub(crate) fn run(&mut self, first: Step) {
        self.settle(first);
        while let Some(work) = self.queue.pop_front() {
            if self.stop.is_some_and(StopSignal::is_stopped) {
                self.queue.clear();
                return;
            }
            let step = self.perform(work);
            self.settle(step);
        }
    }

    fn settle(&mut self, step: Step) {
        match step {
            Ok(()) => {}
            Err(Halt::Over) => self.queue.clear(),
            Err(Halt::Full(home)) => self.overflow(home),
        }
    }

    fn perform(&mut self, work: Work) -> Step {
        match work {
            Work::Enter(thread) => self.enter(thread),
            Work::Begin(thread) => self.begin(thread),
            Work::Return(thread, output) => self.leave(thread, output),
            Work::Fail(thread, failure) => self.fail_thread(thread, failure),
        }
    }

    /// The 25,000th event of a history is the failure.
    fn overflow(&mut self, home: ThreadId) {
        let failure = Failure::runtime("The execution reached the maximum number of history events (25000).");
        if home == ROOT {
            self.finish(
                Outcome::Failed {
                    error: failure.error,
                    cause: failure.cause,
                },
                self.at,
            );
            self.queue.clear();
        } else {
            self.next(Work::Fail(home, failure));
        }
    }

    /// Ends the execution: what is under way is abandoned.
    pub(crate) fn finish(&mut self, outcome: Outcome, at: Timestamp) {
        let open: Vec<AttemptId> = self.life.open_attempts.keys().copied().collect();
        for attempt in open {
            self.abandon(attempt);
        }
        self.abort_children(at);
        self.commit(Change::Ended {
            outcome: outcome.clone(),
            at,
        });
        self.effects.push(Effect::Finish(outcome));
    }

    /// Aborts all child executions at work, the innermost first.
    fn abort_children(&mut self, at: Timestamp) {
        let threads = self.life.threads.iter().rev();
        let running = threads.filter(|(_, thread)| !thread.halted && thread.child.is_some());
        let children: Vec<ThreadId> = running.map(|(id, _)| *id).collect();
        let now = std::mem::replace(&mut self.at, at);
        for thread in children {
            self.commit(Change::ChildEnded {
                thread,
                outcome: Outcome::Aborted {
                    error: None,
                    cause: None,
                },
            });
        }
        self.at = now;
    }

    /// Nobody waits for the attempt any more; if its call was to start with this very decision, it does not start.
    pub(crate) fn abandon(&mut self, attempt: AttemptId) {
        let sends = |effect: &Effect| matches!(effect, Effect::Run(task) if task.attempt == attempt);
        match self.effects.iter().position(sends) {
            Some(unsent) => {
                self.effects.remove(unsent);
            }
            None => self.effects.push(Effect::Abandon(attempt)),
        }
    }

    /// Whether a thread may go on.
    pub(crate) fn is_live(&self, thread: ThreadId) -> bool {
        self.life.threads.get(&thread).is_some_and(|thread| !thread.halted)
    }

    /// The thread whose history a thread writes to.
    pub(crate) fn home_of(&self, thread: ThreadId) -> ThreadId {
        self.life.threads.get(&thread).map_or(ROOT, |thread| thread.home)
    }

    /// The state that a thread is in.
    pub(crate) fn state_of(&self, thread: ThreadId) -> Option<Arc<State>> {
        self.life.visit(thread).map(|visit| visit.state.clone())
    }

    fn begin(&mut self, thread: ThreadId) -> Step {
        if !self.is_live(thread) {
            return Ok(());
        }
        let Some(state) = self.state_of(thread) else {
            return Ok(());
        };
        match &state.kind {
            StateKind::Pass(pass) => state::pass::begin(self, thread, pass),
            StateKind::Task(task) => state::task::begin(self, thread, task),
            StateKind::Choice(choice) => state::choice::begin(self, thread, choice),
            StateKind::Wait(wait) => state::wait::begin(self, thread, wait),
            StateKind::Succeed(_) => state::succeed::begin(self, thread),
            StateKind::Fail(fail) => state::fail::begin(self, thread, fail),
            StateKind::Parallel(parallel) => state::parallel::begin(self, thread, parallel),
            StateKind::Map(map) => state::map::begin(self, thread, map),
        }
    }
}
