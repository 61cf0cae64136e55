use std::sync::Arc;

use sluice_clock::ManualClock;
use sluice_service_testing::{NOW, Reply, account, journal};
use sluice_wire::{ApiError, Form, RequestId, query};
use tempfile::TempDir;

use super::{
    API, CloudFormation, StackOutput, StackParameter, StackRecord, StackResource, StackStatus, Stacks, call as api,
};

const ID: &str = "arn:aws:cloudformation:us-east-1:000000000000:stack/sluice/1";

/// The service over a journal of its own.
struct World {
    service: CloudFormation,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let account = account(Arc::new(ManualClock::new(NOW)), 1);
        let stacks = Stacks::new(journal(directory.path(), &account));
        Self {
            service: CloudFormation::new(account, Arc::new(stacks)),
            _directory: directory,
        }
    }
}

/// A stack of this name without anything in it.
fn example(name: &str) -> StackRecord {
    StackRecord::empty(
        name,
        &format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{name}/1"),
    )
}

fn world() -> World {
    let world = World::new();
    world.service.stacks.register(StackRecord {
        id: ID.into(),
        description: Some("Takes <in>".into()),
        parameters: vec![StackParameter {
            key: "AdminEmail".into(),
            value: "admin@example.com".into(),
        }],
        outputs: vec![StackOutput {
            key: "FunctionURLAPI".into(),
            value: "http://127.0.0.1:1/?a&b".into(),
            description: None,
            export_name: None,
        }],
        resources: vec![StackResource {
            logical_id: "Table".into(),
            physical_id: "entries".into(),
            resource_type: "AWS::DynamoDB::Table".into(),
            retained: false,
        }],
        created: NOW,
        template_body: "Resources: {}\n".into(),
        ..example("sluice")
    });
    world
}

async fn call(world: &World, action: &str, fields: &[(&str, &str)]) -> Reply {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).extend_pairs(fields);
    let form = Form::parse(form.finish().as_bytes()).unwrap();
    let service = &world.service;
    let result = api(service, action, &form).await.map_err(ApiError::from);
    Reply::of(query::response(&API, action, &RequestId::new(&service.account), result)).await
}

#[tokio::test]
async fn a_stack_is_described_by_name_and_by_id() {
    let world = world();
    for name in ["sluice", ID] {
        let reply = call(&world, "DescribeStacks", &[("StackName", name)]).await;
        assert_eq!((reply.status, reply.element("StackStatus")), (200, "CREATE_COMPLETE"));
        assert_eq!(reply.element("OutputValue"), "http://127.0.0.1:1/?a&amp;b");
        assert_eq!(reply.element("Description"), "Takes &lt;in&gt;");
        assert_eq!(reply.element("CreationTime"), "2026-11-22T13:27:00.000Z");
    }
    let reply = call(&world, "DescribeStacks", &[]).await;
    assert_eq!(reply.element("ParameterValue"), "admin@example.com");
}

#[tokio::test]
async fn every_read_shows_the_stack() {
    let world = world();
    let rows = [
        ("ListStacks", "StackName", "sluice"),
        ("DescribeStackResources", "PhysicalResourceId", "entries"),
        ("ListStackResources", "ResourceType", "AWS::DynamoDB::Table"),
        ("GetTemplate", "TemplateBody", "Resources: {}\n"),
        ("DescribeStackEvents", "ResourceType", "AWS::CloudFormation::Stack"),
    ];
    for (action, element, expected) in rows {
        let reply = call(&world, action, &[("StackName", "sluice")]).await;
        assert_eq!((reply.status, reply.element(element)), (200, expected), "{action}");
    }
    let reply = call(
        &world,
        "ListStacks",
        &[("StackStatusFilter.member.1", "DELETE_COMPLETE")],
    )
    .await;
    assert!(reply.text.contains("<StackSummaries></StackSummaries>"));
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_named() {
    let world = world();
    for action in [
        "DescribeStacks",
        "DescribeStackResources",
        "ListStackResources",
        "GetTemplate",
        "DescribeStackEvents",
    ] {
        let reply = call(&world, action, &[("StackName", "gone")]).await;
        assert_eq!(
            (reply.status, reply.element("Code")),
            (400, "ValidationError"),
            "{action}"
        );
        let message = match action {
            "DescribeStackEvents" => "Stack [gone] does not exist",
            _ => "Stack with id gone does not exist",
        };
        assert_eq!(reply.element("Message"), message, "{action}");
    }
    let reply = call(&world, "CreateStack", &[("StackName", "x")]).await;
    assert_eq!(reply.element("Code"), "InvalidAction");
}

/// `sluice-load` imports from `sluice`, which exports and is protected.
fn two_stacks() -> World {
    let world = world();
    let stacks = &world.service.stacks;
    let mut workflow = StackRecord::clone(&stacks.get("sluice").expect("registered"));
    workflow.outputs[0].export_name = Some("sluice-Url".into());
    workflow.protected = true;
    stacks.register(workflow);
    stacks.register(StackRecord {
        imports: vec!["sluice-Url".into()],
        created: NOW,
        ..example("sluice-load")
    });
    world
}

#[tokio::test]
async fn a_deletion_is_asked_for_once_and_kept() {
    let world = two_stacks();
    let mut requests = world
        .service
        .stacks
        .take_deletion_requests()
        .expect("nobody listens yet");
    for _ in 0..2 {
        let reply = call(&world, "DeleteStack", &[("StackName", "sluice-load")]).await;
        assert_eq!(reply.status, 200);
    }
    let id = example("sluice-load").id;
    assert_eq!(requests.try_recv().ok(), Some(id.clone()));
    assert!(requests.try_recv().is_err(), "the second call changes nothing");
    let reply = call(&world, "DescribeStacks", &[("StackName", "sluice-load")]).await;
    assert_eq!(reply.element("StackStatus"), "DELETE_IN_PROGRESS");
    assert_eq!(reply.element("DeletionTime"), "2026-11-22T13:27:00.000Z");
    let kept = world.service.stacks.load().await.expect("reads");
    assert_eq!(
        kept.iter().map(|stack| (&stack.id, stack.status)).collect::<Vec<_>>(),
        [(&id, StackStatus::DeleteInProgress)]
    );
}

#[tokio::test]
async fn stacks_that_others_need_are_not_deleted() {
    let world = two_stacks();
    let refused = |reply: &Reply| {
        (
            reply.status,
            reply.element("Code").to_owned(),
            reply.element("Message").to_owned(),
        )
    };
    let reply = call(&world, "DeleteStack", &[("StackName", "sluice")]).await;
    let message = "Export sluice-Url cannot be deleted as it is in use by sluice-load";
    assert_eq!(refused(&reply), (400, "ValidationError".to_owned(), message.to_owned()));
    let mut load = StackRecord::clone(&world.service.stacks.get("sluice-load").expect("registered"));
    load.status = StackStatus::DeleteComplete;
    load.deleted = Some(NOW);
    world.service.stacks.register(load);
    let (status, code, message) = refused(&call(&world, "DeleteStack", &[("StackName", "sluice")]).await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(
        message.starts_with("Stack [sluice] cannot be deleted while TerminationProtection is enabled"),
        "{message}"
    );
    let reply = call(&world, "DescribeStacks", &[("StackName", "sluice")]).await;
    assert_eq!(reply.element("EnableTerminationProtection"), "true");
}

#[tokio::test]
async fn a_deleted_stack_has_its_id_and_no_name() {
    let world = two_stacks();
    let load = world.service.stacks.get("sluice-load").expect("registered");
    world.service.stacks.register(StackRecord {
        status: StackStatus::DeleteComplete,
        deletion_began: Some(NOW + 1_000),
        deleted: Some(NOW + 2_000),
        ..StackRecord::clone(&load)
    });
    let reply = call(&world, "DescribeStacks", &[("StackName", "sluice-load")]).await;
    assert_eq!(reply.element("Message"), "Stack with id sluice-load does not exist");
    let reply = call(&world, "DescribeStacks", &[("StackName", &load.id)]).await;
    assert_eq!(reply.element("StackStatus"), "DELETE_COMPLETE");
    let reply = call(&world, "DescribeStacks", &[]).await;
    assert!(!reply.text.contains("sluice-load"), "{}", reply.text);
    let filter = [("StackStatusFilter.member.1", "DELETE_COMPLETE")];
    let reply = call(&world, "ListStacks", &filter).await;
    assert_eq!(reply.element("StackName"), "sluice-load");
    assert_eq!(reply.element("DeletionTime"), "2026-11-22T13:27:02.000Z");
    let reply = call(&world, "DescribeStackEvents", &[("StackName", &load.id)]).await;
    let statuses: Vec<&str> = reply
        .text
        .split("<ResourceStatus>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert_eq!(statuses, ["DELETE_COMPLETE", "DELETE_IN_PROGRESS", "CREATE_COMPLETE"]);
    // another one takes the name
    world.service.stacks.register(StackRecord {
        id: format!("{}2", load.id),
        ..StackRecord::clone(&load)
    });
    let reply = call(&world, "DescribeStacks", &[("StackName", "sluice-load")]).await;
    assert_eq!(reply.element("StackStatus"), "CREATE_COMPLETE");
    let reply = call(&world, "DeleteStack", &[("StackName", "never-was")]).await;
    assert_eq!(reply.status, 200, "as on AWS");
}

#[tokio::test]
async fn resources_are_retained_only_after_a_deletion_that_failed() {
    let world = world();
    let stacks = &world.service.stacks;
    let call_it = || {
        call(
            &world,
            "DeleteStack",
            &[("StackName", "sluice"), ("RetainResources.member.1", "Table")],
        )
    };
    let reply = call_it().await;
    assert_eq!((reply.status, reply.element("Code")), (400, "ValidationError"));
    let mut failed = StackRecord::clone(&stacks.get("sluice").expect("registered"));
    failed.status = StackStatus::DeleteFailed;
    stacks.register(failed);
    assert_eq!(call_it().await.status, 200);
    let stack = stacks.get("sluice").expect("registered");
    assert_eq!(stack.status, StackStatus::DeleteInProgress);
    assert!(stack.resources[0].retained);
}

#[tokio::test]
async fn a_stack_is_listed_for_ninety_days_after_it_was_deleted() {
    let world = World::new();
    let stacks = &world.service.stacks;
    let stack = |generation: u32, deleted: Option<i64>| StackRecord {
        id: format!("arn:aws:cloudformation:us-east-1:000000000000:stack/load/{generation}"),
        status: match deleted {
            Some(_) => StackStatus::DeleteComplete,
            None => StackStatus::CreateComplete,
        },
        deleted,
        generation,
        ..example("load")
    };
    for record in [stack(0, Some(NOW)), stack(1, Some(NOW + 5)), stack(2, None)] {
        stacks.save(record).await.unwrap();
    }
    let other = StackRecord {
        name: "other".to_owned(),
        id: "arn:aws:cloudformation:us-east-1:000000000000:stack/other/0".to_owned(),
        ..stack(0, Some(NOW))
    };
    stacks.save(other).await.unwrap();
    let check = async |before: i64, listed: &[(&str, u32)], kept: usize| {
        stacks.forget(before).await.unwrap();
        let found: Vec<_> = stacks
            .list()
            .iter()
            .map(|stack| (stack.name.clone(), stack.generation))
            .collect();
        let expected: Vec<_> = listed
            .iter()
            .map(|(name, generation)| ((*name).to_owned(), *generation))
            .collect();
        assert_eq!(found, expected, "before {before}");
        assert_eq!(stacks.load().await.unwrap().len(), kept, "before {before}");
    };
    check(NOW - 1, &[("other", 0), ("load", 2), ("load", 1), ("load", 0)], 4).await;
    // the last one of its name is not listed, but known
    check(NOW, &[("load", 2), ("load", 1)], 3).await;
    check(NOW + 90, &[("load", 2)], 2).await;
}
