use std::collections::BTreeMap;

use sluice_workflows::{AuditData, AuditKind, verify_chain};

use super::super::testing::{NOW, World};
use super::super::{CodeCheck, Link, LinkPurpose, LinkScope, NewLink};
use crate::code::Code;
use crate::secret::Secret;

const END: i64 = NOW + 1000;

async fn world(secret: &Secret, code: Option<&Code>) -> World {
    let world = World::new();
    let link = NewLink {
        secret,
        code,
        scope: LinkScope::Approval("s-1.1".to_owned()),
        approver: "grace@x.org",
        purpose: LinkPurpose::Request,
        issued_at_ms: NOW,
        expires_at_ms: END,
    };
    world.approvals.put_link(&link).await.unwrap();
    world
}

fn secret() -> Secret {
    Secret::from_bytes([7; 32])
}

fn code(n: u8) -> Code {
    Code::from_bytes([n; 6])
}

#[tokio::test]
async fn a_link_is_found_by_its_secret_and_neither_it_nor_its_code_is_stored() {
    let (secret, code) = (secret(), code(1));
    let world = world(&secret, Some(&code)).await;
    let expected = Link {
        hash: secret.hash(),
        scope: LinkScope::Approval("s-1.1".to_owned()),
        approver: "grace@x.org".to_owned(),
        purpose: LinkPurpose::Request,
        issued_at_ms: NOW,
        expires_at_ms: END,
        has_code: true,
        wrong: 0,
        replaced: false,
    };
    assert_eq!(world.approvals.link(&secret).await.unwrap(), Some(expected));
    let row = world.row(&format!("link#{}", secret.hash().as_str())).to_string();
    assert!(!row.contains(secret.reveal()) && !row.contains(code.reveal()), "{row}");
    world.operations();
    for other in [Secret::from_bytes([8; 32]), Secret::from_link("budget#mail")] {
        assert_eq!(world.approvals.link(&other).await.unwrap(), None);
    }
    assert_eq!(world.operations(), ["GetItem"], "what is no secret is not looked up");
}

#[tokio::test]
async fn five_wrong_codes_in_a_row_lock_a_link_and_a_right_one_takes_the_count_back() {
    let (secret, right) = (secret(), code(1));
    let world = world(&secret, Some(&right)).await;
    let check =
        async |code: Option<&Code>, now_ms: i64| world.approvals.check_code(&secret, code, now_ms).await.unwrap();
    let is_right = |check: &CodeCheck| matches!(check, CodeCheck::Right(link) if link.wrong == 0);
    for left in [4, 3, 2, 1] {
        assert_eq!(check(Some(&code(2)), NOW).await, CodeCheck::Wrong { left });
        assert_eq!(
            check(None, NOW).await,
            CodeCheck::Missing,
            "what is no code counts nothing"
        );
    }
    assert!(is_right(&check(Some(&right), NOW).await), "the fifth is right");
    for left in [4, 3, 2, 1] {
        assert_eq!(check(Some(&code(3)), NOW).await, CodeCheck::Wrong { left });
    }
    assert_eq!(check(Some(&right), END).await, CodeCheck::Unknown, "its time is over");
    assert_eq!(check(Some(&code(2)), NOW).await, CodeCheck::LockedNow);
    assert_eq!(check(Some(&right), NOW).await, CodeCheck::Locked);
    assert!(world.approvals.link(&secret).await.unwrap().unwrap().is_locked());
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_not_more_than_five() {
    let (secret, right) = (secret(), code(1));
    let world = world(&secret, Some(&right)).await;
    // all have looked at the link before the first is counted
    let mut guesses = tokio::task::JoinSet::new();
    for n in 2..30 {
        let (approvals, secret) = (world.approvals.clone(), secret.clone());
        guesses.spawn(async move { approvals.check_code(&secret, Some(&code(n)), NOW).await.unwrap() });
    }
    let mut compared = 0;
    while let Some(check) = guesses.join_next().await {
        match check.unwrap() {
            CodeCheck::Wrong { .. } | CodeCheck::LockedNow => compared += 1,
            CodeCheck::Locked => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(compared, 5);
}

#[tokio::test]
async fn a_link_without_a_code_asks_for_none() {
    let secret = secret();
    let world = world(&secret, None).await;
    for code in [None, Some(&code(9))] {
        let check = world.approvals.check_code(&secret, code, NOW).await.unwrap();
        assert!(matches!(check, CodeCheck::Right(link) if !link.has_code));
    }
}

#[tokio::test]
async fn a_secret_is_used_once() {
    let secret = secret();
    let world = world(&secret, None).await;
    let again = NewLink {
        secret: &secret,
        code: None,
        scope: LinkScope::AllOpen,
        approver: "mallory@x.org",
        purpose: LinkPurpose::Digest,
        issued_at_ms: NOW,
        expires_at_ms: END,
    };
    assert!(world.approvals.put_link(&again).await.is_err());
    let link = world.approvals.link(&secret).await.unwrap().unwrap();
    assert_eq!(link.approver, "grace@x.org");
}

#[tokio::test]
async fn fetches_beyond_two_hundred_are_counted_only() {
    let world = World::new();
    let audit = async |kind| {
        let data = AuditData::from([("method".to_owned(), "GET".into())]);
        world.approvals.audit("s-1.1", NOW, kind, data).await.unwrap();
    };
    for _ in 0..203 {
        audit(AuditKind::Fetched).await;
    }
    audit(AuditKind::WrongCode).await;
    let trail = world.approvals.audit_trail("s-1.1").await.unwrap();
    assert_eq!((trail.records.len(), trail.fetches_counted), (201, 3));
    assert_eq!(verify_chain(&trail.records), []);
    let mut kinds = BTreeMap::new();
    for record in &trail.records {
        *kinds.entry(record.kind.as_str()).or_insert(0) += 1;
    }
    assert_eq!(kinds, BTreeMap::from([("fetched", 200), ("wrong_code", 1)]));
    assert_eq!(world.approvals.audit_trail("s-2.1").await.unwrap().records, []);
}
