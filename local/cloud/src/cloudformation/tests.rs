use super::{StackOutput, StackParameter, StackRecord, StackResource, StackStatus};
use crate::endpoint::testing::{NOW, Reply, World};

const ID: &str = "arn:aws:cloudformation:us-east-1:000000000000:stack/sluice/1";

fn world() -> World {
    let world = World::new();
    world.services.stacks.register(StackRecord {
        name: "sluice".into(),
        id: ID.into(),
        description: Some("Takes <in>".into()),
        status: StackStatus::CreateComplete,
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
        }],
        created: NOW,
        updated: None,
        template_body: "Resources: {}\n".into(),
    });
    world
}

async fn call(world: &World, action: &str, fields: &[(&str, &str)]) -> Reply {
    world.query("2010-05-15", action, fields).await
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
        assert_eq!(
            reply.element("Message"),
            "Stack with id gone does not exist",
            "{action}"
        );
    }
    let reply = call(&world, "CreateStack", &[("StackName", "x")]).await;
    assert_eq!(reply.element("Code"), "InvalidAction");
}
