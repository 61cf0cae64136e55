//! The buttons, over a real journal.

use super::*;

const TOKEN: &str = "form_token=00000000000000010000000000000002";

/// Sends a form as a browser does from the console's own page.
async fn post(console: &Console, path: &str, fields: &str) -> Reply {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "http://localhost:4566"),
        ("sec-fetch-site", "same-origin"),
    ];
    let body = Body::from(format!("{TOKEN}&{fields}"));
    console.send_with(Method::POST, path, &headers, body).await
}

fn location(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.body);
    reply.headers[LOCATION].to_str().expect("text").to_owned()
}

async fn status(console: &Console, name: &str) -> Value {
    console.json(&format!("/console/executions/{EXECUTION}{name}")).await["status"].clone()
}

#[tokio::test]
async fn a_form_of_elsewhere_does_nothing() {
    let mut console = Console::start().await;
    console.park("e-1", json!({})).await;
    let stop = format!("arn={EXECUTION}e-1");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (headers, body, expected) in [
        (vec![form], stop.clone(), 403),
        (
            vec![form],
            format!("{stop}&form_token=00000000000000000000000000000000"),
            403,
        ),
        (
            vec![form, ("origin", "http://evil.example")],
            format!("{TOKEN}&{stop}"),
            403,
        ),
        (
            vec![form, ("sec-fetch-site", "cross-site")],
            format!("{TOKEN}&{stop}"),
            403,
        ),
        (vec![("content-type", "text/plain")], format!("{TOKEN}&{stop}"), 415),
    ] {
        let reply = console
            .send_with(Method::POST, "/console/stop", &headers, Body::from(body))
            .await;
        assert_eq!(reply.status.as_u16(), expected, "{headers:?}: {}", reply.body);
    }
    assert_eq!(status(&console, "e-1").await, "RUNNING");
    // to look changes nothing
    let page = console.page(&format!("/console/stop?arn={EXECUTION}e-1")).await;
    assert!(
        page.contains("Stop this execution?") && page.contains("00000000000000010000000000000002"),
        "{page}"
    );
    assert_eq!(status(&console, "e-1").await, "RUNNING");
}

#[tokio::test]
async fn an_execution_is_started_stopped_redriven_and_started_again() {
    let mut console = Console::start().await;
    let reply = post(
        &console,
        "/console/start",
        &format!("machine={MACHINE}&name=e-1&input=%7B%22a%22%3A%0D%0A1%7D"),
    )
    .await;
    assert_eq!(
        location(&reply),
        format!("/console/executions/{EXECUTION}e-1?done=started")
    );
    console.tokens.recv().await.expect("it runs");
    let shown = console.page(&location(&reply)).await;
    assert!(shown.contains("Started.") && !shown.contains("done=started"), "{shown}");

    let again = console.json(&format!("/console/start?again={EXECUTION}e-1")).await;
    assert_eq!(
        (&again["machine"], &again["input"]),
        (&json!(MACHINE), &json!("{\n  \"a\": 1\n}"))
    );
    let taken = post(
        &console,
        "/console/start",
        &format!("machine={MACHINE}&name=e-1&input=%7B%7D"),
    )
    .await;
    assert_eq!(taken.status, 400);
    assert!(
        taken.body.contains("Nothing was started") && taken.body.contains("value=\"e-1\""),
        "{}",
        taken.body
    );
    let wrong = post(&console, "/console/start", &format!("machine={MACHINE}&input=%7Boops")).await;
    assert!(
        wrong.status == 400 && wrong.body.contains("{oops</textarea>"),
        "{}",
        wrong.body
    );

    let stopped = post(&console, "/console/stop", &format!("arn={EXECUTION}e-1&error=By.Hand")).await;
    assert_eq!(
        location(&stopped),
        format!("/console/executions/{EXECUTION}e-1?done=stopped")
    );
    assert_eq!(status(&console, "e-1").await, "ABORTED");
    let twice = post(&console, "/console/stop", &format!("arn={EXECUTION}e-1")).await;
    assert!(location(&twice).ends_with("done=ended-before"));
    let redriven = post(&console, "/console/redrive", &format!("arn={EXECUTION}e-1")).await;
    assert!(location(&redriven).ends_with("done=redriven"));
    assert_eq!(status(&console, "e-1").await, "RUNNING");
    let refused = post(&console, "/console/redrive", &format!("arn={EXECUTION}e-1")).await;
    assert_eq!(refused.status, 409);
    assert_eq!(post(&console, "/console/stop", "arn=none").await.status, 404);
}

#[tokio::test]
async fn all_that_failed_is_redriven_after_a_look_at_how_many() {
    let mut console = Console::start().await;
    for name in ["e-1", "e-2", "e-3"] {
        console.park(name, json!({})).await;
        if name != "e-2" {
            let stop = StopExecution::new(format!("{EXECUTION}{name}"));
            console.driver.executions().stop(stop).await.expect("a stop");
        }
    }
    let preview = console.json("/console/redrive-failed").await;
    assert_eq!((&preview["count"], &preview["more"]), (&json!(2), &json!(false)));
    assert_eq!(status(&console, "e-1").await, "ABORTED");
    let done = post(&console, "/console/redrive-failed", "").await;
    assert!(
        done.status == 200 && done.body.contains("<h1>2 redriven</h1>"),
        "{}",
        done.body
    );
    assert_eq!(status(&console, "e-1").await, "RUNNING");
    assert_eq!(console.json("/console/redrive-failed").await["count"], 0);
}

#[tokio::test]
async fn a_task_is_answered_without_showing_its_token() {
    let mut console = Console::start().await;
    let token = console.park("e-1", json!({})).await;
    let arn = format!("arn={EXECUTION}e-1");
    let forms = console.json(&format!("/console/tasks?{arn}")).await;
    assert_eq!(forms["items"][0]["state"], "RequestApproval");
    let page = console.page(&format!("/console/tasks?{arn}")).await;
    assert!(
        !page.contains(&token[5..25]) && page.contains("Send heartbeat"),
        "{page}"
    );
    let attempt = forms["items"][0]["attempt"].as_u64().expect("a number");

    let beat = post(
        &console,
        "/console/tasks",
        &format!("{arn}&attempt={attempt}&action=heartbeat"),
    )
    .await;
    assert!(location(&beat).ends_with("done=heartbeat"));
    let wrong = post(
        &console,
        "/console/tasks",
        &format!("{arn}&attempt={attempt}&action=success&output=%7B"),
    )
    .await;
    assert_eq!(wrong.status, 400);
    let answer = format!("{arn}&attempt={attempt}&action=success&output=%7B%22a%22%3A1%7D");
    assert!(location(&post(&console, "/console/tasks", &answer).await).ends_with("done=answered"));
    assert_eq!(status(&console, "e-1").await, "SUCCEEDED");
    assert_eq!(post(&console, "/console/tasks", &answer).await.status, 409);

    let token = console.park("e-2", json!({})).await;
    let failure = format!("token={token}&action=failure&error=No&cause=x");
    assert_eq!(
        location(&post(&console, "/console/tasks", &failure).await),
        "/console?done=answered"
    );
    assert_eq!(status(&console, "e-2").await, "FAILED");
    for (fields, expected) in [
        (failure.as_str(), 409),
        ("token=SLT1-x&action=success", 400),
        ("action=success", 400),
        ("token=x&action=other", 400),
    ] {
        assert_eq!(
            post(&console, "/console/tasks", fields).await.status.as_u16(),
            expected,
            "{fields}"
        );
    }
}

#[tokio::test]
async fn a_mail_is_found_read_deleted_and_brought_back() {
    let console = Console::start().await;
    for (id, subject) in [("m-1", "Approve ada?"), ("m-2", "Approve bob?")] {
        let mail = mail(id, subject, "See s-7");
        console.driver.store().put("mail", id, mail).await.expect("a mail");
    }
    async fn check(console: &Console, query: &str, expected: &[&str]) {
        let ids = console.all(&format!("/console/inbox?{query}"), "items", "id").await;
        assert_eq!(ids, expected, "{query}");
    }
    check(&console, "unread=true", &["m-2", "m-1"]).await;
    check(&console, "q=ADA+s-7", &["m-1"]).await;
    check(&console, "q=nobody", &[]).await;
    // neither a program's look nor HEAD is somebody's
    console.json("/console/inbox/m-1").await;
    console.send(Method::HEAD, "/console/inbox/m-1", &[]).await;
    check(&console, "unread=true", &["m-2", "m-1"]).await;
    console.page("/console/inbox/m-1").await;
    check(&console, "unread=true", &["m-2"]).await;

    let deleted = post(&console, "/console/delete-mail", "id=m-1").await;
    assert_eq!(location(&deleted), "/console/inbox?done=mail-deleted&undo=m-1");
    let list = console.page(&location(&deleted)).await;
    assert!(
        list.contains("The mail is deleted.") && list.contains("action=\"/console/restore-mail\""),
        "{list}"
    );
    check(&console, "", &["m-2"]).await;
    assert_eq!(post(&console, "/console/delete-mail", "id=m-1").await.status, 404);
    assert!(location(&post(&console, "/console/restore-mail", "id=m-1").await).starts_with("/console/inbox/m-1?"));
    check(&console, "", &["m-2", "m-1"]).await;
    assert_eq!(post(&console, "/console/restore-mail", "id=m-1").await.status, 404);
}

#[tokio::test]
async fn the_clock_is_moved_by_a_form() {
    let console = Console::start().await;
    let page = console.page("/console/clock").await;
    assert!(
        page.contains("Nothing waits for a time.") && page.contains("disabled>Go to the next deadline"),
        "{page}"
    );
    assert_eq!(console.json("/console/clock").await["now"], "2026-11-18T11:06:40.000Z");
    assert_eq!(post(&console, "/console/clock", "to=next").await.status, 409);
    assert_eq!(post(&console, "/console/clock", "amount=0&unit=days").await.status, 400);
}
