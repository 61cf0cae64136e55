//! Tasks that wait for a worker.

use serde_json::{Value, json};
use sluice_driver::{ACTIVITY_KIND, ClaimTask, RunningTask, StartExecution, StopExecution};
use sluice_engine::{Outcome, Status};
use tokio::task::JoinSet;

use crate::support::{World, machine_arn};

const DIG: &str = "arn:aws:states:eu-west-1:123456789012:activity:dig";

async fn diggers() -> World {
    let world = World::new();
    let dig = json!({"StartAt": "Dig", "States": {"Dig": {"Type": "Task", "Resource": DIG, "End": true}}});
    world.put("m", dig).await;
    world
        .driver
        .store()
        .put(ACTIVITY_KIND, DIG, json!({}))
        .await
        .expect("is put");
    world
}

async fn claim(world: &World, task: &RunningTask) -> Option<Value> {
    let claimed = world.driver.activities().claim(ClaimTask {
        key: task.identity.key,
        attempt: task.task.attempt,
        worker: Some("me".into()),
    });
    claimed.await.expect("no failure").map(|task| (*task.arguments).clone())
}

#[tokio::test]
async fn a_task_that_no_worker_has_taken_comes_again_after_a_restart() {
    let mut world = diggers().await;
    let arn = world.start("m", "one").await;
    world.task().await.awaits_worker();
    world.settled().await;
    assert_eq!(world.driver.statistics().loaded, 0, "it needs no memory");
    let mut world = world.killed();
    assert_eq!(world.driver.resume().await.expect("resumes").tasks, 1);
    let task = world.task().await;
    let token = task.task.token.clone().expect("a token");
    assert_eq!(claim(&world, &task).await, Some(json!({"of": "one"})));
    assert_eq!(claim(&world, &task).await, None, "one worker has it");
    task.awaits_worker();
    let mut world = world.killed();
    let resumed = world.driver.resume().await.expect("resumes");
    assert_eq!(resumed.tasks, 0, "the worker is at it");
    assert_eq!(world.driver.tokens().succeed(&token, json!("dug")).await, Ok(()));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded);
    assert!(world.tasks.try_recv().is_err());
}

#[tokio::test]
async fn many_waiting_tasks_come_again_part_by_part() {
    const MANY: usize = 1_100;
    let mut world = diggers().await;
    let start = |n| {
        let driver = world.driver.clone();
        let request = StartExecution::new(machine_arn("m"), json!(n));
        async move { driver.executions().start(request).await }
    };
    let started: JoinSet<_> = (0..MANY).map(start).collect();
    assert!(started.join_all().await.iter().all(Result::is_ok));
    for _ in 0..MANY {
        world.task().await.awaits_worker();
    }
    let mut world = world.killed();
    assert_eq!(world.driver.resume().await.expect("resumes").tasks, MANY as u64);
    assert_eq!(world.driver.statistics().loaded, 0, "and wait on disk again");
    for _ in 0..MANY {
        world.task().await.awaits_worker();
    }
}

#[tokio::test]
async fn a_stopped_execution_gives_no_task_away() {
    let mut world = diggers().await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    world
        .driver
        .executions()
        .stop(StopExecution::new(&arn))
        .await
        .expect("stops");
    assert_eq!(claim(&world, &task).await, None);
    task.awaits_worker();
}

#[tokio::test]
async fn a_state_whose_activity_was_deleted_fails_and_the_record_keeps_the_input() {
    let mut world = diggers().await;
    world
        .driver
        .store()
        .remove(ACTIVITY_KIND, DIG)
        .await
        .expect("is removed");
    let arn = world.start("m", "one").await;
    let record = world.ended(&arn).await;
    let told = format!("(entered at the event id #2). The activity {DIG} does not exist.");
    match record.outcome {
        Some(Outcome::Failed { error, cause }) => {
            assert_eq!(error.as_deref(), Some("States.Runtime"));
            assert!(cause.is_some_and(|cause| cause.ends_with(&told)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(*record.input, json!({"of": "one"}));
    assert!(world.tasks.try_recv().is_err());

    world
        .driver
        .store()
        .put(ACTIVITY_KIND, DIG, json!({}))
        .await
        .expect("is put");
    world.start("m", "two").await;
    world.task().await.awaits_worker();
}
