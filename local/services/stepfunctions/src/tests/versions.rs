//! Versions and aliases.

use serde_json::{Value, json};

use super::world::World;
use super::{WAIT, advance, arn, refused};
use sluice_service_testing::{PASS, ROLE};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

async fn versions(world: &World, machine: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut request = json!({ "stateMachineArn": machine, "maxResults": 2 });
    loop {
        let page = world.states_ok("ListStateMachineVersions", request.clone()).await;
        let shown = page["stateMachineVersions"].as_array().unwrap();
        found.extend(shown.iter().map(|version| text(&version["stateMachineVersionArn"])));
        match page.get("nextToken") {
            Some(next) => request["nextToken"] = next.clone(),
            None => return found,
        }
    }
}

#[tokio::test]
async fn each_revision_is_published_once_and_no_number_is_given_twice() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    let publish = async |request: Value| {
        let mut all = json!({ "stateMachineArn": machine });
        all.as_object_mut()
            .unwrap()
            .extend(request.as_object().unwrap().clone());
        world.states_ok("PublishStateMachineVersion", all).await
    };
    let first = publish(json!({ "description": "first", "revisionId": "INITIAL" })).await;
    assert_eq!(
        first,
        json!({ "stateMachineVersionArn": format!("{machine}:1"), "creationDate": 1_795_354_020.0 })
    );
    assert_eq!(publish(json!({})).await, first, "nothing has changed");
    let update = json!({ "stateMachineArn": machine, "definition": WAIT, "publish": true });
    let updated = world.states_ok("UpdateStateMachine", update).await;
    assert_eq!(updated["stateMachineVersionArn"], json!(format!("{machine}:2")));
    let gone = json!({ "stateMachineVersionArn": format!("{machine}:2") });
    for _ in 0..2 {
        assert_eq!(
            world.states_ok("DeleteStateMachineVersion", gone.clone()).await,
            json!({})
        );
    }
    let third = publish(json!({ "revisionId": updated["revisionId"] })).await;
    assert_eq!(third["stateMachineVersionArn"], json!(format!("{machine}:3")));
    assert_eq!(
        versions(&world, &machine).await,
        [format!("{machine}:3"), format!("{machine}:1")]
    );
    let request = json!({ "stateMachineArn": machine, "revisionId": "other" });
    let message = format!(
        "Failed to publish the State Machine version for revision other. The current State Machine revision is {}.",
        text(&updated["revisionId"])
    );
    refused(
        &world,
        "PublishStateMachineVersion",
        request,
        "ConflictException",
        &message,
    )
    .await;
}

#[tokio::test]
async fn a_version_stays_what_it_was() {
    let world = World::new();
    let create = json!({
        "name": "m", "definition": PASS, "roleArn": ROLE, "publish": true, "versionDescription": "first",
    });
    let created = world.states_ok("CreateStateMachine", create.clone()).await;
    assert_eq!(
        world.states_ok("CreateStateMachine", create).await,
        created,
        "the same again"
    );
    let (machine, version) = (arn("stateMachine", "m"), arn("stateMachine", "m:1"));
    assert_eq!(created["stateMachineVersionArn"], json!(version));
    let update = json!({ "stateMachineArn": machine, "definition": WAIT });
    world.states_ok("UpdateStateMachine", update).await;
    let described = world
        .states_ok("DescribeStateMachine", json!({ "stateMachineArn": version }))
        .await;
    assert_eq!(
        described,
        json!({
            "stateMachineArn": version, "name": "m", "status": "ACTIVE", "definition": PASS, "roleArn": ROLE,
            "type": "STANDARD", "creationDate": 1_795_354_020.0, "description": "first",
            "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
            "tracingConfiguration": { "enabled": false },
            "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
        })
    );
    let started = world
        .states_ok("StartExecution", json!({ "stateMachineArn": version, "name": "x" }))
        .await;
    let execution = world.states_ok("DescribeExecution", json!({ "executionArn": started["executionArn"] }));
    let execution = execution.await;
    assert_eq!(
        (
            &execution["status"],
            &execution["stateMachineVersionArn"],
            &execution["stateMachineArn"]
        ),
        (&json!("SUCCEEDED"), &json!(version), &json!(machine)),
        "it runs what was published, which does not wait"
    );
    world
        .states_ok("DeleteStateMachine", json!({ "stateMachineArn": machine }))
        .await;
    let message = format!("State Machine Does Not Exist: '{version}'");
    for operation in ["DescribeStateMachine", "StartExecution", "ListExecutions"] {
        let request = json!({ "stateMachineArn": version });
        let reply = world.states(operation, request).await;
        assert_eq!(reply.status, 400, "{operation}");
    }
    let request = json!({ "stateMachineArn": version });
    refused(
        &world,
        "DescribeStateMachine",
        request,
        "StateMachineDoesNotExist",
        &message,
    )
    .await;
    let created = world.machine("m", PASS).await;
    assert!(versions(&world, &created).await.is_empty(), "a new machine begins anew");
}

/// A machine with two versions, and an alias that leads to the first.
async fn aliased(world: &World) -> (String, String) {
    let machine = world.machine("m", PASS).await;
    let request = json!({ "stateMachineArn": machine });
    world.states_ok("PublishStateMachineVersion", request).await;
    let update = json!({ "stateMachineArn": machine, "definition": WAIT, "publish": true });
    world.states_ok("UpdateStateMachine", update).await;
    let alias = json!({ "name": "live", "description": "d", "routingConfiguration": routing(&machine, &[(1, 100)]) });
    let created = world.states_ok("CreateStateMachineAlias", alias).await;
    (machine, text(&created["stateMachineAliasArn"]))
}

fn routing(machine: &str, weights: &[(u32, u32)]) -> Value {
    weights
        .iter()
        .map(|(version, weight)| json!({ "stateMachineVersionArn": format!("{machine}:{version}"), "weight": weight }))
        .collect()
}

#[tokio::test]
async fn an_alias_leads_where_it_was_last_told_to() {
    let world = World::new();
    let (machine, alias) = aliased(&world).await;
    assert_eq!(alias, format!("{machine}:live"));
    let begin = async || {
        let started = world
            .states_ok("StartExecution", json!({ "stateMachineArn": alias }))
            .await;
        let request = json!({ "executionArn": started["executionArn"] });
        let described = world.states_ok("DescribeExecution", request).await;
        assert_eq!(described["stateMachineAliasArn"], json!(alias));
        text(&described["stateMachineVersionArn"])
    };
    assert_eq!(begin().await, format!("{machine}:1"));
    advance(&world, 5).await;
    let update = json!({ "stateMachineAliasArn": alias, "routingConfiguration": routing(&machine, &[(2, 100)]) });
    world.states_ok("UpdateStateMachineAlias", update).await;
    assert_eq!(begin().await, format!("{machine}:2"));
    let described = world
        .states_ok("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": alias }))
        .await;
    assert_eq!(
        described,
        json!({
            "stateMachineAliasArn": alias, "name": "live", "description": "d",
            "routingConfiguration": routing(&machine, &[(2, 100)]),
            "creationDate": 1_795_354_020.0, "updateDate": 1_795_354_025.0,
        })
    );
    let count = async |of: &str| {
        let listed = world
            .states_ok("ListExecutions", json!({ "stateMachineArn": of }))
            .await;
        listed["executions"].as_array().unwrap().len()
    };
    let first = format!("{machine}:1");
    assert_eq!(
        (count(&machine).await, count(&alias).await, count(&first).await),
        (2, 2, 1)
    );
    let split =
        json!({ "stateMachineAliasArn": alias, "routingConfiguration": routing(&machine, &[(1, 50), (2, 50)]) });
    world.states_ok("UpdateStateMachineAlias", split).await;
    let mut led = std::collections::BTreeSet::new();
    for _ in 0..50 {
        led.insert(begin().await);
    }
    assert_eq!(led.len(), 2, "both get their share");
}

#[tokio::test]
async fn aliases_and_versions_that_need_each_other_are_kept() {
    let world = World::new();
    let (machine, alias) = aliased(&world).await;
    let request = json!({ "stateMachineVersionArn": format!("{machine}:1") });
    let message = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
                   version: [live]";
    refused(
        &world,
        "DeleteStateMachineVersion",
        request.clone(),
        "ConflictException",
        message,
    )
    .await;
    let again =
        |weights| json!({ "name": "live", "description": "d", "routingConfiguration": routing(&machine, weights) });
    world.states_ok("CreateStateMachineAlias", again(&[(1, 100)])).await;
    let message = "Failed to create alias because an alias with the same name and a different routing configuration \
                   already exists.";
    let other = again(&[(2, 100)]);
    refused(&world, "CreateStateMachineAlias", other, "ConflictException", message).await;
    let message = format!("Routing configuration must contain state machine version ARNs. Received: [{machine}:9]");
    let nowhere = again(&[(9, 100)]);
    refused(
        &world,
        "CreateStateMachineAlias",
        nowhere,
        "ValidationException",
        &message,
    )
    .await;

    let listed = async |of: &str| {
        let listed = world
            .states_ok("ListStateMachineAliases", json!({ "stateMachineArn": of }))
            .await;
        listed["stateMachineAliases"].as_array().unwrap().len()
    };
    assert_eq!((listed(&machine).await, listed(&format!("{machine}:2")).await), (1, 0));
    let gone = json!({ "stateMachineAliasArn": alias });
    for _ in 0..2 {
        assert_eq!(
            world.states_ok("DeleteStateMachineAlias", gone.clone()).await,
            json!({})
        );
    }
    let message = "Request references a resource that does not exist.";
    refused(&world, "DescribeStateMachineAlias", gone, "ResourceNotFound", message).await;
    let update = json!({ "stateMachineAliasArn": alias, "description": "x" });
    refused(&world, "UpdateStateMachineAlias", update, "ResourceNotFound", message).await;
    let start = json!({ "stateMachineArn": alias });
    let message = format!("State Machine Does Not Exist: '{alias}'");
    refused(&world, "StartExecution", start, "StateMachineDoesNotExist", &message).await;
    world.states_ok("DeleteStateMachineVersion", request).await;
    assert_eq!(versions(&world, &machine).await, [format!("{machine}:2")]);
}
