//! Starting, running, stopping.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sluice_driver::{ManualClock, RunningTask, StartError, StartExecution, StopExecution, TaskRunner};
use sluice_engine::{Outcome, Status};
use tokio::task::JoinSet;

use crate::support::{BEGIN, World, chain, execution_arn, machine_arn, open, within};

#[tokio::test]
async fn an_execution_runs_from_task_to_task_to_its_end() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let arn = world.start("m", "one").await;
    assert_eq!(arn, execution_arn("m", "one"));
    let task = world.task().await;
    assert_eq!((&*task.task.state, &*task.task.arguments), ("A", &json!({"of": "one"})));
    assert_eq!(world.record(&arn).await.status, Status::Running);
    task.succeed(json!({"from": "A"}));
    let task = world.task().await;
    assert_eq!((&*task.task.state, &*task.task.arguments), ("B", &json!({"from": "A"})));
    task.succeed(json!("done"));
    let record = world.ended(&arn).await;
    assert_eq!(
        record.outcome,
        Some(Outcome::Succeeded {
            output: Arc::new(json!("done"))
        })
    );
    assert_eq!((record.status, record.stop_date), (Status::Succeeded, Some(BEGIN)));
    assert_eq!(*record.input, json!({"of": "one"}));
    assert_eq!(
        record,
        world.record(&arn).await,
        "the one who waited sees what a reader sees"
    );
    assert_eq!(
        world.driver.executions().wait_for_end(&arn).await,
        Ok(Some(record)),
        "waiting for an end that was"
    );
}

#[tokio::test]
async fn a_failed_task_fails_the_execution_with_its_error() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    world.task().await.fail("Broken", "no reason");
    let expected = Outcome::Failed {
        error: Some("Broken".into()),
        cause: Some("no reason".into()),
    };
    assert_eq!(world.ended(&arn).await.outcome, Some(expected));
}

#[tokio::test]
async fn a_task_that_the_runner_drops_does_not_hang() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    drop(world.task().await);
    let outcome = world.ended(&arn).await.outcome;
    assert!(
        matches!(&outcome, Some(Outcome::Failed { error: Some(error), .. }) if error == "States.TaskFailed"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_fit_fails_the_attempt() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    world.task().await.submitted(json!({}));
    let outcome = world.ended(&arn).await.outcome;
    assert!(matches!(&outcome, Some(Outcome::Failed { .. })), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_nested_too_deeply_fails_the_attempt() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    world
        .task()
        .await
        .succeed((0..1_000).fold(Value::Null, |inner, _| json!([inner])));
    let outcome = world.ended(&arn).await.outcome;
    assert!(
        matches!(&outcome, Some(Outcome::Failed { error: Some(error), .. }) if error == "States.DataLimitExceeded"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn the_same_name_and_input_find_the_running_execution_and_nothing_else() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let request = StartExecution::new(machine_arn("m"), json!({"n": 1})).named("one");
    let first = world.driver.executions().start(request.clone()).await.expect("starts");
    let again = world
        .driver
        .executions()
        .start(request.clone())
        .await
        .expect("is there");
    assert_eq!((first.existing, again.existing), (false, true));
    assert_eq!((&first.arn, first.start_date), (&again.arn, again.start_date));

    let other = StartExecution::new(machine_arn("m"), json!({"n": 2})).named("one");
    let taken = Err(StartError::AlreadyExists {
        arn: first.arn.clone(),
        start_date: BEGIN,
    });
    assert_eq!(world.driver.executions().start(other).await, taken);

    world.task().await.succeed(json!(1));
    world.ended(&first.arn).await;
    assert_eq!(
        world.driver.executions().start(request).await,
        taken,
        "the name is used up"
    );
    assert!(world.tasks.try_recv().is_err(), "only one execution ran");
}

#[tokio::test]
async fn starts_at_the_same_time_give_executions_of_their_own() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let mut starts = JoinSet::new();
    for n in 0..100 {
        let driver = world.driver.clone();
        starts.spawn(async move {
            driver
                .executions()
                .start(StartExecution::new(machine_arn("m"), json!(n)))
                .await
        });
    }
    let arns: HashSet<String> = starts
        .join_all()
        .await
        .into_iter()
        .map(|started| started.expect("starts").arn)
        .collect();
    let mut keys = HashSet::new();
    for _ in 0..100 {
        keys.insert(world.task().await.identity.key);
    }
    assert_eq!((arns.len(), keys.len()), (100, 100));
    let statistics = world.driver.statistics();
    assert!(
        statistics.commits < statistics.facts,
        "commits are shared: {statistics:?}"
    );
}

#[tokio::test]
async fn stopping_ends_an_execution_once() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    let attempt = task.task.attempt;
    let stopped = world
        .driver
        .executions()
        .stop(StopExecution {
            error: Some("Enough".into()),
            ..StopExecution::new(&arn)
        })
        .await;
    assert_eq!(stopped, Ok(Some(BEGIN)));
    assert_eq!(
        within(world.abandoned.recv()).await,
        Some((Arc::from(arn.as_str()), attempt))
    );
    let outcome = Some(Outcome::Aborted {
        error: Some("Enough".into()),
        cause: None,
    });
    assert_eq!(world.ended(&arn).await.outcome, outcome);

    world.advance(std::time::Duration::from_secs(5)).await;
    assert_eq!(
        world.driver.executions().stop(StopExecution::new(&arn)).await,
        Ok(Some(BEGIN)),
        "it had ended before"
    );
    assert_eq!(world.record(&arn).await.outcome, outcome);
    task.succeed(json!("too late"));
    world.settled().await;
    assert_eq!(world.driver.statistics().stale_answers, 1);
    assert_eq!(world.record(&arn).await.outcome, outcome);
    assert_eq!(
        world
            .driver
            .executions()
            .stop(StopExecution::new(execution_arn("m", "none")))
            .await,
        Ok(None)
    );
}

/// Looks at the disk, through a connection of its own, whenever it is told to run something.
struct Witness {
    journal: PathBuf,
    seen: Mutex<Vec<(String, i64)>>,
}

impl TaskRunner for Witness {
    fn run(&self, task: RunningTask) {
        let connection = rusqlite::Connection::open(&self.journal).expect("opens");
        let key = i64::try_from(task.identity.key).expect("small");
        let facts = connection
            .query_row("SELECT count(*) FROM facts WHERE execution = ?1", [key], |row| {
                row.get(0)
            })
            .expect("reads");
        self.seen
            .lock()
            .expect("lock")
            .push((task.task.state.to_string(), facts));
        task.succeed(Value::Null);
    }
}

#[tokio::test]
async fn a_task_runs_only_when_its_decision_is_on_disk() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let witness = Arc::new(Witness {
        journal: directory.path().join("journal.sqlite"),
        seen: Mutex::default(),
    });
    let driver = open(directory.path(), Arc::new(ManualClock::new(BEGIN)), witness.clone()).expect("opens");
    let record = crate::support::machine_record("m", chain(&["A", "B", "C"]));
    driver.machines().put(record, true).await.expect("is put");
    let arn = driver
        .executions()
        .start(StartExecution::new(machine_arn("m"), json!({})))
        .await
        .expect("starts")
        .arn;
    within(driver.executions().wait_for_end(&arn)).await.expect("ends");
    let expected = [("A".to_owned(), 1), ("B".to_owned(), 2), ("C".to_owned(), 3)];
    assert_eq!(*witness.seen.lock().expect("lock"), expected);
}
