//! The admin's side: the mail, its link, one decision.

mod support;

use serde_json::{Value, json};
use support::raw::{self, Answer};
use support::{Sluice, until};

/// Submits what is half right; gives the path of its standing.
fn submit(sluice: &Sluice, email: &str, pincode: &str) -> String {
    let body = json!({ "user_name": "Half <b>right</b>", "email": email, "pincode": pincode }).to_string();
    let headers = [("content-type", "application/json"), ("prefer", "wait=30")];
    let answer = raw::send(&sluice.output("FunctionURLAPI"), "PUT", "/", &headers, body.as_bytes());
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.header("location").expect("a location").to_owned()
}

/// The mail about a submission.
fn mail(sluice: &Sluice, location: &str) -> Value {
    let id = location.rsplit('/').next().expect("an id").to_owned();
    let mail = until("its mail is in the inbox", || {
        let inbox = sluice.aws().json(&format!("{}/console/inbox", sluice.endpoint()));
        inbox["items"]
            .as_array()?
            .iter()
            .find(|m| m["text"].as_str().is_some_and(|t| t.contains(&id)))
            .cloned()
    });
    support::approvals::until_parked(sluice, &id);
    mail
}

/// The mail's one link.
fn link(mail: &Value) -> String {
    let text = mail["text"].as_str().expect("text");
    let links: Vec<&str> = text.split_whitespace().filter(|w| w.starts_with("http")).collect();
    assert_eq!(links.len(), 1, "{text}");
    links[0].to_owned()
}

/// The mail's code.
fn code(mail: &Value) -> &str {
    let text = mail["text"].as_str().expect("text");
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    text.lines().find(is_code).expect("a code on a line of its own")
}

fn target(link: &str) -> String {
    let rest = link.strip_prefix("http://").expect("http");
    rest[rest.find('/').expect("a path")..].to_owned()
}

fn ask(link: &str, method: &str, form: &str) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
    ];
    raw::send(
        link,
        method,
        &target(link),
        if method == "POST" { &headers } else { &headers[1..] },
        form.as_bytes(),
    )
}

fn standing(sluice: &Sluice, location: &str) -> Value {
    let url = format!("{}{location}", sluice.output("FunctionURLAPI").trim_end_matches('/'));
    sluice.aws().json(&url)
}

#[test]
fn looking_changes_nothing_and_one_post_decides() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "approve@example.com", "12");
    let mail = mail(sluice, &location);
    assert_eq!(mail["to"], "admin@example.com", "{mail}");
    let text = mail["text"].as_str().expect("text");
    assert!(
        text.contains("pincode") && text.lines().all(|l| l.len() < 998),
        "{text}"
    );
    assert!(mail["subject"].as_str().expect("a subject").len() < 100);
    let approve = link(&mail);
    for n in 0..10 {
        let answer = ask(&approve, if n % 2 == 0 { "GET" } else { "HEAD" }, "");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(standing(sluice, &location)["status"], "waiting_for_approval");
    let page = raw::send(&approve, "GET", &target(&approve), &[("accept", "text/html")], b"");
    assert!(
        page.body.contains("<form") && page.body.contains("Half &lt;b&gt;right"),
        "{}",
        page.body
    );
    assert!(
        page.header("content-security-policy")
            .is_some_and(|p| p.contains("default-src 'none'")),
        "{page:?}"
    );

    // what a mail system does: it presses the button, and has no code
    for form in ["decision=approve", "decision=approve&code=", "decision=reject&code=no"] {
        assert_eq!(ask(&approve, "POST", form).status, 400, "{form}");
    }
    assert_eq!(standing(sluice, &location)["status"], "waiting_for_approval");
    let with_code = |form: &str| format!("{form}&code={}", code(&mail));
    let decided = ask(&approve, "POST", &with_code("decision=approve&comment=fine"));
    assert_eq!(decided.status, 200, "{decided:?}");
    until("it is stored", || {
        (standing(sluice, &location)["status"] == "approved").then_some(())
    });
    let list = sluice
        .aws()
        .json(&format!("{}?limit=100", sluice.output("FunctionURLAPI")));
    let entry = list
        .as_array()
        .expect("a list")
        .iter()
        .find(|e| e["id"] == "approve@example.com")
        .expect("listed");
    assert_eq!(
        (&entry["status"], &entry["pincode"]),
        (&json!("approved"), &json!("12")),
        "{entry}"
    );

    for (form, status) in [("decision=approve", 200), ("decision=reject", 409)] {
        let again = ask(&approve, "POST", &with_code(form));
        assert_eq!(again.status, status, "{again:?}");
        assert!(
            again.body.contains("admin@example.com"),
            "a second decision is told who decided: {again:?}"
        );
        let without = ask(&approve, "POST", form);
        assert!(
            !without.body.contains("admin@") && !without.body.contains("Half"),
            "{without:?}"
        );
        assert_eq!(standing(sluice, &location)["status"], "approved");
    }
}

#[test]
fn a_rejection_is_an_outcome_and_not_a_fault() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "reject@example.com", "x");
    let mail = mail(sluice, &location);
    let form = format!("decision=reject&comment=no&reason=spam&code={}", code(&mail));
    assert_eq!(ask(&link(&mail), "POST", &form).status, 200);
    until("it is rejected", || {
        (standing(sluice, &location)["status"] == "rejected").then_some(())
    });
}

#[test]
fn a_repaired_field_is_validated_again() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "repair@example.com", "x");
    let first = mail(sluice, &location);
    let form = |pincode: &str| {
        let fields = "user_name=Half&email=repair%40example.com";
        format!("decision=repair&{fields}&pincode={pincode}&code={}", code(&first))
    };
    let wrong = ask(&link(&first), "POST", &form("1"));
    assert!(
        wrong.status == 400 && wrong.body.contains("repair-refused"),
        "{wrong:?}"
    );
    assert_eq!(ask(&link(&first), "POST", &form("4711")).status, 200);
    until("it is stored", || {
        (standing(sluice, &location)["status"] == "approved").then_some(())
    });
    let list = sluice
        .aws()
        .json(&format!("{}?limit=100", sluice.output("FunctionURLAPI")));
    let entry = list
        .as_array()
        .expect("a list")
        .iter()
        .find(|e| e["id"] == "repair@example.com")
        .expect("listed");
    assert_eq!(entry["pincode"], "4711", "{entry}");
}

#[test]
fn eight_admins_at_once_make_one_decision() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "race@example.com", "x");
    let mail = mail(sluice, &location);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..8)
            .map(|n| {
                let decision = if n % 2 == 0 { "approve" } else { "reject" };
                let link = link(&mail);
                let form = format!("decision={decision}&code={}", code(&mail));
                scope.spawn(move || ask(&link, "POST", &form))
            })
            .collect();
        posts.into_iter().map(|p| p.join().expect("answered")).collect()
    });
    let end = until("it has ended", || {
        let status = standing(sluice, &location)["status"]
            .as_str()
            .expect("a status")
            .to_owned();
        matches!(status.as_str(), "approved" | "rejected").then_some(status)
    });
    let winners: std::collections::BTreeSet<String> = answers
        .iter()
        .map(|a| {
            a.json()["decision"]["decision"]
                .as_str()
                .unwrap_or_else(|| panic!("{a:?}"))
                .to_owned()
        })
        .collect();
    assert_eq!(
        winners.len(),
        1,
        "all are shown the same decision: {winners:?}, which was {end}"
    );
}

#[test]
fn links_that_are_not_in_a_mail_open_nothing() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "guess@example.com", "x");
    let mail = mail(sluice, &location);
    let good = link(&mail);
    let (head, _) = good.rsplit_once('/').expect("a secret");
    for bad in [
        format!("{head}/{}?decision=approve", "A".repeat(43)),
        format!("{head}/?decision=approve"),
        format!("{head}/x"),
    ] {
        for method in ["GET", "POST"] {
            let answer = ask(&bad, method, if method == "POST" { "decision=approve" } else { "" });
            assert_eq!(answer.status, 404, "{bad}: {answer:?}");
        }
    }
    for form in [
        "decision=",
        "decision=maybe",
        "decision=approve&decision=reject",
        "decision=%zz",
    ] {
        let form = format!("{form}&code={}", code(&mail));
        assert_eq!(ask(&good, "POST", &form).status, 400, "{form}");
    }
    assert_eq!(standing(sluice, &location)["status"], "waiting_for_approval");
}

#[test]
fn an_approval_that_nobody_gives_expires() {
    let mut sluice = Sluice::with(&["--parameter", "ApprovalTimeoutDays=2"]);
    sluice.start();
    let location = submit(&sluice, "late@example.com", "x");
    let mail = mail(&sluice, &location);
    let approve = link(&mail);
    sluice.advance_clock("1d 23h");
    assert_eq!(standing(&sluice, &location)["status"], "waiting_for_approval");
    sluice.advance_clock("2h");
    until("it has expired", || {
        (standing(&sluice, &location)["status"] == "expired").then_some(())
    });
    let late = ask(&approve, "POST", &format!("decision=approve&code={}", code(&mail)));
    assert!(late.status < 500 && late.body.contains("\"expire\""), "{late:?}");
    assert_eq!(standing(&sluice, &location)["status"], "expired");
}

#[test]
fn the_task_token_is_nowhere_to_be_seen() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "secret@example.com", "x");
    let mail = mail(sluice, &location);
    let arn = sluice.execution_arn(location.rsplit('/').next().expect("an id"));
    let history = sluice
        .aws()
        .call("AWSStepFunctions.GetExecutionHistory", &json!({ "executionArn": arn }))
        .expect("history")
        .to_string();
    let token = history
        .split("taskToken")
        .nth(1)
        .and_then(|t| t.split('"').find(|w| w.len() > 40))
        .expect("in the API's history");
    let token = token.trim_end_matches('\\').to_owned();
    let approve = link(&mail);
    let mut seen = vec![mail.to_string(), ask(&approve, "GET", "").body];
    let encoded = arn.replace(':', "%3A");
    for page in [
        "/console",
        "/console/approvals",
        "/console/inbox",
        "/console/logs",
        &format!("/console/executions/{encoded}"),
    ] {
        for accept in ["text/html", "application/json"] {
            let (status, text) = sluice
                .aws()
                .get(&format!("{}{page}", sluice.endpoint()), &[("accept", accept)]);
            assert_eq!(status, 200, "{page}: {text}");
            seen.push(text);
        }
    }
    for function in sluice.aws().json(&format!("{}/console/logs", sluice.endpoint()))["items"]
        .as_array()
        .expect("a list")
    {
        let name = function["name"]
            .as_str()
            .or(function["function"].as_str())
            .expect("a name");
        seen.push(
            sluice
                .aws()
                .json(&format!("{}/console/logs/{name}", sluice.endpoint()))
                .to_string(),
        );
    }
    for text in seen {
        assert!(!text.contains(&token), "{text}");
    }
}

#[test]
fn many_at_once_are_one_batch_that_a_second_click_does_not_repeat() {
    let sluice = &Sluice::started();
    let places: Vec<String> = (0..12)
        .map(|n| submit(sluice, &format!("many{n}@example.com"), "x"))
        .collect();
    for place in &places {
        until("it waits", || {
            (standing(sluice, place)["status"] == "waiting_for_approval").then_some(())
        });
    }
    let function = sluice.output("ApprovalFunctionName");
    let url = format!("{}/2015-03-31/functions/{function}/invocations", sluice.endpoint());
    let path = target(&url);
    let answer = raw::send(&url, "POST", &path, &[], br#"{"operation": "open-list"}"#).json();
    let link = format!(
        "{}{}",
        sluice.output("ApprovalURL"),
        answer["path"].as_str().expect("a path")
    );
    let code = answer["code"].as_str().expect("a code");
    let list = until("all are listed", || {
        let list = ask(&link, "GET", "").json();
        (list["items"].as_array()?.len() == 12).then_some(list)
    });
    let kept = list["items"][5]["id"].as_str().expect("an id");
    let form = format!(
        "decision=approve&selection=all_but_picked&picked={kept}&until={}&batch=0123456789abcdef&code={code}",
        list["as_of"]
    );
    assert_eq!(ask(&link, "POST", &form.replace(code, "")).status, 400);
    for _ in 0..2 {
        assert_eq!(ask(&link, "POST", &form).status, 202);
    }
    let done = until("the batch is through", || {
        let batch = ask(&format!("{link}?batch=0123456789abcdef"), "GET", "").json();
        (batch["done"] == true).then_some(batch)
    });
    assert_eq!(
        (&done["decided"], &done["decided_by"]),
        (&json!(11), &json!("operator")),
        "{done}"
    );
    for place in &places {
        if kept.starts_with(place.rsplit('/').next().expect("an id")) {
            assert_eq!(standing(sluice, place)["status"], "waiting_for_approval");
        } else {
            until("it is stored", || {
                (standing(sluice, place)["status"] == "approved").then_some(())
            });
        }
    }
}

/// The newest mail whose subject begins so.
fn mail_named(sluice: &Sluice, begins: &str) -> Value {
    until(&format!("a mail is called {begins}"), || {
        let inbox = sluice.aws().json(&format!("{}/console/inbox", sluice.endpoint()));
        let mut mails = inbox["items"].as_array()?.iter();
        let called = |mail: &&Value| {
            mail["subject"]
                .as_str()
                .is_some_and(|subject| subject.starts_with(begins))
        };
        mails.find(called).cloned()
    })
}

#[test]
fn a_locked_link_is_replaced_by_a_mail_with_a_code_of_its_own() {
    let sluice = &Sluice::started();
    let location = submit(sluice, "locked@example.com", "12");
    let first = mail(sluice, &location);
    let wrong = if code(&first) == "AAAAAA" { "BBBBBB" } else { "AAAAAA" };
    for _ in 0..5 {
        let refused = ask(&link(&first), "POST", &format!("decision=approve&code={wrong}"));
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    let right = format!("decision=approve&code={}", code(&first));
    assert_eq!(ask(&link(&first), "POST", &right).status, 403, "it is locked");
    assert_eq!(ask(&link(&first), "POST", "decision=mail").status, 202);
    assert_eq!(
        ask(&link(&first), "POST", "decision=mail").status,
        200,
        "once for a link"
    );
    sluice.advance_clock("2m");
    let second = mail_named(sluice, "New link: Half");
    assert_ne!((link(&second), code(&second)), (link(&first), code(&first)));
    let right = format!("decision=approve&code={}", code(&second));
    assert_eq!(ask(&link(&second), "POST", &right).status, 200);
    until("it is stored", || {
        (standing(sluice, &location)["status"] == "approved").then_some(())
    });
}

#[test]
fn a_digest_leads_to_everything_open_and_its_code_decides() {
    let mut sluice = Sluice::with(&["--parameter", "MailsPerMinute=0"]);
    sluice.start();
    let sluice = &sluice;
    let places: Vec<String> = (0..2)
        .map(|n| submit(sluice, &format!("digest{n}@example.com"), "12"))
        .collect();
    sluice.advance_clock("2m");
    let digest = mail_named(sluice, "Approve? 2 requests wait, the first until");
    assert_eq!(digest["to"], "admin@example.com");
    let list = until("both are listed", || {
        let list = ask(&link(&digest), "GET", "").json();
        (list["items"].as_array()?.len() == 2).then_some(list)
    });
    let place = places.iter().find(|place| {
        let id = list["items"][0]["id"].as_str().expect("an id");
        place
            .rsplit('/')
            .next()
            .is_some_and(|submission| id.starts_with(submission))
    });
    let form = format!(
        "decision=approve&selection=picked&picked={}&batch=fedcba9876543210&code={}",
        list["items"][0]["id"].as_str().expect("an id"),
        code(&digest)
    );
    assert_eq!(ask(&link(&digest), "POST", &form).status, 202);
    until("the picked one is stored", || {
        (standing(sluice, place.expect("it was submitted"))["status"] == "approved").then_some(())
    });
}
