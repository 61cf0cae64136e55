//! A disk that fails.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use sluice_driver::{DriverError, Fault, RunningTask, StartError, StartExecution, TaskRunner};
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
    let error = world
        .driver
        .executions()
        .start(request.clone())
        .await
        .expect_err("fails");
    assert!(
        matches!(&error, StartError::Driver(DriverError::Journal { reason, .. }) if reason.contains("on fire")),
        "{error:?}"
    );
    world.start("m", "two").await;
    assert_eq!(&*world.task().await.identity.name, "two", "the failed one runs nothing");
    repair_disk(&disk);
    let started = world.driver.executions().start(request).await.expect("starts");
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
async fn a_lock_of_somebody_else_is_outlived() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    let disk = beside(&world);
    for round in 0..3 {
        disk.execute_batch("BEGIN IMMEDIATE").expect("holds the journal");
        let request = StartExecution::new(machine_arn("m"), json!(2)).named(format!("two{round}"));
        let error = within(world.driver.executions().start(request.clone())).await;
        assert!(
            matches!(
                &error,
                Err(StartError::Driver(DriverError::Journal {
                    fault: Fault::Transient,
                    ..
                }))
            ),
            "nobody waits for long: {error:?}"
        );
        let trouble = world.driver.trouble().expect("it is told");
        assert!(
            trouble.contains("journal.sqlite") && trouble.contains("locked"),
            "{trouble}"
        );
        assert_eq!(world.record(&arn).await.status, Status::Running, "reading goes on");
        disk.execute_batch("ROLLBACK").expect("lets go");
        // nobody asks for anything: it is found out all the same
        within(async {
            while world.driver.trouble().is_some() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let started = within(world.driver.executions().start(request)).await.expect("starts");
        assert!(!started.existing, "nothing was left of the refused one");
        assert_eq!(&*world.task().await.identity.name, format!("two{round}"));
    }
    task.succeed(json!(1));
    assert_eq!(world.task().await.task.state.as_ref(), "B");
}

#[tokio::test]
async fn an_answer_outlives_a_lock() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "one").await;
    let task = world.task().await;
    let disk = beside(&world);
    disk.execute_batch("BEGIN IMMEDIATE").expect("holds the journal");
    task.succeed(json!("kept"));
    let refused = within(world.driver.store().put("k", "key", json!(1))).await;
    assert!(matches!(refused, Err(DriverError::Journal { .. })), "{refused:?}");
    disk.execute_batch("ROLLBACK").expect("lets go");
    assert_eq!(
        world.ended(&arn).await.outcome,
        Some(Outcome::Succeeded {
            output: Arc::new(json!("kept"))
        })
    );
}

#[tokio::test]
async fn a_driver_is_closed_while_nothing_can_be_written() {
    let world = World::new();
    let disk = beside(&world);
    disk.execute_batch("BEGIN IMMEDIATE").expect("holds the journal");
    let refused = within(world.driver.store().put("k", "key", json!(1))).await;
    assert!(matches!(refused, Err(DriverError::Journal { .. })), "{refused:?}");
    assert_eq!(within(world.driver.clone().close()).await, Ok(()));
}

#[tokio::test]
async fn what_is_deleted_or_replaced_is_not_written_any_more() {
    let check = |name: &'static str, replace: bool| async move {
        let mut world = World::new();
        world.put("m", chain(&["A"])).await;
        world.start("m", "one").await;
        let _task = world.task().await;
        let path = world.directory.path().join(name);
        std::fs::remove_file(&path).expect("deleted");
        if replace {
            std::fs::write(&path, "").expect("written");
        }
        let words = if replace { "was replaced" } else { "was deleted" };
        let request = StartExecution::new(machine_arn("m"), json!(2)).named("two");
        let refused = within(world.driver.executions().start(request)).await;
        assert!(
            matches!(&refused, Err(StartError::Driver(DriverError::Stopped { reason })) if reason.contains(words)),
            "{name}: {refused:?}"
        );
        let told = within(world.driver.until_lost()).await;
        assert!(told.contains(name) && told.contains(words), "{told}");
        assert_eq!(world.driver.trouble().as_deref(), Some(&*told));
        let after = within(world.driver.store().put("k", "key", json!(1))).await;
        assert!(matches!(after, Err(DriverError::Stopped { .. })), "{after:?}");
    };
    check("journal.sqlite", false).await;
    check("journal.sqlite", true).await;
    check("journal.sqlite-wal", false).await;
    check("lock", false).await;
}

/// Overwrites the page that holds the end of an execution's first fact, after all that was written has come into the one
/// file.
fn damage_first_fact(world: &World, arn: &str) {
    let journal = beside(world);
    journal
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("checkpoints");
    let body: Vec<u8> = journal
        .query_row(
            "SELECT coalesce(packed, CAST(body AS BLOB)) FROM facts
             WHERE seq = 0 AND execution = (SELECT key FROM executions WHERE arn = ?)",
            [arn],
            |row| row.get(0),
        )
        .expect("it is there");
    let end = &body[body.len() - 64..];
    let path = world.directory.path().join("journal.sqlite");
    let mut bytes = std::fs::read(&path).expect("readable");
    let at = bytes
        .windows(end.len())
        .position(|window| window == end)
        .expect("it is there");
    // without the number of the next page, by which SQLite finds its way
    let page = at / 4096 * 4096;
    bytes[page + 4..page + 4096].fill(0x5a);
    std::fs::write(&path, bytes).expect("written");
}

/// A text that cannot be packed: numbers without a pattern.
fn without_pattern(of: &str) -> String {
    let next = |state: &u64| {
        Some(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    };
    let numbers = std::iter::successors(Some(of.len() as u64 + u64::from(of.as_bytes()[0])), next);
    numbers
        .take(2_000)
        .map(|number| format!("{:08x}", number >> 32))
        .collect()
}

#[tokio::test]
async fn a_damaged_record_costs_its_execution_and_not_the_start() {
    let world = World::new();
    world.put("m", chain(&["A"])).await;
    for name in ["one", "two"] {
        // each fills pages of its own
        let input = json!({ "of": name, "filled": without_pattern(name) });
        let request = StartExecution::new(machine_arn("m"), input).named(name);
        world.driver.executions().start(request).await.expect("starts");
    }
    damage_first_fact(&world, &crate::support::execution_arn("m", "one"));
    let mut world = world.killed();
    let resumed = world.driver.resume().await.expect("starts");
    assert_eq!((resumed.executions, resumed.unreadable), (1, 1));
    let task = world.task().await;
    assert_eq!(&*task.identity.name, "two");
    task.succeed(json!(1));
    let ended = world.ended(&crate::support::execution_arn("m", "two")).await;
    assert_eq!(ended.status, Status::Succeeded);
    assert_eq!(world.driver.trouble(), None);
}

#[tokio::test]
async fn a_directory_keeps_its_identity() {
    let world = World::new();
    let identity = world.driver.identity().to_owned();
    assert_eq!(identity.len(), 32);
    let world = world.killed();
    assert_eq!(world.driver.identity(), identity);
    assert_ne!(World::new().driver.identity(), identity);
}

#[tokio::test]
async fn a_closed_driver_says_so() {
    let world = World::new();
    let other = world.driver.clone();
    world.driver.close().await.expect("closes");
    assert_eq!(other.store().put("k", "key", json!(1)).await, Err(DriverError::Closed));
    assert_eq!(other.store().get("k", "key").await, Err(DriverError::Closed));
    assert_eq!(other.close().await, Ok(()), "twice is no harm");
}
