use std::time::Duration;

use sluice_driver::ExecutionFilter;
use sluice_template::{Schedule, ScheduleTarget, ScheduleTiming};

use super::start;
use crate::endpoint::testing::{ACCOUNT, NOW, PASS, REGION, World};
use sluice_cloudformation::{StackRecord, StackStatus};

const MINUTE: i64 = 60_000;

fn machine_arn() -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:beats")
}

fn schedule(timing: ScheduleTiming, target: ScheduleTarget) -> Schedule {
    Schedule {
        name: "beat".to_owned(),
        arn: format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/beat"),
        description: None,
        timing,
        start_ms: None,
        end_ms: None,
        enabled: true,
        target,
        max_retries: 3,
        max_event_age_seconds: 600,
    }
}

fn starting() -> ScheduleTarget {
    ScheduleTarget::StartExecution {
        machine_arn: machine_arn(),
        name: None,
        input: "{}".to_owned(),
    }
}

fn example() -> StackRecord {
    StackRecord::empty(
        "sluice-load",
        "arn:aws:cloudformation:us-east-1:000000000000:stack/sluice-load/1",
    )
}

async fn create_machine(world: &World) {
    assert_eq!(world.machine("beats", PASS).await, machine_arn());
}

async fn advance(world: &World, by: i64) {
    let by = Duration::from_millis(by.unsigned_abs());
    world.services.driver.advance_clock(by).await.expect("advances");
    world.services.clock_moved.send_replace(());
}

async fn executions(world: &World) -> usize {
    let page = world
        .services
        .driver
        .executions()
        .list(ExecutionFilter::default())
        .await;
    page.expect("listed").items.len()
}

async fn wait_for_executions(world: &World, count: usize) {
    let wait = async {
        while executions(world).await != count {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    assert!(
        waited.is_ok(),
        "{} executions instead of {count}",
        executions(world).await
    );
}

/// Until a schedule has nothing to do but to wait for the clock.
async fn wait_for_rest(world: &World) {
    let rests = async {
        while world.services.clock_moved.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), rests)
        .await
        .expect("rests");
}

#[tokio::test]
async fn beats_come_when_the_clock_is_moved() {
    let world = World::new();
    create_machine(&world).await;
    let mut schedule = schedule(ScheduleTiming::Rate(15 * MINUTE), starting());
    schedule.start_ms = Some(NOW + MINUTE);
    let running = start(&world.services, &schedule).await.expect("starts");
    wait_for_rest(&world).await;
    assert_eq!(executions(&world).await, 0, "its time has not come");
    advance(&world, MINUTE).await;
    wait_for_executions(&world, 1).await;
    wait_for_rest(&world).await;
    advance(&world, 15 * MINUTE).await;
    wait_for_executions(&world, 2).await;
    drop(running);
}

#[tokio::test]
async fn what_was_missed_comes_once_at_the_start() {
    let world = World::new();
    create_machine(&world).await;
    let schedule = schedule(ScheduleTiming::Rate(MINUTE), starting());
    let running = start(&world.services, &schedule).await.expect("starts");
    wait_for_executions(&world, 1).await;
    wait_for_rest(&world).await;
    drop(running);
    while world.services.clock_moved.receiver_count() > 0 {
        tokio::task::yield_now().await;
    }
    advance(&world, 10 * MINUTE + 1).await;
    let running = start(&world.services, &schedule).await.expect("starts");
    wait_for_executions(&world, 2).await;
    wait_for_rest(&world).await;
    assert_eq!(executions(&world).await, 2);
    drop(running);
}

#[tokio::test]
async fn a_target_that_fails_is_tried_again_on_the_engines_clock() {
    let world = World::new();
    let running = start(&world.services, &schedule(ScheduleTiming::At(NOW), starting()))
        .await
        .expect("starts");
    // there is no such state machine yet
    wait_for_rest(&world).await;
    create_machine(&world).await;
    assert_eq!(executions(&world).await, 0);
    advance(&world, super::FIRST_PAUSE).await;
    wait_for_executions(&world, 1).await;
    drop(running);
}

#[tokio::test]
async fn a_target_is_given_up_as_the_retry_policy_says() {
    let world = World::new();
    let mut schedule = schedule(ScheduleTiming::At(NOW), starting());
    schedule.max_retries = 0;
    let super::Running(task) = &mut start(&world.services, &schedule).await.expect("starts");
    let ended = tokio::time::timeout(Duration::from_secs(30), task).await;
    assert!(ended.is_ok(), "its only beat is over");
}

#[tokio::test]
async fn a_disabled_schedule_rests() {
    let world = World::new();
    create_machine(&world).await;
    let mut schedule = schedule(ScheduleTiming::Rate(MINUTE), starting());
    schedule.enabled = false;
    let super::Running(task) = &mut start(&world.services, &schedule).await.expect("starts");
    let ended = tokio::time::timeout(Duration::from_secs(30), task).await;
    assert!(ended.is_ok() && executions(&world).await == 0);
}

#[tokio::test]
async fn a_schedule_deletes_its_stack() {
    let world = World::new();
    world.services.stacks.register(example());
    let mut doomed = world
        .services
        .stacks
        .take_deletion_requests()
        .expect("nobody listens yet");
    let id = example().id;
    let target = ScheduleTarget::DeleteStack { stack: id.clone() };
    let running = start(&world.services, &schedule(ScheduleTiming::Rate(MINUTE), target))
        .await
        .expect("starts");
    let asked = tokio::time::timeout(Duration::from_secs(30), doomed.recv()).await;
    assert_eq!(asked.ok().flatten(), Some(id.clone()));
    let stack = world.services.stacks.get(&id).expect("there");
    assert_eq!(stack.status, StackStatus::DeleteInProgress);
    drop(running);
}

#[tokio::test]
async fn a_forgotten_schedule_begins_anew() {
    let world = World::new();
    create_machine(&world).await;
    let schedule = schedule(ScheduleTiming::At(NOW), starting());
    for count in 1..=2 {
        let super::Running(task) = &mut start(&world.services, &schedule).await.expect("starts");
        tokio::time::timeout(Duration::from_secs(30), task)
            .await
            .expect("beats once")
            .expect("joins");
        wait_for_executions(&world, count).await;
        super::forget(&world.services, "at").await.expect("forgets another one");
        let again = start(&world.services, &schedule).await.expect("starts");
        let super::Running(task) = &mut { again };
        tokio::time::timeout(Duration::from_secs(30), task)
            .await
            .expect("does not beat")
            .expect("joins");
        assert_eq!(executions(&world).await, count, "it has had its beat");
        super::forget(&world.services, "beat").await.expect("forgets");
    }
}

#[test]
fn retries_wait_longer_and_longer() {
    for (retry, expected) in [(0, 1_000), (1, 2_000), (9, 512_000), (10, 900_000), (500, 900_000)] {
        assert_eq!(super::pause(retry), expected);
    }
}
