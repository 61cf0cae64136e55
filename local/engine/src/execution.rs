//! One execution: the fold over its facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use sluice_asl::StateMachine;
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::eval::EvaluationDelegate;

use crate::decide::{self, Decision};
use crate::evaluated::{Asked, EvaluationOptions, RecordedEvaluation};
use crate::life::{Activity, Call, Life, Phase, Stage, Visit};
use crate::map_run::{ChildSummary, MapRunReport};
use crate::tale::Recorder;
use crate::{
    AttemptId, Effect, Fact, HistoryEvent, Identity, LogEntry, Outcome, ScheduledTask, Status, Timestamp, token,
};

/// What came out of one fact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Consequences {
    /// What may start once the fact is on disk, in order.
    pub effects: Vec<Effect>,
    /// The Map Runs that it changes, as they stand after it.
    pub map_runs: Vec<MapRunReport>,
    /// Their child executions that it changes, likewise.
    pub children: Vec<ChildSummary>,
}

/// Why a fact cannot have happened to this execution. The execution is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalFact {
    /// Anything before `Started`.
    #[error("the execution has not started: its first fact must be Started")]
    NotStarted,
    /// A second `Started`.
    #[error("the execution has already started")]
    AlreadyStarted,
    /// Anything but `Redriven` after the end.
    #[error("the execution has ended ({})", .0.as_str())]
    Ended(Status),
    /// An answer for an attempt that never was.
    #[error("attempt {} is unknown to the execution", .0.0)]
    UnknownAttempt(AttemptId),
    /// An answer for an attempt that was answered, timed out or aborted before.
    #[error("attempt {} is closed: it was answered, timed out or aborted before", .0.0)]
    ClosedAttempt(AttemptId),
    /// The attempt is open, but such an answer does not fit its kind or stage.
    #[error("attempt {} cannot be {what}", .attempt.0)]
    WrongStage {
        /// Which attempt.
        attempt: AttemptId,
        /// What was tried: `submitted`, `started by a worker`.
        what: &'static str,
    },
    /// `DeadlinePassed`, but none has.
    #[error("no deadline has passed at {at}: the next one is {next:?} (milliseconds since 1970)")]
    NothingDue {
        /// The time of the fact.
        at: Timestamp,
        /// The next deadline, if any.
        next: Option<Timestamp>,
    },
    /// Only a Standard execution that failed, timed out or was stopped can be redriven.
    #[error("the execution cannot be redriven: {reason}")]
    NotRedrivable {
        /// Why not.
        reason: &'static str,
    },
    /// `MapRunUpdated` for a Map Run that never was or is over.
    #[error("no Map Run {arn} is at work")]
    NoMapRun {
        /// As given.
        arn: Arc<str>,
    },
    /// `ChildStopped` for a child execution that never was or is over.
    #[error("no child execution number {number} is at work")]
    NoChild {
        /// As given.
        number: u32,
    },
    /// `BrokeDown` of something that needs no decision.
    #[error("such a fact leaves nothing to decide that could break down")]
    Undecidable,
    /// Time runs forward.
    #[error("the fact's time {at} lies before the one that precedes it ({last})")]
    TimeWentBack {
        /// The time of the fact.
        at: Timestamp,
        /// The time of the fact before.
        last: Timestamp,
    },
}

/// Whether an attempt can still be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptStatus {
    /// It waits for its answer.
    Open,
    /// It was answered, timed out or aborted.
    Closed,
}

/// One thing that an execution is parked on.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The state.
    pub state: Arc<str>,
    /// Since when.
    pub since: Timestamp,
    /// For what.
    pub on: WaitingOn,
}

/// What a state waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitingOn {
    /// The answer of a call that is under way.
    Call {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// SendTaskSuccess or SendTaskFailure with the token; the call that carries it was accepted.
    Token {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A worker that takes the activity's task.
    Worker {
        /// Which attempt.
        attempt: AttemptId,
        /// The activity.
        activity: String,
    },
    /// The end of a `.sync` job.
    Job {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A Wait state's time.
    Timer {
        /// When it is over.
        until: Timestamp,
    },
    /// The next try of a failed state.
    Retry {
        /// When.
        at: Timestamp,
    },
}

/// One execution of a state machine, as far as its facts have carried it.
///
/// Entries are applied in the order of the log. The same machine, identity and entries give the same execution,
/// always.
#[derive(Debug, Clone)]
pub struct Execution {
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    life: Life,
}

impl Execution {
    /// An execution to which nothing has happened yet; its first fact must be `Started`.
    pub fn new(machine: Arc<StateMachine>, identity: Arc<Identity>) -> Self {
        Self {
            machine,
            identity,
            life: Life::new(),
        }
    }

    /// Takes one fact: decides what follows from it and answers with the effects. Events are not materialised.
    ///
    /// # Errors
    /// When the fact cannot have happened; the execution is as it was before.
    pub fn apply(&mut self, entry: &LogEntry) -> Result<Consequences, IllegalFact> {
        self.take(entry, None, EvaluationOptions::default())
            .map(|(turn, _)| turn)
    }

    /// [`Execution::apply_recording`], or without the events, with an evaluator and a signal to stop. Also gives the
    /// evaluations that the evaluator made: they are kept with the fact, as [`crate::Fact::Evaluated`].
    ///
    /// When the signal has been given by the time this returns, the execution and the consequences are of no use any
    /// more: fold the log again, and apply [`crate::Fact::BrokeDown`] in the entry's place.
    ///
    /// # Errors
    /// As [`Execution::apply`].
    pub fn apply_with(
        &mut self,
        entry: &LogEntry,
        events: Option<&mut Vec<HistoryEvent>>,
        means: EvaluationOptions<'_>,
    ) -> Result<(Consequences, Vec<RecordedEvaluation>), IllegalFact> {
        self.take(entry, events.map(|events| events as &mut dyn Recorder), means)
    }

    /// Whether the entry can have happened.
    ///
    /// # Errors
    /// As [`Execution::apply`].
    pub fn check(&self, entry: &LogEntry) -> Result<(), IllegalFact> {
        decide::check(&self.life, self.identity.express, entry.at, &entry.fact)
    }

    /// [`Execution::apply`] with the events that the fact adds to the history put behind `events`.
    ///
    /// # Errors
    /// As [`Execution::apply`]; then nothing is added.
    pub fn apply_recording(
        &mut self,
        entry: &LogEntry,
        events: &mut Vec<HistoryEvent>,
    ) -> Result<Consequences, IllegalFact> {
        self.take(entry, Some(events), EvaluationOptions::default())
            .map(|(turn, _)| turn)
    }

    pub(crate) fn take(
        &mut self,
        entry: &LogEntry,
        recorder: Option<&mut dyn Recorder>,
        means: EvaluationOptions<'_>,
    ) -> Result<(Consequences, Vec<RecordedEvaluation>), IllegalFact> {
        self.check(entry)?;
        let (fact, known) = match &entry.fact {
            Fact::Evaluated { fact, evaluations } => (&**fact, &evaluations[..]),
            fact => (fact, &[][..]),
        };
        let asked = Asked::new(known, means.evaluator);
        // once more as a trait object, which may live as shortly as the decision
        let recorder = recorder.map(|recorder| recorder as &mut dyn Recorder);
        let mut decision = Decision::new(
            &self.machine,
            &self.identity,
            &mut self.life,
            entry.at,
            entry.seed,
            recorder,
        );
        decision.stop = means.stop;
        decision.delegate = asked.as_ref().map(|asked| asked as &dyn EvaluationDelegate);
        decision.decide(fact);
        let (map_runs, children) = decision.news.into_parts();
        let turn = Consequences {
            effects: decision.effects,
            map_runs,
            children,
        };
        self.life.last_at = entry.at;
        Ok((turn, asked.map(Asked::into_made).unwrap_or_default()))
    }

    /// RUNNING until the end.
    pub fn status(&self) -> Status {
        self.life.status()
    }

    /// How it ended; `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.life.phase {
            Phase::Ended { outcome, .. } => Some(outcome),
            Phase::New | Phase::Running => None,
        }
    }

    /// When it started; `None` before `Started`.
    pub fn started_at(&self) -> Option<Timestamp> {
        match self.life.phase {
            Phase::New => None,
            Phase::Running | Phase::Ended { .. } => Some(self.life.started_at),
        }
    }

    /// When it ended; for a timeout, the start plus TimeoutSeconds, exactly. `None` while it runs.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self.life.phase {
            Phase::Ended { at, .. } => Some(at),
            Phase::New | Phase::Running => None,
        }
    }

    /// The earliest time at which it wants a `DeadlinePassed`: the end of a wait, a retry, a task's timeout or
    /// heartbeat, the execution's own timeout. `None` before the start and after the end.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        decide::next_deadline(&self.life)
    }

    /// Calls that were scheduled and neither answered nor submitted, and activities' tasks that no worker has taken:
    /// to be sent again after a crash, each under its old number.
    pub fn open_tasks(&self) -> Vec<ScheduledTask> {
        self.calls()
            .filter(|call| call.stage == Stage::Scheduled)
            .map(|call| call.task.clone())
            .collect()
    }

    /// The call of an attempt that can still be answered.
    pub fn open_task(&self, attempt: AttemptId) -> Option<&ScheduledTask> {
        let thread = self.life.open_attempts.get(&attempt)?;
        Some(&self.life.visit(*thread)?.call()?.task)
    }

    /// When the call of an attempt that can still be answered was scheduled.
    pub fn scheduled_at(&self, attempt: AttemptId) -> Option<Timestamp> {
        let thread = self.life.open_attempts.get(&attempt)?;
        Some(self.life.visit(*thread)?.call()?.since)
    }

    /// The calls that have run out of their own time by `at`, as the next `DeadlinePassed` will say.
    pub fn overdue_tasks(&self, at: Timestamp) -> impl Iterator<Item = &ScheduledTask> {
        let due = self.life.deadlines.iter().take_while(move |(due, _)| *due <= at);
        due.filter_map(|(_, thread)| Some(&self.life.visit(*thread)?.call()?.task))
    }

    /// Whether a heartbeat of the attempt moves a deadline; one that moves none need not be recorded.
    pub fn has_heartbeat_deadline(&self, attempt: AttemptId) -> bool {
        let call = || self.life.visit(*self.life.open_attempts.get(&attempt)?)?.call();
        call().is_some_and(|call| call.heartbeat_by.is_some())
    }

    /// The activities that it has been told do not exist.
    pub fn missing_activities(&self) -> &BTreeSet<Arc<str>> {
        &self.life.missing_activities
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.life
            .open_attempts
            .values()
            .filter_map(|thread| self.life.visit(*thread)?.call())
    }

    /// What it waits for, state by state.
    pub fn waiting(&self) -> Vec<Waiting> {
        let threads = self.life.threads.values().filter(|thread| !thread.halted);
        threads.filter_map(|thread| waiting(thread.visit.as_deref()?)).collect()
    }

    /// Whether no call is in flight: it waits for tokens, workers, jobs or times only, and can leave memory.
    pub fn is_parked(&self) -> bool {
        self.life.is_running() && !self.calls().any(Call::is_in_flight)
    }

    /// Whether a call in flight can time out: whether [`crate::Fact::TimeoutsRestarted`] would change anything.
    pub fn has_timed_calls(&self) -> bool {
        self.life.is_running() && self.calls().any(Call::is_timed)
    }

    /// Which attempt a task token belongs to, and whether it can still be answered; `None` for a token that this
    /// execution never gave out.
    pub fn attempt_of_token(&self, text: &str) -> Option<(AttemptId, AttemptStatus)> {
        let (key, attempt) = token::parse(text)?;
        if key != self.identity.key {
            return None;
        }
        if let Some(closed) = self.life.closed_tokens.get(&attempt) {
            return token::same(closed, text).then_some((attempt, AttemptStatus::Closed));
        }
        let thread = self.life.open_attempts.get(&attempt)?;
        let given = self.life.visit(*thread)?.call()?.task.token.as_deref()?;
        token::same(given, text).then_some((attempt, AttemptStatus::Open))
    }

    /// How many history events it has.
    pub fn event_count(&self) -> u64 {
        self.life.events
    }

    /// How often it was redriven.
    pub fn redrive_count(&self) -> u64 {
        self.life.redrives
    }

    /// Who it is.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// What it runs.
    pub fn machine(&self) -> &Arc<StateMachine> {
        &self.machine
    }
}

fn waiting(visit: &Visit) -> Option<Waiting> {
    let (since, on) = match &visit.activity {
        Activity::Deciding | Activity::Block(_) => return None,
        Activity::Waiting { until } => (visit.entered_at, WaitingOn::Timer { until: *until }),
        Activity::Retrying { at } => (visit.entered_at, WaitingOn::Retry { at: *at }),
        Activity::Calling(call) => (call.since, waiting_on(call)),
    };
    Some(Waiting {
        state: visit.state.name.clone(),
        since,
        on,
    })
}

fn waiting_on(call: &Call) -> WaitingOn {
    let attempt = call.task.attempt;
    match (&call.task.resource, call.stage) {
        (Resource::Activity { arn }, Stage::Scheduled) => WaitingOn::Worker {
            attempt,
            activity: arn.clone(),
        },
        (Resource::Activity { .. }, Stage::Taken | Stage::Submitted) => WaitingOn::Token { attempt },
        (
            Resource::Service {
                pattern: IntegrationPattern::WaitForTaskToken,
                ..
            },
            Stage::Submitted,
        ) => WaitingOn::Token { attempt },
        (Resource::Service { .. } | Resource::Function { .. }, Stage::Submitted | Stage::Taken) => {
            WaitingOn::Job { attempt }
        }
        (Resource::Service { .. } | Resource::Function { .. }, Stage::Scheduled) => WaitingOn::Call { attempt },
    }
}
