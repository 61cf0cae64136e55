//! Ended executions are deleted when their time is over.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use sluice_driver::{
    ChildFilter, Clock, EXECUTION_RETENTION, ExecutionFilter, RedriveExecution, StartExecution, StopExecution,
    TokenError,
};
use sluice_engine::Status;
use tempfile::TempDir;

use crate::support::{BEGIN, World, approval, chain, hour, machine_arn};

const MILLISECOND: Duration = Duration::from_millis(1);

/// A machine that ends at once.
fn pass() -> Value {
    json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}})
}

/// A child of a single Pass for each item.
fn map() -> Value {
    json!({ "StartAt": "M", "States": { "M": {
        "Type": "Map", "End": true, "Label": "L",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } },
        },
    } } })
}

/// Counts the rows in each table that an execution writes to.
fn rows(world: &World) -> [i64; 5] {
    let connection = Connection::open(world.directory.path().join("journal.sqlite")).expect("opens");
    ["executions", "facts", "map_runs", "children", "remains"].map(|table| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).expect("a count")
    })
}

/// Gives the driver rounds until nothing of this many executions is left over.
async fn deleted(world: &World, executions: u64) {
    for _ in 0..10_000 {
        if world.driver.statistics().deleted >= executions && rows(world)[4] == 0 {
            return;
        }
        world.settled().await;
    }
    panic!("{:?} deleted; rows: {:?}", world.driver.statistics(), rows(world));
}

async fn names(world: &World) -> Vec<String> {
    let page = world
        .driver
        .executions()
        .list(ExecutionFilter::default())
        .await
        .expect("a page");
    page.items.into_iter().map(|item| item.name).collect()
}

fn keeping(keep: Duration) -> World {
    World::keeping(Arc::new(TempDir::new().expect("a temporary directory")), BEGIN, keep)
}

#[tokio::test]
async fn an_ended_execution_is_kept_for_ninety_days_and_then_gone_without_a_trace() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let arn = world.start("m", "x").await;
    world.task().await.succeed(json!({"a": "y".repeat(5_000)}));
    world.task().await.succeed(json!(1));
    world.ended(&arn).await;
    world.advance(EXECUTION_RETENTION - MILLISECOND).await;
    assert_eq!(world.record(&arn).await.status, Status::Succeeded);
    assert_eq!(world.driver.statistics().deleted, 0);

    world.advance(MILLISECOND).await;
    deleted(&world, 1).await;
    assert_eq!(rows(&world), [0; 5]);
    assert_eq!(world.driver.executions().get(&arn).await, Ok(None));
    assert_eq!(world.driver.executions().history(&arn).await, Ok(None));
    assert_eq!(world.driver.executions().newest_event(&arn).await, Ok(None));
    assert_eq!(world.driver.executions().wait_for_end(&arn).await, Ok(None));
    assert_eq!(world.driver.executions().stop(StopExecution::new(&arn)).await, Ok(None));
    assert_eq!(
        world
            .driver
            .executions()
            .redrive(RedriveExecution {
                arn: arn.clone(),
                client_token: None
            })
            .await,
        Ok(None)
    );
}

#[tokio::test]
async fn what_runs_or_waits_stays_however_old_it_is() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    world.put("rest", hour()).await;
    let mut asks = approval();
    asks["States"]["Ask"]["TimeoutSeconds"] = json!(400 * 86_400);
    world.put("ask", asks).await;
    world.start("ask", "waits").await;
    let ask = world.task().await;
    let token = ask.task.token.clone().expect("a token").to_string();
    ask.submitted(json!({}));
    world.start("rest", "rests").await;
    world.start("m", "ends").await;
    world.task().await.succeed(json!(1));
    world.settled().await;
    world.advance(EXECUTION_RETENTION).await;
    deleted(&world, 1).await;
    // it rested for an hour, which is over by now: its own ninety days begin
    assert_eq!(names(&world).await, ["rests", "waits"]);
    world.advance(EXECUTION_RETENTION).await;
    deleted(&world, 2).await;
    assert_eq!(names(&world).await, ["waits"]);
    world
        .driver
        .tokens()
        .succeed(&token, json!("yes"))
        .await
        .expect("is answered");
    world.advance(EXECUTION_RETENTION).await;
    deleted(&world, 3).await;
    let late = world.driver.tokens().succeed(&token, json!("yes")).await;
    assert_eq!(late, Err(TokenError::DoesNotExist));
}

#[tokio::test]
async fn a_name_is_free_again_and_numbers_are_never_given_twice() {
    let world = keeping(Duration::from_secs(60));
    world.put("m", pass()).await;
    let arn = world.start("m", "x").await;
    let first = world.ended(&arn).await.identity.key;
    let again = StartExecution::new(machine_arn("m"), json!({})).named("x");
    assert!(world.driver.executions().start(again.clone()).await.is_err());
    world.advance(Duration::from_secs(60)).await;
    deleted(&world, 1).await;
    // also when no row tells any more which numbers there were
    let (directory, now) = (world.directory.clone(), world.clock.now());
    drop(world);
    let world = World::on(directory, now);
    assert_eq!(world.driver.executions().start(again).await.expect("starts").arn, arn);
    assert!(world.ended(&arn).await.identity.key > first);
}

#[tokio::test]
async fn children_and_long_logs_go_with_their_execution_little_by_little() {
    let world = keeping(Duration::from_secs(60));
    world.put("map", map()).await;
    let input = json!((0..2_000).collect::<Vec<_>>());
    let request = StartExecution::new(machine_arn("map"), input).named("x");
    let arn = world.driver.executions().start(request).await.expect("starts").arn;
    world.ended(&arn).await;
    let run = world.driver.map_runs().list(&arn).await.expect("no failure")[0]
        .arn
        .to_string();
    let filter = ChildFilter {
        map_run_arn: run.clone(),
        redriven: None,
        status: None,
        after: None,
        limit: 1,
    };
    let page = world
        .driver
        .map_runs()
        .children(filter.clone())
        .await
        .expect("no failure");
    let child = page.expect("a run").items[0].arn.clone();
    assert!(rows(&world)[3] == 2_000);
    world.advance(Duration::from_secs(60)).await;
    // to the outside it is gone at once
    while world.driver.statistics().deleted == 0 {
        world.settled().await;
    }
    assert_eq!(world.driver.executions().get(&arn).await, Ok(None));
    assert_eq!(world.driver.executions().get(&child).await, Ok(None));
    assert_eq!(world.driver.executions().history(&child).await, Ok(None));
    assert_eq!(world.driver.map_runs().children(filter).await, Ok(None));
    assert_eq!(world.driver.map_runs().get(&run, 0).await, Ok(None));
    // and a process that ends in the middle of it goes on at the next start
    let world = world.killed();
    deleted(&world, 0).await;
    assert_eq!(rows(&world), [0; 5]);
}

#[tokio::test]
async fn many_are_deleted_beside_starts_and_in_the_order_of_their_ends() {
    let world = keeping(Duration::from_secs(60));
    world.put("m", pass()).await;
    for n in 0..300 {
        world.start("m", &format!("old{n}")).await;
        world.clock.advance(MILLISECOND);
    }
    // the first 150 of them
    world.advance(Duration::from_secs(60) - MILLISECOND * 151).await;
    let mut started = 0;
    while world.driver.statistics().deleted < 150 {
        world.start("m", &format!("new{started}")).await;
        started += 1;
        assert!(started < 10_000);
    }
    world.settled().await;
    let names = names(&world).await;
    assert_eq!(
        names.iter().filter(|name| name.starts_with("new")).count(),
        started.min(100)
    );
    assert!(!names.contains(&"old149".to_owned()));
    let page = ExecutionFilter {
        limit: 20_000,
        ..ExecutionFilter::default()
    };
    let all = world.driver.executions().list(page).await.expect("a page").items;
    assert_eq!(all.len(), 150 + started);
    assert_eq!(all.last().expect("the oldest").name, "old150");
}

#[tokio::test]
async fn a_redriven_execution_is_kept_from_its_last_end_on() {
    let mut world = keeping(Duration::from_secs(60));
    world.put("m", chain(&["A"])).await;
    let arn = world.start("m", "x").await;
    world.task().await.fail("Bad", "luck");
    world.ended(&arn).await;
    world.advance(Duration::from_secs(59)).await;
    let redriven = world
        .driver
        .executions()
        .redrive(RedriveExecution {
            arn: arn.clone(),
            client_token: Some("token".into()),
        })
        .await;
    assert!(redriven.expect("redrives").is_some());
    world.advance(Duration::from_secs(2)).await;
    world.task().await.succeed(json!(1));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded);
    world.advance(Duration::from_secs(59)).await;
    assert_eq!(world.driver.statistics().deleted, 0);
    world.advance(Duration::from_secs(1)).await;
    deleted(&world, 1).await;
    let connection = Connection::open(world.directory.path().join("journal.sqlite")).expect("opens");
    let tokens: i64 = connection
        .query_row("SELECT count(*) FROM store WHERE kind = 'redrive-token'", [], |row| {
            row.get(0)
        })
        .expect("a count");
    assert_eq!(tokens, 0);
}

#[tokio::test]
async fn the_room_of_what_was_deleted_is_used_again() {
    let world = keeping(Duration::from_secs(60));
    world.put("m", pass()).await;
    let pages = || -> i64 {
        let connection = Connection::open(world.directory.path().join("journal.sqlite")).expect("opens");
        connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .expect("a count")
    };
    let mut sizes = Vec::new();
    for round in 0..4_u64 {
        for n in 0..200 {
            let input = json!({"text": format!("{round} {n} ").repeat(3), "list": (0..400).collect::<Vec<_>>()});
            let request = StartExecution::new(machine_arn("m"), input).named(format!("{round}-{n}"));
            world.driver.executions().start(request).await.expect("starts");
        }
        sizes.push(pages());
        world.advance(Duration::from_secs(60)).await;
        deleted(&world, 200 * (round + 1)).await;
    }
    assert!(sizes[3] <= sizes[0] + sizes[0] / 20, "{sizes:?}");
}
