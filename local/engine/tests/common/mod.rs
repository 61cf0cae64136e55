//! Drives an execution through its facts, as a driver with a clock and workers would.
#![allow(dead_code, clippy::unwrap_used)] // each test binary uses its part; a failed unwrap is a failed test

pub(crate) mod scenario;

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::StateMachine;
use sluice_engine::{
    ApplyError, AttemptId, Consequences, Effect, Execution, Fact, HistoryEvent, Identity, LogEntry, Outcome,
    ScheduledTask, Timestamp,
};

pub(crate) const START: Timestamp = 1_700_000_000_000;

pub(crate) fn machine(definition: &Value) -> Arc<StateMachine> {
    match StateMachine::parse(&definition.to_string()) {
        Ok(machine) => Arc::new(machine),
        Err(diagnostics) => panic!("{definition}: {diagnostics:?}"),
    }
}

pub(crate) fn identity(express: bool) -> Arc<Identity> {
    Arc::new(Identity {
        key: 42,
        arn: "arn:aws:states:eu-central-1:123456789012:execution:m:run".into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:eu-central-1:123456789012:stateMachine:m".into(),
        machine_name: "m".into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        express,
    })
}

/// An execution with its log, its events and the calls it has made.
pub(crate) struct Run {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) execution: Execution,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) events: Vec<HistoryEvent>,
    /// Sent and not answered, oldest first.
    pub(crate) calls: Vec<ScheduledTask>,
    pub(crate) abandoned: Vec<AttemptId>,
    pub(crate) now: Timestamp,
}

/// A step of a test.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The oldest call is answered well.
    Ok(Value),
    /// The call of that state is answered well.
    OkOf(&'static str, Value),
    /// The oldest call fails.
    Err(&'static str, &'static str),
    /// The call of that state fails.
    ErrOf(&'static str, &'static str, &'static str),
    /// The oldest call was accepted.
    Submitted(Value),
    /// A worker took the oldest activity's task.
    Taken(&'static str),
    Heartbeat,
    /// The calls in flight have their time again.
    Restarted,
    /// Time passes, and nothing happens.
    Later(i64),
    /// Time jumps to the next deadline, and it passes.
    Deadline,
    Stop,
    Redrive,
}

impl Run {
    pub(crate) fn new(definition: &Value, express: bool) -> Self {
        let (machine, identity) = (machine(definition), identity(express));
        Self {
            execution: Execution::new(machine.clone(), identity.clone()),
            machine,
            identity,
            log: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
            abandoned: Vec::new(),
            now: START,
        }
    }

    pub(crate) fn started(definition: &Value, input: Value) -> Self {
        let mut run = Self::new(definition, false);
        run.fact(Fact::Started { input: Arc::new(input) }).unwrap();
        run
    }

    pub(crate) fn fact(&mut self, fact: Fact) -> Result<Consequences, ApplyError> {
        let n = self.log.len() as u64;
        let entry = LogEntry {
            at: self.now,
            seed: [n + 1, 99],
            fact,
        };
        let consequences = self.execution.apply_recording(&entry, &mut self.events)?;
        self.log.push(entry);
        for effect in &consequences.effects {
            match effect {
                Effect::Run(task) => self.calls.push((**task).clone()),
                Effect::Abandon(attempt) => {
                    self.abandoned.push(*attempt);
                    self.calls.retain(|call| call.attempt != *attempt);
                }
                Effect::Finish(_) => {}
            }
        }
        Ok(consequences)
    }

    fn take_call(&mut self, of: Option<&str>) -> AttemptId {
        let at = self
            .calls
            .iter()
            .position(|call| of.is_none_or(|of| &*call.state == of));
        self.calls
            .remove(at.unwrap_or_else(|| panic!("no call of {of:?} in {:?}", self.calls)))
            .attempt
    }

    pub(crate) fn step(&mut self, step: &Step) {
        let ok = |attempt, output: &Value| Fact::TaskSucceeded {
            attempt,
            output: Arc::new(output.clone()),
        };
        let err = |attempt, error: &str, cause: &str| Fact::TaskFailed {
            attempt,
            error: Some(error.to_owned()),
            cause: Some(cause.to_owned()),
        };
        let fact = match step {
            Step::Ok(output) => ok(self.take_call(None), output),
            Step::OkOf(state, output) => ok(self.take_call(Some(state)), output),
            Step::Err(error, cause) => err(self.take_call(None), error, cause),
            Step::ErrOf(state, error, cause) => err(self.take_call(Some(state)), error, cause),
            Step::Submitted(output) => Fact::TaskSubmitted {
                attempt: self.calls[0].attempt,
                output: Arc::new(output.clone()),
            },
            Step::Taken(worker) => Fact::ActivityStarted {
                attempt: self.calls[0].attempt,
                worker: Some((*worker).to_owned()),
            },
            Step::Heartbeat => Fact::Heartbeat {
                attempt: self.calls[0].attempt,
            },
            Step::Restarted => Fact::TimeoutsRestarted,
            Step::Later(millis) => {
                self.now += millis;
                return;
            }
            Step::Deadline => {
                self.now = self.execution.next_deadline().unwrap().max(self.now);
                Fact::DeadlinePassed
            }
            Step::Stop => Fact::Stopped {
                error: None,
                cause: None,
            },
            Step::Redrive => Fact::Redriven,
        };
        if let Err(illegal) = self.fact(fact) {
            panic!("{step:?}: {illegal}");
        }
    }

    /// `3<2 PassStateExited A` for each event.
    pub(crate) fn told(&self) -> Vec<String> {
        self.events.iter().map(told).collect()
    }

    pub(crate) fn output(&self) -> Value {
        match self.execution.outcome() {
            Some(Outcome::Succeeded { output }) => (**output).clone(),
            other => panic!("not succeeded but {other:?}: {:#?}", self.told()),
        }
    }

    pub(crate) fn error(&self) -> (String, String) {
        match self.execution.outcome() {
            Some(Outcome::Failed { error, cause }) => {
                (error.clone().unwrap_or_default(), cause.clone().unwrap_or_default())
            }
            other => panic!("not failed but {other:?}: {:#?}", self.told()),
        }
    }
}

/// An event's links, type, and the state or index it tells of.
pub(crate) fn told(event: &HistoryEvent) -> String {
    let json = event.to_json(true);
    let details = json
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| key.ends_with("Details"))
        .map(|(_, d)| d.clone());
    let about = details.map_or(String::new(), |d| match (d.get("name"), d.get("index")) {
        (_, Some(index)) => format!(" {index}"),
        (Some(name), _) => format!(" {}", name.as_str().unwrap()),
        _ => String::new(),
    });
    format!(
        "{}<{} {}{about}",
        event.id,
        event.previous_event_id,
        event.kind.type_name()
    )
}
