//! Alarms: the API in each protocol, and the watch by the clock.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_service_testing::NOW;

use super::{PROTOCOLS, Protocol, SECONDS, World, members, ok, refused, send};
use crate::NoticeOutcome;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:alarms";

fn alarm(name: &str) -> Value {
    json!({
        "AlarmName": name, "Namespace": "Shop", "MetricName": "Errors", "Dimensions": [{ "Name": "Kind", "Value": "tea" }],
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching", "AlarmActions": [TOPIC],
    })
}

fn with(mut request: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

async fn record(world: &World, value: f64) {
    let datum = json!({ "MetricName": "Errors", "Value": value, "Dimensions": [{ "Name": "Kind", "Value": "tea" }] });
    ok(
        world,
        "PutMetricData",
        json!({ "Namespace": "Shop", "MetricData": [datum] }),
    )
    .await;
}

async fn state(world: &World, name: &str) -> String {
    let found = ok(world, "DescribeAlarms", json!({ "AlarmNames": [name] })).await;
    found["MetricAlarms"][0]["StateValue"].as_str().unwrap().to_owned()
}

/// Moves the clock, and evaluates what is due by then.
async fn pass(world: &World, seconds: u64) {
    world.cloudwatch.account.clock.advance(Duration::from_secs(seconds));
    world.cloudwatch.evaluate_alarms().await.unwrap();
}

/// The topics and subjects of what is to be told; told, it is gone.
async fn told(world: &World) -> Vec<(String, String)> {
    let notices = world.cloudwatch.alarm_notices(100).await.unwrap();
    for (id, notice) in &notices {
        let closed = world.cloudwatch.close_alarm_notice(id, notice, NoticeOutcome::Told);
        closed.await.unwrap();
    }
    notices
        .into_iter()
        .map(|(_, notice)| (notice.action, notice.subject))
        .collect()
}

#[tokio::test]
async fn alarms_are_put_described_set_and_deleted_in_each_protocol() {
    let world = World::new();
    for (protocol, name) in PROTOCOLS.into_iter().zip(["a", "b", "c"]) {
        let reply = send(&world, protocol, "PutMetricAlarm", &alarm(name)).await;
        assert_eq!(reply.status, 200, "{protocol:?}: {}", reply.text);
    }
    for protocol in PROTOCOLS {
        let set = json!({ "AlarmName": "a", "StateValue": "ALARM", "StateReason": format!("by {protocol:?}") });
        assert_eq!(send(&world, protocol, "SetAlarmState", &set).await.status, 200);
        let reply = send(&world, protocol, "DescribeAlarms", &json!({ "StateValue": "ALARM" })).await;
        if protocol == Protocol::Query {
            assert_eq!(reply.element("AlarmName"), "a");
            assert_eq!(reply.element("ActionsEnabled"), "true");
            continue;
        }
        let found = members(protocol, &reply);
        let alarms = found["MetricAlarms"].as_array().unwrap();
        assert_eq!(alarms.len(), 1, "{found}");
        let expected = json!({
            "AlarmName": "a", "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "ActionsEnabled": true,
            "OKActions": [], "AlarmActions": [TOPIC], "InsufficientDataActions": [], "StateValue": "ALARM",
            "StateReason": format!("by {protocol:?}"), "MetricName": "Errors", "Namespace": "Shop", "Statistic": "Sum",
            "Dimensions": [{ "Name": "Kind", "Value": "tea" }], "Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
            "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
            "AlarmConfigurationUpdatedTimestamp": SECONDS, "StateUpdatedTimestamp": SECONDS,
            "StateTransitionedTimestamp": SECONDS,
        });
        let as_integers = |value: &Value| {
            serde_json::from_str::<Value>(&value.to_string().replace(".0,", ",").replace(".0}", "}")).unwrap()
        };
        assert_eq!(as_integers(&alarms[0]), as_integers(&expected));
    }
    let prefix = ok(&world, "DescribeAlarms", json!({ "AlarmNamePrefix": "b" })).await;
    assert_eq!(prefix["MetricAlarms"][0]["AlarmName"], "b");
    let page = ok(&world, "DescribeAlarms", json!({ "MaxRecords": 2 })).await;
    assert_eq!(page["MetricAlarms"].as_array().unwrap().len(), 2);
    let rest = ok(
        &world,
        "DescribeAlarms",
        json!({ "MaxRecords": 2, "NextToken": page["NextToken"] }),
    )
    .await;
    assert_eq!(rest["MetricAlarms"][0]["AlarmName"], "c");
    assert_eq!(rest["NextToken"], Value::Null);
    for protocol in PROTOCOLS {
        let (_, code, message) = refused(
            &world,
            protocol,
            "DeleteAlarms",
            &json!({ "AlarmNames": ["b", "none"] }),
        )
        .await;
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("ResourceNotFound", "Alarm none does not exist")
        );
    }
    ok(&world, "DeleteAlarms", json!({ "AlarmNames": ["b", "c"] })).await;
    let left = ok(&world, "DescribeAlarms", json!({})).await;
    assert_eq!(left["MetricAlarms"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_alarm_follows_its_metric_and_tells_each_change_once() {
    let world = World::new();
    let request = with(
        alarm("errors"),
        json!({ "OKActions": [TOPIC], "AlarmDescription": "Too many errors." }),
    );
    ok(&world, "PutMetricAlarm", request).await;
    assert_eq!(
        world.cloudwatch.evaluate_alarms().await.unwrap(),
        Some(NOW - NOW % 60_000 + 60_000)
    );
    assert_eq!(state(&world, "errors").await, "INSUFFICIENT_DATA");
    pass(&world, 60).await;
    assert_eq!(state(&world, "errors").await, "OK");
    assert_eq!(
        told(&world).await,
        [(TOPIC.to_owned(), "OK: \"errors\" in us-east-1".to_owned())]
    );
    record(&world, 2.0).await;
    pass(&world, 60).await;
    assert_eq!(state(&world, "errors").await, "ALARM");
    let notices = world.cloudwatch.alarm_notices(9).await.unwrap();
    let message: Value = serde_json::from_str(&notices[0].1.message).unwrap();
    assert_eq!(
        (&message["OldStateValue"], &message["NewStateValue"]),
        (&json!("OK"), &json!("ALARM"))
    );
    assert_eq!(message["Trigger"]["MetricName"], "Errors");
    let reason = message["NewStateReason"].as_str().unwrap();
    assert!(
        reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoint [2.0 ("),
        "{reason}"
    );
    assert!(notices[0].1.text.contains("Too many errors."), "{}", notices[0].1.text);
    assert_eq!(told(&world).await.len(), 1);
    // the value counts while there is no later one within reach; then the silence does
    for _ in 0..3 {
        pass(&world, 60).await;
    }
    assert_eq!(state(&world, "errors").await, "OK");
    assert_eq!(told(&world).await.len(), 1);
    let history = ok(
        &world,
        "DescribeAlarmHistory",
        json!({ "AlarmName": "errors", "HistoryItemType": "StateUpdate" }),
    )
    .await;
    let summaries: Vec<&str> = history["AlarmHistoryItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["HistorySummary"].as_str().unwrap())
        .collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from ALARM to OK",
            "Alarm updated from OK to ALARM",
            "Alarm updated from INSUFFICIENT_DATA to OK"
        ]
    );
    let actions = ok(
        &world,
        "DescribeAlarmHistory",
        json!({ "HistoryItemType": "Action", "ScanBy": "TimestampAscending" }),
    )
    .await;
    assert_eq!(
        actions["AlarmHistoryItems"][0]["HistorySummary"],
        format!("Successfully executed action {TOPIC}")
    );
}

#[tokio::test]
async fn metric_math_is_compared_and_actions_can_be_switched_off() {
    let world = World::new();
    let metric =
        json!({ "Namespace": "Shop", "MetricName": "Errors", "Dimensions": [{ "Name": "Kind", "Value": "tea" }] });
    let request = json!({
        "AlarmName": "share", "EvaluationPeriods": 1, "Threshold": 10, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [TOPIC],
        "Metrics": [
            { "Id": "share", "Expression": "errors * 5", "Label": "Share" },
            { "Id": "errors", "ReturnData": false, "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } },
        ],
    });
    for protocol in PROTOCOLS {
        let reply = send(&world, protocol, "PutMetricAlarm", &request).await;
        assert_eq!(reply.status, 200, "{protocol:?}: {}", reply.text);
    }
    ok(
        &world,
        "DisableAlarmActions",
        json!({ "AlarmNames": ["share", "none"] }),
    )
    .await;
    world.cloudwatch.evaluate_alarms().await.unwrap();
    record(&world, 2.0).await;
    pass(&world, 60).await;
    assert_eq!(state(&world, "share").await, "ALARM");
    assert_eq!(told(&world).await, []);
    let found = ok(&world, "DescribeAlarms", json!({})).await;
    let alarm = &found["MetricAlarms"][0];
    assert_eq!(alarm["ActionsEnabled"], false);
    assert_eq!(
        alarm["Metrics"][0],
        json!({ "Id": "share", "Expression": "errors * 5", "Label": "Share", "ReturnData": true })
    );
    assert_eq!(alarm["Metrics"][1]["MetricStat"]["Metric"]["MetricName"], "Errors");
    ok(&world, "EnableAlarmActions", json!({ "AlarmNames": ["share"] })).await;
    for _ in 0..3 {
        pass(&world, 60).await;
    }
    // without data nothing is known
    assert_eq!(state(&world, "share").await, "INSUFFICIENT_DATA");
    record(&world, 3.0).await;
    pass(&world, 60).await;
    assert_eq!(told(&world).await.len(), 1);
}

#[tokio::test]
async fn a_jump_of_the_clock_shows_what_was_recorded_and_is_no_silence() {
    let world = World::new();
    ok(
        &world,
        "PutMetricAlarm",
        with(alarm("errors"), json!({ "OKActions": [TOPIC] })),
    )
    .await;
    let silent = json!({ "Statistic": "SampleCount", "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching" });
    ok(&world, "PutMetricAlarm", with(alarm("silent"), silent)).await;
    world.cloudwatch.evaluate_alarms().await.unwrap();
    record(&world, 2.0).await;
    record(&world, 2.0).await;
    pass(&world, 60).await;
    assert_eq!(
        (
            state(&world, "errors").await.as_str(),
            state(&world, "silent").await.as_str()
        ),
        ("ALARM", "OK")
    );
    told(&world).await;
    record(&world, 2.0).await;
    pass(&world, 7 * 86_400).await;
    assert_eq!(
        (
            state(&world, "errors").await.as_str(),
            state(&world, "silent").await.as_str()
        ),
        ("OK", "OK")
    );
    assert_eq!(told(&world).await.len(), 1);
    // minutes that pass one by one are
    for _ in 0..3 {
        pass(&world, 60).await;
    }
    assert_eq!(state(&world, "silent").await, "ALARM");
}

#[tokio::test]
async fn an_alarm_that_breaks_a_rule_is_refused_with_its_place() {
    let world = World::new();
    let rows = [
        (json!({ "ComparisonOperator": "About" }), "enum value set"),
        (json!({ "EvaluationPeriods": 0 }), "'evaluationPeriods'"),
        (json!({ "DatapointsToAlarm": 2 }), "'datapointsToAlarm'"),
        (json!({ "Period": 61 }), "multiple of 60"),
        (json!({ "Period": 3600, "EvaluationPeriods": 25 }), "more than a day"),
        (
            json!({ "ExtendedStatistic": "p99" }),
            "Exactly one of Statistic and ExtendedStatistic",
        ),
        (
            json!({ "AlarmActions": ["me"] }),
            "Invalid arn syntax in AlarmActions: me",
        ),
        (json!({ "ThresholdMetricId": "x" }), "Anomaly detection"),
        (
            json!({ "Metrics": [{ "Id": "a" }] }),
            "MetricName must not be specified",
        ),
        (json!({ "TreatMissingData": "hm" }), "'treatMissingData'"),
    ];
    for (members, expected) in rows {
        for protocol in PROTOCOLS {
            let request = with(alarm("a"), members.clone());
            let (_, _, message) = refused(&world, protocol, "PutMetricAlarm", &request).await;
            assert!(message.contains(expected), "{protocol:?} {members}: {message}");
        }
    }
    let (_, code, message) = refused(
        &world,
        Protocol::Json,
        "SetAlarmState",
        &json!({ "AlarmName": "a", "StateValue": "OK", "StateReason": "" }),
    )
    .await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ResourceNotFound", "Alarm a does not exist")
    );
}
