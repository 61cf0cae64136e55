//! One execution: the fold over its facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use sluice_asl::StateMachine;
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::eval::EvaluationDelegate;

use crate::decide;
use crate::decision::Decision;
use crate::evaluation::{DecisionEvaluations, EvaluationOptions, RecordedEvaluation};
use crate::execution_state::{Call, CallStage, ExecutionState, InstanceStatus, Phase, StateInstance};
use crate::map_run::{ChildSummary, MapRunReport};
use crate::recorder::HistoryRecorder;
use crate::{
    ApplyError, AttemptId, Effect, Fact, HistoryEvent, Identity, IllegalFact, InvariantViolation, LogEntry, Outcome,
    ScheduledTask, Status, Timestamp, token,
};

/// The consequences of one fact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Consequences {
    /// The effects that may start once the fact is on disk, in order.
    pub effects: Vec<Effect>,
    /// The Map Runs that it changes, as they stand after it.
    pub map_runs: Vec<MapRunReport>,
    /// Their child executions that it changes, likewise.
    pub children: Vec<ChildSummary>,
}

/// The two states of an attempt for those who want to answer it.
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

/// The thing that a state waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitingOn {
    /// The answer of a call that is under way.
    Call {
        /// The attempt.
        attempt: AttemptId,
    },
    /// SendTaskSuccess or SendTaskFailure with the token; the call that carries it was accepted.
    Token {
        /// The attempt.
        attempt: AttemptId,
    },
    /// A worker that takes the activity's task.
    Worker {
        /// The attempt.
        attempt: AttemptId,
        /// The activity.
        activity: String,
    },
    /// The end of a `.sync` job.
    Job {
        /// The attempt.
        attempt: AttemptId,
    },
    /// A Wait state's time.
    Timer {
        /// The end of the wait.
        until: Timestamp,
    },
    /// The next try of a failed state.
    Retry {
        /// The time of the next try.
        at: Timestamp,
    },
}

/// One execution of a state machine, as far as its facts have carried it.
///
/// Entries are applied in the order of the log. The same machine, identity and entries give the same execution,
/// always.
///
/// ```
/// use std::sync::Arc;
///
/// use sluice_asl::StateMachine;
/// use sluice_engine::{Execution, Fact, LogEntry, Status};
///
/// let machine = Arc::new(StateMachine::parse(
///     r#"{ "StartAt": "Pause", "States": { "Pause": { "Type": "Wait", "Seconds": 5, "End": true } } }"#,
/// )?);
/// let mut execution = Execution::new(machine, identity());
/// execution.apply(&LogEntry { at: 1_000, seed: [1, 2], fact: Fact::Started { input: Arc::default() } })?;
///
/// // a caller with a clock comes back when the execution wants to be woken
/// assert_eq!(execution.next_deadline(), Some(6_000));
/// execution.apply(&LogEntry { at: 6_000, seed: [3, 4], fact: Fact::DeadlinePassed })?;
/// assert_eq!(execution.status(), Status::Succeeded);
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
#[derive(Debug, Clone)]
pub struct Execution {
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    state: ExecutionState,
    violation: Option<InvariantViolation>,
}

impl Execution {
    /// An execution to which nothing has happened yet; its first fact must be `Started`.
    pub fn new(machine: Arc<StateMachine>, identity: Arc<Identity>) -> Self {
        Self {
            machine,
            identity,
            state: ExecutionState::new(),
            violation: None,
        }
    }

    /// Applies one entry: decides what follows from its fact. Events are not materialised.
    ///
    /// # Errors
    /// [`ApplyError::Illegal`] when the fact cannot have happened; the execution is as it was before.
    /// [`ApplyError::Violation`] when the engine contradicts itself; the execution is of no use any more.
    pub fn apply(&mut self, entry: &LogEntry) -> Result<Consequences, ApplyError> {
        self.apply_entry(entry, None, EvaluationOptions::default())
            .map(|(consequences, _)| consequences)
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
    ) -> Result<(Consequences, Vec<RecordedEvaluation>), ApplyError> {
        self.apply_entry(entry, events.map(|events| events as &mut dyn HistoryRecorder), means)
    }

    /// Checks that the entry can have happened.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use sluice_asl::StateMachine;
    /// use sluice_engine::{Execution, Fact, IllegalFact, LogEntry};
    ///
    /// let machine = Arc::new(StateMachine::parse(
    ///     r#"{ "StartAt": "Pause", "States": { "Pause": { "Type": "Wait", "Seconds": 5, "End": true } } }"#,
    /// )?);
    /// let execution = Execution::new(machine, identity());
    /// let entry = LogEntry { at: 0, seed: [1, 2], fact: Fact::DeadlinePassed };
    /// assert_eq!(execution.check(&entry), Err(IllegalFact::NotStarted));
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
    pub fn check(&self, entry: &LogEntry) -> Result<(), IllegalFact> {
        decide::check(&self.state, self.identity.express, entry.at, &entry.fact)
    }

    /// [`Execution::apply`] with the events that the fact adds to the history put behind `events`.
    ///
    /// # Errors
    /// As [`Execution::apply`]; then nothing is added.
    pub fn apply_recording(
        &mut self,
        entry: &LogEntry,
        events: &mut Vec<HistoryEvent>,
    ) -> Result<Consequences, ApplyError> {
        self.apply_entry(entry, Some(events), EvaluationOptions::default())
            .map(|(consequences, _)| consequences)
    }

    pub(crate) fn apply_entry(
        &mut self,
        entry: &LogEntry,
        recorder: Option<&mut dyn HistoryRecorder>,
        options: EvaluationOptions<'_>,
    ) -> Result<(Consequences, Vec<RecordedEvaluation>), ApplyError> {
        if let Some(violation) = &self.violation {
            return Err(violation.clone().into());
        }
        self.check(entry)?;
        let (fact, known) = match &entry.fact {
            Fact::Evaluated { fact, evaluations } => (&**fact, &evaluations[..]),
            fact => (fact, &[][..]),
        };
        let evaluations = DecisionEvaluations::new(known, options.evaluator);
        let delegate = evaluations
            .as_ref()
            .map(|evaluations| evaluations as &dyn EvaluationDelegate);
        // once more as a trait object, which may live as shortly as the decision
        let recorder = recorder.map(|recorder| recorder as &mut dyn HistoryRecorder);
        let (machine, identity) = (&self.machine, &self.identity);
        let mut decision = Decision::new(machine, identity, &mut self.state, entry.at, entry.seed)
            .recording(recorder)
            .evaluating(options.stop, delegate);
        if let Err(violation) = decide::decide(&mut decision, fact) {
            self.violation = Some(violation.clone());
            return Err(violation.into());
        }
        let (effects, map_runs) = decision.into_parts();
        let (map_runs, children) = map_runs.into_parts();
        self.state.last_at = entry.at;
        let consequences = Consequences {
            effects,
            map_runs,
            children,
        };
        let made = evaluations.map(DecisionEvaluations::into_made);
        Ok((consequences, made.unwrap_or_default()))
    }

    /// RUNNING until the end.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// Its end; `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.state.phase {
            Phase::Ended { outcome, .. } => Some(outcome),
            Phase::New | Phase::Running => None,
        }
    }

    /// The time of its start; `None` before `Started`.
    pub fn started_at(&self) -> Option<Timestamp> {
        match self.state.phase {
            Phase::New => None,
            Phase::Running | Phase::Ended { .. } => Some(self.state.started_at),
        }
    }

    /// The time of its end; for a timeout, the start plus TimeoutSeconds, exactly. `None` while it runs.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self.state.phase {
            Phase::Ended { at, .. } => Some(at),
            Phase::New | Phase::Running => None,
        }
    }

    /// The earliest time at which it wants a `DeadlinePassed`: the end of a wait, a retry, a task's timeout or
    /// heartbeat, the execution's own timeout. `None` before the start and after the end.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.state.next_deadline()
    }

    /// Calls that were scheduled and neither answered nor submitted, and activities' tasks that no worker has taken:
    /// to be sent again after a crash, each under its old number.
    pub fn open_tasks(&self) -> Vec<ScheduledTask> {
        self.calls()
            .filter(|call| call.stage == CallStage::Scheduled)
            .map(|call| call.task.clone())
            .collect()
    }

    /// The call of an attempt that can still be answered.
    pub fn open_task(&self, attempt: AttemptId) -> Option<&ScheduledTask> {
        let thread = self.state.open_attempts.get(&attempt)?;
        Some(&self.state.instance_if_any(*thread)?.call()?.task)
    }

    /// The time at which the call of an open attempt was scheduled.
    pub fn scheduled_at(&self, attempt: AttemptId) -> Option<Timestamp> {
        let thread = self.state.open_attempts.get(&attempt)?;
        Some(self.state.instance_if_any(*thread)?.call()?.since)
    }

    /// The calls that have run out of their own time by `at`, as the next `DeadlinePassed` will say.
    pub fn overdue_tasks(&self, at: Timestamp) -> impl Iterator<Item = &ScheduledTask> {
        let due = self.state.deadlines.iter().take_while(move |(due, _)| *due <= at);
        due.filter_map(|(_, thread)| Some(&self.state.instance_if_any(*thread)?.call()?.task))
    }

    /// Tells whether a heartbeat of the attempt moves a deadline; one that moves none need not be recorded.
    pub fn has_heartbeat_deadline(&self, attempt: AttemptId) -> bool {
        let call = || {
            self.state
                .instance_if_any(*self.state.open_attempts.get(&attempt)?)?
                .call()
        };
        call().is_some_and(|call| call.heartbeat_by.is_some())
    }

    /// The activities that it has been told do not exist.
    pub fn missing_activities(&self) -> &BTreeSet<Arc<str>> {
        &self.state.missing_activities
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.state
            .open_attempts
            .values()
            .filter_map(|thread| self.state.instance_if_any(*thread)?.call())
    }

    /// The things that it waits for, state by state.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use sluice_asl::StateMachine;
    /// use sluice_engine::{Execution, Fact, LogEntry, WaitingOn};
    ///
    /// let machine = Arc::new(StateMachine::parse(
    ///     r#"{ "StartAt": "Pause", "States": { "Pause": { "Type": "Wait", "Seconds": 5, "End": true } } }"#,
    /// )?);
    /// let mut execution = Execution::new(machine, identity());
    /// execution.apply(&LogEntry { at: 1_000, seed: [1, 2], fact: Fact::Started { input: Arc::default() } })?;
    /// let waiting = &execution.waiting()[0];
    /// assert_eq!(&*waiting.state, "Pause");
    /// assert_eq!(waiting.on, WaitingOn::Timer { until: 6_000 });
    /// // nothing is in flight: it needs no memory until then
    /// assert!(execution.is_parked());
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
    pub fn waiting(&self) -> Vec<Waiting> {
        let threads = self.state.threads.values().filter(|thread| !thread.stopped);
        threads
            .filter_map(|thread| waiting(thread.instance.as_deref()?))
            .collect()
    }

    /// Tells whether no call is in flight: it waits for tokens, workers, jobs or times only, and can leave memory.
    pub fn is_parked(&self) -> bool {
        self.state.is_running() && !self.calls().any(Call::is_in_flight)
    }

    /// Tells whether a call in flight can time out: whether [`crate::Fact::TimeoutsRestarted`] would change anything.
    pub fn has_timed_calls(&self) -> bool {
        self.state.is_running() && self.calls().any(Call::is_timed)
    }

    /// Finds the attempt that a task token belongs to, and whether it can still be answered; `None` for a token that this
    /// execution never gave out.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use sluice_asl::StateMachine;
    /// use sluice_engine::{AttemptStatus, Effect, Execution, Fact, LogEntry};
    ///
    /// let machine = Arc::new(StateMachine::parse(
    ///     r#"{ "StartAt": "Ask", "States": { "Ask": {
    ///         "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    ///         "Parameters": { "MessageBody.$": "$$.Task.Token" }, "End": true } } }"#,
    /// )?);
    /// let mut execution = Execution::new(machine, identity());
    /// let started = LogEntry { at: 0, seed: [1, 2], fact: Fact::Started { input: Arc::default() } };
    /// let consequences = execution.apply(&started)?;
    /// let Effect::Run(task) = &consequences.effects[0] else { panic!("a call") };
    /// let token = task.token.as_deref().unwrap();
    /// assert_eq!(execution.attempt_of_token(token), Some((task.attempt, AttemptStatus::Open)));
    /// assert_eq!(execution.attempt_of_token("made up"), None);
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
    pub fn attempt_of_token(&self, text: &str) -> Option<(AttemptId, AttemptStatus)> {
        let (key, attempt) = token::parse(text)?;
        if key != self.identity.key {
            return None;
        }
        if let Some(closed) = self.state.closed_tokens.get(&attempt) {
            return token::same(closed, text).then_some((attempt, AttemptStatus::Closed));
        }
        let thread = self.state.open_attempts.get(&attempt)?;
        let given = self.state.instance_if_any(*thread)?.call()?.task.token.as_deref()?;
        token::same(given, text).then_some((attempt, AttemptStatus::Open))
    }

    pub(crate) fn state(&self) -> &ExecutionState {
        &self.state
    }

    /// The number of its history events.
    pub fn event_count(&self) -> u64 {
        self.state.events
    }

    /// The number of its redrives.
    pub fn redrive_count(&self) -> u64 {
        self.state.redrives
    }

    /// Its identity.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// The state machine that it runs.
    pub fn machine(&self) -> &Arc<StateMachine> {
        &self.machine
    }
}

/// The thing that a state waits for.
pub(crate) fn waiting(instance: &StateInstance) -> Option<Waiting> {
    let (since, on) = match &instance.status {
        InstanceStatus::Deciding | InstanceStatus::FannedOut(_) => return None,
        InstanceStatus::Waiting { until } => (instance.entered_at, WaitingOn::Timer { until: *until }),
        InstanceStatus::Retrying { at } => (instance.entered_at, WaitingOn::Retry { at: *at }),
        InstanceStatus::Calling(call) => (call.since, waiting_on(call)),
    };
    Some(Waiting {
        state: instance.state.name.clone(),
        since,
        on,
    })
}

fn waiting_on(call: &Call) -> WaitingOn {
    let attempt = call.task.attempt;
    match (&call.task.resource, call.stage) {
        (Resource::Activity { arn }, CallStage::Scheduled) => WaitingOn::Worker {
            attempt,
            activity: arn.clone(),
        },
        (Resource::Activity { .. }, CallStage::WithWorker | CallStage::Submitted) => WaitingOn::Token { attempt },
        (
            Resource::Service {
                pattern: IntegrationPattern::WaitForTaskToken,
                ..
            },
            CallStage::Submitted,
        ) => WaitingOn::Token { attempt },
        (Resource::Service { .. } | Resource::Function { .. }, CallStage::Submitted | CallStage::WithWorker) => {
            WaitingOn::Job { attempt }
        }
        (Resource::Service { .. } | Resource::Function { .. }, CallStage::Scheduled) => WaitingOn::Call { attempt },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

    use serde_json::json;

    use super::*;
    use crate::execution_state::ROOT;

    fn machine(state: &serde_json::Value) -> Arc<StateMachine> {
        let definition = json!({ "StartAt": "S", "States": { "S": state } });
        Arc::new(StateMachine::parse(&definition.to_string()).unwrap())
    }

    #[test]
    fn a_contradiction_is_told_and_ends_the_use_of_an_execution() {
        let function = "arn:aws:lambda:eu-central-1:123456789012:function:f";
        let calling = machine(&json!({ "Type": "Task", "Resource": function, "End": true }));
        let identity = Identity {
            key: 1,
            arn: "arn:aws:states:eu-central-1:123456789012:execution:m:run".into(),
            name: "run".into(),
            machine_arn: "arn:aws:states:eu-central-1:123456789012:stateMachine:m".into(),
            machine_name: "m".into(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            express: false,
        };
        let mut execution = Execution::new(calling, Arc::new(identity));
        let entry = |fact| LogEntry {
            at: 0,
            seed: [1, 2],
            fact,
        };
        let start = entry(Fact::Started { input: Arc::default() });
        execution.apply(&start).unwrap();
        // the call's state is another all of a sudden
        let other = machine(&json!({ "Type": "Succeed" })).flow.states["S"].clone();
        execution.state.instance_mut(ROOT).unwrap().state = other;
        let answered = entry(Fact::TaskSucceeded {
            attempt: AttemptId(1),
            output: Arc::default(),
        });
        let violation = InvariantViolation::WrongStateType {
            thread: 0,
            state: "S".into(),
            action: "call",
        };
        assert_eq!(
            execution.apply(&answered),
            Err(ApplyError::Violation(violation.clone()))
        );
        let stopped = entry(Fact::Stopped {
            error: None,
            cause: None,
        });
        assert_eq!(execution.apply(&stopped), Err(ApplyError::Violation(violation)));
    }
}
