mod browser;

use std::cell::RefCell;
use std::collections::VecDeque;

use serde_json::{Value, json};
use sluice_aws::{CallErrorKind, StartError, SubmissionRecord};
use sluice_workflows::SubmissionStatus;

use super::*;
use crate::http::BODY_LIMIT;

/// The reaction of the fake workflow to one StartExecution.
#[derive(Debug, Clone)]
enum Start {
    Taken,
    /// No answer ever comes.
    Hangs,
    NameTaken,
    Fails(CallErrorKind),
}

/// A workflow and a table that answer from lists; the last answer stays.
#[derive(Debug, Default)]
struct Fake {
    starts: RefCell<VecDeque<Start>>,
    /// The statuses that looks find; `Running` stands for no record.
    found: RefCell<VecDeque<SubmissionStatus>>,
    /// The hash of the fields in the record.
    hash: Option<String>,
    /// The failure of every look.
    look_fails: Option<CallErrorKind>,
    entries: Vec<sluice_workflows::Entry>,
    log: RefCell<Vec<String>>,
}

fn next<T: Clone>(list: &RefCell<VecDeque<T>>) -> Option<T> {
    let mut list = list.borrow_mut();
    if list.len() > 1 {
        list.pop_front()
    } else {
        list.front().cloned()
    }
}

fn failure(kind: CallErrorKind) -> CallError {
    CallError {
        action: "test",
        kind,
        message: "no".to_owned(),
    }
}

impl Workflow for &Fake {
    async fn start(&self, name: &str, input: &str) -> Result<i64, StartError> {
        self.log.borrow_mut().push(format!("start {name} {input}"));
        match next(&self.starts) {
            None | Some(Start::Taken) => Ok(1000),
            Some(Start::Hangs) => std::future::pending().await,
            Some(Start::NameTaken) => Err(StartError::NameTaken),
            Some(Start::Fails(kind)) => Err(failure(kind).into()),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<SubmissionRecord>, CallError> {
        self.log.borrow_mut().push("look".to_owned());
        if let Some(kind) = self.look_fails {
            return Err(failure(kind));
        }
        let status = next(&self.found).filter(|status| *status != SubmissionStatus::Running);
        Ok(status.map(|status| SubmissionRecord {
            id: name.to_owned(),
            status,
            submitted_at_ms: 1000,
            updated_at_ms: 1060,
            round: 1,
            input_hash: self.hash.clone(),
        }))
    }
}

impl EntryList for &Fake {
    async fn chunk(&self, range: &EntryRange<'_>) -> Result<EntryChunk, EntriesError> {
        self.log
            .borrow_mut()
            .push(format!("chunk {} {}", range.status.as_str(), range.limit));
        let entries = self.entries.iter().filter(|entry| entry.status == range.status);
        Ok(EntryChunk {
            entries: entries.cloned().collect(),
            next: None,
        })
    }

    async fn entry(&self, id: &str) -> Result<Option<Entry>, CallError> {
        self.log.borrow_mut().push(format!("find {id}"));
        Ok(self.entries.iter().find(|entry| entry.id == id).cloned())
    }
}

struct Fixed;

/// Made at 1,754,398,916,608 ms.
const UUID: &str = "01987a52-8c00-7000-8000-000000000000";

fn ids() -> SubmissionIds {
    SubmissionIds::new(&"s".repeat(32)).unwrap()
}

/// The id of a submission without a key.
fn fresh() -> String {
    ids().random(UUID)
}

/// `text` with the id of a submission without a key in the place of `FRESH`.
fn with_id(text: &str) -> String {
    text.replace("FRESH", &fresh())
}

fn settings() -> Settings {
    Settings {
        public_listing: true,
        wait: Duration::from_secs(3),
        longest_wait: Duration::from_secs(5),
    }
}

impl Randomness for Fixed {
    fn uuid(&self) -> String {
        UUID.to_owned()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

fn entry(user_name: &str) -> sluice_workflows::Entry {
    serde_json::from_value(
        json!({"id": "a@b.com", "user_name": user_name, "email": "a@b.com", "pincode": "3055",
        "status": "ingested", "submission_id": "fresh", "submitted_at": "t", "stored_at": "u"}),
    )
    .unwrap()
}

fn ended(outcome: Value) -> SubmissionStatus {
    SubmissionStatus::Ended(Box::new(serde_json::from_value(outcome).unwrap()))
}

fn ingested() -> SubmissionStatus {
    ended(json!({"outcome": "ingested", "submission_id": "fresh", "entry": entry("Ada")}))
}

fn rejected() -> SubmissionStatus {
    ended(
        json!({"outcome": "rejected", "submission_id": "fresh", "reason": "It breaks rules.", "approval": null, "violations": [
        {"field": "email", "rule": "pattern", "message": "E-mail wrong."},
        {"field": "pincode", "rule": "pattern", "message": "Pincode <wrong>."}]}),
    )
}

fn looks(found: impl IntoIterator<Item = SubmissionStatus>) -> Fake {
    Fake {
        found: RefCell::new(found.into_iter().collect()),
        ..Fake::default()
    }
}

/// `METHOD path?query`, headers as `name: value` lines, an empty line, the body.
fn parsed(request: &str) -> Request {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: serde_json::Map<_, _> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    serde_json::from_value(
        json!({"rawPath": path, "rawQueryString": query, "headers": headers, "body": body,
        "requestContext": {"http": {"method": method}}}),
    )
    .unwrap()
}

async fn ask(fake: &Fake, request: &str) -> Response {
    Ingest::new(fake, fake, Fixed, ids(), settings())
        .handle(&parsed(request), Duration::from_secs(30))
        .await
}

async fn check(fake: &Fake, request: &str, status: u16, parts: &[&str]) -> Response {
    let answer = ask(fake, request).await;
    assert_eq!(answer.status, status, "{request:.80}: {answer:?}");
    for part in parts {
        assert!(
            format!("{:?}", answer.headers).contains(part) || answer.body.contains(part),
            "{request:.80}: {part} is not in {answer:?}"
        );
    }
    answer
}

const GOOD: &str = "user_name=Ada&email=a@b.com&pincode=3055";

#[tokio::test(start_paused = true)]
async fn a_submission_comes_in_by_get_put_and_post() {
    let input = with_id(r#"start FRESH {"user_name":"Ada","email":"a@b.com","pincode":"3055","input_hash":"#);
    for request in [
        format!("GET /?{GOOD}"),
        format!("PUT /?{GOOD}"),
        format!("POST /?{GOOD}"),
        format!("POST /\ncontent-type: application/x-www-form-urlencoded\n\n{GOOD}"),
        "POST /\ncontent-type: application/json\n\n{\"pincode\":\"3055\",\"email\":\"a@b.com\",\"user_name\":\"Ada\",\"x\":1}".to_owned(),
        "PUT /?user_name=Ada&utm=1\ncontent-type: application/json\n\n{\"pincode\":\"3055\",\"email\":\"a@b.com\"}".to_owned(),
    ] {
        let fake = looks([ingested()]);
        let answer = check(&fake, &request, 201, &["\"status\":\"ingested\"", &with_id("\"id\":\"FRESH\"")]).await;
        assert_eq!(answer.headers["location"], with_id("/submissions/FRESH"));
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(fake.log.borrow()[0].starts_with(&input), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_was_sent_goes_in_and_as_it_was_sent() {
    for (request, input) in [
        ("GET /?pincode=", r#"{"pincode":""}"#),
        ("GET /?user_name=%3Cscript%3E%00", "{\"user_name\":\"<script>\\u0000\"}"),
        (
            "POST /\ncontent-type: application/json\n\n{\"pincode\":3055,\"email\":null}",
            r#"{"email":null,"pincode":3055}"#,
        ),
    ] {
        let fake = looks([rejected()]);
        check(&fake, request, 400, &[]).await;
        let fields = input.trim_end_matches('}');
        let started = with_id(&format!("start FRESH {fields},\"input_hash\":"));
        assert!(fake.log.borrow()[0].starts_with(&started), "{:?}", fake.log);
    }
}

#[tokio::test(start_paused = true)]
async fn each_way_to_end_has_its_answer() {
    let request = format!("GET /?{GOOD}");
    let approved = ended(json!({"outcome": "approved", "submission_id": "fresh", "entry": entry("Ada")}));
    let expired =
        ended(json!({"outcome": "expired", "submission_id": "fresh", "reason": "Too late.", "violations": []}));
    let waiting = "\"status\":\"waiting_for_approval\"";
    for (progress, status, parts) in [
        (approved, 201, vec!["\"status\":\"approved\""]),
        (
            rejected(),
            400,
            vec![
                "urn:sluice:problem:rejected",
                "E-mail wrong.",
                "Pincode <wrong>.",
                "problem+json",
                &with_id("\"id\":\"FRESH\""),
            ],
        ),
        (expired, 410, vec!["urn:sluice:problem:expired", "Too late."]),
        (SubmissionStatus::WaitingForApproval, 202, vec![waiting]),
        (
            SubmissionStatus::Running,
            202,
            vec!["\"status\":\"running\"", "retry-after"],
        ),
        (
            SubmissionStatus::Failed,
            500,
            vec!["urn:sluice:problem:failed", "was taken in"],
        ),
    ] {
        let answer = check(&looks([progress]), &request, status, &parts).await;
        assert_eq!(answer.headers["location"], with_id("/submissions/FRESH"));
    }
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_the_caller_prefers() {
    let rows: [(&str, u128, Option<&str>); 6] = [
        ("", 3000, None),
        ("wait=1", 1000, Some("wait=1")),
        ("wait=0", 0, Some("wait=0")),
        ("wait=9999", 5000, Some("wait=5")),
        ("respond-async", 0, Some("respond-async")),
        ("respond-async, wait=2", 2000, Some("wait=2")),
    ];
    for (prefer, expected, applied) in rows {
        let fake = looks([SubmissionStatus::Running]);
        let began = tokio::time::Instant::now();
        let answer = check(&fake, &format!("GET /?{GOOD}\nprefer: {prefer}"), 202, &[]).await;
        assert_eq!(began.elapsed().as_millis().div_ceil(5) * 5, expected, "{prefer}");
        assert_eq!(answer.headers.get("preference-applied").map(String::as_str), applied);
    }
    // It stops at once when an admin is asked, and when it is over.
    let fake = looks([SubmissionStatus::Running, SubmissionStatus::WaitingForApproval]);
    let began = tokio::time::Instant::now();
    check(&fake, &format!("GET /?{GOOD}"), 202, &["waiting"]).await;
    // two looks, as many as it takes
    assert!(began.elapsed() < Duration::from_millis(65));
}

#[tokio::test(start_paused = true)]
async fn the_first_look_learns_from_what_was_measured() {
    let fake = looks([ingested()]);
    let ingest = Ingest::new(&fake, &fake, Fixed, ids(), settings());
    let before = ingest.backoff.borrow().first();
    ingest
        .handle(&parsed(&format!("GET /?{GOOD}")), Duration::from_secs(30))
        .await;
    assert!(ingest.backoff.borrow().first() > before);
    assert_eq!(fake.log.borrow().len(), 2, "one start and one look");
}

#[tokio::test(start_paused = true)]
async fn throttled_it_retries_within_its_time_and_never_claims_what_is_not() {
    use CallErrorKind::{Refused, Throttled, Unreachable};
    let request = format!("GET /?{GOOD}");
    let starts = |starts: &[Start]| Fake {
        starts: RefCell::new(starts.iter().cloned().collect()),
        ..looks([ingested()])
    };
    check(
        &starts(&[Start::Fails(Throttled), Start::Fails(Unreachable), Start::Taken]),
        &request,
        201,
        &[],
    )
    .await;
    let began = tokio::time::Instant::now();
    let answer = check(
        &starts(&[Start::Fails(Throttled)]),
        &request,
        503,
        &["Nothing was taken in"],
    )
    .await;
    assert!(answer.headers.contains_key("retry-after") && !answer.headers.contains_key("location"));
    assert!(began.elapsed() > Duration::from_millis(1500) && began.elapsed() < Duration::from_secs(3));
    check(
        &starts(&[Start::Fails(Refused)]),
        &request,
        500,
        &["Nothing was taken in"],
    )
    .await;
    // Even one that does not want to wait gets the time to be taken in.
    let busy = starts(&[Start::Fails(Throttled), Start::Taken]);
    check(&busy, &format!("{request}\nprefer: respond-async"), 202, &["running"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_taken_in_has_its_id() {
    use CallErrorKind::{Refused, Throttled, Unreachable};
    // What StartExecution does, one attempt after the other; whether the answer leaves it open that it was taken in.
    let rows: [(&[Start], u16, bool); 6] = [
        (&[Start::Fails(Throttled)], 503, false),
        (&[Start::Fails(Unreachable)], 503, true),
        (&[Start::Hangs], 503, true),
        (&[Start::Fails(Unreachable), Start::Fails(Throttled)], 503, true),
        (&[Start::Fails(Unreachable), Start::Fails(Refused)], 503, true),
        (&[Start::Fails(Throttled), Start::Fails(Refused)], 500, false),
    ];
    for (starts, status, open) in rows {
        let fake = Fake {
            starts: RefCell::new(starts.iter().cloned().collect()),
            ..looks([ingested()])
        };
        let answer = check(&fake, &format!("GET /?{GOOD}"), status, &[]).await;
        let location = answer.headers.get("location").cloned();
        assert_eq!(location, open.then(|| with_id("/submissions/FRESH")), "{starts:?}");
        assert_eq!(
            answer.body.contains(&with_id("\"id\":\"FRESH\"")),
            open,
            "{starts:?}: {}",
            answer.body
        );
        assert_eq!(answer.body.contains("Nothing was taken in"), !open, "{starts:?}");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503, "{starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_asked_for_an_answer_that_does_not_come() {
    struct Silent;
    impl Workflow for Silent {
        async fn start(&self, _: &str, _: &str) -> Result<i64, StartError> {
            Ok(1000)
        }
        async fn find(&self, _: &str) -> Result<Option<SubmissionRecord>, CallError> {
            std::future::pending().await
        }
    }
    let began = tokio::time::Instant::now();
    let answer = Ingest::new(Silent, &Fake::default(), Fixed, ids(), settings())
        .handle(&parsed(&format!("GET /?{GOOD}")), Duration::from_secs(30))
        .await;
    assert_eq!((answer.status, began.elapsed().as_secs()), (202, 3), "{answer:?}");
}

#[test]
fn those_who_are_sent_away_together_do_not_return_together() {
    struct Drawn(f64);
    impl Randomness for Drawn {
        fn uuid(&self) -> String {
            String::new()
        }
        fn fraction(&self) -> f64 {
            self.0
        }
    }
    for (drawn, expected) in [(0.0, "2"), (0.5, "6"), (0.999, "10")] {
        assert_eq!(retry_after(&Drawn(drawn)), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_names_the_submission() {
    let request = format!("GET /?{GOOD}\nidempotency-key: order-7");
    let first = looks([ingested()]);
    let answer = check(&first, &request, 201, &["/submissions/k-"]).await;
    let id = answer.headers["location"]
        .strip_prefix("/submissions/")
        .unwrap()
        .to_owned();
    assert!(first.log.borrow()[0].starts_with(&format!("start {id} ")));

    let same = first.log.borrow()[0].split("input_hash\":\"").nth(1).unwrap()[..43].to_owned();
    let again = |hash: &str, found: SubmissionStatus| Fake {
        starts: RefCell::new([Start::NameTaken].into()),
        hash: Some(hash.to_owned()),
        ..looks([found])
    };
    check(&again(&same, ingested()), &request, 201, &["ingested"]).await;
    check(&again(&same, rejected()), &request, 400, &["rejected"]).await;
    let waiting = SubmissionStatus::WaitingForApproval;
    check(&again(&same, waiting), &request, 202, &["waiting_for_approval"]).await;
    check(
        &again("another", ingested()),
        &request,
        409,
        &["urn:sluice:problem:key-in-use"],
    )
    .await;
    // Another submission has just begun under the key, or this one has just failed: the record comes in a moment.
    let late = Fake {
        starts: RefCell::new([Start::NameTaken].into()),
        hash: Some(same.clone()),
        ..looks([SubmissionStatus::Running, SubmissionStatus::Failed])
    };
    check(&late, &request, 500, &["urn:sluice:problem:failed"]).await;
    check(
        &again(&same, SubmissionStatus::Running),
        &request,
        503,
        &["not certain"],
    )
    .await;
    check(
        &looks([ingested()]),
        &format!("GET /?{GOOD}\nidempotency-key: \"\""),
        400,
        &["Idempotency-Key"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_throttled_look_ends_the_waiting_of_all() {
    let fake = Fake {
        look_fails: Some(CallErrorKind::Throttled),
        ..Fake::default()
    };
    let ingest = Ingest::new(&fake, &fake, Fixed, ids(), settings());
    let request = parsed(&format!("GET /?{GOOD}"));
    let looks = |fake: &Fake| fake.log.borrow().iter().filter(|call| *call == "look").count();
    let began = tokio::time::Instant::now();
    for _ in 0..10 {
        let answer = ingest.handle(&request, Duration::from_secs(30)).await;
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (202, "6"));
    }
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!(looks(&fake), 1, "after the first look nobody looks for a while");
    let status = ingest
        .handle(&parsed(&with_id("GET /submissions/FRESH")), Duration::from_secs(30))
        .await;
    assert_eq!((status.status, looks(&fake)), (503, 1));
    tokio::time::advance(PAUSE_AFTER_THROTTLE).await;
    ingest.handle(&request, Duration::from_secs(30)).await;
    assert_eq!(looks(&fake), 2);
}

#[tokio::test(start_paused = true)]
async fn the_record_of_an_execution_that_is_forgotten_is_not_this_ones() {
    struct Older;
    impl Workflow for Older {
        async fn start(&self, _: &str, _: &str) -> Result<i64, StartError> {
            Ok(8_000_000_000)
        }
        async fn find(&self, name: &str) -> Result<Option<SubmissionRecord>, CallError> {
            (&looks([ingested()])).find(name).await
        }
    }
    let fake = Fake::default();
    let ingest = Ingest::new(Older, &fake, Fixed, ids(), settings());
    let answer = ingest
        .handle(
            &parsed(&format!("GET /?{GOOD}\nidempotency-key: k")),
            Duration::from_secs(30),
        )
        .await;
    assert_eq!(answer.status, 202);
}

#[tokio::test(start_paused = true)]
async fn rubbish_is_a_clear_4xx_and_starts_nothing() {
    let form = "POST /\ncontent-type: application/x-www-form-urlencoded\n\n";
    let json = "POST /\ncontent-type: application/json\n\n";
    let many = (0..10_000).map(|n| format!("{n}=")).collect::<Vec<_>>().join("&");
    let rows: Vec<(String, u16, &str)> = vec![
        ("GET /?email=%4".into(), 400, "email"),
        ("GET /?email=%ff".into(), 400, "UTF-8"),
        (
            "GET /?email=a&email=b".into(),
            400,
            "\\\"email\\\" is given more than once",
        ),
        (format!("GET /?{many}"), 400, "more than 100"),
        (format!("GET /?email={}", "a".repeat(70_000)), 414, "at most"),
        (format!("{form}email={}", "a".repeat(BODY_LIMIT)), 413, "65536"),
        (format!("{form}email={}", "a".repeat(7_000_000)), 413, "65536"),
        (format!("{form}email={}", "\u{1}".repeat(20_000)), 413, "as JSON"),
        (format!("{form}x=1"), 400, "user_name, email and pincode"),
        ("POST /".into(), 400, "user_name, email and pincode"),
        (format!("{json}{{\"email\":\"\\ud800\"}}"), 400, "not usable JSON"),
        (format!("{json}{{\"email\":1,\"email\":2}}"), 400, "twice"),
        (format!("{json}[1]"), 400, "JSON object"),
        (format!("{json}{{"), 400, "not usable JSON"),
        (
            "POST /?email=a\ncontent-type: application/json\n\n{\"email\":\"b\"}".into(),
            400,
            "both",
        ),
        (
            "POST /\ncontent-type: multipart/form-data; boundary=x\n\n--x".into(),
            415,
            "multipart",
        ),
        ("POST /\n\nemail=a".into(), 415, "no Content-Type"),
        ("GET /?limit=0".into(), 400, "limit"),
        ("GET /?limit=x".into(), 400, "limit"),
        ("GET /?cursor=!".into(), 400, "cursor"),
        ("DELETE /".into(), 405, "GET, HEAD, POST, PUT, OPTIONS"),
        ("PATCH /submissions/1".into(), 405, "GET, HEAD, OPTIONS"),
        ("POST /submissions/1".into(), 405, "GET, HEAD, OPTIONS"),
        (format!("HEAD /?{GOOD}"), 405, "GET, POST, PUT"),
        ("GET /favicon.ico".into(), 404, "/submissions/{id}"),
        ("GET /submissions/".into(), 404, "/submissions/{id}"),
        ("GET /submissions/a%2Fb".into(), 404, "/submissions/{id}"),
        ("GET /submissions/a/b".into(), 404, "/submissions/{id}"),
        (format!("GET /submissions/{}", "a".repeat(81)), 404, "/submissions/{id}"),
        ("GET /submissions/unknown".into(), 404, "no submission"),
    ];
    for (request, status, part) in rows {
        let fake = Fake::default();
        let answer = check(&fake, &request, status, &[]).await;
        let shown = format!("{:?}{}", answer.headers, answer.body);
        assert!(shown.contains(part), "{part} is not in {shown}");
        assert!(fake.log.borrow().is_empty(), "{:?}", fake.log);
        if !request.starts_with("HEAD") {
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(
                (&body["status"], answer.headers["content-type"].as_str()),
                (&json!(status), "application/problem+json")
            );
        }
    }
}

#[tokio::test]
async fn the_list_can_be_closed() {
    let fake = Fake {
        entries: vec![entry("Ada")],
        ..Fake::default()
    };
    let open = check(&fake, "GET /", 200, &["application/json", "\"user_name\":\"Ada\""]).await;
    assert!(
        !open.headers.contains_key("link") && !open.headers.contains_key("etag"),
        "{open:?}"
    );
    assert!(check(&fake, "HEAD /", 200, &[]).await.body.is_empty());
    assert_eq!(
        check(&fake, "OPTIONS /", 204, &["GET, HEAD, POST, PUT, OPTIONS"])
            .await
            .body,
        ""
    );
    let settings = Settings {
        public_listing: false,
        ..settings()
    };
    let closed = Ingest::new(&fake, &fake, Fixed, ids(), settings);
    for (accept, status, part) in [
        ("application/json", 403, "urn:sluice:problem:listing-not-public"),
        // To a person it is no mistake to want to submit.
        ("text/html", 200, "method=\"post\" action=\"/\""),
    ] {
        let answer = closed
            .handle(&parsed(&format!("GET /\naccept: {accept}")), Duration::from_secs(30))
            .await;
        assert_eq!(answer.status, status);
        assert!(
            answer.body.contains(part) && !answer.body.contains("Ada"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_gets_escaped_pages() {
    let evil = "<script>alert(1)</script>\0";
    let fake = Fake {
        entries: vec![entry(evil)],
        ..Fake::default()
    };
    let html = "accept: text/html,*/*;q=0.8";
    let shown = "&lt;script&gt;alert(1)&lt;/script&gt;\u{2400}";
    let list = check(
        &fake,
        &format!("GET /\n{html}"),
        200,
        &["text/html", shown, "li class=\"card\""],
    )
    .await;
    assert!(!list.body.contains("<script>alert"));
    assert!(list.headers["content-security-policy"].starts_with("default-src 'none'"));

    let stored = ended(json!({"outcome": "ingested", "submission_id": "fresh", "entry": entry(evil)}));
    let own = with_id(&format!("GET /submissions/FRESH\n{html}"));
    let page = check(&looks([stored]), &own, 200, &["<h1>Your entry is stored</h1>", shown]).await;
    assert!(!page.body.contains("<script>alert"));
    let refused = check(
        &looks([rejected()]),
        &format!("GET /?user_name={}&email=%3Cb%3E\n{html}", crate::http::escaped(evil)),
        400,
        &[
            "E-mail wrong.",
            "Pincode &lt;wrong&gt;.",
            "value=\"&lt;b&gt;\"",
            "&lt;script&gt;alert(1)",
        ],
    )
    .await;
    assert!(!refused.body.contains("<script>alert") && !refused.body.contains("<b>"));
    check(
        &Fake::default(),
        &format!("GET /<script>\n{html}"),
        404,
        &["Nothing here"],
    )
    .await;
}

#[tokio::test]
async fn a_submission_can_be_asked_after() {
    let request = with_id("GET /submissions/FRESH");
    for (found, parts) in [
        (
            SubmissionStatus::WaitingForApproval,
            ["\"status\":\"waiting_for_approval\"", "\"id\":"],
        ),
        (ingested(), ["\"status\":\"ingested\"", "\"entry\""]),
        (rejected(), ["\"status\":\"rejected\"", "violations"]),
        (SubmissionStatus::Failed, ["\"status\":\"failed\"", "\"id\":"]),
        (SubmissionStatus::Running, ["\"status\":\"running\"", "\"id\":"]),
    ] {
        check(&looks([found]), &request, 200, &parts).await;
    }
    check(
        &looks([ingested()]),
        &format!("{request}\naccept: text/html"),
        200,
        &["<h1>Your entry is stored"],
    )
    .await;
}

#[tokio::test]
async fn an_id_that_was_made_up_costs_no_call_and_an_old_one_without_a_record_is_none() {
    let made_up = [
        format!("{UUID}-AAAAAAAAAAAAAA"),
        UUID.to_owned(),
        // Before ids had a code, anybody could make this of a key.
        format!("k-{}", "0".repeat(64)),
        with_id("xFRESH"),
    ];
    for id in made_up {
        let fake = looks([ingested()]);
        check(&fake, &format!("GET /submissions/{id}"), 404, &["no submission"]).await;
        assert!(fake.log.borrow().is_empty());
    }
    let at = |ms: i64| {
        let mut request = parsed(&with_id("GET /submissions/FRESH"));
        request.request_context.time_epoch = ms;
        request
    };
    let made = crate::submission_id::made_at_ms(&fresh()).unwrap();
    for (age_ms, status) in [(1000, 200), (3_600_000, 200), (7 * 3_600_000, 404)] {
        let fake = Fake::default();
        let ingest = Ingest::new(&fake, &fake, Fixed, ids(), settings());
        let answer = ingest.handle(&at(made + age_ms), Duration::from_secs(30)).await;
        assert_eq!(answer.status, status, "{age_ms}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_admins_is_not_told_to_others() {
    let mut entry = entry("Ada");
    entry.decided_by = Some("Grace".to_owned());
    entry.comment = Some("known from school".to_owned());
    let approved = ended(json!({"outcome": "approved", "submission_id": "fresh", "entry": entry}));
    let rejected = ended(
        json!({"outcome": "rejected", "submission_id": "fresh", "reason": "r", "violations": [],
        "approval": {"decided_by": "Grace", "decided_at": "t", "comment": "known from school"}}),
    );
    for accept in ["application/json", "text/html"] {
        for found in [approved.clone(), rejected.clone()] {
            for request in [
                format!("GET /?{GOOD}"),
                with_id("GET /submissions/FRESH"),
                "GET /".to_owned(),
            ] {
                let fake = Fake {
                    entries: vec![entry.clone()],
                    ..looks([found.clone()])
                };
                let answer = ask(&fake, &format!("{request}\naccept: {accept}")).await;
                assert!(
                    !answer.body.contains("Grace") && !answer.body.contains("known from"),
                    "{request}: {}",
                    answer.body
                );
            }
        }
    }
}
