//! What each fact sets off.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::{StateKind, serialized_len};

use super::{Decision, Failure, MAX_PAYLOAD, Step, Work};
use crate::change::Change;
use crate::execution::IllegalFact;
use crate::life::{Activity, Call, Life, Phase, ROOT, Stage, Thread, ThreadId};
use crate::{AttemptId, Breakdown, Effect, Fact, Outcome, Status, Timestamp, state};

/// One year, the longest that a Standard execution runs.
const STANDARD_SECONDS: u64 = 31_536_000;

/// Five minutes, the longest that an Express execution runs.
pub(crate) const EXPRESS_SECONDS: u64 = 300;

/// The days within which a Standard execution can be redriven.
pub(crate) const REDRIVE_MS: i64 = 14 * 86_400_000;

/// Whether the fact can have happened, before anything changes.
pub(crate) fn check(life: &Life, express: bool, at: Timestamp, fact: &Fact) -> Result<(), IllegalFact> {
    if at < life.last_at {
        return Err(IllegalFact::TimeWentBack { at, last: life.last_at });
    }
    if let Fact::BrokeDown { fact, .. } = fact {
        return match &**fact {
            Fact::BrokeDown { .. } | Fact::Evaluated { .. } | Fact::ActivitiesMissing { .. } => {
                Err(IllegalFact::Undecidable)
            }
            fact => check(life, express, at, fact),
        };
    }
    if let Fact::Evaluated { fact, .. } = fact {
        return if fact.may_evaluate() && !matches!(**fact, Fact::Evaluated { .. }) {
            check(life, express, at, fact)
        } else {
            Err(IllegalFact::Undecidable)
        };
    }
    match (&life.phase, fact) {
        (Phase::New, Fact::Started { .. } | Fact::ActivitiesMissing { .. }) => return Ok(()),
        (Phase::New, _) => return Err(IllegalFact::NotStarted),
        (Phase::Running | Phase::Ended { .. }, Fact::Started { .. }) => return Err(IllegalFact::AlreadyStarted),
        (Phase::Running, Fact::Redriven) => {
            return Err(IllegalFact::NotRedrivable {
                reason: "it is running",
            });
        }
        // it may be redriven next
        (Phase::Ended { .. }, Fact::ActivitiesMissing { .. }) => return Ok(()),
        (Phase::Ended { at: ended, .. }, Fact::Redriven) => return redrivable(life, express, at, *ended),
        (Phase::Ended { .. }, _) => return Err(IllegalFact::Ended(life.status())),
        (Phase::Running, _) => {}
    }
    match fact {
        Fact::Started { .. }
        | Fact::Stopped { .. }
        | Fact::Redriven
        | Fact::ActivitiesMissing { .. }
        | Fact::TimeoutsRestarted
        | Fact::BrokeDown { .. }
        | Fact::Evaluated { .. } => Ok(()),
        Fact::MapRunUpdated { arn, .. } => match map_run(life, arn) {
            Some(_) => Ok(()),
            None => Err(IllegalFact::NoMapRun { arn: arn.clone() }),
        },
        Fact::ChildStopped { child, .. } => {
            let thread = life.threads.get(&ThreadId(*child));
            let at_work = thread.is_some_and(|thread| thread.child.is_some() && !thread.halted);
            if at_work {
                Ok(())
            } else {
                Err(IllegalFact::NoChild { number: *child })
            }
        }
        Fact::TaskSucceeded { attempt, .. } | Fact::TaskFailed { attempt, .. } => open_call(life, *attempt).map(drop),
        Fact::Heartbeat { attempt } => open_call(life, *attempt).map(drop),
        Fact::TaskSubmitted { attempt, .. } => {
            let call = open_call(life, *attempt)?;
            match (&call.task.resource, call.stage) {
                (Resource::Service { pattern, .. }, Stage::Scheduled)
                    if *pattern != IntegrationPattern::RequestResponse =>
                {
                    Ok(())
                }
                _ => Err(IllegalFact::WrongStage {
                    attempt: *attempt,
                    what: "submitted",
                }),
            }
        }
        Fact::ActivityStarted { attempt, .. } => {
            let call = open_call(life, *attempt)?;
            match (&call.task.resource, call.stage) {
                (Resource::Activity { .. }, Stage::Scheduled) => Ok(()),
                _ => Err(IllegalFact::WrongStage {
                    attempt: *attempt,
                    what: "started by a worker",
                }),
            }
        }
        Fact::DeadlinePassed => {
            let next = next_deadline(life);
            if next.is_some_and(|next| next <= at) {
                Ok(())
            } else {
                Err(IllegalFact::NothingDue { at, next })
            }
        }
    }
}

fn redrivable(life: &Life, express: bool, at: Timestamp, ended: Timestamp) -> Result<(), IllegalFact> {
    let reason = if express {
        "Express executions have no redrive"
    } else if life.status() == Status::Succeeded {
        "it has succeeded"
    } else if at.saturating_sub(ended) > REDRIVE_MS {
        "its redrivable period of 14 days is over"
    } else if life.events >= super::MAX_EVENTS - 1 {
        "its history is full"
    } else {
        return Ok(());
    };
    Err(IllegalFact::NotRedrivable { reason })
}

fn open_call(life: &Life, attempt: AttemptId) -> Result<&Call, IllegalFact> {
    if attempt.0 == 0 || attempt.0 >= life.next_attempt {
        return Err(IllegalFact::UnknownAttempt(attempt));
    }
    let thread = life
        .open_attempts
        .get(&attempt)
        .ok_or(IllegalFact::ClosedAttempt(attempt))?;
    life.visit(*thread)
        .and_then(|visit| visit.call())
        .ok_or(IllegalFact::ClosedAttempt(attempt))
}

/// The thread of the Map whose run has this ARN and is at work.
fn map_run(life: &Life, arn: &str) -> Option<ThreadId> {
    let runs = |thread: &Thread| {
        let run = thread.visit.as_deref().and_then(|visit| visit.run());
        !thread.halted && run.is_some_and(|run| *run.arn == *arn)
    };
    let found = life.threads.iter().find(|(_, thread)| runs(thread));
    found.map(|(id, _)| *id)
}

/// The earliest deadline of a running execution.
pub(crate) fn next_deadline(life: &Life) -> Option<Timestamp> {
    if !life.is_running() {
        return None;
    }
    #[cfg(test)]
    assert!(
        life.is_armed_right(),
        "the deadlines are not those that the threads want"
    );
    let first = life.deadlines.first().map(|(at, _)| *at);
    first
        .into_iter()
        .chain((life.times_out_at != Timestamp::MAX).then_some(life.times_out_at))
        .min()
}

impl Decision<'_> {
    /// Decides a fact that [`check`] has let through.
    pub(crate) fn decide(&mut self, fact: &Fact) {
        match fact {
            Fact::Started { input } => self.start(input),
            Fact::TaskSucceeded { attempt, output } => {
                let step = self.answer(*attempt, |this, thread| this.succeed_call(thread, output));
                self.run(step);
            }
            Fact::TaskFailed { attempt, error, cause } => {
                let failure = Failure {
                    error: error.clone(),
                    cause: cause.clone(),
                };
                let step = self.answer(*attempt, |this, thread| this.fail_call(thread, failure));
                self.run(step);
            }
            Fact::TaskSubmitted { attempt, output } => {
                let change = |thread| Change::CallSubmitted {
                    thread,
                    output: output.clone(),
                };
                let step = self.answer(*attempt, |this, thread| this.emit(change(thread)));
                self.run(step);
            }
            Fact::ActivityStarted { attempt, worker } => {
                let step = self.answer(*attempt, |this, thread| this.start_worker(thread, worker.clone()));
                self.run(step);
            }
            Fact::ActivitiesMissing { arns } => self.commit(Change::ActivitiesMissing {
                arns: Arc::new(arns.clone()),
            }),
            Fact::Heartbeat { attempt } => {
                let step = self.answer(*attempt, |this, thread| this.heartbeat(thread));
                self.run(step);
            }
            Fact::TimeoutsRestarted => {
                let step = self.restart_timeouts();
                self.run(step);
            }
            Fact::DeadlinePassed => self.deadline_passed(),
            Fact::Stopped { error, cause } => {
                self.finish(
                    Outcome::Aborted {
                        error: error.clone(),
                        cause: cause.clone(),
                    },
                    self.at,
                );
            }
            Fact::Redriven => self.redrive(),
            Fact::ChildStopped { child, error, cause } => {
                let outcome = Outcome::Aborted {
                    error: error.clone(),
                    cause: cause.clone(),
                };
                let step = state::map::end_child(self, ThreadId(*child), outcome);
                self.run(step);
            }
            Fact::BrokeDown { fact, breakdown } => self.break_down(fact, *breakdown),
            Fact::Evaluated { fact, .. } => self.decide(fact),
            Fact::MapRunUpdated { arn, update } => {
                let step = match map_run(self.life, arn) {
                    Some(thread) => state::map::updated(self, thread, update),
                    None => Ok(()),
                };
                self.run(step);
            }
        }
    }

    fn times_out_at(&self) -> Timestamp {
        let longest = if self.identity.express {
            EXPRESS_SECONDS
        } else {
            STANDARD_SECONDS
        };
        let seconds = self
            .machine
            .timeout_seconds
            .map_or(longest, |seconds| seconds.min(longest));
        after(self.at, seconds)
    }

    fn start(&mut self, input: &Arc<Value>) {
        self.commit_start(input);
        self.later(Work::Enter(ROOT));
        self.run(Ok(()));
    }

    fn commit_start(&mut self, input: &Arc<Value>) {
        self.commit(Change::Started {
            input: input.clone(),
            times_out_at: self.times_out_at(),
            start_at: self.machine.flow.start_at.clone(),
        });
    }

    /// The execution fails in the place of what the fact would have led to.
    fn break_down(&mut self, fact: &Fact, breakdown: Breakdown) {
        match fact {
            Fact::Started { input } => self.commit_start(input),
            Fact::Redriven => self.commit(Change::Redriven {
                times_out_at: self.times_out_at(),
            }),
            _ => {}
        }
        let failure = Failure::broke_down(breakdown);
        self.finish(
            Outcome::Failed {
                error: failure.error,
                cause: failure.cause,
            },
            self.at,
        );
    }

    fn answer(&mut self, attempt: AttemptId, then: impl FnOnce(&mut Self, ThreadId) -> Step) -> Step {
        match self.life.open_attempts.get(&attempt).copied() {
            Some(thread) => then(self, thread),
            None => Ok(()),
        }
    }

    fn succeed_call(&mut self, thread: ThreadId, output: &Arc<Value>) -> Step {
        let Some(state) = self.state_of(thread) else {
            return Ok(());
        };
        let StateKind::Task(task) = &state.kind else {
            return Ok(());
        };
        if serialized_len(output) > MAX_PAYLOAD {
            return self.fail_call(thread, Failure::data_limit(state::task::called(&task.resource)));
        }
        self.emit(Change::CallSucceeded {
            thread,
            output: output.clone(),
        })?;
        state::task::finish(self, thread, task, output)
    }

    fn fail_call(&mut self, thread: ThreadId, failure: Failure) -> Step {
        self.emit(Change::CallFailed {
            thread,
            details: failure.details(),
        })?;
        self.fail_state(thread, failure)
    }

    fn start_worker(&mut self, thread: ThreadId, worker: Option<String>) -> Step {
        let beat = self
            .life
            .visit(thread)
            .and_then(|visit| visit.call())
            .and_then(|call| call.task.heartbeat_seconds);
        let heartbeat_by = beat.map(|seconds| after(self.at, seconds));
        self.emit(Change::WorkerStarted {
            thread,
            worker,
            heartbeat_by,
        })
    }

    fn heartbeat(&mut self, thread: ThreadId) -> Step {
        let Some(call) = self.life.visit(thread).and_then(|visit| visit.call()) else {
            return Ok(());
        };
        match (call.heartbeat_by, call.task.heartbeat_seconds) {
            (Some(_), Some(seconds)) => self.emit(Change::HeartbeatTaken {
                thread,
                heartbeat_by: after(self.at, seconds),
            }),
            _ => Ok(()),
        }
    }

    /// Gives each call in flight its whole time again. What others answer, and the execution's own time, go on.
    fn restart_timeouts(&mut self) -> Step {
        let calls = self.life.open_attempts.values().filter_map(|&thread| {
            let call = self.life.visit(thread)?.call().filter(|call| call.is_timed())?;
            let again = |set: Option<Timestamp>, seconds: Option<u64>| Some(after(self.at, set.and(seconds)?));
            Some(Change::TimeoutRestarted {
                thread,
                times_out_at: again(call.times_out_at, call.task.timeout_seconds),
                heartbeat_by: again(call.heartbeat_by, call.task.heartbeat_seconds),
            })
        });
        let changes: Vec<Change> = calls.collect();
        changes.into_iter().try_for_each(|change| self.emit(change))
    }

    /// Does what is due, the earliest first, and all that follows from it before the next.
    fn deadline_passed(&mut self) {
        let now = self.at;
        if self.life.times_out_at <= now {
            // an execution that should be over takes no later time into its history
            self.at = self.life.times_out_at.max(self.life.last_at);
        }
        let due: Vec<(Timestamp, ThreadId)> = self
            .life
            .deadlines
            .range(..=(self.at, ThreadId(u32::MAX)))
            .copied()
            .collect();
        for (at, thread) in due {
            if !self.life.is_running() {
                return;
            }
            let still = self.is_live(thread)
                && self
                    .life
                    .threads
                    .get(&thread)
                    .and_then(Thread::deadline)
                    .is_some_and(|deadline| deadline <= at);
            if still {
                let step = self.wake(thread, at);
                self.run(step);
            }
        }
        if self.life.is_running() && self.life.times_out_at <= now {
            self.finish(Outcome::TimedOut, self.life.times_out_at);
        }
    }

    fn wake(&mut self, thread: ThreadId, due: Timestamp) -> Step {
        let child = self
            .life
            .threads
            .get(&thread)
            .and_then(|thread| thread.child.as_deref());
        if child.is_some_and(|child| child.times_out_at.is_some_and(|at| at <= due)) {
            return state::map::end_child(self, thread, Outcome::TimedOut);
        }
        let Some(visit) = self.life.visit(thread) else {
            return Ok(());
        };
        match &visit.activity {
            Activity::Waiting { .. } => {
                let state = visit.state.clone();
                match &state.kind {
                    StateKind::Wait(wait) => state::wait::finish(self, thread, wait),
                    _ => Ok(()),
                }
            }
            Activity::Retrying { .. } => {
                self.emit(Change::RetryBegun { thread })?;
                self.next(Work::Begin(thread));
                Ok(())
            }
            Activity::Calling(call) => {
                let attempt = call.task.attempt;
                let heartbeat = call.heartbeat_by == Some(due) && call.times_out_at != Some(due);
                let failure = if heartbeat {
                    Failure::heartbeat_timeout()
                } else {
                    Failure::timeout()
                };
                self.emit(Change::CallTimedOut {
                    thread,
                    details: failure.details(),
                })?;
                self.effects.push(Effect::Abandon(attempt));
                self.fail_state(thread, failure)
            }
            Activity::Deciding | Activity::Block(_) => Ok(()),
        }
    }

    /// A failed execution goes on where it was unsuccessful.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
    fn redrive(&mut self) {
        self.commit(Change::Redriven {
            times_out_at: self.times_out_at(),
        });
        self.revive(ROOT);
        self.run(Ok(()));
    }

    /// Lets a halted thread and those below it that were unsuccessful go on. The children of a Map Run wait for their
    /// turn.
    pub(crate) fn revive(&mut self, top: ThreadId) {
        let families = self.life.families(top);
        let mut next = BTreeSet::from([top]);
        // a child is younger than its parent
        while let Some(thread) = next.pop_first() {
            let opened = families.get(&thread).map(Vec::as_slice).unwrap_or_default();
            let unfinished = state::map::has_unfinished_run(self, thread);
            let anew = opened.is_empty() && !unfinished;
            self.commit(Change::Revived { thread, anew });
            if unfinished {
                let step = state::map::redriven(self, thread, opened);
                self.settle(step);
            } else if anew {
                let entered = self.life.visit(thread).is_some();
                self.later(if entered {
                    Work::Begin(thread)
                } else {
                    Work::Enter(thread)
                });
            } else {
                next.extend(opened);
            }
        }
    }
}

/// `seconds` later, as far as the clock reaches.
pub(crate) fn after(at: Timestamp, seconds: u64) -> Timestamp {
    let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    at.saturating_add(millis)
}
