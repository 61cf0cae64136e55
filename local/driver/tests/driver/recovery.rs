//! Crashes, restarts, and the directory's lock.

use std::sync::Arc;

use serde_json::json;
use sluice_driver::{ManualClock, OpenError, Resumed};
use sluice_engine::{HistoryEvent, Status};

use crate::support::{BEGIN, World, chain, crashed, open};

const STATES: [&str; 4] = ["A", "B", "C", "D"];

async fn finish(world: &mut World, arn: &str) -> Arc<[HistoryEvent]> {
    while world.record(arn).await.status == Status::Running {
        let task = world.task().await;
        let output = json!({"by": &*task.task.state});
        task.succeed(output);
        world.settled().await;
    }
    world
        .driver
        .executions()
        .history(arn)
        .await
        .expect("no failure")
        .expect("exists")
}

#[tokio::test]
async fn a_crash_after_any_commit_leads_to_the_same_history() {
    let mut world = World::new();
    world.put("m", chain(&STATES)).await;
    let arn = world.start("m", "one").await;
    let mut crashes = Vec::new();
    for _ in STATES {
        let task = world.task().await;
        crashes.push(crashed(world.directory.path()));
        let output = json!({"by": &*task.task.state});
        task.succeed(output);
    }
    world.ended(&arn).await;
    crashes.push(crashed(world.directory.path()));
    let expected = world
        .driver
        .executions()
        .history(&arn)
        .await
        .expect("no failure")
        .expect("exists");
    assert!(expected.len() > STATES.len());

    for (answered, directory) in crashes.into_iter().enumerate() {
        let open_calls = u64::from(answered < STATES.len());
        let mut world = World::on(directory, BEGIN);
        let resumed = world.driver.resume().await.expect("resumes");
        assert_eq!(
            resumed,
            Resumed {
                executions: open_calls,
                tasks: open_calls,
                unreadable: 0
            }
        );
        assert_eq!(finish(&mut world, &arn).await, expected, "after {answered} answers");
    }
}

#[tokio::test]
async fn a_killed_process_leaves_its_calls_to_the_next_under_the_same_number() {
    let mut world = World::new();
    world.put("m", chain(&STATES)).await;
    let arn = world.start("m", "one").await;
    world.task().await.succeed(json!({"by": "A"}));
    let lost = world.task().await;
    let (state, attempt) = (lost.task.state.clone(), lost.task.attempt);
    let mut world = world.killed();
    drop(lost);
    assert!(
        world.tasks.try_recv().is_err(),
        "nothing is sent before it is asked for"
    );
    world.driver.resume().await.expect("resumes");
    let again = world.task().await;
    assert_eq!((&again.task.state, again.task.attempt), (&state, attempt));
    assert_eq!(&*again.identity.arn, arn.as_str());
    again.succeed(json!({"by": "B"}));
    finish(&mut world, &arn).await;
    assert_eq!(world.record(&arn).await.status, Status::Succeeded);
}

#[tokio::test]
async fn resuming_does_not_send_what_this_process_is_at_already() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    world.start("m", "one").await;
    let task = world.task().await;
    assert_eq!(world.driver.resume().await, Ok(Resumed::default()));
    world.settled().await;
    assert!(world.tasks.try_recv().is_err());
    task.succeed(json!(1));
}

#[tokio::test]
async fn calls_open_at_a_tidy_end_are_sent_again_too() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    let directory = world.directory.clone();
    world.driver.close().await.expect("closes");
    drop(task);
    let mut world = World::on(directory, BEGIN);
    assert_eq!(
        world.driver.resume().await,
        Ok(Resumed {
            executions: 1,
            tasks: 1,
            unreadable: 0
        })
    );
    world.task().await.succeed(json!(1));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded);
}

#[tokio::test]
async fn a_directory_has_one_driver() {
    let world = World::new();
    let second = || {
        open(
            world.directory.path(),
            Arc::new(ManualClock::new(BEGIN)),
            Arc::new(crate::failures::Nobody),
        )
    };
    let error = second().expect_err("is locked");
    assert!(
        matches!(&error, OpenError::Locked { directory, holder: Some(_) } if directory == world.directory.path()),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains(&world.directory.path().display().to_string()),
        "{error}"
    );
    let driver = world.driver.clone();
    driver.close().await.expect("closes");
    second().expect("opens");
}

#[tokio::test]
async fn a_directory_that_cannot_be_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "in the way").expect("writes");
    let error = open(
        &file,
        Arc::new(ManualClock::new(BEGIN)),
        Arc::new(crate::failures::Nobody),
    )
    .expect_err("no directory");
    assert!(
        matches!(&error, OpenError::Directory { .. }) && error.to_string().contains("file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(
        directory.path().join("journal.sqlite"),
        "this is not a database, nor was it ever one",
    )
    .expect("writes");
    let clock = Arc::new(ManualClock::new(BEGIN));
    let error = open(directory.path(), clock, Arc::new(crate::failures::Nobody)).expect_err("no journal");
    assert!(
        matches!(&error, OpenError::Journal { .. }) && error.to_string().contains("journal.sqlite"),
        "{error}"
    );
}
