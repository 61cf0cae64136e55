//! The list of submissions, over a real journal.

use super::*;
use crate::submissions::spec_for_tests;

async fn start() -> Console {
    let notes = ConsoleNotes {
        submissions: Some(spec_for_tests(MACHINE)),
        ..ConsoleNotes::default()
    };
    Console::start_with(notes).await
}

/// Parks a submission, and answers it if there is an output.
async fn submit(console: &mut Console, name: &str, email: &str, output: Option<Value>) {
    let token = console.park(name, json!({ "email": email, "pincode": "12" })).await;
    if let Some(output) = output {
        console
            .driver
            .tokens()
            .succeed(&token, output)
            .await
            .expect("an answer");
    }
    console.clock.advance(std::time::Duration::from_secs(60));
}

fn outcomes(page: &Value) -> Vec<(String, u64)> {
    let counts = page["counts"].as_array().expect("counts");
    let count = |one: &Value| {
        let count = one["count"].as_u64().expect("a number");
        (one["outcome"].as_str().expect("a word").to_owned(), count)
    };
    counts.iter().map(count).filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn submissions_are_listed_by_outcome_text_and_date() {
    let mut console = start().await;
    submit(
        &mut console,
        "s-1",
        "ada@b.com",
        Some(json!({ "outcome": "rejected", "approval": null })),
    )
    .await;
    submit(
        &mut console,
        "s-2",
        "BOB@b.com",
        Some(json!({ "outcome": "approved", "entry": { "pincode": "12" } })),
    )
    .await;
    submit(&mut console, "s-3", "eve@b.com", None).await;
    submit(&mut console, "s-4", "<img src=x>", None).await;
    let stop = StopExecution::new(format!("{EXECUTION}s-4"));
    console.driver.executions().stop(stop).await.expect("a stop");

    let page = console.json("/console/submissions").await;
    assert_eq!(
        outcomes(&page),
        [("waiting", 1), ("approved", 1), ("refused", 1), ("broken", 1)].map(|(name, count)| (name.to_owned(), count))
    );
    assert_eq!(page["approximate"], Value::Null);
    let last = |list: &str| {
        page["last_hour"][list]
            .as_array()
            .expect("minutes")
            .iter()
            .filter_map(Value::as_u64)
            .sum::<u64>()
    };
    assert_eq!((last("started"), last("refused"), last("failed")), (4, 1, 1));
    let row = &page["items"][1];
    assert_eq!(
        (&row["id"], &row["outcome"], &row["status"]),
        (&json!("s-3"), &json!("waiting"), &json!("RUNNING"))
    );
    assert_eq!(row["values"], json!({ "E-mail": "eve@b.com", "Pincode": "12" }));
    assert_eq!(
        row["links"][1],
        json!({ "name": "Page", "href": "http://h/submissions/s-3" })
    );

    async fn check(console: &Console, query: &str, expected: &[&str]) {
        let ids = console
            .all(&format!("/console/submissions?limit=1&{query}"), "items", "id")
            .await;
        assert_eq!(ids, expected, "{query}");
    }
    check(&console, "", &["s-4", "s-3", "s-2", "s-1"]).await;
    check(&console, "outcome=waiting", &["s-3"]).await;
    check(&console, "outcome=broken", &["s-4"]).await;
    check(&console, "outcome=running", &[]).await;
    check(&console, "q=bob", &["s-2"]).await;
    check(&console, "q=B.COM+12", &["s-3", "s-2", "s-1"]).await;
    check(&console, "q=s-1&outcome=refused", &["s-1"]).await;
    check(&console, "q=%25", &[]).await;
    check(&console, "from=2026-11-18T11:08:00Z", &["s-4", "s-3"]).await;
    check(&console, "from=2026-11-18&to=2026-11-18", &["s-4", "s-3", "s-2", "s-1"]).await;
    check(&console, "to=2026-11-17", &[]).await;

    let html = console.page("/console").await;
    assert!(
        html.contains("<h1>Submissions</h1>") && html.contains("&lt;img src=x&gt;"),
        "{html}"
    );
    assert!(!html.contains("<img src=x"), "{html}");
    for (query, status) in [("outcome=nothing", 400), ("from=yesterday", 400), ("cursor=x", 400)] {
        let refused = console
            .send(Method::GET, &format!("/console/submissions?{query}"), &[])
            .await;
        assert_eq!(refused.status, status, "{query}");
    }
}

#[tokio::test]
async fn what_happens_after_a_look_is_seen_by_the_next() {
    let mut console = start().await;
    let token = console.park("s-1", json!({ "email": "a@b.com" })).await;
    let before = console.json("/console/submissions").await;
    assert_eq!(outcomes(&before), [("waiting".to_owned(), 1)]);
    console
        .driver
        .tokens()
        .succeed(&token, json!({ "outcome": "rejected" }))
        .await
        .expect("an answer");
    let after = console.json("/console/submissions").await;
    assert_eq!(outcomes(&after), [("refused".to_owned(), 1)]);
    let found = console
        .all("/console/submissions?outcome=refused&q=s-1", "items", "id")
        .await;
    assert_eq!(found, ["s-1"]);
}

#[tokio::test]
async fn without_a_definition_there_are_executions_first() {
    let console = Console::start().await;
    let page = console.page("/console").await;
    assert!(
        page.contains("<h1>Executions</h1>") && !page.contains("/console/submissions"),
        "{page}"
    );
    assert_eq!(console.send(Method::GET, "/console/submissions", &[]).await.status, 404);
}
