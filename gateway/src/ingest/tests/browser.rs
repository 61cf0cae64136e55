use super::*;

const HTML: &str = "accept: text/html,application/xhtml+xml,*/*;q=0.8";

/// The request of the form.
fn sent(fields: &str) -> String {
    format!("POST /\ncontent-type: application/x-www-form-urlencoded\n{HTML}\n\n{fields}")
}

/// The value of the hidden key in a page.
fn key(page: &str) -> &str {
    let field = page.split("name=\"idempotency_key\" value=\"").nth(1).unwrap();
    field.split('"').next().unwrap()
}

fn hash(fake: &Fake) -> String {
    fake.log.borrow()[0].split("input_hash\":\"").nth(1).unwrap()[..43].to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_browser_is_sent_on_to_the_submissions_page() {
    for found in [
        ingested(),
        SubmissionStatus::WaitingForApproval,
        SubmissionStatus::Running,
        SubmissionStatus::Failed,
    ] {
        for request in [sent(GOOD), format!("GET /?{GOOD}\n{HTML}")] {
            let answer = check(&looks([found.clone()]), &request, 303, &[]).await;
            assert_eq!(answer.headers["location"], with_id("/submissions/FRESH"));
            assert_eq!(answer.body, "");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_sent_twice_is_one_submission() {
    let first = looks([ingested()]);
    let request = sent(&format!("{GOOD}&idempotency_key=key-1"));
    let answer = check(&first, &request, 303, &[]).await;
    let again = Fake {
        starts: RefCell::new([Start::NameTaken].into()),
        hash: Some(hash(&first)),
        ..looks([ingested()])
    };
    let second = check(&again, &request, 303, &[]).await;
    assert_eq!(answer.headers["location"], second.headers["location"]);
    assert_eq!(
        first.log.borrow()[0],
        again.log.borrow()[0],
        "the same execution, by its name"
    );
    // A program that sends the member by chance means nothing by it, as before.
    let program = looks([ingested()]);
    check(&program, &request.replace(HTML, "accept: */*"), 201, &[]).await;
    assert!(program.log.borrow()[0].starts_with(&with_id("start FRESH ")));
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_form_has_a_key_and_says_the_rules_before_they_are_broken() {
    let page = check(&Fake::default(), &format!("GET /\n{HTML}"), 200, &[]).await.body;
    assert_eq!(key(&page), UUID);
    for part in [
        "type=\"hidden\" name=\"idempotency_key\"",
        "autocomplete=\"off\"",
        "novalidate",
        "<p class=\"hint\" id=\"pincode-hint\">4 to 6 digits, as 3055.</p>",
        "inputmode=\"numeric\" autocomplete=\"postal-code\"",
        "type=\"email\" value=\"\" inputmode=\"email\" autocomplete=\"email\"",
        "autocomplete=\"name\"",
        "required aria-describedby=\"user_name-hint\"",
        "<link rel=\"icon\" type=\"image/svg+xml\" href=\"data:",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert_eq!(page.matches(" required ").count(), 3);
    assert_eq!(page.matches("class=\"button primary\"").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_comes_back_with_what_was_typed_and_each_mistake_at_its_field() {
    let request = sent("user_name=Ada+%26+%22Bob%22&email=x&pincode=12&idempotency_key=key-1");
    let answer = check(&looks([rejected()]), &request, 400, &[]).await;
    let page = &answer.body;
    for part in [
        "<title>Nothing was stored: please mend 2 things",
        "role=\"alert\" tabindex=\"-1\" autofocus",
        "<a href=\"#email\">E-mail wrong.</a>",
        "<a href=\"#pincode\">Pincode &lt;wrong&gt;.</a>",
        "value=\"Ada &amp; &quot;Bob&quot;\"",
        "value=\"x\"",
        "value=\"12\"",
        "aria-invalid=\"true\" aria-describedby=\"email-hint email-error\"",
        "aria-invalid=\"true\" aria-describedby=\"pincode-hint pincode-error\"",
        "aria-describedby=\"user_name-hint\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert_eq!(page.matches("aria-invalid=\"true\"").count(), 2);
    // Other fields under the old key would be refused.
    assert_ne!(key(page), "key-1");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_in_keeps_what_was_typed_and_its_key() {
    use CallErrorKind::{Refused, Throttled, Unreachable};
    let request = sent(&format!("{GOOD}&idempotency_key=key-1"));
    for (start, status, part) in [
        (Start::Fails(Throttled), 503, "Nothing was taken in"),
        (Start::Fails(Unreachable), 503, "not certain"),
        (Start::Fails(Refused), 500, "Nothing was taken in"),
    ] {
        let fake = Fake {
            starts: RefCell::new([start].into()),
            ..looks([])
        };
        let answer = check(&fake, &request, status, &[part, "value=\"a@b.com\""]).await;
        assert_eq!(key(&answer.body), "key-1", "so that it cannot be taken in twice");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
        assert_eq!(answer.headers.contains_key("location"), part == "not certain");
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_with_other_fields_under_a_used_key_asks_once_more() {
    let fake = Fake {
        starts: RefCell::new([Start::NameTaken].into()),
        hash: Some("another".to_owned()),
        ..looks([ingested()])
    };
    let request = sent(&format!("{GOOD}&idempotency_key=key-1"));
    let answer = check(&fake, &request, 409, &["Submit once more", "value=\"a@b.com\""]).await;
    assert_eq!(key(&answer.body), UUID);
}

#[tokio::test]
async fn the_page_of_a_submission_follows_it_to_its_end() {
    let approved = ended(json!({"outcome": "approved", "submission_id": "fresh", "entry": entry("Ada")}));
    let by_admin = ended(
        json!({"outcome": "rejected", "submission_id": "fresh", "reason": "Not known here.",
        "violations": [], "approval": {"decided_by": "Grace", "decided_at": "t"}}),
    );
    let expired =
        ended(json!({"outcome": "expired", "submission_id": "fresh", "reason": "Too late.", "violations": []}));
    // The status, a part of the page, and the seconds between looks with and without script.
    let rows = [
        (SubmissionStatus::Running, "being checked", Some(("1", "4"))),
        (
            SubmissionStatus::WaitingForApproval,
            "An admin was asked",
            Some(("4", "30")),
        ),
        (SubmissionStatus::Failed, "The workflow broke", None),
        (ingested(), "Your entry is stored", None),
        (approved, "Approved by an admin", None),
        (rejected(), "It breaks rules. Nothing was stored.", None),
        (by_admin, "Refused by an admin", None),
        (expired, "Expired: no admin decided in time", None),
    ];
    for (found, part, pace) in rows {
        let own = with_id(&format!("GET /submissions/FRESH\n{HTML}"));
        let page = check(
            &looks([found.clone()]),
            &own,
            200,
            &[part, "id=\"submission\" data-live"],
        )
        .await
        .body;
        let (script, reload) = pace.unzip();
        let has = |text: &str| page.contains(text);
        assert_eq!(has("data-refresh=\""), pace.is_some(), "{part}");
        assert!(
            script.is_none_or(|seconds| has(&format!("data-refresh=\"{seconds}\""))),
            "{part}"
        );
        assert!(reload.is_none_or(|seconds| has(&format!(
            "<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\">"
        ))));
        assert!(!page.contains("<details"), "a reload would close it");
        assert!(!page.contains("Grace"));
        let stopped = own
            .replace("FRESH", "FRESH?refresh=0")
            .replace(&fresh(), &format!("{}?refresh=0", fresh()));
        let stopped = check(&looks([found]), &stopped, 200, &[]).await.body;
        assert!(
            !stopped.contains("http-equiv") && !stopped.contains("data-refresh=\""),
            "{part}"
        );
    }
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let look = async |found: SubmissionStatus, now_ms: i64, known: &str| {
        let fake = looks([found]);
        let mut request = parsed(&with_id(&format!(
            "GET /submissions/FRESH\n{HTML}\nif-none-match: {known}"
        )));
        request.request_context.time_epoch = now_ms;
        Ingest::new(&fake, &fake, Fixed, ids(), settings())
            .handle(&request, Duration::from_secs(30))
            .await
    };
    let first = look(SubmissionStatus::WaitingForApproval, 61_000, "").await;
    let tag = &first.headers["etag"];
    let again = look(SubmissionStatus::WaitingForApproval, 62_000, tag).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert!(again.headers.contains_key("content-security-policy") && !again.headers.contains_key("content-type"));
    assert_eq!(
        look(SubmissionStatus::WaitingForApproval, 62_000, &format!("\"x\", {tag}"))
            .await
            .status,
        304
    );
    assert_eq!(
        look(SubmissionStatus::WaitingForApproval, 62_000, "W/\"x\"")
            .await
            .status,
        200
    );
    assert_eq!(look(ingested(), 62_000, tag).await.status, 200);
}

#[tokio::test]
async fn the_page_of_a_submission_says_when_it_was_sent() {
    // The seconds from the sending, whose clock may be ahead of the page's, to the page; the words.
    let rows = [
        (6, "6 seconds ago"),
        (0, "now"),
        (-2, "now"),
        (3600, "1 hour ago"),
        (86_400, "yesterday"),
    ];
    for (seconds, words) in rows {
        let mut request = parsed(&with_id(&format!("GET /submissions/FRESH\n{HTML}")));
        request.request_context.time_epoch = 1000 + seconds * 1000;
        let fake = looks([ingested()]);
        let page = Ingest::new(&fake, &fake, Fixed, ids(), settings())
            .handle(&request, Duration::from_secs(30))
            .await
            .body;
        let (_, after) = page.split_once("Submission <code").expect("the line about its id");
        let (line, _) = after.split_once("</p>").expect("its end");
        assert!(
            line.contains(&format!(">{words}</time>")) && line.contains(", sent <time "),
            "{seconds}: {line}"
        );
    }
}
