use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sluice_asl::StateMachine;

use crate::map_run::{ChildSummary, MapRunCounts, MapRunReport, MapRunStatus};
use crate::{
    AttemptId, ChildHistory, Effect, Execution, Fact, Identity, IllegalFact, LogEntry, Status, Timestamp, children,
};

const PREFIX: &str = "arn:aws:states:us-east-1:000000000000";
const DAY: Timestamp = 86_400_000;

/// A log that is made fact by fact, and what its consequences told of Map Runs.
struct Log {
    machine: Arc<StateMachine>,
    identity: Arc<Identity>,
    execution: Execution,
    entries: Vec<LogEntry>,
    now: Timestamp,
    runs: BTreeMap<Arc<str>, MapRunReport>,
    children: BTreeMap<u32, ChildSummary>,
}

impl Log {
    /// A run over three items by two, whose children each make one call.
    fn new(tolerated: u64) -> Self {
        let task = json!({ "T": {
            "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true,
        } });
        Self::over(
            "STANDARD",
            json!({ "ToleratedFailureCount": tolerated }),
            &task,
            json!([1, 2, 3]),
        )
    }

    fn over(kind: &str, members: Value, states: &Value, input: Value) -> Self {
        let first = states
            .as_object()
            .and_then(|states| states.keys().next())
            .expect("a state");
        let mut map = json!({
            "Type": "Map", "End": true, "MaxConcurrency": 2, "Label": "L",
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": kind },
                "StartAt": first,
                "States": states,
            },
        });
        for (name, value) in members.as_object().expect("members") {
            map[name] = value.clone();
        }
        let definition = json!({ "StartAt": "M", "States": { "M": map } });
        let machine = Arc::new(StateMachine::parse(&definition.to_string()).expect("a definition"));
        let identity = Arc::new(Identity {
            key: 1,
            arn: format!("{PREFIX}:execution:m:x").into(),
            name: "x".into(),
            machine_arn: format!("{PREFIX}:stateMachine:m").into(),
            machine_name: "m".into(),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            express: false,
        });
        let mut log = Self {
            execution: Execution::new(machine.clone(), identity.clone()),
            machine,
            identity,
            entries: Vec::new(),
            now: 0,
            runs: BTreeMap::new(),
            children: BTreeMap::new(),
        };
        log.step(Fact::Started { input: Arc::new(input) });
        log
    }

    fn entry(&self, fact: Fact) -> LogEntry {
        LogEntry {
            at: self.now,
            seed: [self.entries.len() as u64, 1],
            fact,
        }
    }

    /// Takes a fact, a second after the one before; answers the attempts that begin.
    fn step(&mut self, fact: Fact) -> Vec<u64> {
        let entry = self.entry(fact);
        let consequences = self.execution.apply(&entry).expect("can happen");
        self.entries.push(entry);
        self.now += 1000;
        self.runs
            .extend(consequences.map_runs.into_iter().map(|run| (run.arn.clone(), run)));
        self.children
            .extend(consequences.children.into_iter().map(|child| (child.number, child)));
        let begun = consequences.effects.into_iter().filter_map(|effect| match effect {
            Effect::Run(task) => Some(task.attempt.0),
            Effect::Abandon(_) | Effect::Finish(_) => None,
        });
        begun.collect()
    }

    fn succeed(&mut self, attempt: u64) -> Vec<u64> {
        self.step(Fact::TaskSucceeded {
            attempt: AttemptId(attempt),
            output: Arc::new(json!("fine")),
        })
    }

    fn fail(&mut self, attempt: u64) -> Vec<u64> {
        self.step(Fact::TaskFailed {
            attempt: AttemptId(attempt),
            error: Some("E".into()),
            cause: None,
        })
    }

    fn stop(&mut self) {
        self.step(Fact::Stopped {
            error: None,
            cause: None,
        });
    }

    fn stop_child(&mut self, child: u32) {
        self.step(Fact::ChildStopped {
            child,
            error: Some("Mine".into()),
            cause: None,
        });
    }

    fn run(&self) -> &MapRunReport {
        let [run] = &self.runs.values().collect::<Vec<_>>()[..] else {
            panic!("{:?}", self.runs)
        };
        run
    }

    /// Status, end, and children: pending, running, succeeded, failed, timed out, aborted, pending redrive.
    #[track_caller]
    fn check(&self, status: MapRunStatus, ended_at: Option<Timestamp>, counts: [usize; 7]) {
        let run = self.run();
        let [pending, running, succeeded, failed, timed_out, aborted, pending_redrive] = counts;
        let counts = MapRunCounts {
            pending,
            running,
            succeeded,
            failed,
            timed_out,
            aborted,
            pending_redrive,
        };
        assert_eq!((run.status, run.ended_at, run.executions), (status, ended_at, counts));
        assert_eq!((run.items, run.items.total()), (counts, 3));
    }

    fn tales(&self) -> Vec<ChildHistory> {
        children(self.machine.clone(), self.identity.clone(), &self.entries, 0..u32::MAX).expect("a log")
    }

    /// The children in the order of their starts: what their histories tell, and how they stand.
    #[track_caller]
    fn check_children(&self, expected: &[(&str, Status)]) {
        let told: Vec<(String, Status)> = self
            .tales()
            .into_iter()
            .map(|tale| {
                assert_eq!(Some(&tale.summary), self.children.get(&tale.summary.number));
                let events = tale.trace.events.iter().map(|event| {
                    let kind = event.to_json(false)["type"].as_str().unwrap_or_default().to_owned();
                    format!("{}<{} {kind}", event.id, event.previous_event_id)
                });
                (events.collect::<Vec<_>>().join(" "), tale.summary.status)
            })
            .collect();
        let told: Vec<(&str, Status)> = told.iter().map(|(events, status)| (events.as_str(), *status)).collect();
        assert_eq!(told, expected);
    }
}

const CALLS: &str = "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 LambdaFunctionScheduled 4<3 LambdaFunctionStarted";

#[test]
fn a_run_counts_its_children_as_they_come_and_go() {
    let mut log = Log::new(0);
    log.check(MapRunStatus::Running, None, [1, 2, 0, 0, 0, 0, 0]);
    log.succeed(1);
    log.check(MapRunStatus::Running, None, [0, 2, 1, 0, 0, 0, 0]);
    log.succeed(3);
    log.succeed(2);
    log.check(MapRunStatus::Succeeded, Some(3000), [0, 0, 3, 0, 0, 0, 0]);
    let run = log.run();
    assert_eq!((run.started_at, run.max_concurrency), (0, 2));
    assert!(run.arn.starts_with(&format!("{PREFIX}:mapRun:m/L:")), "{}", run.arn);
    assert_eq!(run.execution_arn, log.identity.arn);
}

#[test]
fn what_is_tolerated_counts_as_failed_and_what_is_not_ends_the_run() {
    let mut log = Log::new(1);
    log.fail(1);
    log.check(MapRunStatus::Running, None, [0, 2, 0, 1, 0, 0, 0]);
    log.fail(2);
    log.check(MapRunStatus::Failed, Some(2000), [0, 0, 0, 2, 0, 1, 0]);
}

#[test]
fn a_child_has_a_history_of_its_own() {
    let mut log = Log::new(1);
    log.succeed(1);
    log.fail(2);
    log.stop();
    log.check_children(&[
        (
            &format!("{CALLS} 5<4 LambdaFunctionSucceeded 6<5 TaskStateExited 7<6 ExecutionSucceeded"),
            Status::Succeeded,
        ),
        (
            &format!("{CALLS} 5<4 LambdaFunctionFailed 6<5 ExecutionFailed"),
            Status::Failed,
        ),
        (&format!("{CALLS} 5<0 ExecutionAborted"), Status::Aborted),
    ]);
    let tales = log.tales();
    let ends: Vec<_> = tales
        .iter()
        .map(|tale| (tale.summary.started_at, tale.summary.ended_at))
        .collect();
    assert_eq!(ends, [(0, Some(1000)), (0, Some(2000)), (1000, Some(3000))]);
    assert_eq!(*tales[2].input(), json!(3));
    let outcome = |index: usize| tales[index].outcome();
    assert_eq!(
        outcome(0),
        Some(crate::Outcome::Succeeded {
            output: Arc::new(json!("fine"))
        })
    );
    assert!(matches!(outcome(1), Some(crate::Outcome::Failed { error: Some(error), .. }) if error == "E"));
    let arn = &tales[0].summary.arn;
    assert!(arn.starts_with(&format!("{PREFIX}:execution:m/L:")), "{arn}");
}

#[test]
fn any_part_of_the_children_is_told_alike() {
    let mut log = Log::new(3);
    log.fail(1);
    log.succeed(3);
    log.succeed(2);
    let all = log.tales();
    for tale in &all {
        let number = tale.summary.number;
        let told = children(
            log.machine.clone(),
            log.identity.clone(),
            &log.entries,
            number..number + 1,
        );
        assert_eq!(told.expect("a log"), std::slice::from_ref(tale));
    }
    assert_eq!(all.len(), 3);
}

#[test]
fn an_update_lets_more_start_and_more_fail() {
    let mut log = Log::new(0);
    let arn = log.run().arn.clone();
    let update = || Fact::MapRunUpdated {
        arn: arn.clone(),
        update: crate::MapRunUpdate {
            max_concurrency: Some(0),
            tolerated_count: Some(1),
            tolerated_percentage: None,
        },
    };
    assert_eq!(log.step(update()), [3]);
    log.fail(1);
    log.succeed(2);
    log.succeed(3);
    let run = log.run();
    assert_eq!(
        (run.status, run.max_concurrency, run.tolerated_count),
        (MapRunStatus::Succeeded, 0, Some(1))
    );
    let entry = log.entry(update());
    assert!(log.execution.apply(&entry).is_err(), "it is over");
}

#[test]
fn a_run_ends_with_its_execution_and_goes_on_with_it() {
    let mut log = Log::new(0);
    log.succeed(1);
    log.stop();
    log.check(MapRunStatus::Aborted, Some(2000), [0, 0, 1, 0, 0, 2, 0]);
    let begun = log.step(Fact::Redriven);
    log.check(MapRunStatus::Running, None, [0, 2, 1, 0, 0, 0, 0]);
    for attempt in begun {
        log.succeed(attempt);
    }
    log.check(MapRunStatus::Succeeded, Some(5000), [0, 0, 3, 0, 0, 0, 0]);
    assert_eq!((log.run().redrives, log.run().redriven_at), (1, Some(3000)));
}

#[test]
fn redriven_children_take_their_turns_and_go_on_in_their_histories() {
    let mut log = Log::new(1);
    log.fail(1);
    log.fail(2);
    log.check(MapRunStatus::Failed, Some(2000), [0, 0, 0, 2, 0, 1, 0]);
    let begun = log.step(Fact::Redriven);
    log.check(MapRunStatus::Running, None, [0, 2, 0, 0, 0, 0, 1]);
    assert_eq!(begun, [4, 5]);
    assert_eq!(
        log.children.values().next_back().map(|child| child.status),
        Some(Status::PendingRedrive)
    );
    assert_eq!(log.succeed(4), [6], "the third, when there is room");
    log.succeed(5);
    log.succeed(6);
    log.check(MapRunStatus::Succeeded, Some(6000), [0, 0, 3, 0, 0, 0, 0]);
    let again = "LambdaFunctionScheduled";
    log.check_children(&[
        (
            &format!(
                "{CALLS} 5<4 LambdaFunctionFailed 6<5 ExecutionFailed 7<6 ExecutionRedriven 8<7 {again} \
                 9<8 LambdaFunctionStarted 10<9 LambdaFunctionSucceeded 11<10 TaskStateExited 12<11 ExecutionSucceeded"
            ),
            Status::Succeeded,
        ),
        (
            &format!(
                "{CALLS} 5<4 LambdaFunctionFailed 6<5 ExecutionFailed 7<6 ExecutionRedriven 8<7 {again} \
                 9<8 LambdaFunctionStarted 10<9 LambdaFunctionSucceeded 11<10 TaskStateExited 12<11 ExecutionSucceeded"
            ),
            Status::Succeeded,
        ),
        (
            &format!(
                "{CALLS} 5<0 ExecutionAborted 6<5 ExecutionRedriven 7<6 {again} 8<7 LambdaFunctionStarted \
                 9<8 LambdaFunctionSucceeded 10<9 TaskStateExited 11<10 ExecutionSucceeded"
            ),
            Status::Succeeded,
        ),
    ]);
    assert!(log.children.values().all(|child| child.redrives == 1));
}

#[test]
fn an_express_child_is_replaced_when_it_is_redriven() {
    let states = json!({ "T": {
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true,
    } });
    let mut log = Log::over("EXPRESS", json!({}), &states, json!([1, 2, 3]));
    log.fail(1);
    log.check(MapRunStatus::Failed, Some(1000), [1, 0, 0, 1, 0, 1, 0]);
    log.step(Fact::Redriven);
    log.check(MapRunStatus::Running, None, [1, 2, 0, 0, 0, 0, 0]);
    for attempt in 3..=5 {
        log.succeed(attempt);
    }
    log.check(MapRunStatus::Succeeded, Some(5000), [0, 0, 3, 0, 0, 0, 0]);
    let statuses: Vec<Status> = log.children.values().map(|child| child.status).collect();
    assert_eq!(
        statuses,
        [
            Status::Failed,
            Status::Aborted,
            Status::Succeeded,
            Status::Succeeded,
            Status::Succeeded
        ]
    );
    for child in log.children.values() {
        let id = child
            .arn
            .strip_prefix(&format!("{PREFIX}:express:m/L:"))
            .expect("an express ARN");
        assert_eq!(id.split(':').map(str::len).collect::<Vec<_>>(), [36, 36], "{id}");
    }
}

#[test]
fn an_express_child_runs_for_five_minutes_at_most() {
    let states = json!({ "W": { "Type": "Wait", "SecondsPath": "$", "End": true } });
    let mut log = Log::over(
        "EXPRESS",
        json!({ "ToleratedFailureCount": 1 }),
        &states,
        json!([10, 1000, 20]),
    );
    for _ in 0..3 {
        log.now = log.execution.next_deadline().expect("it waits");
        log.step(Fact::DeadlinePassed);
    }
    log.check(MapRunStatus::Succeeded, Some(300_000), [0, 0, 2, 0, 1, 0, 0]);
    log.check_children(&[
        (
            "1<0 ExecutionStarted 2<0 WaitStateEntered 3<2 WaitStateExited 4<3 ExecutionSucceeded",
            Status::Succeeded,
        ),
        (
            "1<0 ExecutionStarted 2<0 WaitStateEntered 3<0 ExecutionTimedOut",
            Status::TimedOut,
        ),
        (
            "1<0 ExecutionStarted 2<0 WaitStateEntered 3<2 WaitStateExited 4<3 ExecutionSucceeded",
            Status::Succeeded,
        ),
    ]);
}

#[test]
fn a_stopped_child_makes_room_and_is_no_failure() {
    let mut log = Log::new(0);
    log.stop_child(1);
    log.check(MapRunStatus::Running, None, [0, 2, 0, 0, 0, 1, 0]);
    let entry = log.entry(Fact::ChildStopped {
        child: 1,
        error: None,
        cause: None,
    });
    assert_eq!(
        log.execution.apply(&entry),
        Err(IllegalFact::NoChild { number: 1 }.into())
    );
    log.succeed(2);
    log.succeed(3);
    log.check(MapRunStatus::Succeeded, Some(3000), [0, 0, 2, 0, 0, 1, 0]);
    let stopped = &log.tales()[0];
    assert!(matches!(stopped.outcome(), Some(crate::Outcome::Aborted { error: Some(error), .. }) if error == "Mine"));
}

#[test]
fn what_ended_too_long_ago_is_not_redriven() {
    let mut log = Log::new(1);
    log.fail(1);
    log.now = 15 * DAY;
    log.fail(2);
    log.step(Fact::Redriven);
    log.check(MapRunStatus::Running, None, [0, 2, 0, 1, 0, 0, 0]);
    log.succeed(4);
    log.succeed(5);
    log.check(MapRunStatus::Succeeded, Some(15 * DAY + 3000), [0, 0, 2, 1, 0, 0, 0]);
}

#[test]
fn a_run_within_a_child_belongs_to_the_child() {
    let inner = json!({ "N": {
        "Type": "Map", "End": true, "Label": "N", "ItemsPath": "$",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "W",
            "States": { "W": { "Type": "Wait", "Seconds": 10, "End": true } },
        },
    } });
    let mut log = Log::over("STANDARD", json!({}), &inner, json!([[1], [2, 3]]));
    let outer = log.children.values().next().expect("a child").arn.clone();
    let parents: Vec<&str> = log.runs.values().map(|run| &*run.execution_arn).collect();
    assert!(
        parents.contains(&&*outer) && parents.contains(&&*log.identity.arn),
        "{parents:?}"
    );
    assert_eq!((log.runs.len(), log.children.len()), (3, 5));
    log.stop();
    assert!(
        log.runs.values().all(|run| run.status == MapRunStatus::Aborted),
        "{:?}",
        log.runs
    );
    assert!(log.children.values().all(|child| child.status == Status::Aborted));
    log.step(Fact::Redriven);
    log.now = log.execution.next_deadline().expect("it waits");
    log.step(Fact::DeadlinePassed);
    assert!(
        log.runs.values().all(|run| run.status == MapRunStatus::Succeeded),
        "{:?}",
        log.runs
    );
    assert!(log.runs.values().all(|run| run.redrives == 1), "{:?}", log.runs);
    assert!(log.children.values().all(|child| child.status == Status::Succeeded));
}

#[test]
fn a_writer_without_a_resource_shapes_the_output() {
    let states = json!({ "C": { "Type": "Choice", "Default": "P",
            "Choices": [{ "Variable": "$", "IsString": true, "Next": "F" }] },
        "P": { "Type": "Pass", "End": true }, "F": { "Type": "Fail", "Error": "E" } });
    let written = |transformation: &str| {
        let writer = json!({ "ToleratedFailureCount": 1, "ResultWriter": {
            "WriterConfig": { "Transformation": transformation, "OutputType": "JSON" } } });
        let log = Log::over("STANDARD", writer, &states, json!([[1, 2], "x", 3]));
        match log.execution.outcome() {
            Some(crate::Outcome::Succeeded { output }) => (**output).clone(),
            other => panic!("{other:?}"),
        }
    };
    let failed = |value: &Value| (value["Status"].clone(), value["Error"].clone());
    let compact = written("COMPACT");
    assert_eq!((&compact[0], &compact[2]), (&json!([1, 2]), &json!(3)));
    assert_eq!(failed(&compact[1]), (json!("FAILED"), json!("E")));
    let flat = written("FLATTEN");
    assert_eq!((&flat[0], &flat[1], &flat[3]), (&json!(1), &json!(2), &json!(3)));
    assert_eq!(failed(&flat[2]), (json!("FAILED"), json!("E")));
    let unchanged = written("NONE");
    let (arn, name) = (&unchanged[0]["ExecutionArn"], &unchanged[0]["Name"]);
    assert_eq!(
        unchanged[0],
        json!({
            "ExecutionArn": arn, "Input": "[1,2]", "InputDetails": { "Included": true }, "Name": name,
            "Output": "[1,2]", "OutputDetails": { "Included": true }, "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "1970-01-01T00:00:00Z", "StateMachineArn": format!("{PREFIX}:stateMachine:m/L"),
            "Status": "SUCCEEDED", "StopDate": "1970-01-01T00:00:00Z",
        })
    );
}
