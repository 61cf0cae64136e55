//! A dashboard with values, from its body.

use sluice_metrics::{MetricId, Point, SeriesKey, Unit};

use super::*;

const BODY: &str = r##"{
    "start": "-PT1H",
    "widgets": [
        {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {
            "markdown": "# Title\n[Step Functions](https://us-east-1.console.aws.amazon.com/states/home#/statemachines/view/arn:m) <script>x</script>"}},
        {"type": "metric", "x": 12, "y": 2, "width": 12, "height": 6, "properties": {
            "title": "Rate <b>", "stat": "Sum", "period": 60,
            "metrics": [[{"expression": "100 * (all - bad) / all", "id": "rate", "label": "Success <i>"}],
                ["N", "All", "F", "x", {"id": "all", "visible": false}], [".", "Bad", ".", ".", {"id": "bad", "visible": false}]]}},
        {"type": "metric", "x": 0, "y": 8, "width": 24, "height": 6, "properties": {"metrics": [["N", "None"]]}},
        {"type": "log", "x": 0, "y": 14, "width": 24, "height": 6, "properties": {}},
        {"type": "metric", "x": 0, "y": 20, "width": 24, "height": 6, "properties": {"metrics": [[{"expression": "1 +", "id": "e"}]]}}
    ]}"##;

fn value(console: &Console, name: &str, minutes_ago: i64, value: f64) {
    let key = SeriesKey {
        metric: MetricId::new("N", name, [("F", "x")]),
        unit: Unit::Count,
    };
    let at = console.clock.now() - minutes_ago * 60_000;
    console
        .metrics
        .add_all(vec![(key, Point::of(value, 1.0), at)])
        .expect("room");
}

#[tokio::test]
async fn a_dashboard_is_drawn_with_its_values_and_tells_what_it_cannot_draw() {
    let console = Console::start().await;
    console
        .cloudwatch
        .ensure_dashboard("ops", &serde_json::from_str(BODY).expect("JSON"))
        .await
        .expect("a dashboard");
    for minute in [5, 4, 3] {
        value(&console, "All", minute, 8.0);
        value(&console, "Bad", minute, 2.0);
    }
    assert!(
        console
            .page("/console/dashboards")
            .await
            .contains("href=\"/console/dashboards/ops\"")
    );
    let json = console.json("/console/dashboards/ops").await;
    let rate = &json["widgets"][1]["series"];
    assert_eq!(rate.as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(
        (&rate[0]["label"], rate[0]["points"].as_array().map(Vec::len)),
        (&json!("Success <i>"), Some(3))
    );
    assert_eq!(rate[0]["points"][0][1], 75.0);
    assert_eq!(
        (&json["start"], &json["end"]),
        (&json!("2026-11-18T10:06:40.000Z"), &json!("2026-11-18T11:06:40.000Z"))
    );
    let problems: Vec<_> = json["widgets"]
        .as_array()
        .expect("widgets")
        .iter()
        .map(|one| one["problem"].as_str())
        .collect();
    assert_eq!(problems[..3], [None, None, None]);
    assert!(
        problems[3].is_some_and(|words| words.contains("Insights"))
            && problems[4].is_some_and(|words| words.contains('e'))
    );

    let page = console.page("/console/dashboards/ops?range=15m").await;
    for part in [
        "<h1>Title</h1>",
        "&lt;script&gt;",
        "href=\"/console/state-machines/arn:m\"",
        "Rate &lt;b&gt;",
        "<svg class=\"chart\" role=\"img\"",
        "<div class=\"w12\"></div>",
        "Success &lt;i&gt;",
        "No values in this time.",
        "aria-current=\"true\">15m<",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(
        !page.contains("<script>x") && !page.contains("style=") && !page.contains("<i>"),
        "{page}"
    );
    for (uri, status) in [
        ("/console/dashboards/none", 404),
        ("/console/dashboards/ops?range=1y", 400),
    ] {
        assert_eq!(console.send(Method::GET, uri, &[]).await.status, status, "{uri}");
    }
}
