//! Requests that ask for data to be left out or for warnings, and those that are refused before anything is kept.

use serde_json::{Value, json};

use super::world::World;
use sluice_service_testing::{PASS, ROLE};

const SECRET: &str = "do-not-show-this";

/// A state machine with the secret in its definition, input, output and variables.
fn secretive() -> String {
    json!({ "Comment": SECRET, "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Assign": { "v": SECRET }, "Next": "B" },
        "B": { "Type": "Pass", "Parameters": { "v.$": "$v" }, "End": true },
    } })
    .to_string()
}

#[tokio::test]
async fn without_data_everything_else_is_shown() {
    let world = World::new();
    let machine = world.machine("m", &secretive()).await;
    let request = json!({ "stateMachineArn": machine, "input": json!({ "a": SECRET }).to_string() });
    let execution = world.states_ok("StartExecution", request).await["executionArn"].clone();
    world
        .driver
        .executions()
        .wait_for_end(execution.as_str().unwrap())
        .await
        .unwrap();
    for (operation, member, arn) in [
        ("DescribeStateMachine", "stateMachineArn", json!(machine)),
        ("DescribeStateMachineForExecution", "executionArn", execution.clone()),
        ("DescribeExecution", "executionArn", execution.clone()),
    ] {
        let ask = async |data: &str| {
            world
                .states_ok(operation, json!({ member: arn, "includedData": data }))
                .await
        };
        let (whole, bare) = (ask("ALL_DATA").await, ask("METADATA_ONLY").await);
        assert!(whole.to_string().contains(SECRET), "{operation}: {whole}");
        assert!(!bare.to_string().contains(SECRET), "{operation}: {bare}");
        assert_eq!(bare["stateMachineArn"], whole["stateMachineArn"], "{operation}");
        if whole.get("definition").is_some() {
            assert_eq!(bare["definition"], "{}", "{operation}");
            assert_eq!(whole["variableReferences"], json!({ "B": ["v"] }), "{operation}");
            assert_eq!(bare.get("variableReferences"), None, "{operation}");
        }
        let reply = world
            .states(operation, json!({ member: arn, "includedData": "SOME" }))
            .await;
        assert_eq!(reply.json()["__type"], "ValidationException", "{operation}");
    }
}

#[tokio::test]
async fn a_synchronous_execution_shows_its_data_unless_told_not_to() {
    let world = World::new();
    let request = json!({ "name": "e", "definition": PASS, "roleArn": ROLE, "type": "EXPRESS" });
    let machine = world.states_ok("CreateStateMachine", request).await["stateMachineArn"].clone();
    for (data, shown) in [(None, true), (Some("ALL_DATA"), true), (Some("METADATA_ONLY"), false)] {
        let request = json!({ "stateMachineArn": machine, "input": "[1]", "includedData": data });
        let ended = world.states_ok("StartSyncExecution", request).await;
        for member in ["input", "inputDetails", "output", "outputDetails"] {
            assert_eq!(ended.get(member).is_some(), shown, "{data:?} {member}");
        }
        assert_eq!(ended["status"], "SUCCEEDED", "{data:?}");
    }
}

#[tokio::test]
async fn encryption_configurations_are_checked_and_shown() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    let key = |more: Value| {
        let mut key = json!({ "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k" });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    let invalid = "InvalidEncryptionConfiguration";
    for (configuration, refused) in [
        (json!({ "type": "AWS_OWNED_KEY" }), None),
        (key(json!({})), None),
        (key(json!({ "kmsDataKeyReusePeriodSeconds": 60 })), None),
        (key(json!({ "kmsDataKeyReusePeriodSeconds": 900 })), None),
        (key(json!({ "kmsDataKeyReusePeriodSeconds": 59 })), Some(invalid)),
        (key(json!({ "kmsDataKeyReusePeriodSeconds": 901 })), Some(invalid)),
        (json!({ "type": "CUSTOMER_MANAGED_KMS_KEY" }), Some(invalid)),
        (key(json!({ "kmsKeyId": "" })), Some("ValidationException")),
        (json!({ "type": "MINE" }), Some("ValidationException")),
        (json!({}), Some("ValidationException")),
    ] {
        let request = json!({ "stateMachineArn": machine, "encryptionConfiguration": configuration });
        let reply = world.states("UpdateStateMachine", request).await;
        assert_eq!(reply.json()["__type"].as_str(), refused, "{configuration}");
        let request = json!({ "name": "a", "encryptionConfiguration": configuration });
        let reply = world.states("CreateActivity", request).await;
        assert_eq!(reply.json()["__type"].as_str(), refused, "{configuration}");
        if refused.is_none() {
            let shown = world
                .states_ok("DescribeStateMachine", json!({ "stateMachineArn": machine }))
                .await;
            assert_eq!(shown["encryptionConfiguration"], configuration);
            let activity = reply.json()["activityArn"].clone();
            let shown = world
                .states_ok("DescribeActivity", json!({ "activityArn": activity }))
                .await;
            assert_eq!(shown["encryptionConfiguration"], configuration);
            world
                .states_ok("DeleteActivity", json!({ "activityArn": activity }))
                .await;
        }
    }
}

#[tokio::test]
async fn findings_are_shown_from_a_severity_on_and_up_to_a_number() {
    let world = World::new();
    let mut states = json!({ "Z": { "Type": "Succeed" } });
    for n in 0..120 {
        states[format!("S{n}")] = json!({ "Type": "Pass", "Result": "$.a", "Next": format!("S{}", n + 1) });
    }
    states["S120"] = json!({ "Type": "Pass", "Next": "Z" });
    let definition = json!({ "StartAt": "S0", "States": states }).to_string();
    let mut broken: Value = serde_json::from_str(&definition).unwrap();
    broken["States"]["S120"]["TimeoutSeconds"] = json!(1);
    let broken = broken.to_string();
    for (text, severity, limit, result, shown, truncated) in [
        (&definition, "ERROR", 0, "OK", 0, false),
        (&definition, "WARNING", 0, "OK", 100, true),
        (&definition, "WARNING", 7, "OK", 7, true),
        (&broken, "ERROR", 0, "FAIL", 1, false),
        (&broken, "WARNING", 100, "FAIL", 100, true),
    ] {
        let request = json!({ "definition": text, "severity": severity, "maxResults": limit });
        let answer = world.states_ok("ValidateStateMachineDefinition", request).await;
        let found = answer["diagnostics"].as_array().unwrap();
        assert_eq!(
            (&answer["result"], found.len(), &answer["truncated"]),
            (&json!(result), shown, &json!(truncated)),
            "{severity} {limit}"
        );
    }
    // A definition with warnings alone is kept.
    world.machine("suspicious", &definition).await;
}

#[tokio::test]
async fn a_list_of_executions_is_that_of_one_machine_or_run() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    let run = machine.replace(":stateMachine:m", ":mapRun:m/L:1");
    for (request, message) in [
        (json!({}), "Must provide a StateMachine ARN or MapRun ARN"),
        (
            json!({ "stateMachineArn": machine, "mapRunArn": run }),
            "Must specify exactly one of stateMachineArn or mapRunArn",
        ),
    ] {
        let reply = world.states("ListExecutions", request).await;
        let refused = reply.json();
        assert_eq!(
            (refused["__type"].as_str(), refused["message"].as_str()),
            (Some("ValidationException"), Some(message))
        );
    }
}
