use sluice_aws::DeliverError;

use super::super::world::unreachable;
use super::*;

/// Grace approved, the process that wrote so has not recorded that it told the workflow, and the task is over.
fn under_way() -> RefCell<World> {
    let world = World::new();
    world.borrow_mut().refusals.push(DeliverError::TaskOver);
    decided(world.borrow_mut().records.get_mut("s-1.1").unwrap(), Delivery::Pending);
    world
}

#[tokio::test]
async fn who_comes_after_the_decision_is_told_of_it_whatever_the_body_says() {
    let world = World::new();
    decided(world.borrow_mut().records.get_mut("s-1.1").unwrap(), Delivery::Done);
    for body in [
        "",
        "decision=repair",
        "decision=perhaps",
        "decision=%ff",
        "decision=approve&email=x",
    ] {
        post(&world, HTML, body, 200, &["Approved"]).await;
        post(&world, JSON, body, 409, &["decided-before"]).await;
    }
    let world = World::new();
    world.borrow_mut().now_ms = NOW + 6 * DAY;
    for accept in [JSON, HTML] {
        post(&world, accept, "decision=perhaps", 410, &["xpired"]).await;
    }
    assert_eq!(get(&world, HTML, "").await.status, 200);
    post(
        &world,
        JSON,
        &with_code("decision=approve"),
        410,
        &["urn:sluice:problem:expired"],
    )
    .await;
    assert!(world.borrow().written.is_empty());
}

#[tokio::test]
async fn an_undelivered_decision_is_delivered_by_the_next_post_as_it_was_taken() {
    let world = World::new();
    world.borrow_mut().refusals.push(unreachable().into());
    post(&world, JSON, &with_code("decision=approve"), 503, &["written down"]).await;
    post(&world, HTML, "decision=reject", 200, &["Approved"]).await;
    let held = world.borrow();
    assert_eq!((held.heard.len(), held.heard[0].1.decision.as_str()), (1, "approve"));
}

#[tokio::test]
async fn a_decision_for_an_execution_that_was_stopped_is_said_to_be_late() {
    for error in [DeliverError::TaskOver, DeliverError::UnknownToken("InvalidToken")] {
        for accept in [HTML, JSON] {
            let world = World::new();
            world.borrow_mut().refusals.push(error.clone());
            post(
                &world,
                accept,
                &with_code("decision=approve"),
                410,
                &["did not wait any more"],
            )
            .await;
            assert_eq!(delivery(&world), Some(Delivery::Closed));
            post(
                &world,
                accept,
                &with_code("decision=approve"),
                410,
                &["did not wait any more"],
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_second_post_that_finds_the_workflow_told_shows_the_decision() {
    for (recorded, body, status) in [
        (false, "decision=approve", 200),
        (false, "decision=reject", 409),
        (true, "decision=approve", 200),
        (true, "decision=reject", 409),
    ] {
        let world = under_way();
        if recorded {
            world.borrow_mut().meanwhile = Some(|record| decided(record, Delivery::Done));
        }
        post(&world, JSON, &with_code(body), status, &["grace@example.com"]).await;
        assert_eq!(delivery(&world), Some(Delivery::Done), "{recorded} {body}");
        assert!(world.borrow().heard.is_empty());
    }
}

#[tokio::test]
async fn the_one_who_decided_may_be_overtaken_in_telling() {
    // The second has recorded that it tells, and not yet that it did; or both.
    for overtake in [
        (|record| record.redelivered = true) as fn(&mut ApprovalRecord),
        |record| {
            record.redelivered = true;
            if let ApprovalState::Decided(_, delivery) = &mut record.state {
                *delivery = Delivery::Done;
            }
        },
    ] {
        let world = World::new();
        world.borrow_mut().refusals.push(DeliverError::TaskOver);
        world.borrow_mut().meanwhile = Some(overtake);
        post(
            &world,
            JSON,
            &with_code("decision=approve"),
            200,
            &["grace@example.com", "\"delivered\""],
        )
        .await;
        assert_eq!(delivery(&world), Some(Delivery::Done));
    }
}

#[tokio::test]
async fn an_undelivered_decision_counts_after_its_time_too() {
    let world = under_way();
    world.borrow_mut().now_ms = NOW + 6 * DAY;
    post(&world, JSON, "decision=approve", 200, &["delivered"]).await;
    assert_eq!(delivery(&world), Some(Delivery::Done));
}

#[tokio::test]
async fn a_newer_token_gets_the_decision_too() {
    let world = World::new();
    world.borrow_mut().refusals.push(DeliverError::TaskOver);
    world.borrow_mut().renews = Some("NEWER");
    post(&world, HTML, &with_code("decision=approve"), 200, &["Approved"]).await;
    assert_eq!(world.borrow().heard[0].0, "NEWER");
    assert_eq!(delivery(&world), Some(Delivery::Done));
}
