//! Any definition and what happens to its execution, out of bytes: for property tests and for fuzzing alike.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each user takes its part; a failed unwrap is a failed test

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sluice_asl::StateMachine;
use sluice_engine::execution::WaitingOn;
use sluice_engine::{
    ApplyError, AttemptId, Breakdown, Effect, Execution, Fact, HistoryEvent, Identity, LogEntry, MapRunUpdate, history,
};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f";
const ACTIVITY: &str = "arn:aws:states:eu-central-1:123456789012:activity:a";
const START: i64 = 1_700_000_000_000;

/// Bytes as decisions; when they run out, every decision is the first choice.
pub struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    /// True in one of `n` cases.
    fn rarely(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn pick<'c, T>(&mut self, of: &'c [T]) -> &'c T {
        &of[self.below(of.len())]
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const PATHS: &[&str] = &[
    "$",
    "$.a",
    "$.a[0]",
    "$.n",
    "$.none",
    "$$.Execution.Name",
    "$$.State.Name",
    "$$.Map.Item.Value",
    "$x",
    "$x.y",
    "$..n",
    "$.a[*]",
    "$.a[?(@.n > 1)]",
    "$.a.length()",
    "States.UUID()",
    "States.Array($.n, $.a)",
    "States.MathAdd($.n, 1)",
    "States.Format('{}-{}', $.n, $$.State.Name)",
    "States.ArrayRange(1, 9, 2)",
    "States.StringToJson($.s)",
];

const EXPRESSIONS: &[&str] = &[
    "$states.input",
    "$states.input.a",
    "$states.input.n + 1",
    "$states.result",
    "$states.errorOutput.Error",
    "$x",
    "$x.y",
    "$uuid()",
    "$random() < 0.5",
    "$millis() % 2 = 0",
    "$states.context.State.Name",
    "$states.context.Map.Item.Value",
    "[1, 2, 3]",
    "{'a': [1, 2], 'n': 3}",
    "$map([1..3], function($i) { {'n': $i} })",
    "$nothing",
    "$error('no')",
    "true",
    "7",
    "'text'",
    "$now()",
    "$reduce([1..5], function($a, $b) { $a + $b })",
    "$states.input.a[n > 1]",
    "$string($states)",
    "'2030-01-01T00:00:00Z'",
];

/// A definition in the making.
struct Maker<'c, 'b> {
    choices: &'c mut Choices<'b>,
    jsonata: bool,
    states: usize,
}

impl Maker<'_, '_> {
    fn machine(&mut self) -> Value {
        let mut machine = self.flow(0);
        if self.jsonata {
            machine["QueryLanguage"] = json!("JSONata");
        }
        if self.choices.rarely(8) {
            machine["TimeoutSeconds"] = json!(60);
        }
        machine
    }

    fn flow(&mut self, depth: usize) -> Value {
        let count = 1 + self.choices.below(if depth == 0 { 5 } else { 2 });
        let names: Vec<String> = (0..count).map(|i| format!("S{}", self.states + i)).collect();
        self.states += count;
        let mut states = Map::new();
        for (i, name) in names.iter().enumerate() {
            let next = if self.choices.rarely(16) {
                self.choices.pick(&names).clone()
            } else {
                names.get(i + 1).cloned().unwrap_or_default()
            };
            let state = self.state(depth, &next, &names);
            states.insert(name.clone(), state);
        }
        json!({ "StartAt": names[0], "States": states })
    }

    fn value(&mut self) -> Value {
        match self.choices.below(12) {
            0 | 1 => json!({ "a": [1, { "n": 2 }, "s"], "n": self.choices.byte(), "s": "[1]" }),
            2 => json!([1, 2, 3]),
            3 => json!(null),
            4 => json!(-1.5),
            5 => json!("text"),
            6 if self.choices.rarely(8) => json!("x".repeat(262_100)),
            _ => json!({ "n": 1 }),
        }
    }

    fn template(&mut self) -> Value {
        let mut members = Map::new();
        for key in ["a", "n", "x"].iter().take(1 + self.choices.below(3)) {
            if self.choices.rarely(3) {
                members.insert((*key).to_owned(), self.value());
            } else if self.jsonata {
                members.insert((*key).to_owned(), self.expression());
            } else {
                members.insert(format!("{key}.$"), json!(self.choices.pick(PATHS)));
            }
        }
        Value::Object(members)
    }

    fn expression(&mut self) -> Value {
        json!(format!("{{% {} %}}", self.choices.pick(EXPRESSIONS)))
    }

    fn path(&mut self) -> Value {
        json!(self.choices.pick(&PATHS[..14]))
    }

    /// A number, or what gives one.
    fn number(&mut self, state: &mut Value, field: &str, constant: u64) {
        match self.choices.below(6) {
            0 if self.jsonata => state[field] = self.expression(),
            0 => state[format!("{field}Path")] = self.path(),
            _ => state[field] = json!(constant),
        }
    }

    fn state(&mut self, depth: usize, next: &str, names: &[String]) -> Value {
        let kinds = if depth < 3 { 9 } else { 6 };
        let kind = self.choices.below(kinds);
        let mut state = match kind {
            0 => json!({ "Type": "Pass" }),
            1 | 2 => self.task(),
            3 => self.wait(),
            4 => return self.choice(names),
            5 => return self.last(),
            6 => self.parallel(depth),
            _ => self.map(depth),
        };
        match next {
            "" => state["End"] = json!(true),
            next => state["Next"] = json!(next),
        }
        self.data(&mut state, kind);
        if kind != 0 && kind != 3 {
            self.errors(&mut state, names);
        }
        state
    }

    fn data(&mut self, state: &mut Value, kind: usize) {
        let takes_arguments = kind != 3 && kind < 7;
        if self.choices.rarely(4) {
            state["Assign"] = self.template();
        }
        if self.jsonata {
            if self.choices.rarely(3) {
                state["Output"] = if self.choices.rarely(2) {
                    self.template()
                } else {
                    self.expression()
                };
            }
            return;
        }
        if self.choices.rarely(5) {
            state["InputPath"] = self.path();
        }
        if self.choices.rarely(5) {
            state["OutputPath"] = self.path();
        }
        if kind != 3 && self.choices.rarely(4) {
            state["ResultPath"] = self
                .choices
                .pick(&[json!("$.r"), json!("$"), json!("$.a[0].r"), Value::Null])
                .clone();
        }
        if takes_arguments && self.choices.rarely(3) && state.get("Parameters").is_none() {
            state["Parameters"] = self.template();
        }
        if matches!(kind, 1 | 2 | 6 | 7 | 8) && self.choices.rarely(4) {
            state["ResultSelector"] = self.template();
        }
        if kind == 0 && self.choices.rarely(3) {
            state["Result"] = self.value();
        }
    }

    fn errors(&mut self, state: &mut Value, names: &[String]) {
        let names_of = |choices: &mut Choices<'_>| {
            json!([choices.pick(&[
                "States.ALL",
                "Flaky",
                "States.Timeout",
                "States.TaskFailed",
                "States.QueryEvaluationError"
            ])])
        };
        if self.choices.rarely(3) {
            let mut retrier = json!({ "ErrorEquals": names_of(self.choices), "MaxAttempts": self.choices.below(4) });
            if self.choices.rarely(3) {
                retrier["IntervalSeconds"] = json!(1 + self.choices.below(9));
                retrier["JitterStrategy"] = json!("FULL");
                retrier["MaxDelaySeconds"] = json!(20);
            }
            state["Retry"] = json!([retrier]);
        }
        if self.choices.rarely(3) {
            let mut catcher = json!({ "ErrorEquals": names_of(self.choices), "Next": self.choices.pick(names) });
            if self.jsonata {
                catcher["Output"] = self.expression();
            } else {
                catcher["ResultPath"] = json!("$.error");
            }
            if self.choices.rarely(3) {
                catcher["Assign"] = self.template();
            }
            state["Catch"] = json!([catcher]);
        }
    }

    fn task(&mut self) -> Value {
        let arguments = if self.jsonata { "Arguments" } else { "Parameters" };
        let mut task = json!({ "Type": "Task" });
        match self.choices.below(5) {
            0 => task["Resource"] = json!(FUNCTION),
            1 => task["Resource"] = json!(ACTIVITY),
            2 => {
                task["Resource"] = json!("arn:aws:states:::lambda:invoke");
                task[arguments] = json!({ "FunctionName": "f", "Payload": self.value() });
            }
            3 => {
                task["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
                task[arguments] = if self.jsonata {
                    json!({ "FunctionName": "f", "Payload": { "t": "{% $states.context.Task.Token %}" } })
                } else {
                    json!({ "FunctionName": "f", "Payload": { "t.$": "$$.Task.Token", "all.$": "$$" } })
                };
            }
            _ => {
                task["Resource"] = json!("arn:aws:states:::states:startExecution.sync:2");
                task[arguments] =
                    json!({ "StateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:m" });
            }
        }
        if self.choices.rarely(2) {
            self.number(&mut task, "TimeoutSeconds", 30);
            if self.choices.rarely(2) {
                self.number(&mut task, "HeartbeatSeconds", 10);
            }
        }
        task
    }

    fn wait(&mut self) -> Value {
        let mut wait = json!({ "Type": "Wait" });
        match self.choices.below(4) {
            0 => wait["Seconds"] = json!(self.choices.byte()),
            1 => wait["Timestamp"] = json!("2024-01-01T00:00:00Z"),
            2 if self.jsonata => wait["Timestamp"] = self.expression(),
            2 => wait["TimestampPath"] = self.path(),
            _ if self.jsonata => wait["Seconds"] = self.expression(),
            _ => wait["SecondsPath"] = self.path(),
        }
        wait
    }

    fn choice(&mut self, names: &[String]) -> Value {
        let mut rules = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let mut rule = if self.jsonata {
                json!({ "Condition": self.expression() })
            } else {
                let path = self.path();
                match self.choices.below(6) {
                    0 => json!({ "Variable": path, "NumericGreaterThan": 2 }),
                    1 => json!({ "Variable": path, "StringMatches": "t*t" }),
                    2 => json!({ "Variable": path, "IsPresent": true }),
                    3 => json!({ "Variable": path, "NumericEqualsPath": self.path() }),
                    4 => json!({ "Not": { "Variable": path, "IsNull": true } }),
                    _ => {
                        json!({ "And": [{ "Variable": path, "IsString": true }, { "Variable": path, "TimestampLessThan": "2024-01-01T00:00:00Z" }] })
                    }
                }
            };
            rule["Next"] = json!(names[names.len() - 1]);
            if self.choices.rarely(3) {
                rule["Assign"] = self.template();
            }
            rules.push(rule);
        }
        let mut choice = json!({ "Type": "Choice", "Choices": rules });
        if self.choices.rarely(2) {
            choice["Default"] = json!(self.choices.pick(names));
        }
        choice
    }

    fn last(&mut self) -> Value {
        match self.choices.below(3) {
            0 => json!({ "Type": "Succeed" }),
            1 => json!({ "Type": "Fail", "Error": "Flaky", "Cause": "c" }),
            _ if self.jsonata => json!({ "Type": "Fail", "Error": self.expression(), "Cause": self.expression() }),
            _ => json!({ "Type": "Fail", "ErrorPath": self.path(), "CausePath": "States.UUID()" }),
        }
    }

    fn parallel(&mut self, depth: usize) -> Value {
        let branches: Vec<Value> = (0..=self.choices.below(3)).map(|_| self.flow(depth + 1)).collect();
        json!({ "Type": "Parallel", "Branches": branches })
    }

    fn map(&mut self, depth: usize) -> Value {
        let mut processor = self.flow(depth + 1);
        let distributed = self.choices.rarely(3);
        if distributed {
            processor["ProcessorConfig"] =
                json!({ "Mode": "DISTRIBUTED", "ExecutionType": self.choices.pick(&["STANDARD", "EXPRESS"]) });
        }
        let mut map = json!({ "Type": "Map", "ItemProcessor": processor });
        match (self.jsonata, self.choices.below(4)) {
            (true, 0) => map["Items"] = self.expression(),
            (true, _) => map["Items"] = json!([1, { "n": 2 }, "s", null]),
            (false, 0) => map["ItemsPath"] = self.path(),
            (false, _) => map["ItemsPath"] = json!("$.a"),
        }
        if self.choices.rarely(3) {
            map["ItemSelector"] = self.template();
        }
        if self.choices.rarely(2) {
            let limit = self.choices.below(4) as u64;
            self.number(&mut map, "MaxConcurrency", limit);
        }
        if distributed {
            if self.choices.rarely(3) {
                self.number(&mut map, "ToleratedFailureCount", 1);
            }
            if self.choices.rarely(4) {
                self.number(&mut map, "ToleratedFailurePercentage", 40);
            }
            if self.choices.rarely(4) {
                map["Label"] = json!(format!("L{}", self.states));
            }
            if self.choices.rarely(4) {
                map["ItemBatcher"] = json!({ "MaxItemsPerBatch": 1 + self.choices.below(3) });
            }
        }
        map
    }
}

/// A played scenario: the definition, the log and what came of it.
pub struct Played {
    pub definition: Value,
    pub machine: Arc<StateMachine>,
    pub identity: Arc<Identity>,
    pub execution: Execution,
    pub log: Vec<LogEntry>,
    pub events: Vec<HistoryEvent>,
    now: i64,
    open: Vec<AttemptId>,
    runs: Vec<Arc<str>>,
}

/// The definition that `choices` make.
pub fn definition(choices: &mut Choices<'_>) -> Value {
    let jsonata = choices.rarely(2);
    Maker {
        choices,
        jsonata,
        states: 0,
    }
    .machine()
}

/// Makes a machine and plays as many facts as `choices` last, at most `facts`; none when the definition is refused.
pub fn play(bytes: &[u8], facts: usize) -> Option<Played> {
    let mut choices = Choices::new(bytes);
    let definition = definition(&mut choices);
    let machine = Arc::new(StateMachine::parse(&definition.to_string()).ok()?);
    let express = choices.rarely(5);
    let identity = Arc::new(Identity {
        key: 42,
        arn: "arn:aws:states:eu-central-1:123456789012:execution:m:run".into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:eu-central-1:123456789012:stateMachine:m".into(),
        machine_name: "m".into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        express,
    });
    let mut played = Played {
        execution: Execution::new(machine.clone(), identity.clone()),
        definition,
        machine,
        identity,
        log: Vec::new(),
        events: Vec::new(),
        now: START,
        open: Vec::new(),
        runs: Vec::new(),
    };
    let input = Maker {
        choices: &mut choices,
        jsonata: false,
        states: 0,
    }
    .value();
    played.take(Fact::Started { input: Arc::new(input) });
    for _ in 0..facts {
        if choices.is_empty() {
            break;
        }
        let fact = played.fact(&mut choices);
        played.take(fact);
    }
    Some(played)
}

impl Played {
    fn fact(&mut self, choices: &mut Choices<'_>) -> Fact {
        let attempt = match self.open.len() {
            0 => AttemptId(choices.below(4) as u64),
            n => self.open[choices.below(n)],
        };
        self.now += choices.byte() as i64 * 40 - 2;
        let mut value = || {
            Arc::new(
                Maker {
                    choices: &mut *choices,
                    jsonata: false,
                    states: 0,
                }
                .value(),
            )
        };
        let output = value();
        let error = choices.pick(&["Flaky", "Bad", "States.Timeout"]);
        match choices.below(25) {
            0..=6 => Fact::TaskSucceeded { attempt, output },
            7..=9 => Fact::TaskFailed {
                attempt,
                error: Some((*error).to_owned()),
                cause: None,
            },
            10 | 11 => Fact::TaskSubmitted { attempt, output },
            12 | 13 => Fact::ActivityStarted { attempt, worker: None },
            14 => Fact::Heartbeat { attempt },
            15 => Fact::ActivitiesMissing {
                arns: [Arc::from(ACTIVITY)].into(),
            },
            16 => Fact::Redriven,
            17 => Fact::Started { input: output },
            20 => Fact::BrokeDown {
                fact: Box::new(Fact::TaskSucceeded { attempt, output }),
                breakdown: Breakdown::Time,
            },
            21 => Fact::ChildStopped {
                child: u32::try_from(choices.below(12)).unwrap_or(0),
                error: None,
                cause: Some((*error).to_owned()),
            },
            18 if choices.rarely(3) => Fact::Stopped {
                error: Some("E".to_owned()),
                cause: None,
            },
            19 => Fact::MapRunUpdated {
                arn: self.runs.last().cloned().unwrap_or_else(|| "arn:none".into()),
                update: MapRunUpdate {
                    max_concurrency: Some(2),
                    tolerated_count: Some(0),
                    tolerated_percentage: None,
                },
            },
            22 => Fact::TimeoutsRestarted,
            _ => {
                self.now = self.now.max(self.execution.next_deadline().unwrap_or(self.now));
                Fact::DeadlinePassed
            }
        }
    }

    /// Applies the fact. One that cannot be must change nothing: it is not in the log, and the log must tell the same.
    fn take(&mut self, fact: Fact) {
        let entry = LogEntry {
            at: self.now,
            seed: [self.log.len() as u64 + 1, 99],
            fact,
        };
        let before = self.events.len();
        match self.execution.apply_recording(&entry, &mut self.events) {
            Ok(consequences) => {
                for effect in consequences.effects {
                    match effect {
                        Effect::Run(task) => self.open.push(task.attempt),
                        Effect::Abandon(attempt) => self.open.retain(|open| *open != attempt),
                        Effect::Finish(_) => {}
                    }
                }
                for run in consequences.map_runs {
                    if !self.runs.contains(&run.arn) {
                        self.runs.push(run.arn);
                    }
                }
                self.log.push(entry);
            }
            Err(ApplyError::Violation(violation)) => panic!("{violation}: {:?}", entry.fact),
            Err(ApplyError::Illegal(illegal)) => {
                assert!(!illegal.to_string().is_empty());
                assert_eq!(
                    before,
                    self.events.len(),
                    "an illegal fact made events: {:?}",
                    entry.fact
                );
                self.now = self.now.max(self.log.last().map_or(START, |last| last.at));
            }
        }
        for waiting in self.execution.waiting() {
            if let (WaitingOn::Timer { until: at } | WaitingOn::Retry { at }, None) =
                (waiting.on, self.execution.outcome())
            {
                assert!(
                    self.execution.next_deadline().is_some_and(|next| next <= at),
                    "{} sleeps on",
                    waiting.state
                );
            }
        }
        let _ = (self.execution.is_parked(), self.execution.open_tasks());
    }

    /// The log, and each part of it from the start, gives the same history.
    pub fn check_prefixes(&self, step: usize) {
        for length in (0..=self.log.len()).rev().step_by(step.max(1)) {
            let told = history(self.machine.clone(), self.identity.clone(), &self.log[..length]).unwrap();
            assert_eq!(told, self.events[..told.len()], "the first {length} entries");
        }
        let mut again = Execution::new(self.machine.clone(), self.identity.clone());
        for entry in &self.log {
            again.apply(entry).unwrap();
        }
        assert_eq!(again.event_count(), self.execution.event_count());
        assert_eq!(format!("{again:?}"), format!("{:?}", self.execution));
        let ids: Vec<u64> = self.events.iter().map(|event| event.id).collect();
        assert!(
            ids.iter().copied().eq(1..=ids.len() as u64),
            "the events are not numbered without gaps"
        );
        for event in &self.events {
            let _ = event.to_json(true);
        }
        let children = sluice_engine::children(self.machine.clone(), self.identity.clone(), &self.log, 0..u32::MAX);
        for child in children.unwrap() {
            let ids = child.trace.events.iter().map(|event| event.id);
            assert!(ids.eq(1..=child.trace.events.len() as u64), "{:?}", child.summary);
        }
    }
}
