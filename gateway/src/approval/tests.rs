use std::cell::RefCell;

use serde_json::{Value, json};
use sluice_aws::{ApprovalRecord, ApprovalState, Delivery, LinkScope, Secret, WantedMail};
use sluice_workflows::{AuditKind, Decision};

use super::dispatch::METHODS;
use super::function::Approval;
use super::world::{CODE, Caller, DAY, NOW, SECRET, World, record};
use crate::http::Response;

mod deliveries;
mod groups;
mod lists;

const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// The secret of a link to everything open.
const LIST: [u8; 32] = [3; 32];

fn caller(world: &RefCell<World>) -> Caller<'_> {
    Caller { world, actor: None }
}

fn path(secret: [u8; 32]) -> String {
    format!("/{}", Secret::from_bytes(secret).reveal())
}

struct Ask<'a> {
    method: &'a str,
    path: String,
    query: &'a str,
    accept: &'a str,
    body: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

impl Default for Ask<'_> {
    fn default() -> Self {
        Ask {
            method: "POST",
            path: path(SECRET),
            query: "",
            accept: JSON,
            body: "",
            headers: &[],
        }
    }
}

async fn ask(world: &RefCell<World>, ask: Ask<'_>) -> Response {
    let now_ms = world.borrow().now_ms;
    let mut headers = json!({"accept": ask.accept, "content-type": "application/x-www-form-urlencoded"});
    for (name, value) in ask.headers {
        headers[*name] = json!(value);
    }
    let request = serde_json::from_value(json!({"rawPath": ask.path, "rawQueryString": ask.query, "body": ask.body, "headers": headers,
        "requestContext": {"http": {"method": ask.method, "sourceIp": "192.0.2.1", "userAgent": "Mozilla/5.0"}, "timeEpoch": now_ms}}))
    .unwrap();
    let answer = Approval::new(caller(world), None).handle(&request).await;
    assert!(!answer.body.contains("T0KEN"), "the token is shown: {}", answer.body);
    for secret in [SECRET, LIST] {
        let secret = Secret::from_bytes(secret);
        assert!(!answer.body.contains(secret.reveal()) && !answer.body.contains(secret.hash().as_str()));
    }
    answer
}

/// A POST to the link of the request.
async fn post(world: &RefCell<World>, accept: &str, body: &str, status: u16, parts: &[&str]) -> String {
    let answer = ask(
        world,
        Ask {
            accept,
            body,
            ..Ask::default()
        },
    )
    .await;
    assert_eq!(answer.status, status, "{body}: {answer:?}");
    for part in parts {
        assert!(answer.body.contains(part), "{body}: {part} is not in {}", answer.body);
    }
    answer.body
}

async fn get(world: &RefCell<World>, accept: &str, query: &str) -> Response {
    let method = "GET";
    ask(
        world,
        Ask {
            method,
            accept,
            query,
            ..Ask::default()
        },
    )
    .await
}

fn with_code(body: &str) -> String {
    format!("{body}&code={CODE}")
}

fn delivery(world: &RefCell<World>) -> Option<Delivery> {
    match &world.borrow().records["s-1.1"].state {
        ApprovalState::Open | ApprovalState::Withdrawn => None,
        ApprovalState::Decided(_, delivery) => Some(delivery.clone()),
    }
}

fn kinds(world: &RefCell<World>) -> Vec<AuditKind> {
    world.borrow().audit.iter().map(|(_, kind, _)| *kind).collect()
}

fn decided(record: &mut ApprovalRecord, delivery: Delivery) {
    let decision = serde_json::from_value(
        json!({"decision": "approve", "decided_by": "grace@example.com", "decided_at": "2026-11-22T09:59:00.000Z"}),
    );
    record.state = ApprovalState::Decided(Box::new(decision.unwrap()), delivery);
}

#[tokio::test]
async fn get_and_head_only_show() {
    let world = World::new();
    for _ in 0..3 {
        let page = get(&world, HTML, "decision=approve").await;
        assert_eq!(page.status, 200);
        for part in [
            "&lt;b&gt;Ada&lt;/b&gt;",
            "Pincode wrong.",
            "value=\"repair\"",
            "in 6 days",
            "name=\"code\"",
        ] {
            assert!(page.body.contains(part), "{part} is not in {}", page.body);
        }
        assert!(!page.body.contains("<b>Ada"));
        assert_eq!(page.headers["referrer-policy"], "same-origin");
        let head = Ask {
            method: "HEAD",
            accept: HTML,
            ..Ask::default()
        };
        assert!(ask(&world, head).await.body.is_empty());
        let json: Value = serde_json::from_str(&get(&world, JSON, "").await.body).unwrap();
        assert_eq!(
            (&json["state"], &json["submission"]["pincode"]),
            (&json!("open"), &json!("12"))
        );
        assert!(json.get("task_token").is_none());
    }
    assert_eq!(delivery(&world), None);
    assert!(world.borrow().heard.is_empty());
    assert_eq!(kinds(&world), [AuditKind::Fetched; 9]);
    // the approval's id before the secret changes nothing
    let path = format!("/s-1.1{}", path(SECRET));
    let page = ask(
        &world,
        Ask {
            method: "GET",
            path,
            accept: HTML,
            ..Ask::default()
        },
    )
    .await;
    assert!(page.body.contains("name=\"code\""), "{page:?}");
    let (id, _, data) = &world.borrow().audit[0];
    assert_eq!(
        (id.as_str(), &data["method"], &data["sent_to"]),
        ("s-1.1", &json!("GET"), &json!("grace@example.com"))
    );
}

#[tokio::test]
async fn without_the_code_nothing_is_decided_and_nothing_is_counted() {
    let world = World::new();
    for body in [
        "decision=approve",
        "decision=reject&code=",
        "decision=approve&code=hunter2!",
        "code=123",
        "decision=repair&code=ABC23",
        "",
    ] {
        for accept in [HTML, JSON] {
            post(&world, accept, body, 400, &["ode"]).await;
        }
    }
    assert_eq!(delivery(&world), None);
    let held = world.borrow();
    assert!(held.links.values().all(|(link, _)| link.wrong == 0));
    assert!(held.audit.iter().all(|(_, kind, _)| *kind == AuditKind::Fetched));
}

#[tokio::test]
async fn five_wrong_codes_in_a_row_lock_the_link_and_a_new_mail_is_wanted_once() {
    let world = World::new();
    for left in [4, 3, 2, 1] {
        post(
            &world,
            JSON,
            "decision=approve&code=ZZZ999",
            403,
            &["wrong-code", &left.to_string()],
        )
        .await;
    }
    // what was typed is still there
    let page = post(
        &world,
        HTML,
        &with_code("decision=check&pincode=1234&comment=mine"),
        200,
        &["1234", "mine"],
    )
    .await;
    assert!(page.contains(&format!("value=\"{CODE}\"")), "{page}");
    for _ in 0..4 {
        post(&world, HTML, "decision=approve&code=ZZZ999", 403, &["not the code"]).await;
    }
    post(&world, JSON, "decision=approve&code=ZZZ999", 403, &["link-locked"]).await;
    assert!(kinds(&world).contains(&AuditKind::Locked));
    // the right code is too late now, and the page shows nothing of the request
    let page = post(
        &world,
        HTML,
        &with_code("decision=approve"),
        403,
        &["locked", "value=\"mail\""],
    )
    .await;
    assert!(!page.contains("Ada"), "{page}");
    for query in ["", "view=audit"] {
        let page = get(&world, HTML, query).await;
        assert!(
            page.status == 403 && page.body.contains("This link is locked") && !page.body.contains("Ada"),
            "{query}: {page:?}"
        );
    }
    post(&world, HTML, "decision=mail", 202, &["A new mail"]).await;
    post(&world, JSON, "decision=mail", 200, &["noted before"]).await;
    assert_eq!(world.borrow().wanted.len(), 1);
    assert_eq!(delivery(&world), None);
}

#[tokio::test]
async fn a_link_that_works_needs_no_new_mail() {
    let world = World::new();
    post(&world, JSON, "decision=mail", 400, &["This link works"]).await;
    assert!(world.borrow().wanted.is_empty());
}

#[tokio::test]
async fn a_post_of_another_site_is_refused() {
    let world = World::new();
    let body = with_code("decision=approve");
    for headers in [
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
    ] {
        let answer = ask(
            &world,
            Ask {
                body: &body,
                headers,
                ..Ask::default()
            },
        )
        .await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains("urn:sluice:problem:cross-site"));
    }
    assert_eq!(delivery(&world), None);
    let headers = &[("sec-fetch-site", "same-origin"), ("origin", "null")];
    assert_eq!(
        ask(
            &world,
            Ask {
                body: &body,
                headers,
                ..Ask::default()
            }
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn the_first_decision_counts_and_the_second_shows_it() {
    let world = World::new();
    post(
        &world,
        HTML,
        &with_code("decision=approve&comment=known"),
        200,
        &["Approved", "grace@example.com", "known", "22 Nov 2026, 10:00 UTC"],
    )
    .await;
    post(
        &world,
        HTML,
        &with_code("decision=reject"),
        200,
        &["Approved", "grace@example.com"],
    )
    .await;
    post(
        &world,
        JSON,
        &with_code("decision=approve"),
        200,
        &["\"decided_by\":\"grace@example.com\"", "\"delivered\""],
    )
    .await;
    post(
        &world,
        JSON,
        &with_code("decision=reject"),
        409,
        &["urn:sluice:problem:decided-before", "grace@example.com"],
    )
    .await;
    let held = world.borrow();
    assert_eq!(held.heard.len(), 1);
    assert_eq!(
        (held.heard[0].0.as_str(), held.heard[0].1.decided_by.as_str()),
        ("T0KEN", "grace@example.com")
    );
}

#[tokio::test]
async fn who_decides_is_the_address_that_the_link_went_to() {
    let world = World::new();
    post(
        &world,
        JSON,
        &with_code("decision=approve&decided_by=Eve"),
        400,
        &["not the address"],
    )
    .await;
    post(
        &world,
        JSON,
        &with_code("decision=approve&decided_by=grace@example.com"),
        200,
        &["grace@example.com"],
    )
    .await;
    let world = World::new();
    world
        .borrow_mut()
        .add_link(SECRET, LinkScope::Approval("s-1.1".to_owned()), None, "");
    post(
        &world,
        JSON,
        "decision=approve&decided_by=Eve",
        200,
        &["\"decided_by\":\"Eve\""],
    )
    .await;
}

#[tokio::test]
async fn after_its_request_is_closed_a_link_shows_no_personal_data() {
    let world = World::new();
    post(
        &world,
        HTML,
        &with_code("decision=approve&comment=secret-comment"),
        200,
        &[],
    )
    .await;
    for (accept, method, body) in [
        (HTML, "GET", ""),
        (JSON, "GET", ""),
        (HTML, "POST", "decision=approve"),
        (JSON, "POST", "decision=reject"),
    ] {
        let answer = ask(
            &world,
            Ask {
                method,
                accept,
                body,
                ..Ask::default()
            },
        )
        .await
        .body;
        for personal in ["Ada", "a@b.com", "grace@", "secret-comment", "12 is"] {
            assert!(!answer.contains(personal), "{personal} is in {answer}");
        }
        assert!(answer.to_lowercase().contains("approve"), "{answer}");
    }
    let history = get(&world, JSON, "view=audit").await;
    assert_eq!(history.status, 410, "{history:?}");
}

#[tokio::test]
async fn the_history_is_there_in_words_and_whole() {
    let world = World::new();
    get(&world, HTML, "").await;
    post(&world, JSON, "decision=approve&code=ZZZ999", 403, &[]).await;
    let page = get(&world, HTML, "view=audit").await;
    for part in [
        "A link was fetched (GET).",
        "A wrong code came by a link.",
        "A machine",
        "192.0.2.1",
    ] {
        assert!(page.body.contains(part), "{part} is not in {}", page.body);
    }
    let trail: sluice_workflows::AuditTrail =
        serde_json::from_str(&get(&world, JSON, "view=audit").await.body).unwrap();
    assert!(sluice_workflows::verify_chain(&trail.records).is_empty());
    assert!(trail.records.len() > 2);
}

#[tokio::test]
async fn an_old_link_shows_and_offers_a_new_mail() {
    let world = World::new();
    let old = format!("/s-1.1{}", path([1; 32]));
    let ask_old = async |method, accept, body| {
        let path = old.clone();
        ask(
            &world,
            Ask {
                method,
                path,
                accept,
                body,
                ..Ask::default()
            },
        )
        .await
    };
    let page = ask_old("GET", HTML, "").await;
    assert!(
        page.status == 200 && page.body.contains("Ada") && page.body.contains("value=\"mail\""),
        "{page:?}"
    );
    assert!(!page.body.contains("value=\"approve\""));
    assert_eq!(ask_old("POST", JSON, "decision=approve").await.status, 403);
    assert_eq!(ask_old("POST", HTML, "decision=mail").await.status, 202);
    assert_eq!(world.borrow().wanted, [WantedMail::Approval("s-1.1".to_owned())]);
    assert_eq!(delivery(&world), None);
    let wrong = format!("/s-1.1{}", path([2; 32]));
    // a GET that finds nothing has no way back to itself; a POST has one to the page
    for (method, body, leads_on) in [("GET", "", false), ("POST", "decision=mail", true)] {
        let path = wrong.clone();
        let asked = Ask {
            method,
            path,
            accept: HTML,
            body,
            ..Ask::default()
        };
        let page = ask(&world, asked).await;
        assert_eq!(
            (page.status, page.body.contains(">Back</a>")),
            (404, leads_on),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_repair_is_checked_at_once_and_what_was_typed_is_kept() {
    let world = World::new();
    let fields = "user_name=%3Cb%3EAda%3C/b%3E&email=a@b.com";
    let typed = with_code(&format!("decision=repair&{fields}&pincode=99&comment=mine"));
    let page = post(
        &world,
        HTML,
        &typed,
        400,
        &["value=\"99\"", "mine", "must be 4 to 6 digits", "aria-invalid=\"true\""],
    )
    .await;
    assert!(page.contains(&format!("value=\"{CODE}\"")), "{page}");
    post(
        &world,
        JSON,
        &typed,
        400,
        &["urn:sluice:problem:repair-refused", "\"violations\"", "\"pincode\""],
    )
    .await;
    assert_eq!(delivery(&world), None);
    assert!(kinds(&world).contains(&AuditKind::RefusedRepair));
    let right = with_code(&format!("decision=repair&{fields}&pincode=1234"));
    post(
        &world,
        HTML,
        &right,
        200,
        &["Approved with changes", "<del>12</del>", "<ins>1234</ins>"],
    )
    .await;
    let repaired = serde_json::to_value(&world.borrow().heard[0].1).unwrap();
    assert_eq!(repaired["repaired"], json!({"pincode": "1234"}));
}

#[tokio::test]
async fn enter_in_a_field_decides_nothing_and_loses_nothing() {
    let world = World::new();
    let page = get(&world, HTML, "decision=approve").await.body;
    let at = |button: &str| {
        page.find(&format!("value=\"{button}\""))
            .unwrap_or_else(|| panic!("{button} is not in {page}"))
    };
    assert!(
        at("check") < at("repair") && at("repair") < at("approve") && at("approve") < at("reject"),
        "{page}"
    );
    let typed = with_code("decision=check&user_name=Ada&email=a@b.com&pincode=1234&comment=mine&reason=why");
    let page = post(
        &world,
        HTML,
        &typed,
        200,
        &["Nothing is decided yet", "1234", "mine", "why"],
    )
    .await;
    assert!(page.contains("This keeps all rules"), "{page}");
    let typed = typed.replace("pincode=1234", "pincode=1");
    post(&world, HTML, &typed, 200, &["must be 4 to 6 digits"]).await;
    post(&world, JSON, &typed, 200, &["\"state\":\"open\"", "violations"]).await;
    assert_eq!(delivery(&world), None);
}

#[tokio::test]
async fn an_approval_that_would_drop_a_change_or_a_reason_is_refused() {
    let world = World::new();
    post(
        &world,
        HTML,
        &with_code("decision=approve&pincode=1234"),
        400,
        &["the decision is repair", "1234"],
    )
    .await;
    post(
        &world,
        HTML,
        &with_code("decision=approve&reason=no"),
        400,
        &["A reason goes with a rejection"],
    )
    .await;
    post(
        &world,
        HTML,
        &with_code("decision=repair&pincode=12"),
        400,
        &["No field was changed"],
    )
    .await;
    assert_eq!(delivery(&world), None);
    post(
        &world,
        HTML,
        &with_code("decision=reject&reason=no+such+street"),
        200,
        &["Rejected", "no such street"],
    )
    .await;
    assert_eq!(world.borrow().heard[0].1.reason.as_deref(), Some("no such street"));
}

#[tokio::test]
async fn after_a_decision_the_next_request_is_offered_under_a_link_of_its_own_that_answers_to_the_same_code() {
    let world = World::new();
    world.borrow_mut().records.insert("s-2.1".to_owned(), record("s-2.1"));
    let page = post(
        &world,
        HTML,
        &with_code("decision=approve"),
        200,
        &["Ada of s-2.1", "Go on to it"],
    )
    .await;
    let fresh = Secret::from_bytes([101; 32]);
    assert!(page.contains(&format!("href=\"{}\"", fresh.reveal())), "{page}");
    let (link, code) = world.borrow().links[fresh.reveal()].clone();
    assert_eq!(
        (link.scope, code.as_deref()),
        (LinkScope::Approval("s-2.1".to_owned()), Some(CODE))
    );
    assert_eq!(link.approver, "grace@example.com");
}

#[tokio::test]
async fn what_is_no_link_is_not_found() {
    let world = World::new();
    for path in [
        path([4; 32]),
        "/".to_owned(),
        "/favicon.ico".to_owned(),
        format!("{}/x", path(SECRET)),
    ] {
        for method in ["GET", "HEAD", "POST"] {
            let path = path.clone();
            assert_eq!(
                ask(
                    &world,
                    Ask {
                        method,
                        path,
                        ..Ask::default()
                    }
                )
                .await
                .status,
                404
            );
        }
    }
    let answer = ask(
        &world,
        Ask {
            method: "PUT",
            ..Ask::default()
        },
    )
    .await;
    assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, METHODS));
    assert_eq!(
        ask(
            &world,
            Ask {
                method: "OPTIONS",
                ..Ask::default()
            }
        )
        .await
        .status,
        204
    );
}
