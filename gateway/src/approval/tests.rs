use std::cell::RefCell;

use serde_json::{Value, json};
use sluice_aws::CallErrorKind;

use super::*;

const NOW: i64 = 1_795_341_600_000;
const SECRET: [u8; 32] = [9; 32];

/// One approval in a table, and a workflow that waits for one token.
struct Fake {
    record: RefCell<ApprovalRecord>,
    /// What Step Functions says to the next deliveries; nothing left means yes.
    refusals: RefCell<Vec<DeliverError>>,
    /// A newer token that comes in before the next note.
    renews: RefCell<Option<&'static str>>,
    delivered: RefCell<Vec<(String, Decision)>>,
}

impl Fake {
    fn new() -> Self {
        let record = ApprovalRecord {
            id: "s-1.1".to_owned(),
            submission_id: "s-1".to_owned(),
            submission: serde_json::from_value(json!({"user_name": "<b>Ada</b>", "email": "a@b.com", "pincode": "12"}))
                .unwrap(),
            violations: serde_json::from_value(
                json!([{"field": "pincode", "rule": "pattern", "message": "Pincode wrong."}]),
            )
            .unwrap(),
            submitted_at: "2026-11-22T09:00:00.000Z".to_owned(),
            expires_at: "2026-11-29T09:00:00.000Z".to_owned(),
            expires_at_ms: NOW + 1000,
            secret_hashes: vec![Secret::from_bytes([1; 32]).hash(), Secret::from_bytes(SECRET).hash()],
            task_token: TaskToken::new("T0KEN".to_owned()),
            state: ApprovalState::Open,
        };
        Fake {
            record: record.into(),
            refusals: vec![].into(),
            renews: None.into(),
            delivered: vec![].into(),
        }
    }

    fn failing(error: DeliverError) -> Self {
        let fake = Fake::new();
        fake.refusals.borrow_mut().push(error);
        fake
    }
}

impl Desk for &Fake {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        Ok(Some(self.record.borrow().clone()).filter(|record| record.id == id))
    }

    async fn decide(&self, _id: &str, hash: &SecretHash, now: i64, decision: &Decision) -> Result<Decided, CallError> {
        let mut record = self.record.borrow_mut();
        let open =
            record.state == ApprovalState::Open && record.expires_at_ms > now && hash.is_among(&record.secret_hashes);
        if !open {
            return Ok(Decided::NotOpen(Box::new(record.clone())));
        }
        record.state = ApprovalState::Decided(Box::new(decision.clone()), Delivery::Pending);
        Ok(Decided::Now(Box::new(record.clone())))
    }

    async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        if let Some(error) = self.refusals.borrow_mut().pop() {
            return Err(error);
        }
        self.delivered
            .borrow_mut()
            .push((token.reveal().to_owned(), decision.clone()));
        Ok(())
    }

    async fn note_delivery(&self, _id: &str, token: &TaskToken, _at: &str, how: &Delivery) -> Result<bool, CallError> {
        let mut record = self.record.borrow_mut();
        if let Some(newer) = self.renews.borrow_mut().take() {
            record.task_token = TaskToken::new(newer.to_owned());
        }
        if record.task_token != *token {
            return Ok(false);
        }
        if let ApprovalState::Decided(_, delivery) = &mut record.state {
            *delivery = how.clone();
        }
        Ok(true)
    }
}

fn link_path() -> String {
    format!("/s-1.1/{}", Secret::from_bytes(SECRET).reveal())
}

async fn ask(fake: &Fake, method: &str, path: &str, query: &str, accept: &str, body: &str) -> Answer {
    let event = serde_json::from_value(json!({"rawPath": path, "rawQueryString": query, "body": body,
        "headers": {"accept": accept, "content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": method}, "timeEpoch": NOW}}))
    .unwrap();
    Approval::new(fake).answer(&event).await
}

async fn post(fake: &Fake, accept: &str, body: &str, status: u16, parts: &[&str]) {
    let answer = ask(fake, "POST", &link_path(), "", accept, body).await;
    assert_eq!(answer.status, status, "{body}: {answer:?}");
    for part in parts {
        assert!(answer.body.contains(part), "{body}: {part} is not in {}", answer.body);
    }
    assert!(!answer.body.contains("T0KEN"));
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";

#[tokio::test]
async fn get_and_head_only_show() {
    let fake = Fake::new();
    for _ in 0..3 {
        let page = ask(&fake, "GET", &link_path(), "decision=approve", HTML, "").await;
        assert_eq!(page.status, 200);
        for part in [
            "&lt;b&gt;Ada&lt;/b&gt;",
            "Pincode wrong.",
            "value=\"repair\"",
            "class=\"first\" name=\"decision\" value=\"approve\"",
        ] {
            assert!(page.body.contains(part), "{part} is not in {}", page.body);
        }
        let secret = Secret::from_bytes(SECRET);
        for hidden in ["T0KEN", secret.reveal(), secret.hash().as_str(), "<script", "<b>Ada"] {
            assert!(!page.body.contains(hidden), "{hidden}");
        }
        assert!(
            ask(&fake, "HEAD", &link_path(), "decision=reject", HTML, "")
                .await
                .body
                .is_empty()
        );
        let twin: Value = serde_json::from_str(&ask(&fake, "GET", &link_path(), "", JSON, "").await.body).unwrap();
        assert_eq!(
            (&twin["state"], &twin["submission"]["pincode"]),
            (&json!("open"), &json!("12"))
        );
        assert!(twin.get("task_token").is_none());
    }
    assert_eq!(fake.record.borrow().state, ApprovalState::Open);
    assert!(fake.delivered.borrow().is_empty());
}

#[tokio::test]
async fn the_first_decision_counts_and_the_second_shows_it() {
    let fake = Fake::new();
    post(
        &fake,
        HTML,
        "decision=approve&decided_by=Grace&comment=known",
        200,
        &["Approved by Grace at 2026-11-22T10:00:00.000Z", "known"],
    )
    .await;
    post(
        &fake,
        HTML,
        "decision=reject&decided_by=Eve",
        200,
        &["Approved by Grace"],
    )
    .await;
    post(
        &fake,
        JSON,
        "decision=approve&decided_by=Eve",
        200,
        &["\"decided_by\":\"Grace\"", "\"delivered\""],
    )
    .await;
    post(
        &fake,
        JSON,
        "decision=reject&decided_by=Eve",
        409,
        &["urn:sluice:problem:decided-before", "Grace"],
    )
    .await;
    let delivered = fake.delivered.borrow();
    assert_eq!(delivered.len(), 1);
    assert_eq!(
        (delivered[0].0.as_str(), delivered[0].1.decided_by.as_str()),
        ("T0KEN", "Grace")
    );
}

#[tokio::test]
async fn the_link_alone_can_be_posted_and_repairs_are_carried() {
    let fake = Fake::new();
    let answer = ask(&fake, "POST", &link_path(), "decision=reject", JSON, "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(fake.delivered.borrow()[0].1.decision.as_str(), "reject");

    let fake = Fake::new();
    post(
        &fake,
        HTML,
        "decision=repair&user_name=%3Cb%3EAda%3C/b%3E&email=a@b.com&pincode=1234",
        200,
        &["Approved with changes", "1234"],
    )
    .await;
    let delivered = serde_json::to_value(&fake.delivered.borrow()[0].1).unwrap();
    assert_eq!(delivered["repaired"], json!({"pincode": "1234"}));
}

#[tokio::test]
async fn an_undelivered_decision_is_delivered_by_the_next_post_as_it_was_taken() {
    let unreachable = CallError {
        action: "states:SendTaskSuccess",
        kind: CallErrorKind::Unreachable,
        message: "no".to_owned(),
    };
    let fake = Fake::failing(unreachable.into());
    post(&fake, JSON, "decision=approve&decided_by=Grace", 503, &["written down"]).await;
    post(
        &fake,
        HTML,
        "decision=reject&decided_by=Eve",
        200,
        &["Approved by Grace"],
    )
    .await;
    let delivered = fake.delivered.borrow();
    assert_eq!((delivered.len(), delivered[0].1.decision.as_str()), (1, "approve"));
}

#[tokio::test]
async fn a_decision_that_nobody_waits_for_is_said_to_be_late() {
    for accept in [HTML, JSON] {
        let fake = Fake::failing(DeliverError::NobodyWaits("TaskTimedOut".to_owned()));
        post(&fake, accept, "decision=approve", 410, &["no longer waits"]).await;
        assert!(matches!(
            fake.record.borrow().state,
            ApprovalState::Decided(_, Delivery::Closed)
        ));
    }
}

#[tokio::test]
async fn a_newer_token_gets_the_decision_too() {
    let fake = Fake::failing(DeliverError::NobodyWaits("TaskTimedOut".to_owned()));
    *fake.renews.borrow_mut() = Some("NEWER");
    post(&fake, HTML, "decision=approve", 200, &["Approved by an admin"]).await;
    assert_eq!(fake.delivered.borrow()[0].0, "NEWER");
    assert!(matches!(
        fake.record.borrow().state,
        ApprovalState::Decided(_, Delivery::Done)
    ));
}

#[tokio::test]
async fn after_its_time_nothing_is_decided() {
    let fake = Fake::new();
    fake.record.borrow_mut().expires_at_ms = NOW;
    post(&fake, HTML, "decision=approve", 410, &["Expired"]).await;
    post(&fake, JSON, "decision=approve", 410, &["urn:sluice:problem:expired"]).await;
    let page = ask(&fake, "GET", &link_path(), "", HTML, "").await;
    assert!(page.status == 200 && page.body.contains("Expired") && !page.body.contains("<form"));
    assert!(fake.delivered.borrow().is_empty());
}

#[tokio::test]
async fn a_wrong_link_and_rubbish_decide_nothing() {
    let fake = Fake::new();
    let wrong = Secret::from_bytes([2; 32]);
    let rows = [
        ("POST", format!("/s-1.1/{}", wrong.reveal()), "decision=approve", 404),
        (
            "POST",
            format!("/s-1.2/{}", Secret::from_bytes(SECRET).reveal()),
            "decision=approve",
            404,
        ),
        ("GET", "/".to_owned(), "", 404),
        ("GET", "/s-1.1".to_owned(), "", 404),
        ("GET", "/s-1.1/".to_owned(), "", 404),
        ("GET", format!("{}/x", link_path()), "", 404),
        ("PUT", link_path(), "decision=approve", 405),
        ("DELETE", link_path(), "", 405),
        ("OPTIONS", link_path(), "", 204),
        ("POST", link_path(), "", 400),
        ("POST", link_path(), "decision=perhaps", 400),
        ("POST", link_path(), "decision=approve&decision=reject", 400),
        ("POST", link_path(), "decision=%ff", 400),
        ("POST", link_path(), &"x".repeat(70_000), 413),
    ];
    for (method, path, body, status) in rows {
        assert_eq!(
            ask(&fake, method, &path, "", JSON, body).await.status,
            status,
            "{method} {path} {body:.20}"
        );
    }
    assert_eq!(fake.record.borrow().state, ApprovalState::Open);
}
