use sluice_aws::{Batch, Selection};

use super::super::decide_batch::{SliceRequest, decide_slice};
use super::super::operator::Operation;
use super::*;

/// `count` open requests, and a link to all of them.
fn many(count: usize) -> RefCell<World> {
    let world = World::new();
    {
        let mut held = world.borrow_mut();
        held.records.clear();
        for number in 0..count {
            let id = format!("s-{number:04}.1");
            held.records.insert(id.clone(), record(&id));
        }
        held.add_link(LIST, LinkScope::AllOpen, Some(CODE), "grace@example.com");
    }
    world
}

async fn list(world: &RefCell<World>, method: &str, accept: &str, query: &str, body: &str) -> Response {
    let path = path(LIST);
    ask(
        world,
        Ask {
            method,
            path,
            accept,
            query,
            body,
            ..Ask::default()
        },
    )
    .await
}

async fn check(world: &RefCell<World>, body: &str, status: u16, parts: &[&str]) {
    for accept in [HTML, JSON] {
        let answer = list(world, "POST", accept, "", body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        for part in parts {
            assert!(answer.body.contains(part), "{body}: {part} is not in {}", answer.body);
        }
    }
}

const BATCH: &str = "0123456789abcdef";

/// Calls the function of the batch until it is done, as the workflow does.
async fn run(world: &RefCell<World>) -> usize {
    let request = SliceRequest {
        batch: BATCH.to_owned(),
        at: "2026-11-22T10:00:00.000Z".to_owned(),
    };
    for calls in 1..100 {
        if decide_slice(&caller(world), &request).await.unwrap().done {
            return calls;
        }
    }
    panic!("it does not end");
}

/// Nobody waits for one token alone: each record has its own.
fn own_tokens(world: &RefCell<World>) {
    world.borrow_mut().flaw = Some(super::super::world::Flaw::HearsTwice);
}

#[tokio::test]
async fn all_that_is_open_is_listed_the_soonest_first_and_searched() {
    let world = many(3);
    world.borrow_mut().records.get_mut("s-0002.1").unwrap().expires_at_ms = NOW + DAY;
    let json: Value = serde_json::from_str(&list(&world, "GET", JSON, "", "").await.body).unwrap();
    assert_eq!(
        (&json["open"], &json["items"][0]["id"]),
        (&json!(3), &json!("s-0002.1"))
    );
    let found: Value = serde_json::from_str(&list(&world, "GET", JSON, "q=S-0001", "").await.body).unwrap();
    assert_eq!(
        (found["items"].as_array().unwrap().len(), &found["items"][0]["id"]),
        (1, &json!("s-0001.1"))
    );
    let page = list(&world, "GET", HTML, "", "").await;
    for part in [
        "3 open",
        "Pincode wrong.",
        "in 6 days",
        "approve s-0001.1",
        "?request=s-0001.1",
        "name=\"pick.s-0001.1\"",
    ] {
        assert!(page.body.contains(part), "{part} is not in {}", page.body);
    }
    assert!(
        list(&world, "GET", HTML, "q=nobody", "")
            .await
            .body
            .contains("Nothing found")
    );
    assert!(
        list(&many(0), "GET", HTML, "", "")
            .await
            .body
            .contains("Nothing waits for a decision")
    );
    assert_eq!(list(&world, "GET", JSON, "after=x", "").await.status, 400);
}

#[tokio::test]
async fn a_link_to_all_is_good_for_its_time_and_with_its_code() {
    let world = many(2);
    check(&world, "decision=approve+s-0001.1", 400, &["ode"]).await;
    check(&world, "decision=approve+s-0001.1&code=ZZZ999", 403, &["not the code"]).await;
    assert!(world.borrow().written.is_empty());
    world.borrow_mut().now_ms = NOW + 6 * DAY;
    for method in ["GET", "POST"] {
        assert_eq!(
            list(&world, method, JSON, "", &with_code("decision=approve+s-0001.1"))
                .await
                .status,
            410
        );
    }
}

#[tokio::test]
async fn a_row_is_decided_at_once_and_the_rest_is_still_there() {
    let world = many(2);
    let page = list(
        &world,
        "POST",
        HTML,
        "",
        &with_code("decision=approve+s-0001.1&pick.s-0000.1=on"),
    )
    .await;
    assert!(
        page.status == 200 && page.body.contains("Approved: Ada of s-0001.1"),
        "{page:?}"
    );
    assert!(page.body.contains("name=\"pick.s-0000.1\" checked"), "{page:?}");
    assert_eq!(world.borrow().written.len(), 1);
    // one of them on its own page, and back
    let one = list(&world, "GET", HTML, "request=s-0000.1", "").await;
    assert!(
        one.body.contains("value=\"repair\"") && one.body.contains("href=\"?\""),
        "{one:?}"
    );
    let repaired = list(
        &world,
        "POST",
        HTML,
        "request=s-0000.1",
        &with_code("decision=repair&pincode=1234"),
    )
    .await;
    assert!(repaired.body.contains("<ins>1234</ins>"), "{repaired:?}");
}

#[tokio::test]
async fn a_decision_about_many_needs_to_be_whole() {
    let world = many(2);
    for (body, part) in [
        (
            "decision=approve&selection=picked&batch=0123456789abcdef",
            "Nothing is ticked",
        ),
        (
            "decision=approve&selection=picked&pick.s-0001.1=on&batch=short",
            "The member batch",
        ),
        (
            "decision=approve&pick.s-0001.1=on&batch=0123456789abcdef",
            "The member selection",
        ),
        (
            "decision=approve&selection=all_but_picked&batch=0123456789abcdef",
            "The member until",
        ),
        (
            "decision=approve&selection=all_but_picked&until=9999999999999&batch=0123456789abcdef",
            "The member until",
        ),
        (
            "decision=repair&selection=picked&pick.s-0001.1=on&batch=0123456789abcdef",
            "approve or reject",
        ),
        (
            "decision=approve&reason=x&selection=picked&pick.s-0001.1=on&batch=0123456789abcdef",
            "A reason goes with",
        ),
    ] {
        check(&world, &with_code(body), 400, &[part]).await;
    }
    assert!(world.borrow().batches.is_empty());
}

#[tokio::test]
async fn a_second_click_is_the_same_batch() {
    let world = many(3);
    let body = with_code(
        "decision=reject&reason=spam&selection=picked&picked=s-0000.1&pick.s-0001.1=on&batch=0123456789abcdef",
    );
    let sure = list(&world, "POST", HTML, "", &format!("{body}&confirm=ask")).await;
    assert!(
        sure.status == 200 && sure.body.contains("reject 2 requests that are ticked"),
        "{sure:?}"
    );
    let one = body.replace("&pick.s-0001.1=on", "");
    let sure = list(&world, "POST", HTML, "", &format!("{one}&confirm=ask")).await;
    assert!(sure.body.contains("reject the one request that is ticked"), "{sure:?}");
    assert!(world.borrow().batches.is_empty());
    let given = format!("{body}&confirm=given");
    for _ in 0..2 {
        let answer = list(&world, "POST", HTML, "", &given).await;
        assert_eq!(
            (answer.status, answer.headers["location"].as_str()),
            (303, "?batch=0123456789abcdef")
        );
        assert_eq!(list(&world, "POST", JSON, "", &given).await.status, 202);
    }
    let held = world.borrow();
    assert_eq!(
        (held.batches.len(), held.started.as_slice()),
        (1, &[BATCH.to_owned()][..])
    );
    let batch = &held.batches[BATCH];
    assert_eq!(
        batch.selection,
        Selection::Ids(vec!["s-0000.1".to_owned(), "s-0001.1".to_owned()])
    );
    assert_eq!(
        (batch.decision.decided_by.as_str(), batch.decision.reason.as_deref()),
        ("grace@example.com", Some("spam"))
    );
}

#[tokio::test]
async fn a_row_that_was_unticked_on_its_page_is_not_taken() {
    let body = json!({"picked": "s-1.1 s-2.1 s-9.1", "shown": "s-1.1 s-2.1 s-3.1", "pick.s-2.1": "on"});
    let picked: Vec<_> = super::super::choice::picked(body.as_object().unwrap())
        .into_iter()
        .collect();
    assert_eq!(picked, ["s-2.1", "s-9.1"]);
}

#[tokio::test]
async fn all_but_some_are_decided_in_slices_once_each() {
    let world = many(1500);
    own_tokens(&world);
    world.borrow_mut().records.get_mut("s-0007.1").unwrap().opened_at_ms = NOW + 1;
    let body = with_code(&format!(
        "decision=approve&selection=all_but_picked&until={NOW}&picked=s-0001.1+s-0002.1&batch=0123456789abcdef"
    ));
    assert_eq!(list(&world, "POST", JSON, "", &body).await.status, 202);
    assert!(run(&world).await >= 3);
    let held = world.borrow();
    assert_eq!(held.batches[BATCH].counts.decided, 1497);
    assert_eq!((held.written.len(), held.heard.len()), (1497, 1497));
    let open: Vec<_> = held.open().into_iter().map(|item| item.id).collect();
    assert_eq!(open, ["s-0001.1", "s-0002.1", "s-0007.1"]);
}

#[tokio::test]
async fn a_search_bounds_a_decision_about_many() {
    let world = many(30);
    own_tokens(&world);
    let body = with_code(&format!(
        "decision=approve&selection=all_but_picked&q=S-000&until={NOW}&batch=0123456789abcdef"
    ));
    assert_eq!(list(&world, "POST", JSON, "", &body).await.status, 202);
    run(&world).await;
    assert_eq!(world.borrow().batches[BATCH].counts.decided, 10);
    let json: Value =
        serde_json::from_str(&list(&world, "GET", JSON, "batch=0123456789abcdef", "").await.body).unwrap();
    assert_eq!((&json["done"], &json["decided"]), (&json!(true), &json!(10)));
    let page = list(&world, "GET", HTML, "batch=0123456789abcdef", "").await;
    assert!(
        page.body.contains("done") && !page.body.contains("http-equiv"),
        "{page:?}"
    );
    assert_eq!(
        list(&world, "GET", JSON, "batch=fedcba9876543210", "").await.status,
        404
    );
}

#[tokio::test]
async fn what_was_decided_before_is_passed_and_what_is_not_delivered_is_delivered() {
    let world = many(3);
    own_tokens(&world);
    let mut batch = Batch::new(
        BATCH.to_owned(),
        Selection::Ids(vec![
            "s-0000.1".to_owned(),
            "s-0001.1".to_owned(),
            "s-0002.1".to_owned(),
            "s-gone.1".to_owned(),
        ]),
        serde_json::from_value(json!({"decision": "reject", "decided_by": "g", "decided_at": "t"})).unwrap(),
        NOW,
    );
    {
        let mut held = world.borrow_mut();
        // somebody else, before; and this batch, whose process died before it delivered
        decided(held.records.get_mut("s-0000.1").unwrap(), Delivery::Done);
        let ours = held.records.get_mut("s-0001.1").unwrap();
        ours.state = ApprovalState::Decided(Box::new(batch.decision.clone()), Delivery::Pending);
        ours.batch = Some(BATCH.to_owned());
        batch.slice = Some(sluice_aws::BatchSlice {
            ids: vec![
                "s-0000.1".to_owned(),
                "s-0001.1".to_owned(),
                "s-0002.1".to_owned(),
                "s-gone.1".to_owned(),
            ],
            next: None,
        });
        held.batches.insert(BATCH.to_owned(), batch);
    }
    // a delivery that fails fails the call, and the next call goes on
    world
        .borrow_mut()
        .refusals
        .push(super::super::world::unreachable().into());
    let request = SliceRequest {
        batch: BATCH.to_owned(),
        at: "2026-11-22T10:00:00.000Z".to_owned(),
    };
    assert!(decide_slice(&caller(&world), &request).await.is_err());
    run(&world).await;
    let held = world.borrow();
    let counts = held.batches[BATCH].counts;
    assert_eq!((counts.decided, counts.passed, counts.failed), (2, 2, 0));
    let heard: Vec<&Decision> = held.heard.iter().map(|(_, decision)| decision).collect();
    assert!(heard.len() == 2 && heard.iter().all(|decision| decision.decision.as_str() == "reject"));
}

#[tokio::test]
async fn whoever_may_invoke_the_function_gets_a_link_and_a_code() {
    let world = many(2);
    let operation = |event: Value| Operation::of_event(&event);
    assert!(operation(json!({"operation": "open-list", "requestContext": {}})).is_none());
    assert!(operation(json!({"rawPath": "/"})).is_none());
    assert!(operation(json!({"operation": "drop-table"})).is_some_and(|read| read.is_err()));
    let approval = Approval::new(caller(&world), None);
    let event = json!({"operation": "open-list", "at": "2026-11-22T10:00:00Z"});
    let answer = approval.operate(operation(event).unwrap().unwrap(), 0).await.unwrap();
    assert_eq!(
        (&answer["open"], &answer["expires_at"]),
        (&json!(2), &json!("2026-11-23T10:00:00.000Z"))
    );
    let (link, code) = world.borrow().links[answer["path"].as_str().unwrap()].clone();
    assert_eq!(
        (link.scope, code.as_deref(), link.approver.as_str()),
        (LinkScope::AllOpen, answer["code"].as_str(), "operator")
    );
    list(&world, "GET", JSON, "request=s-0001.1", "").await;
    let event = json!({"operation": "audit", "id": "s-0001.1"});
    let trail = approval.operate(operation(event).unwrap().unwrap(), 0).await.unwrap();
    assert_eq!(trail["records"][0]["kind"], "fetched");
}
