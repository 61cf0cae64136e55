use sluice_aws::{Batch, GROUP, Selection, shard};
use sluice_workflows::{AuditData, TaskToken};

use super::super::decide_batch::{SliceRequest, decide_slice};
use super::super::world::Flaw;
use super::*;

const BATCH: &str = "0123456789abcdef";

/// The ids of one shard, in their order.
fn ids() -> impl Iterator<Item = String> {
    (0..)
        .map(|number| format!("s-{number:05}.1"))
        .filter(|id| shard(id) == 0)
}

fn id(place: usize) -> String {
    ids().nth(place).unwrap()
}

/// So many open approvals of one shard, which a batch is about. Each workflow hears whatever is sent to it.
fn one_shard(count: usize) -> RefCell<World> {
    let world = World::new();
    {
        let mut held = world.borrow_mut();
        held.flaw = Some(Flaw::HearsTwice);
        held.records = ids().take(count).map(|id| (id.clone(), record(&id))).collect();
        let selection = Selection::Ids(ids().take(count).collect());
        let reject = json!({"decision": "reject", "decided_by": "g", "decided_at": "t"});
        let batch = Batch::new(
            BATCH.to_owned(),
            selection,
            serde_json::from_value(reject).unwrap(),
            NOW,
        );
        held.batches.insert(BATCH.to_owned(), batch);
    }
    world
}

/// Calls the function once, which is enough: the numbers of those that were decided, passed and failed.
async fn run(world: &RefCell<World>) -> (u64, u64, u64) {
    let request = SliceRequest {
        batch: BATCH.to_owned(),
        at: "2026-11-22T10:00:00.000Z".to_owned(),
    };
    let answer = decide_slice(&caller(world), &request).await.unwrap();
    assert!(answer.done);
    (answer.decided, answer.passed, answer.failed)
}

#[tokio::test]
async fn one_that_others_decided_meanwhile_holds_up_none_of_its_group() {
    let world = one_shard(GROUP);
    world.borrow_mut().changes = Some(|world| {
        decided(world.records.get_mut(&id(1)).unwrap(), Delivery::Done);
        world.records.get_mut(&id(3)).unwrap().state = ApprovalState::Withdrawn;
        world.records.get_mut(&id(5)).unwrap().task_token = TaskToken::new("NEWER".to_owned());
        world.audit.push((id(7), AuditKind::Fetched, AuditData::new()));
        world.records.get_mut(&id(9)).unwrap().expires_at_ms = NOW;
        world.records.remove(&id(11));
    });
    let others = GROUP as u64 - 4;
    assert_eq!(run(&world).await, (others, 4, 0));
    let held = world.borrow();
    assert_eq!((held.written.len(), held.heard.len()), (GROUP - 4, GROUP - 4));
    assert_eq!(held.heard.iter().filter(|(token, _)| token == "NEWER").count(), 1);
    let is_heard = |record: &&ApprovalRecord| matches!(&record.state, ApprovalState::Decided(decision, Delivery::Done) if decision.decided_by == "g");
    assert_eq!(held.records.values().filter(is_heard).count(), GROUP - 4);
}

#[tokio::test]
async fn all_of_a_group_may_have_changed() {
    let world = one_shard(3);
    world.borrow_mut().changes = Some(|world| {
        for record in world.records.values_mut() {
            record.task_token = TaskToken::new("NEWER".to_owned());
        }
    });
    assert_eq!(run(&world).await, (3, 0, 0));
    assert_eq!(world.borrow().written.len(), 3);
}

#[tokio::test]
async fn who_waits_for_nothing_is_told_apart_from_the_rest_of_its_group() {
    let world = one_shard(4);
    world
        .borrow_mut()
        .refusals
        .push(sluice_aws::DeliverError::UnknownToken("InvalidToken"));
    assert_eq!(run(&world).await, (3, 0, 1));
}

#[tokio::test]
async fn what_the_workflows_have_counts_even_if_it_cannot_be_recorded() {
    let world = one_shard(4);
    world.borrow_mut().forgets = true;
    assert_eq!(run(&world).await, (4, 0, 0));
    assert_eq!(world.borrow().heard.len(), 4);
}
