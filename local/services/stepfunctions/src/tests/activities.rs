use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;
use crate::StepFunctions;

const NAMED: &str = "arn:aws:states:us-east-1:000000000000:activity:";
const AT_ONCE: Duration = Duration::ZERO;

async fn activity(world: &World, name: &str) -> String {
    let created = world.states_ok("CreateActivity", json!({ "name": name })).await;
    created["activityArn"].as_str().unwrap().to_owned()
}

/// Starts an execution whose one state is a task of the activity.
async fn start(world: &World, activity: &str, input: &Value) -> String {
    let task = json!({ "Type": "Task", "Resource": activity, "HeartbeatSeconds": 30, "End": true });
    let definition = json!({ "StartAt": "T", "States": { "T": task } }).to_string();
    let machine = world.machine("m", &definition).await;
    let started = world
        .states_ok(
            "StartExecution",
            json!({ "stateMachineArn": machine, "input": input.to_string() }),
        )
        .await;
    started["executionArn"].as_str().unwrap().to_owned()
}

/// A worker that takes what there is.
async fn next(states: &Arc<StepFunctions>, activity: &str, patience: Duration) -> Option<Value> {
    let next = states.activity_tasks().next(&states.driver, activity, None, patience);
    next.await.unwrap().map(|task| (*task.arguments).clone())
}

#[tokio::test]
async fn activities_are_made_once_and_deleted_without_complaint() {
    let world = World::new();
    let arn = activity(&world, "dig").await;
    assert_eq!(arn, format!("{NAMED}dig"));
    let again = world.states_ok("CreateActivity", json!({ "name": "dig" })).await;
    let described = world.states_ok("DescribeActivity", json!({ "activityArn": arn })).await;
    assert_eq!(again["creationDate"], described["creationDate"]);
    assert_eq!(
        described,
        json!({ "activityArn": arn, "name": "dig", "creationDate": 1_795_354_020.0,
            "encryptionConfiguration": { "type": "AWS_OWNED_KEY" } })
    );
    let other =
        json!({ "name": "dig", "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k" } });
    let refused = world.states("CreateActivity", other).await;
    assert_eq!(refused.json()["__type"], "ActivityAlreadyExists");
    for _ in 0..2 {
        world.states_ok("DeleteActivity", json!({ "activityArn": arn })).await;
    }
    for operation in ["DescribeActivity", "GetActivityTask"] {
        let refused = world.states(operation, json!({ "activityArn": arn })).await;
        assert_eq!(refused.status, 400);
        assert_eq!(
            refused.json(),
            json!({ "__type": "ActivityDoesNotExist", "message": format!("Activity Does Not Exist: '{arn}'") })
        );
    }
}

#[tokio::test]
async fn activities_are_listed_page_by_page() {
    let world = World::new();
    for name in ["b", "c", "a"] {
        activity(&world, name).await;
    }
    let mut names = Vec::new();
    let mut request = json!({ "maxResults": 2 });
    loop {
        let page = world.states_ok("ListActivities", request.clone()).await;
        let listed = page["activities"].as_array().unwrap();
        names.extend(listed.iter().map(|activity| activity["name"].clone()));
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(names, [json!("a"), json!("b"), json!("c")]);
}

#[tokio::test]
async fn activities_have_tags() {
    let world = World::new();
    let request = json!({ "name": "dig", "tags": [{ "key": "a", "value": "1" }] });
    let arn = world.states_ok("CreateActivity", request).await["activityArn"].clone();
    let more = json!({ "resourceArn": arn, "tags": [{ "key": "b", "value": "2" }] });
    world.states_ok("TagResource", more).await;
    world
        .states_ok("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] }))
        .await;
    let tags = world
        .states_ok("ListTagsForResource", json!({ "resourceArn": arn }))
        .await;
    assert_eq!(tags, json!({ "tags": [{ "key": "b", "value": "2" }] }));
    let none = json!({ "resourceArn": format!("{NAMED}none") });
    let refused = world.states("ListTagsForResource", none).await;
    assert_eq!(refused.json()["__type"], "ResourceNotFound");
}

#[tokio::test]
async fn a_worker_that_waits_gets_the_task_as_it_comes() {
    let world = World::new();
    let arn = activity(&world, "dig").await;
    let poll = json!({ "activityArn": arn, "workerName": "w" });
    let work = async {
        let task = world.states_ok("GetActivityTask", poll).await;
        assert_eq!(task["input"], json!("{\"n\":1}"));
        world
            .states_ok("SendTaskHeartbeat", json!({ "taskToken": task["taskToken"] }))
            .await;
        let done = json!({ "taskToken": task["taskToken"], "output": "{\"dug\":1}" });
        world.states_ok("SendTaskSuccess", done).await;
    };
    let input = json!({ "n": 1 });
    let ((), execution) = tokio::join!(work, start(&world, &arn, &input));
    world.driver.executions().wait_for_end(&execution).await.unwrap();
    let described = world
        .states_ok("DescribeExecution", json!({ "executionArn": execution }))
        .await;
    assert_eq!(described["output"], "{\"dug\":1}");
}

#[tokio::test]
async fn without_a_task_a_worker_goes_away_empty_handed() {
    let world = World::new();
    let arn = activity(&world, "dig").await;
    assert_eq!(next(&world.service, &arn, AT_ONCE).await, None);
    let waiting = next(&world.service, &arn, Duration::from_secs(60));
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(AT_ONCE, &mut waiting).await.is_err());
    world.service.activity_tasks().close();
    assert_eq!(waiting.await, None, "not at the end of the process either");
}

#[tokio::test]
async fn a_worker_that_goes_away_leaves_the_task_to_the_next() {
    let world = World::new();
    let arn = activity(&world, "dig").await;
    let minute = Duration::from_secs(60);
    {
        let gone = next(&world.service, &arn, minute);
        tokio::pin!(gone);
        assert!(tokio::time::timeout(AT_ONCE, &mut gone).await.is_err(), "it waits");
        start(&world, &arn, &json!(1)).await;
    }
    assert_eq!(next(&world.service, &arn, minute).await, Some(json!(1)));
}

#[tokio::test]
async fn a_task_that_nobody_waits_for_is_not_given_out() {
    let world = World::new();
    let arn = activity(&world, "dig").await;
    let stopped = start(&world, &arn, &json!(1)).await;
    world
        .states_ok("StopExecution", json!({ "executionArn": stopped }))
        .await;
    start(&world, &arn, &json!(2)).await;
    assert_eq!(
        next(&world.service, &arn, Duration::from_secs(60)).await,
        Some(json!(2))
    );
    assert_eq!(next(&world.service, &arn, AT_ONCE).await, None);
}
