//! AWS's quotas on calls.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sluice_clock::Clock as _;
use sluice_quotas::{Profile, Quotas};
use sluice_service_testing::PASS;

use super::world::World;

#[tokio::test]
async fn calls_beyond_a_quota_are_throttled_until_its_bucket_is_refilled() {
    let world = World::with_quotas(Some(Arc::new(Quotas::new(Profile::AwsSmall))));
    let machine = world.machine("m", PASS).await;
    let list = json!({ "stateMachineArn": machine });
    for _ in 0..100 {
        world.states_ok("ListExecutions", list.clone()).await;
    }
    let refused = world.states("ListExecutions", list.clone()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json(),
        json!({ "__type": "ThrottlingException", "message": "Rate exceeded" })
    );
    world.states_ok("StartExecution", list.clone()).await;
    world.clock.advance(Duration::from_secs(1));
    for status in [200, 200, 400] {
        assert_eq!(world.states("ListExecutions", list.clone()).await.status, status);
    }
}

#[tokio::test]
async fn without_quotas_nothing_is_throttled() {
    let world = World::new();
    let machine = world.machine("m", PASS).await;
    for _ in 0..300 {
        world
            .states_ok("ListExecutions", json!({ "stateMachineArn": machine }))
            .await;
    }
}
