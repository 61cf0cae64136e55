//! Tasks whose result is the end of another execution.

use serde_json::{Value, json};
use sluice_driver::{Answer, RunningTask, StartError, StartExecution, Started};
use sluice_engine::{Outcome, Status};

use crate::support::{World, chain, execution_arn, machine_arn};

fn sync() -> Value {
    json!({"StartAt": "Run", "States": {"Run": {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": "child"},
        "TimeoutSeconds": 60,
        "End": true,
    }}})
}

/// Makes the execution of a machine the job of a task.
async fn join(world: &World, mut task: RunningTask, machine: &str, name: &str) -> Result<(), StartError> {
    let request = StartExecution::new(machine_arn(machine), json!({"of": name})).named(name);
    let answer = |started: &Started| Answer::Job {
        output: json!({"ExecutionArn": started.arn}),
        execution: started.arn.clone(),
    };
    let started = world.driver.start_child(&mut task, request, answer).await;
    if started.is_err() {
        task.fail("NotStarted", "");
    }
    started
}

/// A parent that waits for its child, which has a call under way.
async fn waiting() -> World {
    let mut world = World::new();
    world.put("parent", sync()).await;
    world.put("child", chain(&["A"])).await;
    world.start("parent", "p").await;
    let run = world.task().await;
    join(&world, run, "child", "c").await.expect("starts");
    world
}

#[tokio::test]
async fn the_end_of_the_child_is_the_result_of_the_task() {
    let mut world = waiting().await;
    let loaded = world.driver.statistics().loaded;
    assert_eq!(loaded, 1, "the parent is parked on disk");
    world.task().await.succeed(json!("done"));
    let parent = world.ended(&execution_arn("parent", "p")).await;
    let output = json!("done").into();
    assert_eq!(parent.outcome, Some(Outcome::Succeeded { output }));
}

#[tokio::test]
async fn a_restart_between_them_changes_nothing() {
    let mut world = waiting().await;
    drop(world.task().await);
    let mut world = waiting().await.killed();
    assert_eq!(
        world.driver.resume().await.expect("resumes").tasks,
        1,
        "the child's call"
    );
    world.task().await.fail("Bad", "luck");
    let parent = world.ended(&execution_arn("parent", "p")).await;
    match parent.outcome {
        Some(Outcome::Failed { error, .. }) => assert_eq!(error.as_deref(), Some("States.TaskFailed")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_child_that_was_faster_is_not_missed() {
    let mut world = World::new();
    world.put("parent", sync()).await;
    world.put("child", chain(&["A"])).await;
    world.start("parent", "p").await;
    let mut run = world.task().await;
    let child = world.start("child", "c").await;
    world.task().await.succeed(json!(1));
    world.ended(&child).await;
    let answer = move |_: &Started| Answer::Job {
        output: json!({}),
        execution: child.clone(),
    };
    let other = StartExecution::new(machine_arn("child"), json!(1));
    world.driver.start_child(&mut run, other, answer).await.expect("starts");
    let parent = world.ended(&execution_arn("parent", "p")).await;
    assert_eq!(parent.status, Status::Succeeded);
}

#[tokio::test]
async fn a_chain_of_parents_ends_at_once() {
    let mut world = waiting().await;
    world.start("parent", "q").await;
    let mut tasks = [world.task().await, world.task().await];
    tasks.sort_by_key(|task| task.identity.key);
    let [call, run] = tasks;
    // The first parent runs already under this name and input.
    join(&world, run, "parent", "p").await.expect("is found");
    call.succeed(json!(7));
    let top = world.ended(&execution_arn("parent", "q")).await;
    let output = json!(7).into();
    assert_eq!(top.outcome, Some(Outcome::Succeeded { output }));
}

#[tokio::test]
async fn a_parent_that_gives_up_stops_its_child() {
    let world = waiting().await;
    let parent = execution_arn("parent", "p");
    world.driver.stop_execution(&parent, None, None).await.expect("stops");
    let child = world.record(&execution_arn("child", "c")).await;
    assert_eq!(child.status, Status::Aborted);

    let world = waiting().await;
    world.advance(std::time::Duration::from_secs(60)).await;
    let parent = world.record(&parent).await;
    assert_eq!(parent.status, Status::Failed);
}

#[tokio::test]
async fn a_child_that_cannot_start_leaves_the_answer_to_the_runner() {
    let mut world = World::new();
    world.put("parent", sync()).await;
    let arn = world.start("parent", "p").await;
    let run = world.task().await;
    let refused = join(&world, run, "child", "none").await;
    assert!(
        matches!(refused, Err(StartError::MachineNotFound { .. })),
        "{refused:?}"
    );
    assert_eq!(world.ended(&arn).await.status, Status::Failed);
}

#[tokio::test]
async fn a_task_that_nobody_waits_for_starts_nothing() {
    let mut world = World::new();
    world.put("parent", sync()).await;
    world.put("child", chain(&["A"])).await;
    let arn = world.start("parent", "p").await;
    let run = world.task().await;
    world.driver.stop_execution(&arn, None, None).await.expect("stops");
    assert_eq!(join(&world, run, "child", "c").await, Ok(()));
    let child = world.driver.execution(&execution_arn("child", "c")).await;
    assert_eq!(child, Ok(None));
}
