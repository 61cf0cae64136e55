use std::cell::RefCell;

use serde_json::{Value, json};
use sluice_aws::{CallErrorKind, DeliverError, Delivery, SecretHash};
use sluice_workflows::{Decision, TaskToken};

use super::*;

const NOW: i64 = 1_795_341_600_000;
const SECRET: [u8; 32] = [9; 32];

/// One approval in a table, and a workflow that waits for one token.
struct Fake {
    record: RefCell<ApprovalRecord>,
    /// The refusals of Step Functions to the next deliveries; nothing left means yes.
    refusals: RefCell<Vec<DeliverError>>,
    /// A newer token that comes in before the next note.
    renews: RefCell<Option<&'static str>>,
    /// A write by others while Step Functions refuses a delivery.
    meanwhile: RefCell<Option<fn(&mut ApprovalRecord)>>,
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
            opened_at_ms: NOW - 1000,
            summary: "Ada: the pincode is wrong".to_owned(),
            mailed: true,
            listed: true,
            batch: None,
            secret_hashes: vec![Secret::from_bytes([1; 32]).hash(), Secret::from_bytes(SECRET).hash()],
            task_token: TaskToken::new("T0KEN".to_owned()),
            redelivered: false,
            state: ApprovalState::Open,
        };
        Fake {
            record: record.into(),
            refusals: vec![].into(),
            renews: None.into(),
            meanwhile: None.into(),
            delivered: vec![].into(),
        }
    }

    fn failing(error: DeliverError) -> Self {
        let fake = Fake::new();
        fake.refusals.borrow_mut().push(error);
        fake
    }

    /// Grace approved, the process that wrote so has not noted that it told the workflow, and the task is over.
    fn under_way() -> Self {
        let fake = Fake::failing(DeliverError::TaskOver);
        decided(&mut fake.record.borrow_mut(), Delivery::Pending);
        fake
    }

    fn delivery(&self) -> Option<Delivery> {
        match &self.record.borrow().state {
            ApprovalState::Open | ApprovalState::Withdrawn => None,
            ApprovalState::Decided(_, delivery) => Some(delivery.clone()),
        }
    }
}

fn decided(record: &mut ApprovalRecord, delivery: Delivery) {
    let decision = serde_json::from_value(
        json!({"decision": "approve", "decided_by": "Grace", "decided_at": "2026-11-22T09:59:00.000Z"}),
    );
    record.state = ApprovalState::Decided(Box::new(decision.unwrap()), delivery);
}

impl ApprovalPort for &Fake {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        Ok(Some(self.record.borrow().clone()).filter(|record| record.id == id))
    }

    async fn is_link_to(&self, _id: &str, _hash: &SecretHash) -> Result<bool, CallError> {
        Ok(false)
    }

    async fn decide(&self, _id: &str, now: i64, decision: &Decision) -> Result<Decided, CallError> {
        let mut record = self.record.borrow_mut();
        let open = record.state == ApprovalState::Open && record.expires_at_ms > now;
        if !open {
            return Ok(Decided::NotOpen(Box::new(record.clone())));
        }
        record.state = ApprovalState::Decided(Box::new(decision.clone()), Delivery::Pending);
        Ok(Decided::Now(Box::new(record.clone())))
    }

    async fn send(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        if let Some(error) = self.refusals.borrow_mut().pop() {
            if let Some(write) = self.meanwhile.borrow_mut().take() {
                write(&mut self.record.borrow_mut());
            }
            return Err(error);
        }
        self.delivered
            .borrow_mut()
            .push((token.reveal().to_owned(), decision.clone()));
        Ok(())
    }

    async fn announce_redelivery(&self, _id: &str, token: &TaskToken) -> Result<bool, CallError> {
        let mut record = self.record.borrow_mut();
        let under_way = matches!(record.state, ApprovalState::Decided(_, Delivery::Pending));
        record.redelivered |= under_way && record.task_token == *token;
        Ok(record.redelivered)
    }

    async fn record_delivery(
        &self,
        _id: &str,
        token: &TaskToken,
        _at_ms: i64,
        how: &Delivery,
    ) -> Result<bool, CallError> {
        let mut record = self.record.borrow_mut();
        if let Some(newer) = self.renews.borrow_mut().take() {
            record.task_token = TaskToken::new(newer.to_owned());
            record.redelivered = false;
        }
        if record.task_token != *token {
            return Ok(false);
        }
        if let ApprovalState::Decided(_, delivery) = &mut record.state {
            if *delivery == Delivery::Done && *how != Delivery::Done {
                return Ok(false);
            }
            *delivery = how.clone();
        }
        Ok(true)
    }
}

fn link_path() -> String {
    format!("/s-1.1/{}", Secret::from_bytes(SECRET).reveal())
}

async fn ask(fake: &Fake, method: &str, path: &str, query: &str, accept: &str, body: &str) -> Response {
    let request = serde_json::from_value(json!({"rawPath": path, "rawQueryString": query, "body": body,
        "headers": {"accept": accept, "content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": method}, "timeEpoch": NOW}}))
    .unwrap();
    Approval::new(fake).handle(&request).await
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
        for hidden in [
            "T0KEN",
            secret.reveal(),
            secret.hash().as_str(),
            "<script>alert",
            "<b>Ada",
        ] {
            assert!(!page.body.contains(hidden), "{hidden}");
        }
        assert!(
            ask(&fake, "HEAD", &link_path(), "decision=reject", HTML, "")
                .await
                .body
                .is_empty()
        );
        let json: Value = serde_json::from_str(&ask(&fake, "GET", &link_path(), "", JSON, "").await.body).unwrap();
        assert_eq!(
            (&json["state"], &json["submission"]["pincode"]),
            (&json!("open"), &json!("12"))
        );
        assert!(json.get("task_token").is_none());
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
        &[
            "Approved by Grace at <time datetime=\"2026-11-22T10:00:00.000Z\">22 Nov 2026, 10:00 UTC</time>.",
            "known",
        ],
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
async fn the_link_alone_decides_nothing_however_it_is_fetched() {
    let fake = Fake::new();
    for (body, status) in [("", 400), ("decided_by=Scanner", 400)] {
        let answer = ask(&fake, "POST", &link_path(), "decision=approve", JSON, body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body.contains("The body has no decision"), "{answer:?}");
    }
    assert_eq!(fake.delivery(), None);
    let answer = ask(&fake, "POST", &link_path(), "decision=approve", JSON, "decision=reject").await;
    assert_eq!(answer.status, 200);
    assert_eq!(fake.delivered.borrow()[0].1.decision.as_str(), "reject");
}

#[tokio::test]
async fn enter_in_a_field_does_not_approve() {
    let fake = Fake::new();
    let page = ask(&fake, "GET", &link_path(), "decision=approve", HTML, "").await.body;
    let at = |button: &str| page.find(&format!("value=\"{button}\">")).unwrap();
    assert!(at("repair") < at("approve") && at("approve") < at("reject"), "{page}");
    let as_shown = "user_name=%3Cb%3EAda%3C/b%3E&email=a@b.com&pincode=12&decided_by=&comment=";
    let unchanged = ["No field was changed", "href=\"\">Back"];
    post(&fake, HTML, &format!("decision=repair&{as_shown}"), 400, &unchanged).await;
    let changed = as_shown.replace("=12", "=1234");
    post(
        &fake,
        HTML,
        &format!("decision=approve&{changed}"),
        400,
        &["the decision is repair"],
    )
    .await;
    assert_eq!(fake.delivery(), None);
    post(
        &fake,
        HTML,
        &format!("decision=approve&{as_shown}"),
        200,
        &["Approved by"],
    )
    .await;
}

#[tokio::test]
async fn who_comes_after_the_decision_is_told_of_it_whatever_the_body_says() {
    let fake = Fake::new();
    decided(&mut fake.record.borrow_mut(), Delivery::Done);
    for body in [
        "",
        "decision=repair",
        "decision=perhaps",
        "decision=%ff",
        "decision=approve&email=x",
    ] {
        post(&fake, HTML, body, 200, &["Approved by Grace"]).await;
        post(&fake, JSON, body, 409, &["decided-before", "Grace"]).await;
    }
    fake.record.borrow_mut().state = ApprovalState::Open;
    fake.record.borrow_mut().expires_at_ms = NOW;
    post(&fake, JSON, "decision=perhaps", 410, &["urn:sluice:problem:expired"]).await;
}

#[tokio::test]
async fn repairs_are_carried() {
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
async fn a_decision_for_an_execution_that_was_stopped_is_said_to_be_late() {
    for error in [DeliverError::TaskOver, DeliverError::UnknownToken("InvalidToken")] {
        for accept in [HTML, JSON] {
            let fake = Fake::failing(error.clone());
            post(&fake, accept, "decision=approve", 410, &["no longer waits"]).await;
            assert_eq!(fake.delivery(), Some(Delivery::Closed));
            post(&fake, accept, "decision=approve", 410, &["no longer waits"]).await;
        }
    }
}

#[tokio::test]
async fn a_second_post_that_finds_the_workflow_told_shows_the_decision() {
    for (noted, body, status) in [
        (false, "decision=approve", 200),
        (false, "decision=reject", 409),
        (true, "decision=approve", 200),
        (true, "decision=reject", 409),
    ] {
        let fake = Fake::under_way();
        if noted {
            *fake.meanwhile.borrow_mut() = Some(|record| decided(record, Delivery::Done));
        }
        post(&fake, JSON, body, status, &["Grace"]).await;
        assert_eq!(fake.delivery(), Some(Delivery::Done), "{noted} {body}");
        assert!(fake.delivered.borrow().is_empty());
    }
    let fake = Fake::under_way();
    post(&fake, HTML, "decision=reject", 200, &["Approved by Grace"]).await;
}

#[tokio::test]
async fn the_one_who_decided_may_be_overtaken_in_telling() {
    // The second has noted that it tells, and not yet that it did; or both.
    for overtake in [
        (|record| record.redelivered = true) as fn(&mut ApprovalRecord),
        |record| {
            record.redelivered = true;
            if let ApprovalState::Decided(_, delivery) = &mut record.state {
                *delivery = Delivery::Done;
            }
        },
    ] {
        let fake = Fake::failing(DeliverError::TaskOver);
        *fake.meanwhile.borrow_mut() = Some(overtake);
        post(
            &fake,
            JSON,
            "decision=approve&decided_by=Ada",
            200,
            &["Ada", "\"delivered\""],
        )
        .await;
        assert_eq!(fake.delivery(), Some(Delivery::Done));
    }
}

#[tokio::test]
async fn an_undelivered_decision_is_too_late_after_its_time() {
    let fake = Fake::under_way();
    fake.record.borrow_mut().expires_at_ms = NOW;
    post(
        &fake,
        JSON,
        "decision=approve",
        410,
        &["no longer waits", "expired", "Grace"],
    )
    .await;
    assert_eq!(fake.delivery(), Some(Delivery::Closed));
}

#[tokio::test]
async fn a_newer_token_gets_the_decision_too() {
    let fake = Fake::failing(DeliverError::TaskOver);
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
