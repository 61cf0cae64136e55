//! The template that is deployed resolves here, with nothing in it unknown.

use sluice_template::{Function, ResourceType, StackInputs, StateMachine, Table, Url, parse};

const WORKFLOW: &str = include_str!("../../../cfn/workflow.yaml");

#[test]
fn the_deployed_workflow_resolves() {
    let template = parse(WORKFLOW, "cfn/workflow.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let mut inputs = StackInputs::new("sluice", "us-east-1", "123456789012");
    inputs
        .parameters
        .insert("AdminEmail".to_owned(), "admin@example.com".to_owned());
    let urls: Vec<&str> = template
        .resources()
        .filter(|(_, kind)| *kind == ResourceType::Url)
        .map(|(id, _)| id)
        .collect();
    for (index, id) in urls.iter().enumerate() {
        inputs.attributes.insert(
            format!("{id}.FunctionUrl"),
            format!("http://127.0.0.1:{}/", 4600 + index),
        );
    }
    let stack = template.resolve(&inputs).unwrap_or_else(|errors| panic!("{errors}"));
    for key in ["FunctionURLAPI", "ApprovalURL"] {
        let url = stack.output(key).unwrap_or_else(|| panic!("the output {key}"));
        assert!(url.starts_with("http://127.0.0.1:46"), "{key}: {url}");
    }
    assert_ne!(stack.output("FunctionURLAPI"), stack.output("ApprovalURL"));
    let table = stack.output("TableName").expect("the output TableName");
    assert!(
        stack.all::<Table>().any(|(_, declared)| declared.name == table),
        "{table}"
    );
    let machine = stack.output("StateMachineArn").expect("the output StateMachineArn");
    assert!(
        stack.all::<StateMachine>().any(|(_, declared)| declared.arn == machine),
        "{machine}"
    );
    for (_, url) in stack.all::<Url>() {
        assert!(
            stack
                .all::<Function>()
                .any(|(entry, _)| entry.logical_id == url.function),
            "{}",
            url.function
        );
    }
}
