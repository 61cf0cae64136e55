//! The registry of state machines.

use serde_json::json;
use sluice_driver::{DriverError, MachineKind, PutMachineResult, StartError, StartExecution};
use sluice_engine::Status;

use crate::support::{World, chain, machine_arn, machine_record};

#[tokio::test]
async fn a_machine_is_found_as_it_was_put() {
    let world = World::new();
    let record = machine_record("m", chain(&["A"]));
    assert_eq!(
        world.driver.machines().put(record.clone(), true).await,
        Ok(PutMachineResult::Created)
    );
    assert_eq!(world.driver.machines().get(&record.arn).await, Ok(Some(record.clone())));
    let mut other = machine_record("m", chain(&["B"]));
    let exists = PutMachineResult::Exists(Box::new(record.clone()));
    assert_eq!(world.driver.machines().put(other.clone(), true).await, Ok(exists));
    other.attributes = json!({"tags": [{"key": "k", "value": "v"}]});
    assert_eq!(
        world.driver.machines().put(other.clone(), false).await,
        Ok(PutMachineResult::Replaced)
    );
    let world = world.killed();
    assert_eq!(world.driver.machines().get(&record.arn).await, Ok(Some(other)));
    assert_eq!(world.driver.machines().get(&machine_arn("none")).await, Ok(None));
}

#[tokio::test]
async fn machines_are_listed_by_arn() {
    let world = World::new();
    for name in ["c", "a", "d", "b"] {
        world.put(name, chain(&["A"])).await;
    }
    assert_eq!(world.driver.machines().delete(&machine_arn("b")).await, Ok(true));
    assert_eq!(world.driver.machines().delete(&machine_arn("b")).await, Ok(false));
    let names = |after: Option<String>, limit| {
        let driver = world.driver.clone();
        async move {
            let machines = driver.machines().list(after, limit).await.expect("lists");
            machines.iter().map(|machine| machine.name.as_str()).collect::<String>()
        }
    };
    assert_eq!(names(None, 10).await, "acd");
    assert_eq!(names(None, 2).await, "ac");
    assert_eq!(names(Some(machine_arn("a")), 10).await, "cd");
}

#[tokio::test]
async fn a_definition_that_is_none_is_refused() {
    let world = World::new();
    let record = machine_record("m", json!({"StartAt": "Nowhere", "States": {}}));
    let error = world
        .driver
        .machines()
        .put(record, false)
        .await
        .expect_err("is refused");
    assert!(
        matches!(&error, DriverError::Definition { arn, .. } if *arn == machine_arn("m")),
        "{error:?}"
    );
    assert_eq!(world.driver.machines().get(&machine_arn("m")).await, Ok(None));
}

#[tokio::test]
async fn an_execution_keeps_the_definition_it_started_with() {
    let mut world = World::new();
    world.put("m", chain(&["A", "B"])).await;
    let old = world.start("m", "old").await;
    let task = world.task().await;
    world.put("m", chain(&["C"])).await;
    let new = world.start("m", "new").await;
    assert_eq!(&*world.task().await.task.state, "C");
    task.succeed(json!(1));
    assert_eq!(&*world.task().await.task.state, "B");
    for (arn, definition) in [(old, chain(&["A", "B"])), (new, chain(&["C"]))] {
        let id = world.record(&arn).await.definition_id;
        let text = world
            .driver
            .machines()
            .definition(id)
            .await
            .expect("no failure")
            .expect("exists");
        assert_eq!(*text, definition.to_string());
    }
}

#[tokio::test]
async fn a_deleted_machine_lets_its_executions_end_and_starts_none() {
    let mut world = World::new();
    let arn = world.put("m", chain(&["A"])).await;
    let running = world.start("m", "one").await;
    let task = world.task().await;
    assert_eq!(world.driver.machines().delete(&arn).await, Ok(true));
    let start = || world.driver.executions().start(StartExecution::new(&arn, json!({})));
    assert_eq!(start().await, Err(StartError::MachineDeleting { arn: arn.clone() }));
    task.succeed(json!(1));
    assert_eq!(world.ended(&running).await.status, Status::Succeeded);
    assert_eq!(start().await, Err(StartError::MachineNotFound { arn: arn.clone() }));
    world.put("m", chain(&["A"])).await;
    assert!(start().await.is_ok());
}

#[tokio::test]
async fn an_express_execution_has_an_arn_of_its_own_kind() {
    let mut world = World::new();
    let record = sluice_driver::MachineRecord {
        kind: MachineKind::Express,
        ..machine_record("m", chain(&["A"]))
    };
    world.driver.machines().put(record, false).await.expect("is put");
    let request = StartExecution::new(machine_arn("m"), json!({})).named("same");
    let first = world
        .driver
        .executions()
        .start(request.clone())
        .await
        .expect("starts")
        .arn;
    let second = world.driver.executions().start(request).await.expect("starts").arn;
    assert!(
        first.starts_with("arn:aws:states:eu-west-1:123456789012:express:m:same:"),
        "{first}"
    );
    assert_ne!(first, second, "names of Express executions need not be unique");
    assert!(world.task().await.identity.express);
}
