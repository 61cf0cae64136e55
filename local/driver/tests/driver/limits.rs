//! Definitions that would take all there is.

use serde_json::{Value, json};
use sluice_driver::{ExecutionRecord, StartExecution, StopExecution};
use sluice_engine::{Outcome, Status};

use crate::support::{World, approval, chain, execution_arn, machine_arn};

const ENDLESS: &str = "{% ($f := function($n) { $n < 0 ? 0 : $f($n + 1) }; $f(0)) %}";

fn spinning() -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "Spin", "States": {
        "Spin": {"Type": "Pass", "Output": ENDLESS, "End": true},
    }})
}

#[track_caller]
fn check_stopped(record: &ExecutionRecord) {
    assert_eq!(record.status, Status::Failed);
    let Some(Outcome::Failed { error, cause }) = &record.outcome else {
        panic!("{:?}", record.outcome)
    };
    assert_eq!(error.as_deref(), Some("States.Runtime"));
    let cause = cause.as_deref().unwrap_or_default();
    assert!(cause.contains("took too long"), "{cause}");
}

#[tokio::test]
async fn an_endless_expression_fails_its_execution_and_nothing_else() {
    let mut world = World::new();
    world.put("spin", spinning()).await;
    world.put("m", chain(&["A"])).await;
    let driver = world.driver.clone();
    let request = StartExecution::new(machine_arn("spin"), json!({"n": 1})).named("one");
    let spin = tokio::spawn(async move { driver.executions().start(request).await });
    let other = world.start("m", "two").await;
    world.task().await.succeed(json!("fine"));
    assert_eq!(world.ended(&other).await.status, Status::Succeeded);
    let arn = spin.await.expect("no panic").expect("it was started").arn;
    let record = world.ended(&arn).await;
    check_stopped(&record);
    assert_eq!(*record.input, json!({"n": 1}));
    let events = world
        .driver
        .executions()
        .history(&arn)
        .await
        .expect("no failure")
        .expect("exists");
    let told: Vec<String> = events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(told, ["ExecutionStarted", "ExecutionFailed"]);

    // what was given up is not tried again
    let world = world.killed();
    check_stopped(&world.record(&arn).await);
    let again = world
        .driver
        .executions()
        .history(&arn)
        .await
        .expect("no failure")
        .expect("exists");
    assert_eq!(again, events);
}

/// A call, and then a decision that does not end.
fn called_and_spinning() -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Next": "Spin"},
        "Spin": {"Type": "Pass", "Output": ENDLESS, "End": true},
    }})
}

#[tokio::test]
async fn what_was_being_decided_at_a_crash_is_asked_for_again() {
    let mut world = World::new();
    world.put("spin", called_and_spinning()).await;
    let arn = world.start("spin", "one").await;
    world.task().await.succeed(json!(1));
    world.settled().await;
    let mut world = world.killed();
    assert_eq!(world.record(&arn).await.status, Status::Running);
    let resumed = world.driver.resume().await.expect("resumes");
    assert_eq!((resumed.executions, resumed.tasks), (1, 1));
    drop(world.task().await);
}

#[tokio::test]
async fn a_stop_overtakes_a_decision_and_what_was_held_comes_too_late() {
    let mut world = World::new();
    let mut spinning = called_and_spinning();
    spinning["States"]["A"]["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    spinning["States"]["A"]["Arguments"] =
        json!({"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}});
    world.put("spin", spinning).await;
    let arn = world.start("spin", "one").await;
    let task = world.task().await;
    let token = task.task.token.clone().expect("a token");
    task.submitted(json!({}));
    let (driver, same) = (world.driver.clone(), token.clone());
    let first = tokio::spawn(async move { driver.tokens().succeed(&same, json!(1)).await });
    world.settled().await;
    assert!(!first.is_finished(), "it waits for the decision");
    let (driver, same) = (world.driver.clone(), token.clone());
    let held = tokio::spawn(async move { driver.tokens().succeed(&same, json!(2)).await });
    world.settled().await;
    assert!(
        world
            .driver
            .executions()
            .stop(StopExecution::new(&arn))
            .await
            .expect("no failure")
            .is_some()
    );
    assert_eq!(world.ended(&arn).await.status, Status::Aborted);
    for answer in [first, held] {
        let answer = answer.await.expect("no panic");
        assert!(matches!(answer, Err(sluice_driver::TokenError::TimedOut)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_heartbeat_that_moves_no_deadline_is_not_kept() {
    let mut world = World::new();
    world.put("plain", approval()).await;
    let mut beating = approval();
    beating["States"]["Ask"]["HeartbeatSeconds"] = json!(60);
    world.put("beating", beating).await;
    for (machine, kept) in [("plain", 0), ("beating", 3)] {
        world.start(machine, "one").await;
        let task = world.task().await;
        let token = task.task.token.clone().expect("a token");
        task.submitted(json!({}));
        world.settled().await;
        let before = world.driver.statistics().facts;
        for _ in 0..3 {
            world.driver.tokens().heartbeat(&token).await.expect("is taken");
        }
        assert_eq!(world.driver.statistics().facts - before, kept, "{machine}");
        world.driver.tokens().succeed(&token, json!(1)).await.expect("is taken");
        let record = world.ended(&execution_arn(machine, "one")).await;
        assert_eq!(record.status, Status::Succeeded);
        assert!(world.driver.tokens().heartbeat(&token).await.is_err(), "it is closed");
    }
}
