mod activities;
mod asked_for;
mod children;
mod map_runs;
mod quotas;
mod versions;
pub(crate) mod world;
use std::time::Duration;

use serde_json::{Value, json};

use sluice_service_testing::{PASS, ROLE};
use world::World;

const WAIT: &str = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1000000,"End":true}}}"#;

fn arn(kind: &str, rest: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:{kind}:{rest}")
}

/// Moves the clock ahead and waits until what is due then has happened.
async fn advance(world: &World, seconds: u64) {
    let driver = &world.driver;
    driver.advance_clock(Duration::from_secs(seconds)).await.unwrap();
    for _ in 0..2 {
        driver.store().put("test", "settled", Value::Null).await.unwrap();
    }
}

/// Sends a request and checks the exception and its message.
async fn refused(world: &World, operation: &str, request: Value, code: &str, message: &str) {
    let reply = world.states(operation, request.clone()).await;
    let body = reply.json();
    assert_eq!(
        (reply.status, body["__type"].as_str()),
        (400, Some(code)),
        "{operation} {request}: {body}"
    );
    assert_eq!(body["message"].as_str(), Some(message), "{operation} {request}");
    assert_eq!(reply.header("x-amzn-errortype"), code);
}

#[tokio::test]
async fn creating_a_machine_again_is_the_same_or_refused() {
    let world = World::new();
    let request = |definition: &str| json!({ "name": "m", "definition": definition, "roleArn": ROLE });
    let first = world.states_ok("CreateStateMachine", request(PASS)).await;
    assert_eq!(
        first,
        json!({ "stateMachineArn": arn("stateMachine", "m"), "creationDate": 1_795_354_020.0 })
    );
    assert_eq!(world.states_ok("CreateStateMachine", request(PASS)).await, first);
    let message = format!("State Machine Already Exists: '{}'", arn("stateMachine", "m"));
    refused(
        &world,
        "CreateStateMachine",
        request(WAIT),
        "StateMachineAlreadyExists",
        &message,
    )
    .await;
    let spaced = PASS.replace(':', ": ");
    refused(
        &world,
        "CreateStateMachine",
        request(&spaced),
        "StateMachineAlreadyExists",
        &message,
    )
    .await;
}

#[tokio::test]
async fn a_machine_is_described_as_it_was_made_and_changed() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    let expected = json!({
        "stateMachineArn": machine, "name": "m", "status": "ACTIVE", "definition": PASS, "roleArn": ROLE,
        "type": "STANDARD", "creationDate": 1_795_354_020.0,
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
    });
    let described = world
        .states_ok("DescribeStateMachine", json!({ "stateMachineArn": machine }))
        .await;
    assert_eq!(described, expected);

    let update = json!({ "stateMachineArn": machine, "definition": WAIT });
    let updated = world.states_ok("UpdateStateMachine", update.clone()).await;
    assert_eq!(
        world.states_ok("UpdateStateMachine", update).await,
        updated,
        "the same again makes no new revision"
    );
    let described = world
        .states_ok("DescribeStateMachine", json!({ "stateMachineArn": machine }))
        .await;
    assert_eq!(
        (&described["definition"], &described["revisionId"]),
        (&json!(WAIT), &updated["revisionId"])
    );

    assert_eq!(
        world
            .states_ok("DeleteStateMachine", json!({ "stateMachineArn": machine }))
            .await,
        json!({})
    );
    let message = format!("State Machine Does Not Exist: '{machine}'");
    let request = json!({ "stateMachineArn": machine });
    refused(
        &world,
        "DescribeStateMachine",
        request,
        "StateMachineDoesNotExist",
        &message,
    )
    .await;
}

#[tokio::test]
async fn definitions_names_and_roles_are_checked() {
    let world = World::new();
    let create =
        |name: &str, definition: &str, role: &str| json!({ "name": name, "definition": definition, "roleArn": role });
    let rows = [
        (
            create("m", r#"{"Comment":"x","StartAt":"State_1"}"#, ROLE),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        (create("a b", PASS, ROLE), "InvalidName", "Invalid Name: 'a b'"),
        (create("", PASS, ROLE), "InvalidName", "Invalid Name: ''"),
        (
            create("m", PASS, "role"),
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: role'",
        ),
        (
            json!({ "name": "m", "definition": PASS }),
            "ValidationException",
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({ "name": "m", "definition": PASS, "roleArn": ROLE, "loggingConfiguration": { "level": "ERROR" } }),
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
    ];
    for (request, code, message) in rows {
        refused(&world, "CreateStateMachine", request, code, message).await;
    }
}

#[tokio::test]
async fn arns_are_checked_by_each_call() {
    let world = World::new();
    let (machine, execution) = (arn("stateMachine", "gone"), arn("execution", "gone:x"));
    let rows = [
        (
            "DescribeExecution",
            "executionArn",
            "nonsense",
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: nonsense'".to_owned(),
        ),
        (
            "GetExecutionHistory",
            "executionArn",
            "nonsense",
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: nonsense'".to_owned(),
        ),
        (
            "DescribeStateMachine",
            "stateMachineArn",
            "nonsense",
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: nonsense'".to_owned(),
        ),
        (
            "DescribeExecution",
            "executionArn",
            &machine,
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: stateMachine'".to_owned(),
        ),
        (
            "StartExecution",
            "stateMachineArn",
            &execution,
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: execution'".to_owned(),
        ),
    ];
    for (operation, member, given, code, message) in rows {
        refused(&world, operation, json!({ member: given }), code, &message).await;
    }
}

#[tokio::test]
async fn resources_that_are_not_there_are_named() {
    let world = World::new();
    let (machine, execution) = (arn("stateMachine", "gone"), arn("execution", "gone:x"));
    let rows = [
        (
            "DescribeExecution",
            "executionArn",
            &execution,
            "ExecutionDoesNotExist",
            format!("Execution Does Not Exist: '{execution}'"),
        ),
        (
            "StopExecution",
            "executionArn",
            &execution,
            "ExecutionDoesNotExist",
            format!("Execution Does Not Exist: '{execution}'"),
        ),
        (
            "GetExecutionHistory",
            "executionArn",
            &execution,
            "ExecutionDoesNotExist",
            format!("Execution Does Not Exist: '{execution}'"),
        ),
        (
            "StartExecution",
            "stateMachineArn",
            &machine,
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{machine}'"),
        ),
        (
            "ListExecutions",
            "stateMachineArn",
            &machine,
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{machine}'"),
        ),
        (
            "ListTagsForResource",
            "resourceArn",
            &machine,
            "ResourceNotFound",
            format!("Resource not found: '{machine}'"),
        ),
    ];
    for (operation, member, given, code, message) in rows {
        refused(&world, operation, json!({ member: given }), code, &message).await;
    }
}

#[tokio::test]
async fn inputs_must_be_json_and_names_are_used_once() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    let long = format!("\"{}\"", "x".repeat(262_143));
    let start = |input: &str| json!({ "stateMachineArn": machine, "input": input });
    let invalid = |why: &str| format!("Invalid State Machine Execution Input: '{why}'");
    let token = "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    refused(
        &world,
        "StartExecution",
        start("not some json"),
        "InvalidExecutionInput",
        &invalid(token),
    )
    .await;
    refused(
        &world,
        "StartExecution",
        start(""),
        "InvalidExecutionInput",
        &invalid("Invalid execution input."),
    )
    .await;
    let reply = world.states("StartExecution", start(&long)).await;
    assert_eq!(
        (reply.status, reply.json()["__type"].as_str()),
        (400, Some("ValidationException"))
    );
    for input in ["2", "\"some text\"", "null", " {\"a\": 1} "] {
        world.states_ok("StartExecution", start(input)).await;
    }

    for depth in [100, 126, 127, 128, 10_000] {
        let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let status = world.states("StartExecution", start(&deep)).await.status;
        assert!(status == 200 || status == 400, "{depth}: {status}");
    }

    let waiting = world.machine("w", WAIT).await;
    let named = |input: &str| json!({ "stateMachineArn": waiting, "name": "n", "input": input });
    let first = world.states_ok("StartExecution", named("{}")).await;
    assert_eq!(first["executionArn"], json!(arn("execution", "w:n")));
    assert_eq!(world.states_ok("StartExecution", named("{}")).await, first);
    let message = format!("Execution Already Exists: '{}'", arn("execution", "w:n"));
    refused(
        &world,
        "StartExecution",
        named("{\"a\":1}"),
        "ExecutionAlreadyExists",
        &message,
    )
    .await;
    let request = json!({ "stateMachineArn": waiting, "name": "a:b" });
    refused(&world, "StartExecution", request, "InvalidName", "Invalid Name: 'a:b'").await;
}

#[tokio::test]
async fn an_execution_is_described_listed_and_stopped() {
    let world = World::new();
    let described = world.run(PASS, &json!({ "a": 1 })).await;
    let execution = described["executionArn"].as_str().unwrap();
    let expected = json!({
        "executionArn": execution, "stateMachineArn": arn("stateMachine", "run"), "name": described["name"],
        "status": "SUCCEEDED", "startDate": 1_795_354_020.0, "stopDate": 1_795_354_020.0,
        "input": "{\"a\":1}", "inputDetails": { "included": true },
        "output": "{\"a\":1}", "outputDetails": { "included": true },
        "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    });
    assert_eq!(described, expected);

    let listed = world
        .states_ok(
            "ListExecutions",
            json!({ "stateMachineArn": arn("stateMachine", "run") }),
        )
        .await;
    let expected = json!({
        "executionArn": execution, "stateMachineArn": arn("stateMachine", "run"), "name": described["name"],
        "status": "SUCCEEDED", "startDate": 1_795_354_020.0, "stopDate": 1_795_354_020.0, "redriveCount": 0,
    });
    assert_eq!(listed["executions"], json!([expected]));

    let waiting = world.machine("w", WAIT).await;
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": waiting }))
        .await;
    let stop = json!({ "executionArn": started["executionArn"], "error": "E", "cause": "C" });
    assert_eq!(
        world.states_ok("StopExecution", stop).await,
        json!({ "stopDate": 1_795_354_020.0 })
    );
    let described = world
        .states_ok("DescribeExecution", json!({ "executionArn": started["executionArn"] }))
        .await;
    assert_eq!(
        (&described["status"], &described["error"], &described["cause"]),
        (&json!("ABORTED"), &json!("E"), &json!("C"))
    );

    let request = json!({ "executionArn": started["executionArn"] });
    let of = world.states_ok("DescribeStateMachineForExecution", request).await;
    assert_eq!(
        (&of["definition"], &of["stateMachineArn"], &of["roleArn"]),
        (&json!(WAIT), &json!(waiting), &json!(ROLE))
    );
}

#[tokio::test]
async fn lists_and_histories_come_in_pages_from_either_end() {
    let world = World::new();
    let machine = world.machine("m", WAIT).await;
    for n in 0..5 {
        world
            .states_ok(
                "StartExecution",
                json!({ "stateMachineArn": machine, "name": format!("n{n}") }),
            )
            .await;
    }
    let mut names = Vec::new();
    let mut request = json!({ "stateMachineArn": machine, "maxResults": 2, "statusFilter": "RUNNING" });
    loop {
        let page = world.states_ok("ListExecutions", request.clone()).await;
        names.extend(
            page["executions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["name"].as_str().unwrap().to_owned()),
        );
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(names, ["n4", "n3", "n2", "n1", "n0"]);
    request["statusFilter"] = json!("FAILED");
    refused(
        &world,
        "ListExecutions",
        request,
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
    .await;

    let execution = world.run(PASS, &json!({})).await["executionArn"].clone();
    let ids = |page: &Value| {
        page["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    let history =
        |reverse: bool, limit: u32| json!({ "executionArn": execution, "reverseOrder": reverse, "maxResults": limit });
    let all = world.states_ok("GetExecutionHistory", history(false, 1000)).await;
    assert_eq!((ids(&all), all.get("nextToken")), (vec![1, 2, 3, 4], None));
    assert_eq!(all["events"][3]["type"], "ExecutionSucceeded");
    let newest = world.states_ok("GetExecutionHistory", history(true, 1)).await;
    assert_eq!(ids(&newest), [4]);
    let mut next = history(true, 1);
    next["nextToken"] = newest["nextToken"].clone();
    next["maxResults"] = json!(1000);
    assert_eq!(ids(&world.states_ok("GetExecutionHistory", next).await), [3, 2, 1]);
    let machines = world.states_ok("ListStateMachines", json!({ "maxResults": 1 })).await;
    assert_eq!(machines["stateMachines"][0]["name"], "m");
    let rest = world
        .states_ok("ListStateMachines", json!({ "nextToken": machines["nextToken"] }))
        .await;
    assert_eq!(rest["stateMachines"][0]["name"], "run");
}

#[tokio::test]
async fn tokens_and_outputs_are_checked() {
    let world = World::new();
    let success = |token: &str, output: &str| json!({ "taskToken": token, "output": output });
    refused(
        &world,
        "SendTaskSuccess",
        success("rubbish", "{}"),
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
    .await;
    refused(
        &world,
        "SendTaskHeartbeat",
        json!({ "taskToken": "rubbish" }),
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
    .await;
    refused(
        &world,
        "SendTaskFailure",
        json!({ "taskToken": "rubbish" }),
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
    .await;
    let reply = world.states("SendTaskSuccess", success("rubbish", "no json")).await;
    assert_eq!(reply.json()["__type"], "InvalidToken", "the token comes first");
    let well_formed = format!("SLT1-{}", "A".repeat(64));
    let reply = world.states("SendTaskSuccess", success(&well_formed, "no json")).await;
    assert_eq!(reply.json()["__type"], "InvalidOutput");
    let reply = world.states("SendTaskSuccess", success("", "{}")).await;
    assert_eq!(reply.json()["__type"], "ValidationException");
}

#[tokio::test]
async fn tags_are_kept_replaced_and_removed() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    let tags = json!([{ "key": "a", "value": "1" }, { "key": "b", "value": "" }]);
    world
        .states_ok("TagResource", json!({ "resourceArn": machine, "tags": tags }))
        .await;
    world
        .states_ok(
            "TagResource",
            json!({ "resourceArn": machine, "tags": [{ "key": "a", "value": "2" }] }),
        )
        .await;
    let listed = world
        .states_ok("ListTagsForResource", json!({ "resourceArn": machine }))
        .await;
    assert_eq!(
        listed,
        json!({ "tags": [{ "key": "a", "value": "2" }, { "key": "b", "value": "" }] })
    );
    world
        .states_ok(
            "UntagResource",
            json!({ "resourceArn": machine, "tagKeys": ["a", "a", "z"] }),
        )
        .await;
    let listed = world
        .states_ok("ListTagsForResource", json!({ "resourceArn": machine }))
        .await;
    assert_eq!(listed, json!({ "tags": [{ "key": "b", "value": "" }] }));
    let described = world
        .states_ok("DescribeStateMachine", json!({ "stateMachineArn": machine }))
        .await;
    assert_eq!(described.get("revisionId"), None, "tags make no revision");
}

#[tokio::test]
async fn express_machines_run_to_their_end_in_one_call() {
    let world = World::new();
    let request = json!({ "name": "e", "definition": PASS, "roleArn": ROLE, "type": "EXPRESS" });
    let machine = world.states_ok("CreateStateMachine", request).await["stateMachineArn"].clone();
    let request = json!({ "stateMachineArn": machine, "name": "n", "input": "{\"a\":1}" });
    let ended = world.states_ok("StartSyncExecution", request).await;
    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("SUCCEEDED"), &json!("{\"a\":1}"))
    );
    assert!(
        ended["executionArn"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:states:us-east-1:000000000000:express:e:n:")
    );
    let standard = world.machine("s", PASS).await;
    let reply = world
        .states("StartSyncExecution", json!({ "stateMachineArn": standard }))
        .await;
    assert_eq!(reply.json()["__type"], "StateMachineTypeNotSupported");
}

#[tokio::test]
async fn definitions_are_validated_without_being_kept() {
    let world = World::new();
    let valid = world
        .states_ok("ValidateStateMachineDefinition", json!({ "definition": PASS }))
        .await;
    assert_eq!(valid, json!({ "result": "OK", "diagnostics": [], "truncated": false }));
    let request = json!({ "definition": r#"{"States":{"S":{"Type":"Pass","End":true}}}"#, "type": "STANDARD" });
    let expected = json!({
        "result": "FAIL", "truncated": false,
        "diagnostics": [{
            "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": "These fields are required: [StartAt]",
            "location": "/",
        }],
    });
    assert_eq!(
        world.states_ok("ValidateStateMachineDefinition", request).await,
        expected
    );
}
