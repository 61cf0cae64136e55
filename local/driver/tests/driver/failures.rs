//! A disk that fails.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use sluice_driver::{DriverError, RunningTask, StartError, StartExecution, TaskRunner};
use sluice_engine::{Outcome, Status};

use crate::support::{World, chain, machine_arn, within};

/// Runs nothing.
pub(crate) struct Nobody;

impl TaskRunner for Nobody {
    fn run(&self, _: RunningTask) {}
}

fn beside(world: &World) -> Connection {
    Connection::open(world.directory.path().join("journal.sqlite")).expect("opens")
}

/// Lets the disk fail for every fact that says "poison".
fn break_disk(connection: &Connection) {
    connection
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON facts WHEN new.body LIKE '%poison%'
             BEGIN SELECT RAISE(FAIL, 'the disk is on fire'); END",
        )
        .expect("breaks");
}

fn repair_disk(connection: &Connection) {
    connection.execute_batch("DROP TRIGGER broken").expect("repairs");
}

#[tokio::test]
async fn what_cannot_be_written_has_not_happened() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let disk = beside(&world);
    break_disk(&disk);
    let request = StartExecution::new(machine_arn("m"), json!("poison")).named("one");
    let error = world.driver.start_execution(request.clone()).await.expect_err("fails");
    assert!(
        matches!(&error, StartError::Driver(DriverError::Journal { reason }) if reason.contains("on fire")),
        "{error:?}"
    );
    world.start("m", "two").await;
    assert_eq!(&*world.task().await.identity.name, "two", "the failed one runs nothing");
    repair_disk(&disk);
    let started = world.driver.start_execution(request).await.expect("starts");
    assert!(!started.existing, "nothing was left of it");
    assert_eq!(&*world.task().await.identity.name, "one");
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_tried_again() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let arn = world.start("m", "one").await;
    let disk = beside(&world);
    break_disk(&disk);
    world.task().await.succeed(json!("poison"));
    while world.driver.statistics().failed_commits == 0 {
        tokio::task::yield_now().await;
    }
    repair_disk(&disk);
    let task = world.task().await;
    assert_eq!((&*task.task.state, &*task.task.arguments), ("B", &json!("poison")));
    task.succeed(json!("done"));
    assert_eq!(
        world.ended(&arn).await.outcome,
        Some(Outcome::Succeeded {
            output: Arc::new(json!("done"))
        })
    );
}

#[tokio::test]
async fn a_driver_that_cannot_write_stops_and_says_why() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    let disk = beside(&world);
    disk.execute_batch("BEGIN IMMEDIATE").expect("holds the disk");
    let request = StartExecution::new(machine_arn("m"), json!(2)).named("two");
    let error = within(world.driver.start_execution(request.clone()))
        .await
        .expect_err("fails");
    assert!(
        matches!(&error, StartError::Driver(DriverError::Stopped { .. })),
        "{error:?}"
    );
    disk.execute_batch("ROLLBACK").expect("lets go");
    let again = world.driver.start_execution(request).await;
    assert_eq!(again, Err(error), "it has stopped for good");
    assert_eq!(world.record(&arn).await.status, Status::Running, "reading goes on");
    drop(task);

    let mut world = world.killed();
    world.driver.resume().await.expect("resumes");
    world.task().await.succeed(json!(1));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded, "nothing was lost");
}

#[tokio::test]
async fn a_closed_driver_says_so() {
    let world = World::new();
    let other = world.driver.clone();
    world.driver.close().await.expect("closes");
    assert_eq!(other.put("k", "key", json!(1)).await, Err(DriverError::Closed));
    assert_eq!(other.get("k", "key").await, Err(DriverError::Closed));
    assert_eq!(other.close().await, Ok(()), "twice is no harm");
}
