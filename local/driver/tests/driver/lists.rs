//! Lists and histories.

use serde_json::json;
use sluice_driver::{DriverError, EndMark, ExecutionFilter};
use sluice_engine::Status;

use crate::support::{World, approval, chain, execution_arn, hour, machine_arn};

/// Two machines: of `m`, a and c have ended, b failed and d runs; of `approval`, e waits; of `wait`, f rests.
async fn population() -> World {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    world.put("approval", approval()).await;
    world.put("wait", hour()).await;
    for (machine, name) in [("m", "a"), ("m", "b"), ("m", "c"), ("m", "d"), ("approval", "e")] {
        world.start(machine, name).await;
        let task = world.task().await;
        match name {
            "a" | "c" => task.succeed(json!(name)),
            "b" => task.fail("E", "c"),
            "d" => task.leave_open(),
            _ => task.submitted(json!({})),
        }
    }
    world.start("wait", "f").await;
    world.settled().await;
    world
}

async fn names(world: &World, filter: ExecutionFilter) -> String {
    let page = world.driver.executions().list(filter).await.expect("lists");
    page.items.iter().map(|item| item.name.as_str()).collect()
}

#[tokio::test]
async fn executions_are_counted_by_status_up_to_a_number() {
    let world = population().await;
    for (most, expected) in [(100, [3, 2, 1]), (2, [2, 2, 1]), (0, [0, 0, 0])] {
        let counts = world.driver.executions().counts(most).await.expect("counts");
        let of = |status| counts.iter().find(|(of, _)| *of == status).map(|(_, count)| *count);
        let found = [Status::Running, Status::Succeeded, Status::Failed].map(of);
        assert_eq!(found, expected.map(Some), "up to {most}");
        assert_eq!(of(Status::TimedOut), Some(0));
    }
}

#[tokio::test]
async fn filters_narrow_a_list_whose_newest_comes_first() {
    let world = population().await;
    let all = ExecutionFilter::default;
    let of = |machine: &str| ExecutionFilter {
        machine_arn: Some(machine_arn(machine)),
        ..all()
    };
    let with = |status| ExecutionFilter {
        status: Some(status),
        ..all()
    };
    let ended_since = |at| ExecutionFilter {
        ended_since: Some(at),
        ..all()
    };
    for (filter, expected) in [
        (all(), "fedcba"),
        (of("m"), "dcba"),
        (of("approval"), "e"),
        (of("unknown"), ""),
        (with(Status::Running), "fed"),
        (with(Status::Succeeded), "ca"),
        (with(Status::Failed), "b"),
        (with(Status::Aborted), ""),
        (
            ExecutionFilter {
                status: Some(Status::Running),
                ..of("m")
            },
            "d",
        ),
        (ExecutionFilter { waiting: true, ..all() }, "e"),
        (ended_since(0), "cba"),
        (ended_since(i64::MAX), ""),
        (
            ExecutionFilter {
                status: Some(Status::Failed),
                ..ended_since(0)
            },
            "b",
        ),
        (
            ExecutionFilter {
                waiting: true,
                ..of("m")
            },
            "",
        ),
        (
            ExecutionFilter {
                waiting: true,
                ..with(Status::Succeeded)
            },
            "",
        ),
    ] {
        assert_eq!(names(&world, filter.clone()).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = population().await;
    for machine_arn in [None, Some(machine_arn("m"))] {
        let expected = if machine_arn.is_some() {
            vec!["dc", "ba"]
        } else {
            vec!["fe", "dc", "ba"]
        };
        let mut filter = ExecutionFilter {
            machine_arn,
            limit: 2,
            ..ExecutionFilter::default()
        };
        let mut pages = Vec::new();
        loop {
            let page = world.driver.executions().list(filter.clone()).await.expect("lists");
            pages.push(page.items.iter().map(|item| item.name.as_str()).collect::<String>());
            filter.after = page.next;
            if filter.after.is_none() {
                break;
            }
        }
        assert_eq!(pages, expected);
    }
    let foreign = ExecutionFilter {
        after: Some("12".into()),
        ..ExecutionFilter::default()
    };
    assert_eq!(
        world.driver.executions().list(foreign).await,
        Err(DriverError::InvalidCursor("12".into()))
    );
}

#[tokio::test]
async fn a_history_grows_with_its_execution() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let arn = world.start("m", "one").await;
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let task = world.task().await;
        let history = world
            .driver
            .executions()
            .history(&arn)
            .await
            .expect("no failure")
            .expect("exists");
        let again = world
            .driver
            .executions()
            .history(&arn)
            .await
            .expect("no failure")
            .expect("exists");
        assert!(std::sync::Arc::ptr_eq(&history, &again), "it is kept for the next page");
        lengths.push(history.len());
        task.succeed(json!(1));
    }
    world.ended(&arn).await;
    let history = world
        .driver
        .executions()
        .history(&arn)
        .await
        .expect("no failure")
        .expect("exists");
    lengths.push(history.len());
    assert!(lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
    assert!(history.iter().zip(1..).all(|(event, id)| event.id == id));
    assert_eq!(
        world.driver.executions().history(&execution_arn("m", "none")).await,
        Ok(None)
    );
}

#[tokio::test]
async fn whoever_keeps_an_index_reads_ranges_of_keys_and_the_ends_since() {
    let world = population().await;
    let executions = world.driver.executions();
    let keys = executions.keys().await.expect("keys");
    assert_eq!(keys.end - keys.start, 6);
    let named = |records: Vec<sluice_driver::ExecutionRecord>| -> String {
        records.iter().map(|record| &*record.identity.name).collect()
    };
    let machine = machine_arn("m");
    let of_m = |range| executions.records_between(&machine, range);
    assert_eq!(named(of_m(keys.clone()).await.expect("records")), "abcd");
    assert_eq!(
        named(of_m(keys.start + 1..keys.start + 3).await.expect("records")),
        "bc"
    );
    assert_eq!(named(of_m(keys.end..u64::MAX).await.expect("records")), "");
    let some = vec![keys.start + 4, 9_999, keys.start];
    assert_eq!(named(executions.records(some).await.expect("records")), "ea");

    let mark = EndMark { stop: 0, key: 0 };
    let ends = executions
        .ended_after(&machine_arn("m"), mark, 100)
        .await
        .expect("ends");
    assert_eq!(
        (ends.ends.len(), ends.more, ends.last),
        (3, false, ends.ends.last().copied())
    );
    let first = executions.ended_after(&machine_arn("m"), mark, 2).await.expect("ends");
    assert_eq!((&first.ends[..], first.more), (&ends.ends[..2], true));
    let last = first.last.expect("a mark");
    let rest = executions.ended_after(&machine_arn("m"), last, 2).await.expect("ends");
    assert_eq!((&rest.ends[..], rest.more), (&ends.ends[2..], false));
    let of_another = executions
        .ended_after(&machine_arn("approval"), mark, 100)
        .await
        .expect("ends");
    assert_eq!(
        (of_another.ends.len(), of_another.last),
        (0, ends.last),
        "what it passed over is behind the mark"
    );

    for (machine, most, expected) in [
        ("approval", 10, 1),
        ("approval", 0, 0),
        ("m", 10, 0),
        ("unknown", 10, 0),
    ] {
        let count = executions.waiting_count(&machine_arn(machine), most).await;
        assert_eq!(count, Ok(expected), "{machine} {most}");
    }
}
