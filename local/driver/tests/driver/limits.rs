//! Definitions that would take all there is.

use serde_json::{Value, json};
use sluice_driver::{ExecutionRecord, StartExecution};
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
    let spin = tokio::spawn(async move { driver.start_execution(request).await });
    let other = world.start("m", "two").await;
    world.task().await.succeed(json!("fine"));
    assert_eq!(world.ended(&other).await.status, Status::Succeeded);
    let arn = spin.await.expect("no panic").expect("it was started").arn;
    let record = world.ended(&arn).await;
    check_stopped(&record);
    assert_eq!(*record.input, json!({"n": 1}));
    let events = world.driver.history(&arn).await.expect("no failure").expect("exists");
    let told: Vec<String> = events.iter().map(|event| event.kind.type_name()).collect();
    assert_eq!(told, ["ExecutionStarted", "ExecutionFailed"]);

    // what was given up is not tried again
    let world = world.killed();
    check_stopped(&world.record(&arn).await);
    let again = world.driver.history(&arn).await.expect("no failure").expect("exists");
    assert_eq!(again, events);
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
            world.driver.task_heartbeat(&token).await.expect("is taken");
        }
        assert_eq!(world.driver.statistics().facts - before, kept, "{machine}");
        world.driver.task_success(&token, json!(1)).await.expect("is taken");
        let record = world.ended(&execution_arn(machine, "one")).await;
        assert_eq!(record.status, Status::Succeeded);
        assert!(world.driver.task_heartbeat(&token).await.is_err(), "it is closed");
    }
}
