use std::path::Path;

use sluice_host::{Host, HostConfig};
use sluice_template::{StackInputs, parse};

use super::Supervisor;
use crate::endpoint::testing::{NOW, PASS, World};
use sluice_cloudformation::{StackRecord, StackResource, StackStatus};

fn supervisor(world: &World, logs: &Path) -> Supervisor {
    let config = HostConfig {
        log_dir: Some(logs.to_owned()),
        ..HostConfig::default()
    };
    Supervisor::new(world.services.clone(), Host::new(config).expect("a host"))
}

fn resource(logical_id: &str, physical_id: &str, resource_type: &str) -> StackResource {
    StackResource {
        logical_id: logical_id.to_owned(),
        physical_id: physical_id.to_owned(),
        resource_type: resource_type.to_owned(),
        retained: false,
    }
}

fn doomed(resources: Vec<StackResource>) -> StackRecord {
    StackRecord {
        status: StackStatus::DeleteInProgress,
        deletion_began: Some(NOW - 5),
        resources,
        ..StackRecord::empty("s", "arn:aws:cloudformation:us-east-1:000000000000:stack/s/1")
    }
}

async fn has_machine(world: &World, arn: &str) -> bool {
    world
        .services
        .driver
        .machines()
        .get(arn)
        .await
        .expect("asked")
        .is_some()
}

#[tokio::test]
async fn a_stack_goes_with_what_it_holds_but_for_what_is_retained() {
    let world = World::new();
    let logs = tempfile::tempdir().expect("a directory");
    let (gone, kept) = (world.machine("gone", PASS).await, world.machine("kept", PASS).await);
    std::fs::create_dir(logs.path().join("group")).expect("made");
    let mut retained = resource("Kept", &kept, "AWS::StepFunctions::StateMachine");
    retained.retained = true;
    let stack = doomed(vec![
        resource("Gone", &gone, "AWS::StepFunctions::StateMachine"),
        retained,
        resource("Logs", "group", "AWS::Logs::LogGroup"),
        resource("Never", "no-such-function", "AWS::Lambda::Function"),
        resource("Net", "vpc-0", "AWS::EC2::VPC"),
    ]);
    let id = stack.id.clone();
    supervisor(&world, logs.path()).delete(stack).await.expect("kept");
    let stack = world.services.stacks.get(&id).expect("known by its id");
    assert_eq!(
        (stack.status, stack.deletion_began, stack.deleted),
        (StackStatus::DeleteComplete, Some(NOW - 5), Some(NOW))
    );
    assert!(!has_machine(&world, &gone).await && has_machine(&world, &kept).await);
    assert!(!logs.path().join("group").exists());
}

#[tokio::test]
async fn what_cannot_be_removed_is_told_and_can_be_tried_again() {
    let world = World::new();
    let logs = tempfile::tempdir().expect("a directory");
    let machine = world.machine("first", PASS).await;
    // not a directory, so it cannot be removed as one
    std::fs::write(logs.path().join("group"), "").expect("written");
    let stack = doomed(vec![
        resource("Machine", &machine, "AWS::StepFunctions::StateMachine"),
        resource("Logs", "group", "AWS::Logs::LogGroup"),
    ]);
    let (id, supervisor) = (stack.id.clone(), supervisor(&world, logs.path()));
    supervisor.delete(stack).await.expect("kept");
    let stack = world.services.stacks.get(&id).expect("there");
    assert_eq!((stack.status, stack.deleted), (StackStatus::DeleteFailed, None));
    let reason = stack.status_reason.as_deref().unwrap_or_default();
    assert!(
        reason.starts_with("The following resource(s) failed to delete: [Logs]"),
        "{reason}"
    );
    assert!(has_machine(&world, &machine).await, "what it depends on stays");

    std::fs::remove_file(logs.path().join("group")).expect("removed");
    supervisor.delete(StackRecord::clone(&stack)).await.expect("kept");
    let stack = world.services.stacks.get(&id).expect("there");
    assert_eq!(
        (stack.status, stack.status_reason.as_deref()),
        (StackStatus::DeleteComplete, None)
    );
    assert!(!has_machine(&world, &machine).await);
}

#[tokio::test]
async fn an_update_removes_what_is_no_longer_declared() {
    let world = World::new();
    let logs = tempfile::tempdir().expect("a directory");
    let machine = world.machine("m", PASS).await;
    for group in ["stays", "goes"] {
        std::fs::create_dir(logs.path().join(group)).expect("made");
    }
    let template = "Resources:\n  L: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: stays } }\n";
    let now = parse(template, "t.yaml")
        .and_then(|template| template.resolve(&StackInputs::new("s", "us-east-1", "000000000000")))
        .expect("resolves");
    let before = StackRecord {
        resources: vec![
            resource("L", "stays", "AWS::Logs::LogGroup"),
            resource("Old", "goes", "AWS::Logs::LogGroup"),
            resource("M", &machine, "AWS::StepFunctions::StateMachine"),
        ],
        ..StackRecord::empty("s", "arn:aws:cloudformation:us-east-1:000000000000:stack/s/1")
    };
    supervisor(&world, logs.path())
        .remove_stale(&before, &now)
        .await
        .expect("removes");
    assert!(logs.path().join("stays").exists() && !logs.path().join("goes").exists());
    assert!(has_machine(&world, &machine).await, "it may hold executions");
}
