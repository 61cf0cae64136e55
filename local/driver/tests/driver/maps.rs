//! Child executions of Map Runs.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_driver::{ChildFilter, ChildRecord, Clock, StartExecution, StopExecution};
use sluice_engine::{MapRunStatus, Outcome, Status};

use crate::support::{BEGIN, World, machine_arn, within};

/// A child for each item, which asks a human and then waits for an hour.
pub(crate) fn map() -> Value {
    json!({ "StartAt": "M", "States": { "M": {
        "Type": "Map", "End": true, "Label": "L", "MaxConcurrency": 3, "ToleratedFailureCount": 1,
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Ask",
            "States": {
                "Ask": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Next": "Rest",
                    "Parameters": { "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token" } } },
                "Rest": { "Type": "Wait", "Seconds": 3600, "End": true },
            },
        },
    } } })
}

/// A world with a run over so many items; the run's ARN.
async fn running(items: usize) -> (World, String, String) {
    let world = World::new();
    world.put("map", map()).await;
    let input = json!((0..items).collect::<Vec<_>>());
    let request = StartExecution::new(machine_arn("map"), input).named("x");
    let execution = world.driver.executions().start(request).await.expect("starts").arn;
    let runs = world.driver.map_runs().list(&execution).await.expect("no failure");
    (world, execution, runs[0].arn.to_string())
}

fn filter(run: &str, status: Option<Status>) -> ChildFilter {
    ChildFilter {
        map_run_arn: run.to_owned(),
        redriven: None,
        status,
        after: None,
        limit: 100,
    }
}

/// The children, the oldest first.
async fn children(world: &World, run: &str, status: Option<Status>) -> Vec<ChildRecord> {
    let page = world
        .driver
        .map_runs()
        .children(filter(run, status))
        .await
        .expect("no failure");
    let mut items = page.expect("a run").items;
    items.reverse();
    items
}

/// Accepts the next call; answers its token.
pub(crate) async fn token(world: &mut World) -> String {
    let task = world.task().await;
    let token = task.task.token.clone().expect("a token").to_string();
    task.submitted(json!({}));
    token
}

#[tokio::test]
async fn children_are_read_the_same_before_and_after_a_restart() {
    let (mut world, execution, run) = running(4).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(token(&mut world).await);
    }
    world
        .driver
        .tokens()
        .succeed(&tokens[0], json!("yes"))
        .await
        .expect("is answered");
    world
        .driver
        .tokens()
        .fail(&tokens[1], Some("No".into()), None)
        .await
        .expect("is answered");
    tokens.push(token(&mut world).await);
    let before = children(&world, &run, None).await;
    let statuses: Vec<Status> = before.iter().map(|child| child.status).collect();
    assert_eq!(
        statuses,
        [Status::Running, Status::Failed, Status::Running, Status::Running]
    );
    let mut world = world.killed();
    assert_eq!(children(&world, &run, None).await, before);
    let failed = world.record(&before[1].arn).await;
    assert!(matches!(failed.outcome, Some(Outcome::Failed { error: Some(error), .. }) if error == "No"));
    assert_eq!(
        (failed.status, failed.stop_date, &*failed.input),
        (Status::Failed, Some(BEGIN), &json!(1))
    );
    assert_eq!(failed.identity.machine_arn, format!("{}/L", machine_arn("map")).into());
    let told = world
        .driver
        .executions()
        .history(&before[1].arn)
        .await
        .expect("no failure")
        .expect("exists");
    assert_eq!(told.len(), 7);

    for token in &tokens[2..] {
        world
            .driver
            .tokens()
            .succeed(token, json!("yes"))
            .await
            .expect("is answered");
    }
    world.advance(Duration::from_secs(3600)).await;
    let ended = world.ended(&execution).await;
    assert_eq!(ended.status, Status::Succeeded);
    assert_eq!(children(&world, &run, Some(Status::Succeeded)).await.len(), 3);
    // what was read of a child while it ran is not what is read of it now
    let succeeded = world.record(&before[0].arn).await;
    assert!(matches!(succeeded.outcome, Some(Outcome::Succeeded { output }) if *output == json!("yes")));
    let record = world
        .driver
        .map_runs()
        .get(&run, BEGIN + 1)
        .await
        .expect("no failure")
        .expect("exists");
    assert_eq!(record.report.status, MapRunStatus::Succeeded);
    assert_eq!((record.executions_not_redrivable, record.items_not_redrivable), (1, 1));
    assert!(world.tasks.try_recv().is_err(), "nothing is sent again");
}

#[tokio::test]
async fn a_stopped_child_makes_room_for_the_next() {
    let (mut world, execution, run) = running(4).await;
    for _ in 0..3 {
        token(&mut world).await;
    }
    let child = children(&world, &run, None).await.remove(0);
    let stop = || {
        world.driver.executions().stop(StopExecution {
            error: Some("Mine".into()),
            ..StopExecution::new(&child.arn)
        })
    };
    assert_eq!(stop().await.expect("no failure"), Some(BEGIN));
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(stop().await.expect("no failure"), Some(BEGIN), "as the first time");
    token(&mut world).await;
    assert_eq!(children(&world, &run, Some(Status::Running)).await.len(), 3);
    let ended = world
        .driver
        .executions()
        .stop(StopExecution::new(&execution))
        .await
        .expect("no failure");
    assert_eq!(ended, Some(BEGIN + 5_000));
    let aborted = children(&world, &run, Some(Status::Aborted)).await;
    let stops: Vec<_> = aborted.iter().map(|child| child.stop).collect();
    assert_eq!(stops, [Some(BEGIN), ended, ended, ended]);
}

#[tokio::test]
async fn runs_that_an_older_release_wrote_get_their_rows() {
    let (mut world, execution, run) = running(2).await;
    for _ in 0..2 {
        token(&mut world).await;
    }
    let before = children(&world, &run, None).await;
    let reports = world.driver.map_runs().list(&execution).await.expect("no failure");
    let (directory, now) = (world.directory.clone(), BEGIN);
    within(world.driver.close()).await.expect("closes");
    let journal = rusqlite::Connection::open(directory.path().join("journal.sqlite")).expect("opens");
    journal
        .execute_batch("DELETE FROM children; UPDATE map_runs SET report = NULL;")
        .expect("as if never written");
    drop(journal);
    let world = World::on(directory, now);
    assert_eq!(
        world.driver.map_runs().list(&execution).await.expect("no failure"),
        reports
    );
    assert_eq!(children(&world, &run, None).await, before);
}

#[tokio::test]
async fn a_long_log_is_not_folded_for_each_answer() {
    const ITEMS: usize = 1_200;
    let definition = {
        let mut map = map();
        map["States"]["M"]["MaxConcurrency"] = json!(0);
        map["States"]["M"]["ItemProcessor"]["States"]["Ask"]["End"] = json!(true);
        let ask = map["States"]["M"]["ItemProcessor"]["States"]["Ask"]
            .as_object_mut()
            .expect("a state");
        ask.shift_remove("Next");
        let states = map["States"]["M"]["ItemProcessor"]["States"]
            .as_object_mut()
            .expect("states");
        states.shift_remove("Rest");
        map
    };
    let mut world = World::new();
    world.put("map", definition).await;
    let input = json!((0..ITEMS).collect::<Vec<_>>());
    let request = StartExecution::new(machine_arn("map"), input).named("x");
    let execution = world.driver.executions().start(request).await.expect("starts").arn;
    let mut tokens = Vec::new();
    for _ in 0..ITEMS {
        tokens.push(token(&mut world).await);
    }
    world.settled().await;
    assert_eq!(world.driver.statistics().loaded, 1, "it is parked, and its log is long");
    for token in &tokens {
        world
            .driver
            .tokens()
            .succeed(token, json!(null))
            .await
            .expect("is answered");
    }
    assert_eq!(world.ended(&execution).await.status, Status::Succeeded);
    assert_eq!(world.driver.statistics().loaded, 0);
}
