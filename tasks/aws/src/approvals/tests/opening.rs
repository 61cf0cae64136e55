use serde_json::json;
use sluice_workflows::{AuditData, AuditKind, verify_chain};

use super::super::testing::{DEADLINE_MS, Fault, NOW, World, conflict, deciding, decision, put, request};
use super::super::{ApprovalState, Delivery, Opened, Opening, Withdrawal};
use crate::call::CallErrorKind;

const ANEW: Opened = Opened::Waiting {
    reopened: false,
    mailed: false,
};

async fn kinds(world: &World, id: &str) -> Vec<AuditKind> {
    let trail = world.approvals.audit_trail(id).await.unwrap();
    assert_eq!(verify_chain(&trail.records), []);
    trail.records.into_iter().map(|record| record.kind).collect()
}

#[tokio::test]
async fn opening_writes_record_counter_and_audit_at_once() {
    let world = World::new();
    assert_eq!(world.open(&request("s-1", "T1"), DEADLINE_MS).await, ANEW);
    assert_eq!(world.operations(), ["GetItem", "TransactWriteItems"]);
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!(record.state, ApprovalState::Open);
    assert_eq!((record.expires_at_ms, record.opened_at_ms), (DEADLINE_MS, NOW));
    assert_eq!((record.listed, record.mailed), (true, false));
    assert_eq!(record.summary, "Ada: the pincode is too short");
    assert_eq!(world.row("s-1.1")["ttl"], json!({ "N": "1803722400" }));
    assert_eq!(world.approvals.open_count().await.unwrap(), 1);
    assert_eq!(kinds(&world, "s-1.1").await, [AuditKind::Opened]);
}

#[tokio::test]
async fn asking_again_puts_in_the_new_token_and_counts_nothing_twice() {
    let world = World::new();
    world.open(&request("s-1", "T1"), DEADLINE_MS).await;
    world.approvals.mark_mailed("s-1.1").await.unwrap();
    let again = world.open(&request("s-1", "T2"), DEADLINE_MS).await;
    let expected = Opened::Waiting {
        reopened: true,
        mailed: true,
    };
    assert_eq!(again, expected);
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!(record.task_token.reveal(), "T2");
    assert_eq!(world.approvals.open_count().await.unwrap(), 1);
    assert_eq!(kinds(&world, "s-1.1").await, [AuditKind::Opened]);
}

#[tokio::test]
async fn a_decided_round_is_not_opened_again_but_takes_the_new_token() {
    let world = World::new();
    world.open(&request("s-1", "T1"), DEADLINE_MS).await;
    let (taken, data) = (decision("grace@x.org"), AuditData::new());
    world.approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    let token = request("s-1", "T1").task_token;
    let delivered = world
        .approvals
        .record_delivery("s-1.1", &token, NOW, &Delivery::Done)
        .await;
    assert!(delivered.unwrap());
    let opened = world.open(&request("s-1", "T2"), DEADLINE_MS).await;
    assert_eq!(opened, Opened::AlreadyDecided(Box::new(taken.clone())));
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!(record.state, ApprovalState::Decided(Box::new(taken), Delivery::Pending));
    assert_eq!(world.approvals.open_count().await.unwrap(), 0);
}

/// The event of a failed execution may come after its redrive.
#[tokio::test]
async fn a_round_that_was_asked_for_again_is_not_withdrawn_by_an_older_failure() {
    let world = World::new();
    world.open(&request("s-1", "T1"), DEADLINE_MS).await;
    let again = request("s-1", "T2");
    let opening = Opening {
        request: &again,
        expires_at_ms: DEADLINE_MS,
        now_ms: NOW + 2_000,
        summary: "Ada: the pincode 12 is not 4 to 6 digits",
        limit: 0,
    };
    world.approvals.open(&opening).await.unwrap();
    let late = world.approvals.withdraw("s-1.1", NOW + 1_000).await.unwrap();
    assert!(
        matches!(&late, Withdrawal::NotOpen(record) if record.state == ApprovalState::Open),
        "{late:?}"
    );
    assert_eq!(world.approvals.open_count().await.unwrap(), 1);
    assert_eq!(
        world.approvals.withdraw("s-1.1", NOW + 2_000).await.unwrap(),
        Withdrawal::Now
    );
}

#[tokio::test]
async fn a_withdrawn_round_is_opened_again_by_a_redrive() {
    let world = World::new();
    world.open(&request("s-1", "T1"), DEADLINE_MS).await;
    assert_eq!(world.approvals.withdraw("s-1.1", NOW).await.unwrap(), Withdrawal::Now);
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!((&record.state, record.listed), (&ApprovalState::Withdrawn, false));
    assert_eq!(world.approvals.open_count().await.unwrap(), 0);
    let again = world.approvals.withdraw("s-1.1", NOW).await.unwrap();
    assert_eq!(again, Withdrawal::NotOpen(Box::new(record)));
    assert_eq!(
        world.approvals.withdraw("s-9.1", NOW).await.unwrap(),
        Withdrawal::Missing
    );

    assert_eq!(world.open(&request("s-1", "T2"), DEADLINE_MS).await, ANEW);
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!((&record.state, record.listed), (&ApprovalState::Open, true));
    assert_eq!(world.approvals.open_count().await.unwrap(), 1);
    let expected = [AuditKind::Opened, AuditKind::Withdrawn, AuditKind::Opened];
    assert_eq!(kinds(&world, "s-1.1").await, expected);
}

#[tokio::test]
async fn more_than_the_limit_are_not_opened_and_a_retry_of_one_that_is_open_is() {
    let world = World::new();
    let open = async |submission: &str| {
        let request = request(submission, "T");
        let opening = Opening {
            request: &request,
            expires_at_ms: DEADLINE_MS,
            now_ms: NOW,
            summary: "",
            limit: 2,
        };
        world.approvals.open(&opening).await.unwrap()
    };
    assert_eq!(open("s-1").await, ANEW);
    assert_eq!(open("s-2").await, ANEW);
    assert_eq!(open("s-3").await, Opened::TooMany { open: 2 });
    assert_eq!(world.approvals.get("s-3.1").await.unwrap(), None);
    assert!(matches!(open("s-2").await, Opened::Waiting { reopened: true, .. }));
    let (taken, data) = (decision("a"), AuditData::new());
    world.approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    assert_eq!(open("s-3").await, ANEW);
}

/// An approval as the build before wrote it.
fn legacy() -> serde_json::Value {
    json!({ "id": { "S": "s-1.1" }, "submission_id": { "S": "s-1" }, "submission": { "S": "{\"user_name\":\"Ada\"}" },
        "violations": { "S": "[]" }, "submitted_at": { "S": "2026-11-22T10:00:00.000Z" },
        "expires_at": { "S": "2026-11-29T10:00:00.000Z" }, "expires_at_ms": { "N": "1795946400000" },
        "secret_hashes": { "SS": ["h1", "h2"] }, "task_token": { "S": "T1" }, "standing": { "S": "open" } })
}

#[tokio::test]
async fn what_the_build_before_opened_can_be_decided_and_is_listed_once_it_is_asked_again() {
    let world = World::new();
    world.put(&legacy());
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!((record.listed, record.secret_hashes.len()), (false, 2));
    let (taken, data) = (decision("a"), AuditData::new());
    world.approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    assert_eq!(world.approvals.open_count().await.unwrap(), 0, "it was never counted");

    let world = World::new();
    world.put(&legacy());
    let opened = world.open(&request("s-1", "T2"), DEADLINE_MS).await;
    assert!(matches!(opened, Opened::Waiting { reopened: true, .. }));
    let record = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!(
        (record.listed, record.secret_hashes.len()),
        (true, 2),
        "old links stay known"
    );
    assert_eq!(world.approvals.open_count().await.unwrap(), 1);
    assert_eq!(world.row("s-1.1")["standing"], json!(null));
}

#[tokio::test]
async fn a_row_that_was_edited_by_hand_is_told_apart() {
    let world = World::new();
    world.put(&json!({ "id": { "S": "s-1.2" } }));
    let error = world.approvals.get("s-1.2").await.unwrap_err();
    assert!(error.message.contains("item s-1.2 has no usable"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_meets_another_is_tried_again_and_for_so_long_only() {
    let world = World::new();
    for _ in 0..3 {
        world.plan("TransactWriteItems", conflict());
    }
    assert_eq!(world.open(&request("s-1", "T1"), DEADLINE_MS).await, ANEW);
    assert_eq!(world.operations().len(), 5);
    for _ in 0..10 {
        world.plan("TransactWriteItems", conflict());
    }
    let started = tokio::time::Instant::now();
    let error = world.approvals.withdraw("s-1.1", NOW).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Throttled);
    assert!(
        started.elapsed() < std::time::Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    // what is not in the way but wrong is not tried again
    let wrong = json!({ "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "message": "m",
        "CancellationReasons": [{ "Code": "ValidationError" }] });
    world.plan("TransactWriteItems", Fault::Instead(400, wrong));
    let error = world.approvals.withdraw("s-1.1", NOW).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Refused);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_meets_a_transaction_is_tried_again() {
    let world = World::new();
    world.open(&request("s-1", "T1"), DEADLINE_MS).await;
    let busy = json!({ "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": "m" });
    world.plan("UpdateItem", Fault::Instead(400, busy));
    world.approvals.mark_mailed("s-1.1").await.unwrap();
    assert!(world.approvals.get("s-1.1").await.unwrap().unwrap().mailed);
}

#[tokio::test]
async fn what_changes_between_the_look_and_the_write_is_looked_at_again() {
    let world = World::new();
    let other = std::sync::Arc::new(|database: &dynoxide::Database| {
        let mut decided = legacy();
        decided["decision"] = json!({ "S": serde_json::to_string(&decision("faster")).unwrap() });
        put(database, &decided);
    });
    world.plan("TransactWriteItems", Fault::Before(other));
    let opened = world.open(&request("s-1", "T2"), DEADLINE_MS).await;
    assert_eq!(opened, Opened::AlreadyDecided(Box::new(decision("faster"))));
}
