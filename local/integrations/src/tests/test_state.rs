//! TestState of tasks without a mock.

use serde_json::{Value, json};
use sluice_service_testing::{Fault, ROLE};

use super::world::World;

async fn tested(world: &World, resource: &str, input: &Value) -> Value {
    let definition = json!({ "Type": "Task", "Resource": resource, "End": true });
    let request = json!({ "definition": definition.to_string(), "input": input.to_string(), "roleArn": ROLE });
    world.states_ok("TestState", request).await
}

#[tokio::test]
async fn a_task_without_a_mock_calls_its_function() {
    let world = World::with_functions([
        ("echo", |event| Ok(event.to_vec())),
        ("broken", |_| Err(Fault::Function(r#"{"errorType":"MyError"}"#))),
    ]);
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let input = json!({ "a": 1 });
    let answer = tested(&world, &arn("echo"), &input).await;
    assert_eq!(answer, json!({ "output": r#"{"a":1}"#, "status": "SUCCEEDED" }));
    let answer = tested(&world, &arn("broken"), &input).await;
    assert_eq!(
        answer,
        json!({ "error": "MyError", "cause": r#"{"errorType":"MyError"}"#, "status": "FAILED" })
    );
}
