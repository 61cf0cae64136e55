//! Tests that each event is observed once, also when calls are sent again.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_asl::definition::Resource;
use sluice_driver::{ObservationKind, RedriveExecution, StopExecution, TaskEnd};

use crate::support::{World, approval, chain};

/// Returns the observations since the last call, one word each: `started`, `scheduled f`, `f succeeded 5`, `ended SUCCEEDED 5`.
fn told(world: &World) -> Vec<String> {
    let name = |resource: &Resource| {
        let (Resource::Function { arn } | Resource::Activity { arn } | Resource::Service { arn, .. }) = resource;
        arn.rsplit(':').next().expect("a name").to_owned()
    };
    let shown = |kind: &ObservationKind| match kind {
        ObservationKind::Started => "started".to_owned(),
        ObservationKind::Redriven => "redriven".to_owned(),
        ObservationKind::Ended { status, took } => format!("ended {} {took}", status.as_str()),
        ObservationKind::DeadlinePassed => "deadline".to_owned(),
        ObservationKind::StateEntered { state } => format!("entered {state}"),
        ObservationKind::TaskScheduled { resource } => format!("scheduled {}", name(resource)),
        ObservationKind::TaskTaken { resource, waited } => format!("{} taken {waited}", name(resource)),
        ObservationKind::TaskEnded { resource, end, took } => {
            let end = match end {
                TaskEnd::Succeeded => "succeeded",
                TaskEnd::Failed => "failed",
                TaskEnd::TimedOut => "timed out",
            };
            format!("{} {end} {took}", name(resource))
        }
    };
    world.told.take().iter().map(|one| shown(&one.kind)).collect()
}

#[tokio::test]
async fn an_execution_and_its_tasks_are_told_as_they_happen() {
    let mut world = World::new();
    world.put("chain", chain(&["f", "g"])).await;
    let arn = world.start("chain", "one").await;
    let task = world.task().await;
    assert_eq!(told(&world), ["started", "scheduled f"]);
    world.advance(Duration::from_millis(5)).await;
    task.succeed(json!(1));
    let task = world.task().await;
    assert_eq!(told(&world), ["f succeeded 5", "scheduled g"]);
    task.fail("Oh", "no");
    world.ended(&arn).await;
    assert_eq!(told(&world), ["g failed 0", "ended FAILED 5"]);
    world
        .driver
        .executions()
        .redrive(RedriveExecution {
            arn: arn.clone(),
            client_token: None,
        })
        .await
        .expect("redrives");
    let task = world.task().await;
    assert_eq!(told(&world), ["redriven", "scheduled g"]);
    task.succeed(json!(1));
    world.ended(&arn).await;
    assert_eq!(told(&world), ["g succeeded 0", "ended SUCCEEDED 5"]);
}

#[tokio::test]
async fn a_call_that_is_sent_again_after_a_crash_is_not_told_again() {
    let mut world = World::new();
    world.put("chain", chain(&["f"])).await;
    let arn = world.start("chain", "one").await;
    let lost = world.task().await;
    let mut world = world.killed();
    drop(lost);
    world.driver.resume().await.expect("resumes");
    let task = world.task().await;
    assert_eq!(told(&world), Vec::<String>::new());
    task.succeed(json!(1));
    world.ended(&arn).await;
    assert_eq!(told(&world), ["f succeeded 0", "ended SUCCEEDED 0"]);
}

#[tokio::test]
async fn what_waits_for_a_token_ends_once_by_token_by_time_or_not_at_all() {
    let day = Duration::from_secs(86_400);
    let mut world = World::new();
    world.put("approval", approval()).await;
    let mut waiting = Vec::new();
    for name in ["answered", "late", "stopped"] {
        waiting.push(world.start("approval", name).await);
        let task = world.task().await;
        let token = task.task.token.as_deref().expect("a token").to_owned();
        task.submitted(Value::Null);
        world.settled().await;
        assert_eq!(told(&world), ["started", "scheduled invoke.waitForTaskToken"]);
        if name == "answered" {
            // out of memory meanwhile
            world.advance(day / 2).await;
            world.driver.tokens().succeed(&token, json!(1)).await.expect("is taken");
            assert_eq!(
                told(&world),
                ["invoke.waitForTaskToken succeeded 43200000", "ended SUCCEEDED 43200000"]
            );
        }
    }
    world
        .driver
        .executions()
        .stop(StopExecution::new(&waiting[2]))
        .await
        .expect("stops");
    assert_eq!(told(&world), ["ended ABORTED 0"]);
    world.advance(day).await;
    world.ended(&waiting[1]).await;
    assert_eq!(
        told(&world),
        [
            "deadline",
            "invoke.waitForTaskToken timed out 86400000",
            "ended FAILED 86400000"
        ]
    );
}

#[tokio::test]
async fn children_of_a_map_run_are_their_parents_tasks_and_no_executions() {
    let mut world = World::new();
    let processor = chain(&["f"]);
    let processor = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": processor["StartAt"], "States": processor["States"] });
    let map = json!({ "StartAt": "M", "States": { "M": { "Type": "Map", "End": true, "ItemsPath": "$.items",
        "ItemProcessor": processor } } });
    world.put("fan", map).await;
    let request = sluice_driver::StartExecution::new(crate::support::machine_arn("fan"), json!({ "items": [1, 2, 3] }));
    let arn = world.driver.executions().start(request).await.expect("starts").arn;
    for _ in 0..3 {
        world.task().await.succeed(json!(1));
    }
    world.ended(&arn).await;
    let mut all = told(&world);
    all.sort();
    assert_eq!(
        all,
        [
            "ended SUCCEEDED 0",
            "f succeeded 0",
            "f succeeded 0",
            "f succeeded 0",
            "scheduled f",
            "scheduled f",
            "scheduled f",
            "started",
        ]
    );
}

#[tokio::test]
async fn states_are_told_of_while_somebody_wants_them() {
    let mut world = World::new();
    world.put("chain", chain(&["f", "g"])).await;
    world.start("chain", "unwatched").await;
    world.task().await.succeed(json!(1));
    let unwatched = world.task().await;
    assert_eq!(told(&world), ["started", "scheduled f", "f succeeded 0", "scheduled g"]);
    world.told.want_states(true);
    unwatched.succeed(json!(1));
    let arn = world.start("chain", "watched").await;
    world.task().await.succeed(json!(1));
    world.task().await.succeed(json!(1));
    world.ended(&arn).await;
    let entered: Vec<String> = told(&world)
        .into_iter()
        .filter(|one| one.starts_with("entered"))
        .collect();
    assert_eq!(entered, ["entered f", "entered g"]);
}
