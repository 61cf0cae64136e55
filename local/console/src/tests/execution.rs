//! The page of an execution, over real histories.

use super::*;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

fn task(next: Option<&str>) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": FUNCTION });
    match next {
        Some(next) => task["Next"] = json!(next),
        None => task["End"] = json!(true),
    }
    task
}

fn flow(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: state } })
}

impl Console {
    /// Runs a machine, and waits until it has ended, or until what it does next takes a person or the clock; its page.
    async fn run(&self, name: &str, definition: Value, input: Value, ends: bool) -> String {
        let arn = format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}");
        let record = MachineRecord {
            arn: arn.clone(),
            name: name.to_owned(),
            definition: definition.to_string().into(),
            ..machine()
        };
        self.driver
            .machines()
            .put(record, false)
            .await
            .expect("a state machine");
        let request = StartExecution::new(&arn, input).named("e");
        let started = self.driver.executions().start(request).await.expect("an execution");
        if ends {
            self.driver
                .executions()
                .wait_for_end(&started.arn)
                .await
                .expect("an end");
        } else {
            self.settle().await;
        }
        format!("/console/executions/{}", started.arn)
    }

    /// Waits until the answers of calls that were made have been taken.
    async fn settle(&self) {
        for _ in 0..3 {
            let written = self.driver.store().put("test", "barrier", Value::Null).await;
            written.expect("a write");
        }
    }
}

/// The rows of a table of visits: `depth label status`.
fn rows(page: &Value) -> Vec<String> {
    let rows = page["visits"]["rows"].as_array().expect("rows");
    let told = rows.iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", row["depth"], text("label"), text("status"))
    });
    told.collect()
}

/// The states of the graph: `state status visits`.
fn states(page: &Value) -> Vec<String> {
    let states = page["states"].as_array().expect("states");
    let told = states.iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap_or("elsewhere").to_owned();
        format!("{} {} {}", text("state"), text("status"), row["visits"])
    });
    told.collect()
}

#[tokio::test]
async fn branches_and_items_are_nested_and_each_state_has_its_colour() {
    let console = Console::start().await;
    let each = json!({ "Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 1, "End": true, "ItemProcessor": flow("Item", task(None)) });
    let mut fails = task(None);
    fails["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Excuse" }]);
    let caught = json!({ "StartAt": "Fails", "States": { "Fails": fails, "Excuse": { "Type": "Pass", "End": true } } });
    let both = json!({ "Type": "Parallel", "End": true, "Branches": [flow("Each", each), caught] });
    let definition = json!({ "StartAt": "Look", "States": {
        "Look": { "Type": "Choice", "Choices": [{ "Variable": "$.list", "IsPresent": false, "Next": "Never" }], "Default": "Both" },
        "Never": { "Type": "Fail" },
        "Both": both,
    } });
    let page = console.run("nested", definition, json!({ "list": [1, 2] }), true).await;
    let json = console.json(&page).await;
    assert_eq!(
        rows(&json),
        [
            "0 Look succeeded",
            "0 Both succeeded",
            "1 branch 0 succeeded",
            "2 Each succeeded",
            "3 item 0 succeeded",
            "4 Item succeeded",
            "3 item 1 succeeded",
            "4 Item succeeded",
            "1 branch 1 succeeded",
            "2 Fails caught",
            "2 Excuse succeeded",
        ]
    );
    assert_eq!(
        states(&json),
        [
            "Look succeeded 1",
            "Never not reached 0",
            "Both succeeded 1",
            "Each succeeded 1",
            "Item succeeded 2",
            "Fails caught 1",
            "Excuse succeeded 1",
        ]
    );
    let html = console.page(&page).await;
    for part in [
        "class=\"graph\"",
        "role=\"group\"",
        "<title>Fails: caught",
        "<title>Never: not reached",
        "edge catch taken",
        "class=\"state not-reached\"",
        ">2 of 2 items done</text>",
        "?state=Fails#visit",
    ] {
        assert!(html.contains(part), "{part:?} in {html}");
    }
    assert_eq!(html.matches("class=\"edge taken\"").count(), 3, "start, Both and end");
    assert_eq!(
        json["visit"]["state"], "Both",
        "the last one at the top of what ended well"
    );
    let caught = console.json(&format!("{page}?state=Fails")).await;
    assert_eq!(
        (
            &caught["visit"]["status"],
            &caught["visit"]["error"],
            &caught["visit"]["cause"]
        ),
        (&json!("caught"), &json!("Test.Failed"), &json!("it fails on purpose"))
    );
}

#[tokio::test]
async fn events_know_their_states_and_are_filtered() {
    let console = Console::start().await;
    let map = json!({ "Type": "Map", "ItemsPath": "$", "End": true, "ItemProcessor": flow("Item", task(None)) });
    let page = console.run("events", flow("Each", map), json!([1, 2]), true).await;
    let json = console.json(&page).await;
    for event in json["events"].as_array().expect("events") {
        let kind = event["type"].as_str().expect("a type");
        let expected = match kind {
            _ if kind.starts_with("Execution") => Value::Null,
            _ if kind.starts_with("Map") => json!("Each"),
            _ => json!("Item"),
        };
        assert_eq!(event["state"], expected, "{event}");
    }
    let ids: Vec<_> = json["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| event["id"].as_u64())
        .collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    for (query, only) in [
        ("type=MapIterationStarted", "MapIterationStarted"),
        ("type=branches&of=Each", "Map"),
        ("type=tasks", "Lambda"),
        ("type=execution", "Execution"),
    ] {
        let found = console.json(&format!("{page}?{query}")).await;
        let events = found["events"].as_array().expect("events");
        let fits = |event: &Value| event["type"].as_str().is_some_and(|kind| kind.starts_with(only));
        assert!(!events.is_empty() && events.iter().all(fits), "{query}: {events:?}");
    }
    let none = console.page(&format!("{page}?failed=1")).await;
    assert!(none.contains("No event passes these filters."), "{none}");
    for query in [
        "failed=maybe",
        "visit=0",
        "visit=999",
        "type=%3Cb%3E",
        "within=x",
        "cursor=x",
    ] {
        let refused = console.send(Method::GET, &format!("{page}?{query}"), &[]).await;
        assert!(refused.status.is_client_error(), "{query}: {}", refused.status);
    }
}

#[tokio::test]
async fn a_retry_says_which_attempt_comes_next() {
    let console = Console::start().await;
    let mut fails = task(None);
    fails["Retry"] =
        json!([{ "ErrorEquals": ["Test.Failed"], "IntervalSeconds": 3, "MaxAttempts": 3, "BackoffRate": 1.0 }]);
    let page = console.run("retry", flow("Fails", fails), json!({}), false).await;
    let json = console.json(&page).await;
    let row = &json["visits"]["rows"][0];
    assert_eq!(
        (&row["status"], &row["note"]),
        (&json!("waiting"), &json!("attempt 2 of 4, next in 3.000 s"))
    );
    let attempts = json["visit"]["attempts"].as_array().expect("attempts");
    assert_eq!((attempts.len(), &attempts[0]["error"]), (1, &json!("Test.Failed")));
    let html = console.page(&page).await;
    assert!(
        html.contains("attempt 2 of 4, next in 3.000 s") && html.contains("log of <bdi>f</bdi>"),
        "{html}"
    );
}

#[tokio::test]
async fn a_wait_says_when_it_wakes() {
    let console = Console::start().await;
    let wait = json!({ "Type": "Wait", "Seconds": 2_000_000, "End": true });
    let page = console.run("wait", flow("Pause", wait), json!({}), false).await;
    let json = console.json(&page).await;
    assert_eq!(json["visits"]["rows"][0]["note"], "wakes on 11 December 2026 at 14:40");
    assert_eq!(json["visit"]["waits_for"], "wakes on 11 December 2026 at 14:40");
}

#[tokio::test]
async fn variables_are_shown_as_they_were_and_as_they_became() {
    let console = Console::start().await;
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Assign": { "x": 1, "y": 1 }, "Next": "B" },
        "B": { "Type": "Pass", "Assign": { "x": 2 }, "Output": "{% $x %}", "Next": "C" },
        "C": { "Type": "Pass", "End": true },
    } });
    let page = console.run("variables", definition, json!({ "in": true }), true).await;
    for (state, before, assigned) in [
        ("A", json!({}), json!({ "x": 1, "y": 1 })),
        ("B", json!({ "x": 1, "y": 1 }), json!({ "x": 2 })),
        ("C", json!({ "x": 2, "y": 1 }), Value::Null),
    ] {
        let visit = &console.json(&format!("{page}?state={state}")).await["visit"];
        assert_eq!(
            (&visit["variables"], &visit["assigned"]),
            (&before, &assigned),
            "{state}"
        );
    }
}

#[tokio::test]
async fn a_failed_execution_shows_the_state_that_failed_and_its_redrive() {
    let console = Console::start().await;
    let definition =
        json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "Next": "Fails" }, "Fails": task(None) } });
    let page = console.run("redrive", definition, json!({}), true).await;
    let json = console.json(&page).await;
    assert_eq!(
        (&json["visit"]["state"], &json["visit"]["status"]),
        (&json!("Fails"), &json!("failed"))
    );
    assert_eq!(states(&json), ["A succeeded 1", "Fails failed 1"]);
    let arn = json["arn"].as_str().expect("an ARN").to_owned();
    let redrive = sluice_driver::RedriveExecution {
        arn: arn.clone(),
        client_token: None,
    };
    console.driver.executions().redrive(redrive).await.expect("a redrive");
    console.driver.executions().wait_for_end(&arn).await.expect("an end");
    let json = console.json(&page).await;
    assert_eq!(
        (
            &json["redrive_count"],
            json["visit"]["attempts"].as_array().map(Vec::len)
        ),
        (&json!(1), Some(2))
    );
    assert_eq!(rows(&json), ["0 A succeeded", "0 Fails failed"]);
    let failures = console.json(&format!("{page}?failed=1&of=Fails")).await;
    assert_eq!(failures["events"].as_array().map(Vec::len), Some(2));
    assert!(console.page(&page).await.contains("1 time, last"));
}

#[tokio::test]
async fn a_large_map_is_bounded_and_opened_part_by_part() {
    let console = Console::start().await;
    let map = json!({ "Type": "Map", "ItemsPath": "$", "End": true, "ItemProcessor": flow("Item", json!({ "Type": "Pass", "End": true })) });
    let items: Vec<u32> = (0..600).collect();
    let page = console.run("large", flow("Each", map), json!(items), true).await;
    let json = console.json(&page).await;
    assert_eq!(json["event_count"], 600 * 4 + 6);
    let told = rows(&json);
    assert_eq!(told[0], "0 Each succeeded");
    assert_eq!(told.last().map(String::as_str), Some("1 592 more items not reached"));
    assert_eq!(json["visits"]["left_out"], 601 - 9);
    let mut seen = 0;
    let mut next = Some(format!("{page}?within=2"));
    while let Some(at) = next.take() {
        let html = console.page(&at).await;
        assert!(html.len() < 150_000, "{at}: {} bytes", html.len());
        let part = console.json(&at).await;
        seen += part["visits"]["rows"].as_array().map_or(0, Vec::len);
        next = part["visits"]["next"]
            .as_str()
            .and_then(|next| next.split('#').next())
            .map(str::to_owned);
    }
    assert_eq!(seen, 600);
    let item = console.json(&format!("{page}?within=2&item=599")).await;
    assert_eq!(rows(&item), ["0 Item succeeded"]);
    let failed = console.json(&format!("{page}?within=2&items=failed")).await;
    assert!(rows(&failed).is_empty());
}

#[tokio::test]
async fn a_map_run_and_its_children_are_linked() {
    let console = Console::start().await;
    let mut processor =
        json!({ "StartAt": "Item", "States": { "Item": task(Some("Last")), "Last": { "Type": "Pass", "End": true } } });
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    let map = json!({ "Type": "Map", "Label": "each", "ItemsPath": "$", "End": true, "ItemProcessor": processor });
    let page = console.run("runs", flow("Each", map), json!([1, 2, 3]), true).await;
    let json = console.json(&page).await;
    assert_eq!(
        states(&json),
        ["Each succeeded 1", "Item elsewhere 0", "Last elsewhere 0"]
    );
    assert_eq!(json["map_runs"][0]["counts"], "3 of 3 items done");
    assert_eq!(json["visits"]["rows"][0]["note"], "3 of 3 items done");
    let run = json["map_runs"][0]["arn"].as_str().expect("an ARN");
    let run_page = query::path(&["map-runs", run]);
    assert!(console.page(&page).await.contains(&format!("href=\"{run_page}\"")));

    let run = console.json(&run_page).await;
    assert_eq!(run["children"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&run["status"], &run["items"]["succeeded"]),
        (&json!("SUCCEEDED"), &json!(3))
    );
    let children = console.all(&format!("{run_page}?limit=2"), "children", "arn").await;
    assert_eq!(children.len(), 3);
    let html = console.page(&run_page).await;
    for part in [
        "href=\"/console/executions/",
        "no item",
        "<span class=\"badge ok\">SUCCEEDED</span>",
        "aria-current=\"true\">All<b",
        "data-label=\"Items\">1</td>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }

    let child = format!(
        "/console/executions/{}",
        children[0].as_str().expect("an ARN").replace('/', "%2F")
    );
    let json = console.json(&child).await;
    assert_eq!(states(&json), ["Item succeeded 1", "Last succeeded 1"]);
    assert_eq!(json["child_of"]["state"], "Each");
    assert!(console.page(&child).await.contains(&format!("href=\"{run_page}\"")));
    for missing in [
        "/console/map-runs/none",
        &format!("{run_page}?status=NONE"),
        &format!("{run_page}?cursor=%00"),
    ] {
        let refused = console.send(Method::GET, missing, &[]).await;
        assert!(refused.status.is_client_error(), "{missing}: {}", refused.status);
    }
}

#[tokio::test]
async fn names_and_data_of_strangers_stay_text_everywhere_on_the_page() {
    let console = Console::start().await;
    let name = "</title><script>alert(1)</script>\u{202e}";
    let mut definition = flow(name, json!({ "Type": "Pass", "Comment": "<b>\"'&", "Next": "Fails" }));
    definition["States"]["Fails"] = task(None);
    let input = json!({ name: name, "\"><img src=x>": "\0" });
    let page = console.run("hostile", definition, input, true).await;
    let encoded = query::Query::default()
        .with("state", Some(name))
        .with("of", Some(name))
        .with("open", Some("1"));
    for uri in [page.clone(), encoded.link(&page)] {
        let html = console.page(&uri).await;
        // the filter sends back the name as it is
        let html = html.replace("alert(1)&lt;/script&gt;\u{202e}\"", "");
        assert_eq!(html.matches("<script").count(), 1, "the page's own alone: {html}");
        for part in ["<script>alert", "<img", "<b>\"", "\u{202e}", "\0"] {
            assert!(!html.contains(part), "{part:?} in {html}");
        }
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }
}

#[tokio::test]
async fn a_machine_of_sixty_states_is_drawn_within_the_limit_of_a_page() {
    let console = Console::start().await;
    let states: serde_json::Map<String, Value> = (0..60)
        .map(|n| {
            let state = json!({ "Type": "Choice", "Choices": [
                { "Variable": "$.n", "NumericLessThan": n, "Next": "S59" },
                { "Variable": "$.m", "IsPresent": true, "Next": format!("S{}", (n + 2).min(59)) },
            ], "Default": format!("S{}", n + 1) });
            let last = json!({ "Type": "Succeed" });
            (format!("S{n}"), if n == 59 { last } else { state })
        })
        .collect();
    let definition = json!({ "StartAt": "S0", "States": states });
    let page = console.run("sixty", definition, json!({ "n": 100 }), true).await;
    let html = console.page(&page).await;
    assert!(html.len() < 150_000, "{} bytes", html.len());
    assert!(html.contains("only=graph"), "{html}");
    let alone = console.page(&format!("{page}?only=graph")).await;
    assert!(alone.contains("60 states, 60 succeeded"), "{alone}");
    assert!(alone.len() < 150_000, "{} bytes", alone.len());
}

#[tokio::test]
async fn a_state_that_fails_without_an_event_has_the_executions_error() {
    let console = Console::start().await;
    let choice = json!({ "Type": "Choice", "Choices": [{ "Variable": "$.none", "NumericEquals": 1, "Next": "End" }] });
    let definition = json!({ "StartAt": "Look", "States": { "Look": choice, "End": { "Type": "Succeed" } } });
    let fail = json!({ "Type": "Fail", "Error": "No.Way", "Cause": "because" });
    for (name, definition, error) in [
        ("runtime", definition, "States.Runtime"),
        ("fail", flow("No", fail), "No.Way"),
    ] {
        let page = console.run(name, definition, json!({}), true).await;
        let json = console.json(&page).await;
        assert_eq!(
            (&json["visit"]["status"], &json["visit"]["error"]),
            (&json!("failed"), &json!(error)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn of_what_is_open_the_oldest_is_shown_first() {
    let console = Console::start().await;
    let wait = |seconds: u64| json!({ "Type": "Wait", "Seconds": seconds, "End": true });
    let both =
        json!({ "Type": "Parallel", "End": true, "Branches": [flow("Long", wait(900)), flow("Short", wait(60))] });
    let page = console.run("open", flow("Both", both), json!({}), false).await;
    assert_eq!(console.json(&page).await["visit"]["state"], "Long");
}
