//! Deadlines, and the clock that brings them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sluice_driver::{Clock, DeadlineKind, Driver, RunningTask, StartExecution, SystemClock, TaskRunner};
use sluice_engine::{Outcome, Status};

use crate::support::{BEGIN, World, approval, chain, hour, machine_arn, machine_record, open, within};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_wait_ends_when_its_time_has_come_and_not_before() {
    let world = World::new();
    world.put("wait", hour()).await;
    let arn = world.start("wait", "one").await;
    world.settled().await;
    assert_eq!(world.driver.statistics().loaded, 0, "a timer needs no memory");
    world.advance(HOUR - Duration::from_millis(1)).await;
    assert_eq!(world.record(&arn).await.status, Status::Running);
    world.advance(Duration::from_millis(1)).await;
    let record = world.ended(&arn).await;
    assert_eq!(
        (record.status, record.stop_date),
        (Status::Succeeded, Some(BEGIN + 3_600_000))
    );
}

#[tokio::test]
async fn a_wait_goes_on_after_a_restart_and_ends_if_its_time_has_passed() {
    let world = World::new();
    world.put("wait", hour()).await;
    let arn = world.start("wait", "one").await;
    let directory = world.directory.clone();
    world.driver.close().await.expect("closes");
    let world = World::on(directory.clone(), BEGIN + 60_000);
    world.settled().await;
    assert_eq!(world.record(&arn).await.status, Status::Running);
    drop(world);
    let world = World::on(directory, BEGIN + 4_000_000);
    assert_eq!(world.ended(&arn).await.stop_date, Some(BEGIN + 4_000_000));
}

#[tokio::test]
async fn waits_end_in_the_order_of_their_deadlines() {
    let world = World::new();
    world.put("wait", hour()).await;
    let first = world.start("wait", "first").await;
    world.advance(HOUR / 2).await;
    let second = world.start("wait", "second").await;
    world.advance(HOUR / 2).await;
    assert_eq!(world.ended(&first).await.status, Status::Succeeded);
    assert_eq!(world.record(&second).await.status, Status::Running);
    world.advance(HOUR / 2).await;
    assert_eq!(world.ended(&second).await.status, Status::Succeeded);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_abandoned() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    world.advance(Duration::from_secs(60)).await;
    let outcome = world.ended(&arn).await.outcome;
    assert!(
        matches!(&outcome, Some(Outcome::Failed { error: Some(error), .. }) if error == "States.Timeout"),
        "{outcome:?}"
    );
    assert_eq!(
        within(world.abandoned.recv()).await,
        Some((Arc::from(arn.as_str()), task.task.attempt))
    );
}

#[tokio::test]
async fn an_advanced_clock_stays_ahead_after_a_restart() {
    let world = World::new();
    world.put("wait", hour()).await;
    let arn = world.start("wait", "one").await;
    assert_eq!(world.driver.advance_clock(HOUR).await, Ok(BEGIN + 3_600_000));
    assert_eq!(world.driver.advance_clock(HOUR).await, Ok(BEGIN + 7_200_000));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded);
    let directory = world.directory.clone();
    drop(world);
    let world = World::on(directory, BEGIN);
    assert_eq!(world.clock.now(), BEGIN + 7_200_000);
}

struct Nobody;

impl TaskRunner for Nobody {
    fn run(&self, _: RunningTask) {}
}

async fn a_short_wait(driver: &Driver, clock: &SystemClock) {
    let definition = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": true}}});
    driver
        .machines()
        .put(machine_record("short", definition), false)
        .await
        .expect("is put");
    let before = clock.now();
    let arn = driver
        .executions()
        .start(StartExecution::new(machine_arn("short"), json!({})))
        .await
        .expect("starts")
        .arn;
    let record = within(driver.executions().wait_for_end(&arn))
        .await
        .expect("no failure")
        .expect("exists");
    assert!(
        record.stop_date.is_some_and(|stop| stop >= before + 1_000),
        "{record:?}"
    );
}

#[tokio::test]
async fn with_the_wall_clock_a_timer_needs_no_one_to_wake_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock = Arc::new(SystemClock::new());
    let driver = open(directory.path(), clock.clone(), Arc::new(Nobody)).expect("opens");
    a_short_wait(&driver, &clock).await;
}

#[tokio::test]
async fn the_next_deadline_is_the_soonest_and_says_of_what() {
    let mut world = World::new();
    let next = async |world: &World| world.driver.next_deadline().await.expect("no failure");
    assert_eq!(next(&world).await, None);
    world.put("ask", approval()).await;
    world.start("ask", "a").await;
    world.task().await.submitted(Value::Null);
    world.settled().await;
    let deadline = next(&world).await.expect("a deadline");
    assert_eq!(
        (deadline.at, deadline.kind, deadline.state.as_deref(), &*deadline.name),
        (BEGIN + 86_400_000, DeadlineKind::Timeout, Some("Ask"), "a")
    );
    world.put("wait", hour()).await;
    let arn = world.start("wait", "w").await;
    world.settled().await;
    let deadline = next(&world).await.expect("a deadline");
    assert_eq!(
        (
            deadline.at,
            deadline.kind,
            deadline.state.as_deref(),
            &*deadline.machine
        ),
        (BEGIN + 3_600_000, DeadlineKind::Wait, Some("Rest"), "wait")
    );
    // a call in flight has no deadline that a jump could reach
    world.put("chain", chain(&["f"])).await;
    world.start("chain", "c").await;
    let _task = world.task().await;
    assert_eq!(*next(&world).await.expect("a deadline").arn, *arn);
}

#[tokio::test]
async fn it_is_at_rest_when_no_call_is_in_flight_and_no_deadline_is_due() {
    let mut world = World::new();
    within(world.driver.at_rest()).await.expect("at rest");
    world.put("chain", chain(&["f"])).await;
    let called = world.start("chain", "c").await;
    let task = world.task().await;
    let driver = world.driver.clone();
    let mut rest = tokio::spawn(async move { driver.at_rest().await });
    world.settled().await;
    assert!(!rest.is_finished(), "a call is in flight");
    task.succeed(json!(1));
    within(&mut rest).await.expect("no panic").expect("at rest");
    assert_eq!(world.record(&called).await.status, Status::Succeeded);
    world.put("wait", hour()).await;
    let mut waits = Vec::new();
    for name in 0..600 {
        waits.push(world.start("wait", &name.to_string()).await);
    }
    within(world.driver.at_rest()).await.expect("a wait rests");
    world.driver.advance_clock(HOUR).await.expect("advances");
    within(world.driver.at_rest()).await.expect("at rest");
    for arn in &waits {
        assert_eq!(
            world.record(arn).await.status,
            Status::Succeeded,
            "more deadlines than one round fires"
        );
    }
    let driver = world.driver.clone();
    world.start("chain", "again").await;
    let _task = world.task().await;
    let rest = tokio::spawn(async move { driver.at_rest().await });
    world.driver.close().await.expect("closes");
    within(rest).await.expect("no panic").expect_err("it will never be");
}
