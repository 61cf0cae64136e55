//! The child executions of Map Runs.

use serde_json::{Value, json};

use super::world::World;
use super::{advance, arn, refused};
use sluice_service_testing::ROLE;

/// Each item in its turn: a number passes, anything else fails after ten seconds.
fn definition(kind: &str) -> String {
    json!({ "QueryLanguage": "JSONata", "StartAt": "P", "States": { "P": { "Type": "Pass", "Next": "M" }, "M": {
        "Type": "Map", "End": true, "Label": "L", "MaxConcurrency": 2, "ToleratedFailureCount": 1,
        "ItemBatcher": { "MaxItemsPerBatch": 2 },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": kind },
            "StartAt": "C",
            "States": {
                "C": { "Type": "Choice", "Default": "W",
                    "Choices": [{ "Condition": "{% $type($states.input.Items[0]) = 'number' %}", "Next": "N" }] },
                "N": { "Type": "Pass", "End": true,
                    "Output": "{% { 'id': $states.context.Execution.Id, 'in': $states.context.Execution.Input } %}" },
                "W": { "Type": "Wait", "Seconds": 10, "Next": "F" },
                "F": { "Type": "Fail", "Error": "E", "Cause": "c" },
            },
        },
    } } })
    .to_string()
}

/// An execution at work, its Map Run, and the run's children as they are listed, oldest first.
struct Running {
    world: World,
    machine: String,
    execution: String,
    run: String,
}

impl Running {
    async fn new(kind: &str, input: Value) -> Self {
        let world = World::new();
        let machine = world.machine("m", &definition(kind)).await;
        let request = json!({ "stateMachineArn": machine, "input": input.to_string() });
        let started = world.states_ok("StartExecution", request).await;
        let execution = started["executionArn"].as_str().unwrap().to_owned();
        let runs = world
            .states_ok("ListMapRuns", json!({ "executionArn": execution }))
            .await;
        let run = runs["mapRuns"][0]["mapRunArn"].as_str().unwrap().to_owned();
        Self {
            world,
            machine,
            execution,
            run,
        }
    }

    async fn list(&self, members: Value) -> Vec<Value> {
        let mut request = json!({ "mapRunArn": self.run });
        for (name, value) in members.as_object().unwrap() {
            request[name] = value.clone();
        }
        let listed = self.world.states_ok("ListExecutions", request).await;
        let mut executions = listed["executions"].as_array().unwrap().clone();
        executions.reverse();
        executions
    }

    /// The ARNs of the children.
    async fn arns(&self) -> Vec<String> {
        let children = self.list(json!({})).await;
        let arn = |child: &Value| child["executionArn"].as_str().unwrap().to_owned();
        children.iter().map(arn).collect()
    }

    async fn ask(&self, operation: &str, execution: &str) -> Value {
        self.world
            .states_ok(operation, json!({ "executionArn": execution }))
            .await
    }

    /// The types of an execution's events.
    async fn events(&self, execution: &str) -> Vec<String> {
        let history = self.ask("GetExecutionHistory", execution).await;
        let events = history["events"].as_array().unwrap().iter();
        events
            .map(|event| format!("{} {}", event["id"], event["type"].as_str().unwrap()))
            .collect()
    }
}

#[tokio::test]
async fn children_are_listed_by_status_and_in_pages() {
    let running = Running::new("STANDARD", json!([1, 2, "x", 4, 5, 6, 7])).await;
    let children = running.list(json!({})).await;
    let statuses: Vec<_> = children.iter().map(|child| child["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["SUCCEEDED", "RUNNING", "SUCCEEDED", "SUCCEEDED"]);
    let name = children[0]["name"].as_str().unwrap();
    assert_eq!(
        children[0],
        json!({
            "executionArn": arn("execution", &format!("m/L:{name}")), "name": name, "mapRunArn": running.run,
            "stateMachineArn": arn("stateMachine", "m/L"), "status": "SUCCEEDED", "startDate": 1_795_354_020.0,
            "stopDate": 1_795_354_020.0, "itemCount": 2, "redriveCount": 0,
        })
    );
    assert_eq!(
        (&children[3]["itemCount"], children[1].get("stopDate")),
        (&json!(1), None)
    );
    let only = running.list(json!({ "statusFilter": "RUNNING" })).await;
    assert_eq!(only, [children[1].clone()]);
    assert!(running.list(json!({ "redriveFilter": "REDRIVEN" })).await.is_empty());
    assert_eq!(running.list(json!({ "redriveFilter": "NOT_REDRIVEN" })).await.len(), 4);

    let mut request = json!({ "mapRunArn": running.run, "maxResults": 3 });
    let first = running.world.states_ok("ListExecutions", request.clone()).await;
    request["nextToken"] = first["nextToken"].clone();
    let second = running.world.states_ok("ListExecutions", request.clone()).await;
    let page = |page: &Value| page["executions"].as_array().unwrap().clone();
    let mut paged = [page(&first), page(&second)].concat();
    paged.reverse();
    assert_eq!((paged, second.get("nextToken")), (children, None));
    request["statusFilter"] = json!("FAILED");
    refused(
        &running.world,
        "ListExecutions",
        request,
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
    .await;

    // the machine's own list does not have them
    let own = json!({ "stateMachineArn": running.machine });
    let own = running.world.states_ok("ListExecutions", own).await;
    assert_eq!(page(&own).len(), 1);
}

#[tokio::test]
async fn a_child_is_an_execution() {
    let running = Running::new("STANDARD", json!([1, 2, "x"])).await;
    let children = running.arns().await;
    let name = children[0].rsplit(':').next().unwrap();
    let input = r#"{"Items":[1,2]}"#;
    assert_eq!(
        running.ask("DescribeExecution", &children[0]).await,
        json!({
            "executionArn": children[0], "stateMachineArn": arn("stateMachine", "m/L"), "name": name,
            "mapRunArn": running.run, "status": "SUCCEEDED", "startDate": 1_795_354_020.0,
            "stopDate": 1_795_354_020.0, "input": input, "inputDetails": { "included": true },
            "output": json!({ "id": children[0], "in": { "Items": [1, 2] } }).to_string(),
            "outputDetails": { "included": true }, "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        })
    );
    assert_eq!(
        running.events(&children[0]).await,
        [
            "1 ExecutionStarted",
            "2 ChoiceStateEntered",
            "3 ChoiceStateExited",
            "4 PassStateEntered",
            "5 PassStateExited",
            "6 ExecutionSucceeded"
        ]
    );
    let started = &running.ask("GetExecutionHistory", &children[0]).await["events"][0];
    assert_eq!(
        started["executionStartedEventDetails"],
        json!({ "input": input, "inputDetails": { "truncated": false }, "roleArn": ROLE })
    );
    let machine = running.ask("DescribeStateMachineForExecution", &children[0]).await;
    assert_eq!(
        (
            &machine["stateMachineArn"],
            &machine["name"],
            &machine["label"],
            &machine["mapRunArn"]
        ),
        (
            &json!(arn("stateMachine", "m/L")),
            &json!("m/L"),
            &json!("L"),
            &json!(running.run)
        )
    );
    let processor: Value = serde_json::from_str(machine["definition"].as_str().unwrap()).unwrap();
    let members: Vec<_> = processor.as_object().unwrap().keys().collect();
    assert_eq!(members, ["StartAt", "States", "QueryLanguage"]);
    assert_eq!(processor["States"]["F"]["Error"], json!("E"));

    assert_eq!(
        running.ask("DescribeExecution", &children[1]).await["status"],
        json!("RUNNING")
    );
    advance(&running.world, 10).await;
    let failed = running.ask("DescribeExecution", &children[1]).await;
    let told = |name: &str| failed[name].as_str().unwrap().to_owned();
    assert_eq!(
        [told("status"), told("error"), told("cause"), told("redriveStatus")],
        ["FAILED", "E", "c", "REDRIVABLE_BY_MAP_RUN"]
    );
    assert_eq!(running.events(&children[1]).await.len(), 7);
    let events = running.events(&running.execution).await;
    assert!(
        events.contains(&"6 MapRunStarted".to_owned()) && events.len() == 10,
        "{events:?}"
    );
}

#[tokio::test]
async fn a_child_is_stopped_alone_or_with_its_parent_and_redriven_with_it() {
    let running = Running::new("STANDARD", json!(["x", 2, "y", 4, 5])).await;
    let children = running.arns().await;
    let stop = json!({ "executionArn": children[0], "error": "Mine", "cause": "enough" });
    let stopped = running.world.states_ok("StopExecution", stop.clone()).await;
    assert_eq!(stopped, json!({ "stopDate": 1_795_354_020.0 }));
    advance(&running.world, 1).await;
    assert_eq!(
        running.world.states_ok("StopExecution", stop).await,
        stopped,
        "as on the first call"
    );
    let described = running.ask("DescribeExecution", &children[0]).await;
    assert_eq!(
        (&described["status"], &described["error"], &described["cause"]),
        (&json!("ABORTED"), &json!("Mine"), &json!("enough"))
    );
    let redrive = json!({ "executionArn": children[0] });
    let message = "Execution was started by a Map Run and cannot be redriven by itself: redrive its parent";
    refused(
        &running.world,
        "RedriveExecution",
        redrive,
        "ExecutionNotRedrivable",
        message,
    )
    .await;

    running.ask("StopExecution", &running.execution).await;
    let statuses = running.list(json!({ "statusFilter": "ABORTED" })).await;
    assert_eq!(statuses.len(), 2);
    assert_eq!(
        running.events(&children[1]).await,
        [
            "1 ExecutionStarted",
            "2 ChoiceStateEntered",
            "3 ChoiceStateExited",
            "4 WaitStateEntered",
            "5 ExecutionAborted"
        ]
    );
    running.ask("RedriveExecution", &running.execution).await;
    let redriven = running
        .list(json!({ "redriveFilter": "REDRIVEN", "statusFilter": "RUNNING" }))
        .await;
    assert_eq!(redriven.len(), 2);
    assert_eq!(
        (&redriven[0]["redriveCount"], &redriven[0]["redriveDate"]),
        (&json!(1), &json!(1_795_354_021.0))
    );
    advance(&running.world, 10).await;
    let run = running
        .world
        .states_ok("DescribeMapRun", json!({ "mapRunArn": running.run }))
        .await;
    assert_eq!(
        (
            &run["status"],
            &run["redriveCount"],
            &run["itemCounts"]["failed"],
            &run["itemCounts"]["aborted"]
        ),
        (&json!("FAILED"), &json!(1), &json!(2), &json!(2)),
        "the first to fail ended the run, and the other with it"
    );
    check_redriven_run(&running).await;
}

/// The parent's history tells that its Map Run was redriven, and failed.
async fn check_redriven_run(running: &Running) {
    let history = running.ask("GetExecutionHistory", &running.execution).await;
    let events = history["events"].as_array().unwrap();
    let redriven = events.iter().find(|event| event["type"] == "MapRunRedriven").unwrap();
    assert_eq!(
        redriven["mapRunRedrivenEventDetails"],
        json!({ "mapRunArn": running.run, "redriveCount": 1 })
    );
    let failed = events.iter().find(|event| event["type"] == "MapRunFailed").unwrap();
    assert_eq!(
        failed["mapRunFailedEventDetails"],
        json!({
            "error": "States.ExceedToleratedFailureThreshold",
            "cause": "The specified tolerated failure threshold was exceeded",
        })
    );
}

#[tokio::test]
async fn express_children_are_described_and_have_no_history() {
    let running = Running::new("EXPRESS", json!([1, 2, "x"])).await;
    let children = running.arns().await;
    assert!(children[0].starts_with(&arn("express", "m/L:")), "{}", children[0]);
    let described = running.ask("DescribeExecution", &children[0]).await;
    assert_eq!(
        (&described["status"], &described["mapRunArn"]),
        (&json!("SUCCEEDED"), &json!(running.run))
    );
    let request = json!({ "executionArn": children[1] });
    let message = "This operation is not supported by this type of state machine";
    for operation in [
        "GetExecutionHistory",
        "StopExecution",
        "DescribeStateMachineForExecution",
    ] {
        refused(
            &running.world,
            operation,
            request.clone(),
            "StateMachineTypeNotSupported",
            message,
        )
        .await;
    }
}

#[tokio::test]
async fn children_that_are_not_there_are_told_so() {
    let world = World::new();
    let (run, child) = (arn("mapRun", "m/L:x"), arn("execution", "m/L:x"));
    let machine = world.machine("m", &definition("STANDARD")).await;
    let validation = "The status filter PENDING_REDRIVE is for the executions of a Map Run: specify mapRunArn.";
    let does_not_exist = format!("Execution Does Not Exist: '{child}'");
    let not_found = format!("Resource not found: '{run}'");
    let invalid = "Invalid Arn: 'Resource type not valid in this context: execution'".to_owned();
    for (operation, request, code, message) in [
        (
            "ListExecutions",
            json!({ "mapRunArn": run }),
            "ResourceNotFound",
            &not_found,
        ),
        ("ListExecutions", json!({ "mapRunArn": child }), "InvalidArn", &invalid),
        (
            "DescribeExecution",
            json!({ "executionArn": child }),
            "ExecutionDoesNotExist",
            &does_not_exist,
        ),
        (
            "GetExecutionHistory",
            json!({ "executionArn": child }),
            "ExecutionDoesNotExist",
            &does_not_exist,
        ),
        (
            "StopExecution",
            json!({ "executionArn": child }),
            "ExecutionDoesNotExist",
            &does_not_exist,
        ),
        (
            "ListExecutions",
            json!({ "stateMachineArn": machine, "statusFilter": "PENDING_REDRIVE" }),
            "ValidationException",
            &validation.to_owned(),
        ),
    ] {
        refused(&world, operation, request, code, message).await;
    }
}
