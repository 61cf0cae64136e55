use serde_json::{Value, json};
use sluice_workflows::{AuditData, AuditKind, verify_chain};

use super::super::testing::{DEADLINE_MS, Fault, NOW, World, conflict, deciding, decision, request};
use super::super::{ApprovalRecord, ApprovalState, Candidate, Delivery, GROUP, Grouped, LOOK, shard};

/// So many open approvals, as they are read, in the order of their ids.
async fn opened(count: usize) -> (World, Vec<Candidate>) {
    let world = World::new();
    for number in 0..count {
        let submission = format!("s-{number:03}");
        world
            .open(&request(&submission, &format!("T{number}")), DEADLINE_MS)
            .await;
    }
    let ids: Vec<String> = (0..count).map(id).collect();
    world.operations();
    let candidates = look(&world, &ids).await;
    (world, candidates)
}

fn id(number: usize) -> String {
    format!("s-{number:03}.1")
}

async fn look(world: &World, ids: &[String]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for ids in ids.chunks(LOOK) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        candidates.extend(world.approvals.candidates(&ids).await.unwrap());
    }
    candidates.sort_by(|one, other| one.record.id.cmp(&other.record.id));
    candidates
}

async fn decide(world: &World, group: &[Candidate]) -> Grouped {
    let (taken, data) = (decision("grace@x.org"), AuditData::new());
    let deciding = deciding(&taken, &data);
    world.approvals.decide_group(group, &deciding).await.unwrap()
}

fn done(grouped: Grouped) -> Vec<Candidate> {
    match grouped {
        Grouped::Done(done) => done,
        Grouped::Refused(places) => panic!("{places:?}"),
    }
}

async fn stored(world: &World, id: &str) -> ApprovalRecord {
    world.approvals.get(id).await.unwrap().unwrap()
}

async fn append(world: &World, id: &str, kind: AuditKind) {
    world.approvals.audit(id, NOW, kind, AuditData::new()).await.unwrap();
}

#[tokio::test]
async fn a_group_is_read_decided_and_recorded_by_one_call_each() {
    let (world, candidates) = opened(5).await;
    let decided = done(decide(&world, &candidates).await);
    assert_eq!(world.operations(), ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(decided.len(), 5);
    for candidate in &decided {
        assert_eq!(candidate.record, stored(&world, &candidate.record.id).await);
    }
    assert_eq!(world.approvals.open_count().await.unwrap(), 0);
    world.operations();
    done(world.approvals.record_group(&decided, NOW).await.unwrap());
    assert_eq!(world.operations(), ["TransactWriteItems"]);
    for number in 0..5 {
        let standing = ApprovalState::Decided(Box::new(decision("grace@x.org")), Delivery::Done);
        assert_eq!(stored(&world, &id(number)).await.state, standing);
        let trail = world.approvals.audit_trail(&id(number)).await.unwrap();
        assert_eq!(verify_chain(&trail.records), []);
        let kinds: Vec<_> = trail.records.iter().map(|record| record.kind).collect();
        assert_eq!(kinds, [AuditKind::Opened, AuditKind::Decided, AuditKind::Delivered]);
    }
}

#[tokio::test]
async fn those_that_changed_since_the_read_are_named_and_nothing_is_written() {
    let (world, candidates) = opened(6).await;
    let (faster, data) = (decision("ada@x.org"), AuditData::new());
    world.approvals.decide(&id(1), &deciding(&faster, &data)).await.unwrap();
    append(&world, &id(3), AuditKind::Fetched).await;
    let mut renewed = world.row(&id(4));
    renewed["task_token"] = json!({ "S": "newer" });
    world.put(&renewed);
    assert_eq!(decide(&world, &candidates).await, Grouped::Refused(vec![1, 3, 4]));
    assert_eq!(world.approvals.open_count().await.unwrap(), 5);
    for number in [0, 2, 3, 4, 5] {
        assert_eq!(stored(&world, &id(number)).await.state, ApprovalState::Open);
    }
    // the rest of the group goes on as it was read
    let rest = [0, 2, 5].map(|place| candidates[place].clone());
    assert_eq!(done(decide(&world, &rest).await).len(), 3);
    assert_eq!(world.approvals.open_count().await.unwrap(), 2);
}

#[tokio::test]
async fn after_the_deadline_and_twice_nothing_is_decided() {
    let (world, candidates) = opened(2).await;
    let mut late = world.row(&id(0));
    late["expires_at_ms"] = json!({ "N": NOW.to_string() });
    world.put(&late);
    assert_eq!(decide(&world, &candidates).await, Grouped::Refused(vec![0]));
    let one = [candidates[1].clone()];
    done(decide(&world, &one).await);
    assert_eq!(decide(&world, &one).await, Grouped::Refused(vec![0]));
}

#[tokio::test]
async fn a_delivery_is_recorded_for_the_token_that_it_went_to_and_once() {
    let (world, candidates) = opened(3).await;
    let decided = done(decide(&world, &candidates).await);
    let mut renewed = world.row(&id(0));
    renewed["task_token"] = json!({ "S": "newer" });
    world.put(&renewed);
    let token = decided[2].record.task_token.clone();
    let recorded = world
        .approvals
        .record_delivery(&id(2), &token, NOW, &Delivery::Done)
        .await;
    assert!(recorded.unwrap());
    let refused = world.approvals.record_group(&decided, NOW).await.unwrap();
    assert_eq!(refused, Grouped::Refused(vec![0, 2]));
    let pending = ApprovalState::Decided(Box::new(decision("grace@x.org")), Delivery::Pending);
    for number in [0, 1] {
        assert_eq!(stored(&world, &id(number)).await.state, pending);
    }
}

#[tokio::test]
async fn more_than_a_transaction_takes_are_written_in_parts() {
    // those of one shard have one counter, the others together eight
    for (of_one_shard, most) in [(true, GROUP), (false, GROUP - 3)] {
        let world = World::new();
        let numbers = (0..).filter(|&number| !of_one_shard || shard(&id(number)) == 0);
        let numbers: Vec<usize> = numbers.take(GROUP + 3).collect();
        for number in &numbers {
            let submission = format!("s-{number:03}");
            world.open(&request(&submission, "T"), DEADLINE_MS).await;
        }
        let ids: Vec<String> = numbers.into_iter().map(id).collect();
        world.operations();
        let candidates = look(&world, &ids).await;
        assert_eq!(done(decide(&world, &candidates).await).len(), most);
        let rest = done(decide(&world, &candidates[most..]).await);
        assert_eq!(rest.len(), GROUP + 3 - most);
        let calls = world.operations();
        assert_eq!(calls.iter().filter(|call| *call == "BatchGetItem").count(), 3);
        assert_eq!(calls.len(), 5, "{calls:?}");
        assert_eq!(world.approvals.open_count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn large_ones_share_a_transaction_while_they_fit() {
    let (world, _) = opened(12).await;
    for number in 0..12 {
        let mut row = world.row(&id(number));
        row["summary"] = json!({ "S": "x".repeat(350_000) });
        world.put(&row);
    }
    let ids: Vec<String> = (0..12).map(id).collect();
    let candidates = look(&world, &ids).await;
    let first = done(decide(&world, &candidates).await);
    assert_eq!(first.len(), 8);
    assert_eq!(done(decide(&world, &candidates[8..]).await).len(), 4);
    assert_eq!(world.approvals.open_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_end_of_an_audit_is_found_however_long_it_is() {
    let (world, _) = opened(7).await;
    for number in 0..7 {
        for _ in 0..number {
            append(&world, &id(number), AuditKind::Reminded).await;
        }
    }
    world.operations();
    let ids: Vec<String> = (0..7).map(id).collect();
    let candidates = look(&world, &ids).await;
    // four records and more are asked for
    assert_eq!(world.operations(), ["BatchGetItem", "Query", "Query", "Query", "Query"]);
    let ends: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.last.as_ref().unwrap().seq)
        .collect();
    assert_eq!(ends, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(done(decide(&world, &candidates).await).len(), 7);
}

#[tokio::test]
async fn what_is_left_out_of_a_read_is_asked_for_again_and_what_is_not_there_is_not_found() {
    let (world, candidates) = opened(2).await;
    let keys = json!({ "Keys": [{ "id": { "S": id(0) } }, { "id": { "S": id(1) } }], "ConsistentRead": true });
    let audits: Vec<Value> = (0..2)
        .map(|number| json!({ "approval_id": { "S": id(number) }, "seq": { "N": "1" } }))
        .collect();
    let left = json!({ "Responses": {}, "UnprocessedKeys": { "Approvals": keys, "Audit": { "Keys": audits } } });
    world.plan("BatchGetItem", Fault::Instead(200, left));
    world.operations();
    assert_eq!(look(&world, &[id(0), id(1), id(9)]).await, candidates);
    assert_eq!(world.operations(), ["BatchGetItem"; 2]);
    assert_eq!(world.approvals.candidates(&[]).await.unwrap(), []);
    assert!(world.operations().is_empty());
}

#[tokio::test]
async fn a_group_that_meets_another_transaction_is_tried_again() {
    let (world, candidates) = opened(3).await;
    world.plan("TransactWriteItems", conflict());
    assert_eq!(done(decide(&world, &candidates).await).len(), 3);
    assert_eq!(
        world.operations(),
        ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn what_the_build_before_opened_is_decided_and_not_counted() {
    let (world, _) = opened(2).await;
    let mut old = world.row(&id(0));
    old.as_object_mut().unwrap().remove("open_shard");
    world.put(&old);
    let candidates = look(&world, &[id(0), id(1)]).await;
    assert_eq!(done(decide(&world, &candidates).await).len(), 2);
    assert_eq!(world.approvals.open_count().await.unwrap(), 1);
}
