//! Tasks whose result is the end of another execution.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use serde_json::{Value, json};
use sluice_driver::{
    ManualClock, Observation, ObservationKind, Observer, Order, RunningTask, StartError, StartExecution, Started,
    StopExecution, TaskResult,
};
use sluice_engine::{Outcome, Status};
use tempfile::TempDir;

use crate::support::{BEGIN, World, chain, crashed, execution_arn, machine_arn, open_recorded_observed, within};

fn sync() -> Value {
    json!({"StartAt": "Run", "States": {"Run": {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": "child"},
        "TimeoutSeconds": 60,
        "End": true,
    }}})
}

/// The same, with a result that is decided elsewhere: it cannot be shown to be cheap.
fn costly_sync() -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Arguments": {"StateMachineArn": "child"},
        "Output": "{% ($f := function($n) {$n < 2 ? $n : $f($n - 1) + $f($n - 2)}; $f($states.result)) %}",
        "End": true,
    }}})
}

/// Keeps what a crash right after the commit would leave behind in which an execution of the child ends.
struct Crash {
    directory: PathBuf,
    left: OnceLock<Arc<TempDir>>,
}

impl Observer for Crash {
    fn observe(&self, observations: &[Observation]) {
        let ends = |observation: &Observation| {
            &*observation.execution.machine_name == "child" && matches!(observation.kind, ObservationKind::Ended { .. })
        };
        if observations.iter().any(ends) {
            self.left.get_or_init(|| crashed(&self.directory));
        }
    }
}

/// Counts the rows about jobs.
async fn rows(world: &World) -> usize {
    let mut rows = 0;
    for kind in ["job", "job of", "job unwanted"] {
        let found = world.driver.store().scan(kind, Order::Ascending, None, 10).await;
        rows += found.expect("is read").len();
    }
    rows
}

/// Makes the execution of a machine the job of a task.
async fn join(world: &World, mut task: RunningTask, machine: &str, name: &str) -> Result<(), StartError> {
    let request = StartExecution::new(machine_arn(machine), json!({"of": name})).named(name);
    let answer = |started: &Started| TaskResult::Job {
        output: json!({"ExecutionArn": started.arn}),
        execution: started.arn.clone(),
    };
    let started = world
        .driver
        .executions()
        .start_for_task(&mut task, request, answer)
        .await;
    if started.is_err() {
        task.fail("NotStarted", "");
    }
    started
}

/// A parent that waits for its child, which has a call under way.
async fn waiting() -> World {
    waiting_in(World::new(), sync()).await
}

async fn waiting_in(mut world: World, parent: Value) -> World {
    world.put("parent", parent).await;
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
    let answer = move |_: &Started| TaskResult::Job {
        output: json!({}),
        execution: child.clone(),
    };
    let other = StartExecution::new(machine_arn("child"), json!(1));
    world
        .driver
        .executions()
        .start_for_task(&mut run, other, answer)
        .await
        .expect("starts");
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
    world
        .driver
        .executions()
        .stop(StopExecution::new(&parent))
        .await
        .expect("stops");
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
    world
        .driver
        .executions()
        .stop(StopExecution::new(&arn))
        .await
        .expect("stops");
    assert_eq!(join(&world, run, "child", "c").await, Ok(()));
    let child = world.driver.executions().get(&execution_arn("child", "c")).await;
    assert_eq!(child, Ok(None));
}

#[tokio::test]
async fn an_end_whose_answer_was_being_decided_at_a_crash_is_answered_after_it() {
    let mut world = World::new();
    let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let crash = Arc::new(Crash {
        directory: directory.path().to_owned(),
        left: OnceLock::new(),
    });
    let clock = Arc::new(ManualClock::new(BEGIN));
    (world.driver, world.tasks) = open_recorded_observed(directory.path(), clock, crash.clone());
    let mut world = waiting_in(world, costly_sync()).await;
    world.task().await.succeed(json!(10));
    let (parent, child) = (execution_arn("parent", "p"), execution_arn("child", "c"));
    let expected = world.ended(&parent).await.outcome;
    let output = json!(55).into();
    assert_eq!(expected, Some(Outcome::Succeeded { output }));
    assert_eq!(rows(&world).await, 0);
    let history = world.driver.executions().history(&parent).await.expect("no failure");

    let left = crash.left.get().expect("the child has ended").clone();
    let world = World::on(left, BEGIN);
    assert_eq!(world.record(&child).await.status, Status::Succeeded);
    assert_eq!(
        world.record(&parent).await.status,
        Status::Running,
        "it is not answered yet"
    );
    assert_eq!(world.driver.resume().await.expect("resumes").tasks, 0);
    assert_eq!(world.ended(&parent).await.outcome, expected);
    assert_eq!(rows(&world).await, 0);
    assert_eq!(
        world.driver.executions().history(&parent).await.expect("no failure"),
        history
    );
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_answered_when_it_can() {
    let mut world = waiting_in(World::new(), costly_sync()).await;
    let disk = Connection::open(world.directory.path().join("journal.sqlite")).expect("opens");
    // the commit fails, and nothing before it
    disk.execute_batch(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY);
         CREATE TABLE orphans (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER broken AFTER INSERT ON facts WHEN new.body LIKE '%poison%'
         BEGIN INSERT INTO orphans VALUES (1); END",
    )
    .expect("breaks");
    let (parent, child) = (execution_arn("parent", "p"), execution_arn("child", "c"));
    let poison = Some("poison".to_owned());
    let stopped = within(world.driver.executions().stop(StopExecution {
        error: poison,
        ..StopExecution::new(&child)
    }))
    .await;
    stopped.expect_err("cannot be written");
    assert_eq!(world.record(&child).await.status, Status::Running);
    world.settled().await;
    world.task().await.succeed(json!(10));
    let output = json!(55).into();
    assert_eq!(world.ended(&parent).await.outcome, Some(Outcome::Succeeded { output }));
    assert_eq!(rows(&world).await, 0);
}

#[tokio::test]
async fn a_stop_that_was_being_decided_at_a_crash_is_made_up_for() {
    let child = execution_arn("child", "c");
    for (waits, status) in [(true, Status::Running), (false, Status::Aborted)] {
        let mut world = World::new();
        if waits {
            world = waiting().await;
        } else {
            world.put("child", chain(&["A"])).await;
            world.start("child", "c").await;
        }
        let call = world.task().await;
        let note = format!("{:020}", call.identity.key);
        world
            .driver
            .store()
            .put("job unwanted", &note, Value::Null)
            .await
            .expect("is put");
        let world = world.killed();
        world.driver.resume().await.expect("resumes");
        assert_eq!(world.record(&child).await.status, status);
        assert_eq!(rows(&world).await, if waits { 2 } else { 0 }, "the note is gone");
    }
}
