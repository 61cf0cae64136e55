//! The API over a real host.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_clock::ManualClock;
use sluice_host::{FunctionSpec, Host, HostConfig, Invocation};
use sluice_service_testing::{NOW, account};

use crate::Logs;
use crate::api::call;

const GROUP: &str = "/aws/lambda/ask";

/// A function that prints its environment and ends, called twice.
async fn logs() -> Logs {
    let now = Arc::new(|| u64::try_from(NOW).unwrap());
    let host = Host::new(HostConfig {
        now,
        ..HostConfig::default()
    })
    .unwrap();
    let mut spec = FunctionSpec::new(
        "ask",
        "arn:aws:lambda:us-east-1:000000000000:function:ask",
        "/usr/bin/env",
    );
    let line = r#"{"timestamp":"2026-11-22T13:27:00.250Z","level":"ERROR","submission":"s-1"}"#;
    // each line of what is printed is NAME=VALUE, so the object is a line of its own behind a line break
    spec.environment.insert("A".to_owned(), format!("x\n{line}\nWARN y"));
    host.add_function(spec).unwrap();
    host.add_function(FunctionSpec::new("other", "arn:other", "/usr/bin/env"))
        .unwrap();
    for _ in 0..2 {
        let output = host.invoke("ask", Invocation::new("{}")).await.unwrap();
        assert!(output.function_error.is_some());
    }
    Logs::new(account(Arc::new(ManualClock::new(NOW)), 1), host)
}

async fn ask(logs: &Logs, operation: &str, request: Value) -> Result<Value, String> {
    match call(logs, operation, request.to_string().as_bytes()).await {
        Ok(response) => Ok(serde_json::from_str(response.get()).unwrap()),
        Err(error) => Err(error.code.to_string()),
    }
}

fn messages(page: &Value) -> Vec<&str> {
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn groups_and_streams_are_the_functions_and_their_instances() {
    let logs = logs().await;
    let groups = ask(
        &logs,
        "DescribeLogGroups",
        json!({"logGroupNamePrefix": "/aws/lambda/a"}),
    )
    .await
    .unwrap();
    assert_eq!(groups["logGroups"].as_array().unwrap().len(), 1);
    assert_eq!(groups["logGroups"][0]["logGroupName"], GROUP);
    assert_eq!(
        groups["logGroups"][0]["arn"],
        "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/ask:*"
    );
    let first = ask(&logs, "DescribeLogGroups", json!({"limit": 1})).await.unwrap();
    let second = ask(
        &logs,
        "DescribeLogGroups",
        json!({"limit": 1, "nextToken": first["nextToken"]}),
    )
    .await
    .unwrap();
    assert_eq!(second["logGroups"][0]["logGroupName"], "/aws/lambda/other");
    assert_eq!(second["nextToken"], Value::Null);
    let streams = json!({"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": true});
    let streams = ask(&logs, "DescribeLogStreams", streams).await.unwrap();
    assert_eq!(streams["logStreams"].as_array().unwrap().len(), 2);
    assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], NOW + 250);
}

#[tokio::test]
async fn events_are_found_by_pattern_time_and_stream_page_by_page() {
    let logs = logs().await;
    async fn check(logs: &Logs, mut request: Value, expected: usize) {
        request["logGroupName"] = GROUP.into();
        let page = ask(logs, "FilterLogEvents", request.clone()).await.unwrap();
        assert_eq!(page["events"].as_array().unwrap().len(), expected, "{request} {page}");
    }
    check(
        &logs,
        json!({"filterPattern": "{ $.level = \"ERROR\" && $.submission = s-1 }"}),
        2,
    )
    .await;
    check(&logs, json!({"filterPattern": "WARN"}), 2).await;
    check(&logs, json!({"filterPattern": "?WARN ?\"START RequestId\""}), 4).await;
    check(&logs, json!({"filterPattern": "WARN", "limit": 1}), 1).await;
    check(
        &logs,
        json!({"filterPattern": "WARN", "startTime": NOW + 250, "endTime": NOW + 251}),
        2,
    )
    .await;
    check(&logs, json!({"filterPattern": "WARN", "endTime": NOW + 250}), 0).await;
    check(&logs, json!({"filterPattern": "WARN", "logStreamNames": ["none"]}), 0).await;
    let mut request = json!({"logGroupIdentifier": format!("arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"),
        "interleaved": true, "limit": 3});
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        let page = ask(&logs, "FilterLogEvents", request.clone()).await.unwrap();
        all.extend(
            page["events"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| event["eventId"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        match page["nextToken"].as_str() {
            Some(next) => request["nextToken"] = next.into(),
            None => break,
        }
    }
    let mut sorted = all.clone();
    sorted.sort();
    sorted.dedup();
    assert!(pages > 2 && all == sorted && all[0].len() == 56, "{all:?}");
}

#[tokio::test]
async fn a_stream_is_read_both_ways_until_the_token_stays() {
    let logs = logs().await;
    let streams = ask(&logs, "DescribeLogStreams", json!({"logGroupName": GROUP}))
        .await
        .unwrap();
    let stream = &streams["logStreams"][0]["logStreamName"];
    let whole = ask(
        &logs,
        "GetLogEvents",
        json!({"logGroupName": GROUP, "logStreamName": stream}),
    )
    .await
    .unwrap();
    let whole = messages(&whole).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut request = json!({"logGroupName": GROUP, "logStreamName": stream, "limit": 2, "startFromHead": true});
    let mut read: Vec<String> = Vec::new();
    loop {
        let page = ask(&logs, "GetLogEvents", request.clone()).await.unwrap();
        read.extend(messages(&page).into_iter().map(str::to_owned));
        if page["nextForwardToken"] == request["nextToken"] {
            break;
        }
        request["nextToken"] = page["nextForwardToken"].clone();
    }
    assert_eq!(read, whole);
    let last = ask(
        &logs,
        "GetLogEvents",
        json!({"logGroupName": GROUP, "logStreamName": stream, "limit": 1}),
    )
    .await
    .unwrap();
    assert_eq!(messages(&last), whole[whole.len() - 1..]);
    let before =
        json!({"logGroupName": GROUP, "logStreamName": stream, "limit": 1, "nextToken": last["nextBackwardToken"]});
    let before = ask(&logs, "GetLogEvents", before).await.unwrap();
    assert_eq!(messages(&before), whole[whole.len() - 2..whole.len() - 1]);
}

#[tokio::test]
async fn mistakes_have_awss_names() {
    let logs = logs().await;
    async fn check(logs: &Logs, operation: &str, request: Value, expected: &str) {
        assert_eq!(
            ask(logs, operation, request.clone()).await,
            Err(expected.to_owned()),
            "{operation} {request}"
        );
    }
    check(
        &logs,
        "FilterLogEvents",
        json!({"logGroupName": "/aws/lambda/none"}),
        "ResourceNotFoundException",
    )
    .await;
    check(&logs, "FilterLogEvents", json!({}), "InvalidParameterException").await;
    check(
        &logs,
        "FilterLogEvents",
        json!({"logGroupName": GROUP, "filterPattern": "\"x"}),
        "InvalidParameterException",
    )
    .await;
    check(
        &logs,
        "FilterLogEvents",
        json!({"logGroupName": GROUP, "nextToken": "x"}),
        "InvalidParameterException",
    )
    .await;
    let both = json!({"logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "b"});
    check(&logs, "FilterLogEvents", both, "InvalidParameterException").await;
    let unknown = json!({"logGroupName": GROUP, "logStreamName": "none"});
    check(&logs, "GetLogEvents", unknown, "ResourceNotFoundException").await;
    check(&logs, "PutLogEvents", json!({}), "UnknownOperationException").await;
}
