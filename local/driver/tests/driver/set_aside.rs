//! Executions that an earlier process hung or died over.

use std::os::unix::fs::FileExt;

use serde_json::json;
use sluice_driver::{ExecutionRecord, StopExecution};
use sluice_engine::{Outcome, Status};
use tempfile::TempDir;

use crate::support::{World, chain, execution_arn};

const TRIED: u8 = 1;
const HUNG: u8 = 2;

/// Writes the mark of a process that ended over an execution: the first slot of its marks.
fn leave_mark(directory: &TempDir, state: u8, deciding: bool, key: u64, seq: u32) {
    let path = directory.path().join("decisions.marks");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .expect("there is one");
    let mut slot = [0; 24];
    (slot[0], slot[1]) = (state, u8::from(deciding));
    slot[8..16].copy_from_slice(&key.to_le_bytes());
    slot[16..20].copy_from_slice(&seq.to_le_bytes());
    file.write_all_at(&slot, 8).expect("written");
}

/// The process dies over the execution, and the next one starts.
fn dies_over(world: World, state: u8, deciding: bool, key: u64, seq: u32) -> World {
    let (directory, now) = (world.directory.clone(), sluice_driver::Clock::now(&*world.clock));
    drop(world);
    leave_mark(&directory, state, deciding, key, seq);
    World::on(directory, now)
}

#[track_caller]
fn check_failed(record: &ExecutionRecord, part: &str) {
    assert_eq!(record.status, Status::Failed);
    let Some(Outcome::Failed { cause: Some(cause), .. }) = &record.outcome else {
        panic!("{:?}", record.outcome)
    };
    assert!(cause.contains(part), "{cause}");
}

/// Two executions that wait for their calls, the first of which has the key 1.
async fn two_running() -> World {
    let world = World::new();
    world.put("m", chain(&["A"])).await;
    world.start("m", "one").await;
    world.start("m", "two").await;
    world
}

async fn goes_on(world: &mut World, name: &str) {
    world.driver.resume().await.expect("resumes");
    let task = world.task().await;
    assert_eq!(&*task.identity.name, name);
    task.succeed(json!(1));
    assert_eq!(world.ended(&execution_arn("m", name)).await.status, Status::Succeeded);
}

#[tokio::test]
async fn a_decision_that_hung_fails_its_execution_and_nothing_else() {
    let world = two_running().await;
    let mut world = dies_over(world, HUNG, true, 1, 1);
    let one = execution_arn("m", "one");
    world.settled().await;
    check_failed(&world.record(&one).await, "sluice hung or died over it");
    let history = world
        .driver
        .executions()
        .history(&one)
        .await
        .expect("no failure")
        .expect("exists");
    assert_eq!(
        history.last().map(|event| event.kind.type_name()).as_deref(),
        Some("ExecutionFailed")
    );
    goes_on(&mut world, "two").await;
    let world = world.killed();
    check_failed(&world.record(&one).await, "sluice hung or died over it");
}

#[tokio::test]
async fn three_deaths_over_the_same_are_needed_and_one_that_went_on_is_left_alone() {
    let mut world = two_running().await;
    for _ in 0..2 {
        world = dies_over(world, TRIED, true, 1, 1);
        world.settled().await;
        assert_eq!(world.record(&execution_arn("m", "one")).await.status, Status::Running);
    }
    world = dies_over(world, TRIED, true, 1, 1);
    world.settled().await;
    check_failed(
        &world.record(&execution_arn("m", "one")).await,
        "sluice hung or died over it",
    );
    // the mark is about a step that has been made
    world = dies_over(world, HUNG, true, 2, 0);
    goes_on(&mut world, "two").await;
}

#[tokio::test]
async fn a_log_that_cannot_be_folded_is_not_folded_again_and_seen_to_have_failed() {
    let world = two_running().await;
    let mut world = dies_over(world, HUNG, false, 1, 1);
    let one = execution_arn("m", "one");
    let record = world.ended(&one).await;
    check_failed(&record, "set aside");
    assert!(record.stop_date.is_some());
    for _ in 0..2 {
        assert!(world.driver.executions().history(&one).await.is_err());
        assert!(world.driver.executions().stop(StopExecution::new(&one)).await.is_err());
        check_failed(&world.record(&one).await, "set aside");
        world = world.killed();
    }
    goes_on(&mut world, "two").await;
}
