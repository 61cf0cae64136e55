//! The HTTP API of the function URL (docs/http-api.md), every answer, against the running stack; with `SLUICE_URL` against
//! a deployed one (docs/operations.md).

mod support;

use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::{Value, json};
use support::raw::{self, Answer};
use support::{Sluice, until};

/// Method, target, headers and body.
type Request<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)], &'r [u8]);

/// The variable that sends the tests to a deployed stack by its `FunctionURLAPI`: then every test goes there; else to a stack of
/// its own for each.
const DEPLOYED: &str = "SLUICE_URL";

struct Api {
    /// Kept alive for as long as it is asked.
    _sluice: Option<Sluice>,
    url: String,
    /// Tells this run's submissions from those that a deployed stack has already.
    run: String,
}

impl Api {
    fn new() -> Self {
        match std::env::var(DEPLOYED) {
            Ok(url) => Self::deployed(&url),
            Err(_) => {
                let sluice = Sluice::started();
                let url = sluice.output("FunctionURLAPI");
                Self {
                    _sluice: Some(sluice),
                    url,
                    run: String::new(),
                }
            }
        }
    }

    fn deployed(url: &str) -> Self {
        static RUN: OnceLock<String> = OnceLock::new();
        let api = |run: String| Self {
            _sluice: None,
            url: url.to_owned(),
            run,
        };
        let run = RUN.get_or_init(|| {
            let since = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .expect("after 1970");
            let api = api(format!("r{:x}", since.as_millis()));
            let list = api.get("/?limit=1", &[]);
            assert_eq!(
                list.status, 200,
                "{DEPLOYED}: the tests read the list; deploy the stack with PublicListing=true: {list:?}"
            );
            // functions that nobody has called for a while take longer to begin with than the gateway waits
            let first = json!({ "user_name": "First", "email": api.address("first"), "pincode": "1234" });
            let answer = api.put_json(&first, &[("prefer", "wait=20")]);
            assert_eq!(answer.status, 201, "{DEPLOYED}: {answer:?}");
            api.run
        });
        api(run.clone())
    }

    /// Returns a name that only this run uses: letters and digits.
    fn own(&self, name: &str) -> String {
        format!("{name}{}", self.run)
    }

    fn address(&self, name: &str) -> String {
        format!("{}@example.com", self.own(name))
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

    /// Lists the entries under a key, over all pages of the list.
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
        let email = api.own(name) + "@gmail.com";
        let target = format!("/?user_name=Rishabh&email={email}&pincode=3055");
        let answer = api.send(method, &target, &[], b"");
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(answer.header("location"), Some(format!("/submissions/{id}").as_str()));
        let listed = api.entries_with_id(&email);
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["user_name"], "Rishabh");
        assert_eq!(listed[0]["pincode"], "3055");
        let standing = api.get(&format!("/submissions/{id}"), &[("accept", "application/json")]);
        assert_eq!(standing.status, 200, "{standing:?}");
        assert_eq!(standing.json()["status"], "ingested", "{standing:?}");
    }
}

#[test]
fn bodies_may_be_forms_or_json() {
    let api = Api::new();
    let form = api.send(
        "POST",
        "/",
        &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        format!(
            "user_name=Form+%C3%A9&email={}%40example.com&pincode=0012",
            api.own("form")
        )
        .as_bytes(),
    );
    assert_eq!(form.status, 201, "{form:?}");
    let stored = api.entries_with_id(&api.address("form"));
    assert_eq!(
        (&stored[0]["user_name"], &stored[0]["pincode"]),
        (&json!("Form é"), &json!("0012"))
    );
    let json = api.put_json(
        &json!({ "user_name": "Json", "email": api.own("JSON") + "@example.com", "pincode": "123456" }),
        &[],
    );
    assert_eq!(json.status, 201, "{json:?}");
    assert_eq!(
        api.entries_with_id(&api.address("json")).len(),
        1,
        "the key is the address in lower case"
    );
}

#[test]
fn a_second_submission_of_an_address_updates_its_entry() {
    let api = Api::new();
    for pincode in ["1111", "2222"] {
        let answer = api.put_json(
            &json!({ "user_name": "Again", "email": api.address("again"), "pincode": pincode }),
            &[],
        );
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let entries = api.entries_with_id(&api.address("again"));
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
        // Names that nobody could see.
        (
            json!({ "user_name": "\u{200b}\u{3164}\u{2800}\u{ad}\0", "email": "ok@example.com", "pincode": "1234" }),
            &["user_name"],
        ),
        // No text: a program's mistake, and no question for an admin.
        (
            json!({ "user_name": "A", "email": "ok@example.com", "pincode": 3055 }),
            &["pincode"],
        ),
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
    for (email, pincode) in [(api.address("half"), "12"), ("bad".to_owned(), "1234")] {
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
        api.entries_with_id(&api.address("half")).is_empty(),
        "nothing is stored before the decision"
    );
}

#[test]
fn respond_async_does_not_wait() {
    let api = Api::new();
    let body = json!({ "user_name": "Async", "email": api.address("async"), "pincode": "1234" });
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
    let body = json!({ "user_name": "Key", "email": api.address("key"), "pincode": "1234" });
    let named = format!("my key: {}", api.own("one"));
    let key = [("idempotency-key", named.as_str())];
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
        &json!({ "user_name": "Key", "email": api.address("key"), "pincode": "9999" }),
        &key,
    );
    problem(&other, 409);
    assert_eq!(api.entries_with_id(&api.address("key"))[0]["pincode"], "1234");
}

#[test]
fn the_same_key_at_the_same_time_is_one_submission() {
    let api = Api::new();
    let key = api.own("race");
    let body = json!({ "user_name": "Race", "email": api.address("race"), "pincode": "1234" });
    let locations: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| api.put_json(&body, &[("idempotency-key", &key), ("prefer", "wait=20")])))
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
        &json!({ "user_name": "nul \u{0} byte", "email": api.address("nul"), "pincode": "1234" }),
        &[],
    );
    assert!(nul.status == 201 || nul.status == 400, "{nul:?}");
    if nul.status == 201 {
        assert_eq!(
            api.entries_with_id(&api.address("nul"))[0]["user_name"],
            "nul \u{0} byte"
        );
    }
}

#[test]
fn a_hostile_name_is_shown_as_text() {
    let api = Api::new();
    let name = "<script>alert('x')</script> & \"quotes\" \u{202e}";
    let answer = api.put_json(
        &json!({ "user_name": name, "email": api.address("script"), "pincode": "1234" }),
        &[],
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(api.entries_with_id(&api.address("script"))[0]["user_name"], name);
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
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[test]
fn the_list_is_paged() {
    let api = Api::new();
    for n in 0..5 {
        let answer = api.put_json(
            &json!({ "user_name": "P", "email": api.address(&format!("page{n}")), "pincode": "1234" }),
            &[],
        );
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let first = api.get("/?limit=2", &[("accept", "application/json")]);
    assert_eq!(first.json().as_array().map(Vec::len), Some(2), "{first:?}");
    assert!(first.header("link").is_some(), "{first:?}");
    for n in 0..5 {
        assert_eq!(
            api.entries_with_id(&api.address(&format!("page{n}"))).len(),
            1,
            "page{n}"
        );
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
