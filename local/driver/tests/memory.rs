//! A definition that would take all memory. In a process of its own: memory is counted by the process.

#[allow(dead_code)] // the other tests' world
#[path = "driver/support.rs"]
mod support;

use serde_json::json;
use sluice_driver::StartExecution;
use sluice_engine::{Outcome, Status};

use support::{World, chain, machine_arn};

/// Each of its items is within every limit; together they are a hundred gigabytes.
const BOMB: &str = "{% ($a := [1..200000]; $count($map([1..20000], function($i) { [$a, $i] }))) %}";

#[tokio::test]
async fn a_bomb_fails_its_execution_before_it_bursts() {
    let mut world = World::new();
    let state = json!({"Type": "Pass", "Output": BOMB, "End": true});
    let bomb = json!({"QueryLanguage": "JSONata", "StartAt": "Burst", "States": {"Burst": state}});
    world.put("bomb", bomb).await;
    world.put("m", chain(&["A"])).await;
    let request = StartExecution::new(machine_arn("bomb"), json!({})).named("one");
    let arn = world.driver.executions().start(request).await.expect("starts").arn;
    let record = world.ended(&arn).await;
    assert_eq!(record.status, Status::Failed);
    let Some(Outcome::Failed { error, cause }) = record.outcome else {
        panic!("{:?}", record.outcome)
    };
    assert_eq!(error.as_deref(), Some("States.Runtime"));
    let cause = cause.unwrap_or_default();
    // on a machine that is busy with other things, time may say stop before memory does
    assert!(cause.contains("was stopped because the evaluation"), "{cause}");

    let other = world.start("m", "two").await;
    world.task().await.succeed(json!("fine"));
    assert_eq!(world.ended(&other).await.status, Status::Succeeded);
    if cfg!(target_os = "linux") {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .expect("and its peak");
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(kilobytes < 1 << 20, "{kilobytes} kB at its peak");
    }
}
