//! The HTTP API of the function URL (docs/http-api.md), every answer, against the running stack.

mod support;

use serde_json::{Value, json};
use support::raw::{self, Answer};
use support::{Sluice, until};

/// Method, target, headers and body.
type Request<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)], &'r [u8]);

/// A stack of its own for each test.
struct Api {
    sluice: Sluice,
    url: String,
}

impl Api {
    fn new() -> Self {
        let sluice = Sluice::started();
        let url = sluice.output("FunctionURLAPI");
        Self { sluice, url }
    }

    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        raw::send(&self.url, method, target, headers, body)
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", target, headers, b"")
    }

    fn put_json(&self, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let headers: Vec<_> = [("content-type", "application/json")]
            .iter()
            .chain(headers)
            .copied()
            .collect();
        self.send("PUT", "/", &headers, body.to_string().as_bytes())
    }

    /// What the list has under a key, over all its pages.
    fn entries_with_id(&self, id: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut target = "/".to_owned();
        loop {
            let page = self.get(&target, &[("accept", "application/json")]);
            assert_eq!(page.status, 200, "{page:?}");
            found.extend(
                page.json()
                    .as_array()
                    .expect("a list")
                    .iter()
                    .filter(|e| e["id"] == id)
                    .cloned(),
            );
            let Some(next) = page.header("link") else { return found };
            assert!(next.ends_with("rel=\"next\""), "{next}");
            target = next.split(['<', '>']).nth(1).expect("a link").to_owned();
        }
    }
}

/// Fails unless the answer is a problem of RFC 9457 with this status; gives its text.
fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/problem+json"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["status"], status, "{body}");
    assert!(body["title"].is_string(), "{body}");
    body.to_string()
}

#[test]
fn a_clean_submission_is_stored_and_listed_by_every_method() {
    let api = Api::new();
    for (method, name) in [("GET", "rishabh"), ("PUT", "rishabhput"), ("POST", "rishabhpost")] {
        let target = format!("/?user_name=Rishabh&email={name}@gmail.com&pincode=3055");
        let answer = api.send(method, &target, &[], b"");
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(answer.header("location"), Some(format!("/submissions/{id}").as_str()));
        let listed = api.entries_with_id(&format!("{name}@gmail.com"));
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["user_name"], "Rishabh");
        assert_eq!(listed[0]["pincode"], "3055");
        let standing = api.get(&format!("/submissions/{id}"), &[("accept", "application/json")]);
        assert_eq!(standing.status, 200, "{standing:?}");
        assert_eq!(standing.json()["status"], "ingested", "{standing:?}");
    }
}

/// The price of a Standard workflow is its transitions: one for each state entered and each retry.
#[test]
fn a_clean_submission_costs_five_transitions() {
    let api = Api::new();
    let answer = api.put_json(&support::good_submission("price"), &[]);
    assert_eq!(answer.status, 201, "{answer:?}");
    let execution = format!(
        "{}:{}",
        api.sluice
            .output("StateMachineArn")
            .replace(":stateMachine:", ":execution:"),
        answer.json()["id"].as_str().expect("an id")
    );
    let request = json!({ "executionArn": execution });
    let history = api
        .sluice
        .aws()
        .call("AWSStepFunctions.GetExecutionHistory", &request)
        .expect("a history");
    let kinds: Vec<&str> = history["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|e| e["type"].as_str())
        .collect();
    let entered = kinds.iter().filter(|kind| kind.ends_with("StateEntered")).count();
    let attempts = kinds.iter().filter(|kind| **kind == "TaskScheduled").count();
    assert_eq!((entered, attempts), (5, 4), "{kinds:?}");
}

#[test]
fn bodies_may_be_forms_or_json() {
    let api = Api::new();
    let form = api.send(
        "POST",
        "/",
        &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        b"user_name=Form+%C3%A9&email=form%40example.com&pincode=0012",
    );
    assert_eq!(form.status, 201, "{form:?}");
    let stored = api.entries_with_id("form@example.com");
    assert_eq!(
        (&stored[0]["user_name"], &stored[0]["pincode"]),
        (&json!("Form é"), &json!("0012"))
    );
    let json = api.put_json(
        &json!({ "user_name": "Json", "email": "JSON@example.com", "pincode": "123456" }),
        &[],
    );
    assert_eq!(json.status, 201, "{json:?}");
    assert_eq!(
        api.entries_with_id("json@example.com").len(),
        1,
        "the key is the address in lower case"
    );
}

#[test]
fn a_second_submission_of_an_address_updates_its_entry() {
    let api = Api::new();
    for pincode in ["1111", "2222"] {
        let answer = api.put_json(
            &json!({ "user_name": "Again", "email": "again@example.com", "pincode": pincode }),
            &[],
        );
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let entries = api.entries_with_id("again@example.com");
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["pincode"], "2222");
}

#[test]
fn every_violation_is_named() {
    let api = Api::new();
    let rows: &[(Value, &[&str])] = &[
        (
            json!({ "user_name": "A", "email": "bad", "pincode": "12" }),
            &["email", "pincode"],
        ),
        (
            json!({ "user_name": " ", "email": "bad", "pincode": "x" }),
            &["user_name", "email", "pincode"],
        ),
        (
            json!({ "user_name": "", "email": "ok@example.com", "pincode": "1234" }),
            &["user_name"],
        ),
        (json!({ "email": "ok@example.com", "pincode": "1234" }), &["user_name"]),
        (json!({ "user_name": "A" }), &["email", "pincode"]),
        (
            json!({ "user_name": "A", "email": 7, "pincode": null }),
            &["email", "pincode"],
        ),
        (
            json!({ "user_name": "a".repeat(257), "email": "ok@example.com", "pincode": "1234" }),
            &["user_name"],
        ),
        (
            json!({ "user_name": "A", "email": "a@b.com\n", "pincode": "1234 " }),
            &["email", "pincode"],
        ),
        (
            json!({ "user_name": "A", "email": "é@b.com", "pincode": "١٢٣٤" }),
            &["email", "pincode"],
        ),
    ];
    for (body, fields) in rows {
        let answer = api.put_json(body, &[]);
        problem(&answer, 400);
        let violations = answer.json()["violations"].as_array().expect("violations").clone();
        let named: std::collections::BTreeSet<_> = violations.iter().filter_map(|v| v["field"].as_str()).collect();
        assert_eq!(named, fields.iter().copied().collect(), "{body} gave {violations:?}");
    }
}

#[test]
fn half_right_submissions_wait_for_an_admin() {
    let api = Api::new();
    for (email, pincode) in [("half@example.com", "12"), ("bad", "1234")] {
        let answer = api.put_json(
            &json!({ "user_name": "Half", "email": email, "pincode": pincode }),
            &[("prefer", "wait=30")],
        );
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.json()["status"], "waiting_for_approval", "{answer:?}");
        let location = answer.header("location").expect("a location").to_owned();
        let standing = api.get(&location, &[("accept", "application/json")]);
        assert_eq!(standing.json()["status"], "waiting_for_approval", "{standing:?}");
    }
    assert!(
        api.entries_with_id("half@example.com").is_empty(),
        "nothing is stored before the decision"
    );
}

#[test]
fn respond_async_does_not_wait() {
    let api = Api::new();
    let body = json!({ "user_name": "Async", "email": "async@example.com", "pincode": "1234" });
    let answer = api.put_json(&body, &[("prefer", "respond-async")]);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.header("preference-applied"), Some("respond-async"));
    let location = answer.header("location").expect("a location").to_owned();
    until("it is stored", || {
        (api.get(&location, &[("accept", "application/json")]).json()["status"] == "ingested").then_some(())
    });
    let answer = api.put_json(&body, &[("prefer", "wait=2")]);
    assert_eq!(
        (answer.status, answer.header("preference-applied")),
        (201, Some("wait=2")),
        "{answer:?}"
    );
}

#[test]
fn an_idempotency_key_names_the_submission() {
    let api = Api::new();
    let body = json!({ "user_name": "Key", "email": "key@example.com", "pincode": "1234" });
    let key = [("idempotency-key", "my key: one")];
    let first = api.put_json(&body, &key);
    assert_eq!(first.status, 201, "{first:?}");
    for _ in 0..3 {
        let again = api.put_json(&body, &key);
        assert_eq!(
            (again.status, again.header("location")),
            (201, first.header("location")),
            "{again:?}"
        );
    }
    let other = api.put_json(
        &json!({ "user_name": "Key", "email": "key@example.com", "pincode": "9999" }),
        &key,
    );
    problem(&other, 409);
    assert_eq!(api.entries_with_id("key@example.com")[0]["pincode"], "1234");
}

#[test]
fn the_same_key_at_the_same_time_is_one_submission() {
    let api = Api::new();
    let body = json!({ "user_name": "Race", "email": "race@example.com", "pincode": "1234" });
    let locations: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| api.put_json(&body, &[("idempotency-key", "race"), ("prefer", "wait=20")])))
            .collect();
        posts
            .into_iter()
            .map(|p| p.join().expect("answered"))
            .map(|a| {
                assert_eq!(a.status, 201, "{a:?}");
                a.header("location").expect("a location").to_owned()
            })
            .collect()
    });
    assert_eq!(locations.len(), 1, "{locations:?}");
}

#[test]
fn methods_paths_and_types_that_are_not_served() {
    let api = Api::new();
    #[allow(clippy::type_complexity)] // a request and its status
    let rows: &[(&str, &str, &[(&str, &str)], &[u8], u16)] = &[
        ("GET", "/nowhere", &[], b"", 404),
        ("GET", "/submissions/none-such", &[], b"", 404),
        ("GET", "/submissions/", &[], b"", 404),
        ("GET", "/submissions/a%20b%2f", &[], b"", 404),
        ("DELETE", "/", &[], b"", 405),
        ("PATCH", "/", &[], b"{}", 405),
        ("POST", "/submissions/x", &[], b"", 405),
        ("POST", "/", &[("content-type", "text/xml")], b"<a/>", 415),
        (
            "PUT",
            "/",
            &[("content-type", "multipart/form-data; boundary=x")],
            b"--x--",
            415,
        ),
        ("POST", "/", &[("content-type", "application/json")], b"{", 400),
        ("POST", "/", &[("content-type", "application/json")], b"[]", 400),
        ("POST", "/", &[("content-type", "application/json")], b"\"x\"", 400),
        (
            "POST",
            "/",
            &[("content-type", "application/json")],
            b"{\"email\":\"a@b.com\",\"email\":\"c@d.com\"}",
            400,
        ),
        (
            "POST",
            "/",
            &[("content-type", "application/json")],
            b"{\"user_name\":\"\\ud800\"}",
            400,
        ),
        (
            "POST",
            "/",
            &[("content-type", "application/json")],
            b"{\"user_name\":\"\xff\xfe\"}",
            400,
        ),
        (
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            b"user_name=%zz",
            400,
        ),
        ("GET", "/?user_name=%", &[], b"", 400),
        ("GET", "/?user_name=%4", &[], b"", 400),
        ("GET", "/?user_name=%ED%A0%80&email=a@b.com", &[], b"", 400),
        ("GET", "/?user_name=%FF", &[], b"", 400),
        (
            "GET",
            "/?user_name=A&user_name=B&email=a@b.com&pincode=1234",
            &[],
            b"",
            400,
        ),
    ];
    for (method, target, headers, body, status) in rows {
        let answer = api.send(method, target, headers, body);
        let text = problem(&answer, *status);
        assert!(
            answer.status != 405 || answer.header("allow").is_some(),
            "{method} {target}: {text}"
        );
    }
}

#[test]
fn rubbish_is_refused_or_shown_never_a_server_error() {
    let api = Api::new();
    let many = (0..10_000).map(|n| format!("p{n}=v{n}")).collect::<Vec<_>>().join("&");
    let long = format!("/?user_name={}", "x".repeat(60_000));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let json = [("content-type", "application/json")];
    let huge = format!("{{\"user_name\":\"{}\"}}", "x".repeat(7_000_000));
    let middling = format!("{{\"user_name\":\"{}\"}}", "x".repeat(1_000_000));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let query = format!("/?{many}");
    let rows: &[Request<'_>] = &[
        ("POST", "/", &json, huge.as_bytes()),
        ("POST", "/", &json, middling.as_bytes()),
        ("POST", "/", &json, deep.as_bytes()),
        ("POST", "/", &form, many.as_bytes()),
        ("GET", &query, &[], b""),
        ("GET", &long, &[], b""),
        ("GET", "/?=&==&&&user_name", &[], b""),
        ("GET", "/?user_name=%00&email=%00&pincode=%00", &[], b""),
        ("GET", "/%00", &[], b""),
        ("GET", "/%ff%fe", &[], b""),
        ("GET", "//", &[], b""),
        ("GET", "/../../etc/passwd", &[], b""),
        ("GET", "/submissions/%27;DROP", &[], b""),
        ("POST", "/", &[("content-type", "\u{7f}")], b"x"),
        (
            "POST",
            "/",
            &[
                ("prefer", "wait=999999999999999999999"),
                ("content-type", "application/json"),
            ],
            b"{}",
        ),
        (
            "POST",
            "/",
            &[("idempotency-key", ""), ("content-type", "application/json")],
            b"{\"user_name\":\"x\"}",
        ),
        (
            "POST",
            "/",
            &[("accept", "*/*;q=nonsense,,"), ("content-type", "application/json")],
            b"{}",
        ),
    ];
    for (method, target, headers, body) in rows {
        let answer = api.send(method, target, headers, body);
        let shown: String = target.chars().take(60).collect();
        assert!(
            (400..500).contains(&answer.status),
            "{method} {shown} gave {}: {:.300}",
            answer.status,
            answer.body
        );
    }
    let nul = api.put_json(
        &json!({ "user_name": "nul \u{0} byte", "email": "nul@example.com", "pincode": "1234" }),
        &[],
    );
    assert!(nul.status == 201 || nul.status == 400, "{nul:?}");
    if nul.status == 201 {
        assert_eq!(api.entries_with_id("nul@example.com")[0]["user_name"], "nul \u{0} byte");
    }
}

#[test]
fn a_hostile_name_is_shown_as_text() {
    let api = Api::new();
    let name = "<script>alert('x')</script> & \"quotes\" \u{202e}";
    let answer = api.put_json(
        &json!({ "user_name": name, "email": "script@example.com", "pincode": "1234" }),
        &[],
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(api.entries_with_id("script@example.com")[0]["user_name"], name);
    let page = api.get("/?limit=100", &[("accept", "text/html,application/xhtml+xml")]);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.header("content-type").unwrap_or_default().starts_with("text/html"),
        "{page:?}"
    );
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(!page.body.contains("<script"), "{}", page.body);
}

#[test]
fn the_list_is_paged() {
    let api = Api::new();
    for n in 0..5 {
        let answer = api.put_json(
            &json!({ "user_name": "P", "email": format!("page{n}@example.com"), "pincode": "1234" }),
            &[],
        );
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let first = api.get("/?limit=2", &[("accept", "application/json")]);
    assert_eq!(first.json().as_array().map(Vec::len), Some(2), "{first:?}");
    assert!(first.header("link").is_some(), "{first:?}");
    for n in 0..5 {
        assert_eq!(api.entries_with_id(&format!("page{n}@example.com")).len(), 1, "page{n}");
    }
    for target in [
        "/?limit=0",
        "/?limit=x",
        "/?limit=-1",
        "/?cursor=rubbish",
        "/?cursor=%7B%7D",
    ] {
        problem(&api.get(target, &[("accept", "application/json")]), 400);
    }
}

#[test]
fn head_answers_like_get_without_a_body() {
    let api = Api::new();
    let answer = api.send("HEAD", "/", &[("accept", "text/html")], b"");
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
}
