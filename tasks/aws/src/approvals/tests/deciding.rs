use std::sync::Arc;

use serde_json::{Value, json};
use sluice_workflows::{AuditData, AuditKind, DEADLINE, Decision, DecisionKind, TaskToken, verify_chain};

use super::super::testing::{DEADLINE_MS, Fault, NOW, World, deciding, decision, put, request};
use super::super::{ApprovalState, Decided, Deciding, Delivery};

async fn opened() -> World {
    let world = World::new();
    world.open(&request("s-1", "T1"), DEADLINE_MS).await;
    world
}

fn expiry() -> Decision {
    Decision {
        decision: DecisionKind::Expire,
        comment: None,
        ..decision(DEADLINE)
    }
}

#[tokio::test]
async fn a_decision_is_written_once_and_says_who_was_faster() {
    let world = opened().await;
    let (first, second, data) = (decision("grace@x.org"), decision("ada@x.org"), AuditData::new());
    let got = world.approvals.decide("s-1.1", &deciding(&first, &data)).await.unwrap();
    let Decided::Now(record) = got else { panic!("{got:?}") };
    assert_eq!(record.task_token.reveal(), "T1");
    assert_eq!(*record, world.approvals.get("s-1.1").await.unwrap().unwrap());
    let got = world
        .approvals
        .decide("s-1.1", &deciding(&second, &data))
        .await
        .unwrap();
    assert_eq!(got, Decided::NotOpen(record));
    assert_eq!(world.approvals.open_count().await.unwrap(), 0);
    let missing = world.approvals.decide("s-9.1", &deciding(&first, &data)).await.unwrap();
    assert_eq!(missing, Decided::Missing);
}

#[tokio::test]
async fn the_audit_says_who_decided_what_and_holds_no_personal_data_of_the_submission() {
    let world = opened().await;
    let mut taken = decision("grace@x.org");
    taken.decision = DecisionKind::Approve;
    taken.repaired = Some(serde_json::from_value(json!({ "pincode": "654321" })).unwrap());
    let data = AuditData::from([("address".to_owned(), "203.0.113.7".into())]);
    let deciding = Deciding {
        batch: Some("b-1"),
        ..deciding(&taken, &data)
    };
    world.approvals.decide("s-1.1", &deciding).await.unwrap();
    let trail = world.approvals.audit_trail("s-1.1").await.unwrap();
    let record = trail.records.last().unwrap();
    assert_eq!(record.kind, AuditKind::Decided);
    let expected = [
        ("address", json!("203.0.113.7")),
        ("batch", json!("b-1")),
        ("decided_by", json!("grace@x.org")),
        ("decision", json!("approve")),
        ("repaired", json!(["pincode"])),
    ];
    for (name, value) in expected {
        assert_eq!(record.data[name], value);
    }
    assert!(record.data["decision_hash"].is_string());
    let text = serde_json::to_string(&trail).unwrap();
    assert!(!text.contains("654321") && !text.contains("unknown"), "{text}");
    let stored = world.approvals.get("s-1.1").await.unwrap().unwrap();
    assert_eq!(stored.batch.as_deref(), Some("b-1"));
}

#[tokio::test]
async fn after_the_deadline_only_the_deadline_decides() {
    let world = World::new();
    world.open(&request("s-1", "T1"), NOW).await;
    let (late, data) = (decision("late@x.org"), AuditData::new());
    let got = world.approvals.decide("s-1.1", &deciding(&late, &data)).await.unwrap();
    assert!(matches!(got, Decided::NotOpen(record) if record.state == ApprovalState::Open));
    let expired = expiry();
    let got = world
        .approvals
        .close("s-1.1", &deciding(&expired, &data))
        .await
        .unwrap();
    assert!(matches!(got, Decided::Now(_)));
    let trail = world.approvals.audit_trail("s-1.1").await.unwrap();
    assert_eq!(trail.records.last().unwrap().kind, AuditKind::Expired);
    assert_eq!(world.approvals.open_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_deadline_follows_a_decision_that_was_taken_before() {
    let world = opened().await;
    let (taken, data) = (decision("grace@x.org"), AuditData::new());
    world.approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    let expired = expiry();
    let got = world
        .approvals
        .close("s-1.1", &deciding(&expired, &data))
        .await
        .unwrap();
    let standing = ApprovalState::Decided(Box::new(taken), Delivery::Pending);
    assert!(matches!(got, Decided::NotOpen(record) if record.state == standing));
}

/// Another process writes between the look at a record and the decision.
async fn check_race(interfere: fn(&mut Value), expected: impl FnOnce(&Decided) -> bool) {
    let world = opened().await;
    let mut row = world.row("s-1.1");
    interfere(&mut row);
    let other = move |database: &dynoxide::Database| put(database, &row);
    world.plan("TransactWriteItems", Fault::Before(Arc::new(other)));
    let (taken, data) = (decision("slower"), AuditData::new());
    let got = world.approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    assert!(expected(&got), "{got:?}");
}

#[tokio::test]
async fn whoever_is_faster_between_look_and_write_wins() {
    check_race(
        |row| row["decision"] = json!({ "S": serde_json::to_string(&decision("faster")).unwrap() }),
        |got| {
            let faster = ApprovalState::Decided(Box::new(decision("faster")), Delivery::Pending);
            matches!(got, Decided::NotOpen(record) if record.state == faster)
        },
    )
    .await;
    check_race(
        |row| row["withdrawn_at"] = json!({ "S": "t" }),
        |got| matches!(got, Decided::NotOpen(record) if record.state == ApprovalState::Withdrawn),
    )
    .await;
    // the decision must go to the newest token
    check_race(
        |row| row["task_token"] = json!({ "S": "T2" }),
        |got| matches!(got, Decided::Now(record) if record.task_token.reveal() == "T2"),
    )
    .await;
    // and not after the deadline, if that came nearer
    check_race(
        |row| row["expires_at_ms"] = json!({ "N": NOW.to_string() }),
        |got| matches!(got, Decided::NotOpen(record) if record.state == ApprovalState::Open),
    )
    .await;
}

#[tokio::test]
async fn an_audit_record_in_between_changes_the_place_and_not_the_decision() {
    let world = opened().await;
    let approvals = world.approvals.clone();
    let (taken, data) = (decision("grace@x.org"), AuditData::new());
    // a fetch is recorded after the decision has read the newest record
    let stale = approvals.last_audit("s-1.1").await.unwrap().unwrap();
    approvals
        .audit("s-1.1", NOW, AuditKind::Fetched, AuditData::new())
        .await
        .unwrap();
    let item = json!({ "Items": [{ "approval_id": { "S": "s-1.1" }, "seq": { "N": "1" }, "at": { "S": stale.at },
        "kind": { "S": "opened" }, "fetches": { "N": "0" }, "data": { "S": serde_json::to_string(&stale.data).unwrap() },
        "prev": { "S": stale.prev }, "hash": { "S": stale.hash } }], "Count": 1 });
    world.plan("Query", Fault::Instead(200, item));
    let got = approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    assert!(matches!(got, Decided::Now(_)));
    let trail = approvals.audit_trail("s-1.1").await.unwrap();
    assert_eq!(verify_chain(&trail.records), []);
    let kinds: Vec<_> = trail.records.iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [AuditKind::Opened, AuditKind::Fetched, AuditKind::Decided]);
    assert_eq!(approvals.open_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_delivery_is_recorded_for_the_token_that_it_went_to() {
    let world = opened().await;
    let (taken, data) = (decision("grace@x.org"), AuditData::new());
    world.approvals.decide("s-1.1", &deciding(&taken, &data)).await.unwrap();
    let record = async |token: &str, delivery: Delivery| {
        let token = TaskToken::new(token.to_owned());
        world
            .approvals
            .record_delivery("s-1.1", &token, NOW, &delivery)
            .await
            .unwrap()
    };
    let state = async || match world.approvals.get("s-1.1").await.unwrap().unwrap().state {
        ApprovalState::Decided(_, delivery) => delivery,
        other => panic!("{other:?}"),
    };
    let announce = async |token: &str| {
        let token = TaskToken::new(token.to_owned());
        world.approvals.announce_redelivery("s-1.1", &token).await.unwrap()
    };
    assert!(!announce("T0").await && !record("T0", Delivery::Done).await);
    assert_eq!(state().await, Delivery::Pending);
    assert!(announce("T1").await);
    assert!(world.approvals.get("s-1.1").await.unwrap().unwrap().redelivered);
    assert!(record("T1", Delivery::Closed).await);
    assert_eq!(state().await, Delivery::Closed);
    assert!(!announce("T1").await, "it came to an end");
    assert!(record("T1", Delivery::Done).await, "done replaces closed");
    assert!(!record("T1", Delivery::Closed).await, "closed never replaces done");
    assert!(record("T1", Delivery::Done).await, "once more is fine");
    assert_eq!(state().await, Delivery::Done);
    let trail = world.approvals.audit_trail("s-1.1").await.unwrap();
    let delivered = trail
        .records
        .iter()
        .filter(|record| record.kind == AuditKind::Delivered);
    assert_eq!(delivered.count(), 1);
}
