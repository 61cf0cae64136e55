//! Tests of CloudWatch's figures of submissions, after stops and kills as well.

mod support;

use serde_json::{Value, json};
use support::{Sluice, good_submission, raw, until};

/// A metric by one dimension: namespace, name, dimension and value. Without a dimension: the account's.
type Metric<'m> = (&'m str, &'m str, &'m str, &'m str);

/// A statistic of a metric over the last hours and the future, in one number: its periods are added up.
fn total(sluice: &Sluice, (namespace, name, dimension, value): Metric<'_>, stat: &str) -> Option<f64> {
    let dimensions = match dimension {
        "" => json!([]),
        _ => json!([{ "Name": dimension, "Value": value }]),
    };
    let metric = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions });
    let now = clock_seconds(sluice);
    let request = json!({
        "MetricDataQueries": [{ "Id": "m", "MetricStat": { "Metric": metric, "Period": 86_400, "Stat": stat } }],
        "StartTime": now - 14 * 86_400, "EndTime": now + 3_600,
    });
    let answer = sluice
        .aws()
        .call("GraniteServiceVersion20100801.GetMetricData", &request);
    let answer = answer.expect("an answer");
    let values = answer["MetricDataResults"][0]["Values"]
        .as_array()
        .expect("values")
        .clone();
    let numbers: Vec<f64> = values.iter().map(|value| value.as_f64().expect("a number")).collect();
    (!numbers.is_empty()).then(|| numbers.iter().sum())
}

/// The engine's clock.
fn clock_seconds(sluice: &Sluice) -> i64 {
    let (_, text) = sluice.aws().get(&format!("{}/_sluice/clock", sluice.endpoint()), &[]);
    let clock: Value = serde_json::from_str(&text).expect("JSON");
    clock["now_ms"].as_i64().expect("milliseconds") / 1_000
}

fn submit(url: &str, body: &Value) -> u16 {
    let headers = [("content-type", "application/json")];
    raw::send(url, "PUT", "/", &headers, body.to_string().as_bytes()).status
}

/// Three good submissions, two bad ones and one that is half right.
fn submit_all(sluice: &Sluice) {
    let url = sluice.output("FunctionURLAPI");
    for name in ["ada", "grace", "edsger"] {
        assert_eq!(submit(&url, &good_submission(name)), 201);
    }
    for _ in 0..2 {
        assert_eq!(
            submit(&url, &json!({ "user_name": "", "email": "no", "pincode": "x" })),
            400
        );
    }
    assert_eq!(
        submit(
            &url,
            &json!({ "user_name": "Half", "email": "half@example.com", "pincode": "x" })
        ),
        202
    );
}

/// Waits for the end of the last call of [`submit_all`], which asks the admin: a submitter is told of the question before that call
/// is over. A call that is in flight at a stop is made again after it, and one at a jump of the clock has its whole time again.
fn until_no_call_is_in_flight(sluice: &Sluice) {
    let arn = sluice.function_arn("RequestApproval");
    let ask = arn.rsplit(':').next().expect("a name");
    until("the admin is asked, and the call is over", || {
        let mails = sluice.aws().json(&format!("{}/console/inbox", sluice.endpoint()));
        (mails["items"].as_array().is_some_and(|all| !all.is_empty())
            && total(sluice, ("AWS/Lambda", "Invocations", "FunctionName", ask), "Sum") == Some(1.0))
        .then_some(())
    });
}

/// Checks the figures that must have been counted then.
fn check_counts(sluice: &Sluice) {
    let name = |part: &str| {
        let arn = sluice.function_arn(part);
        arn.rsplit(':').next().expect("a name").to_owned()
    };
    let (ingest, store, ask) = (name("Ingest"), name("Store"), name("RequestApproval"));
    let (email, machine) = (name("ValidateEmail"), sluice.output("StateMachineArn"));
    let entries = sluice.output("TableName");
    // 6 of the gateway, 18 of the validators, 3 writes and a question; two functions are called when a minute begins
    let by_schedule = [name("Census"), name("SendMails")];
    for (metric, stat) in [("Invocations", "Sum"), ("Duration", "SampleCount")] {
        until("the account has what its functions have", || {
            let scheduled = by_schedule
                .iter()
                .map(|name| total(sluice, ("AWS/Lambda", metric, "FunctionName", name), stat));
            let scheduled: f64 = scheduled.map(|calls| calls.unwrap_or(0.0)).sum();
            let all = total(sluice, ("AWS/Lambda", metric, "", ""), stat)?;
            (all - scheduled == 28.0).then_some(())
        });
    }
    let rows: &[(Metric<'_>, &str, f64)] = &[
        (("AWS/Lambda", "Invocations", "FunctionName", &ingest), "Sum", 6.0),
        (("AWS/Lambda", "Errors", "FunctionName", &ingest), "Sum", 0.0),
        (("AWS/Lambda", "Errors", "FunctionName", &ingest), "SampleCount", 6.0),
        (("AWS/Lambda", "Throttles", "FunctionName", &ingest), "Sum", 0.0),
        (("AWS/Lambda", "UrlRequestCount", "FunctionName", &ingest), "Sum", 6.0),
        (("AWS/Lambda", "Url4xxCount", "FunctionName", &ingest), "Sum", 2.0),
        (("AWS/Lambda", "Url5xxCount", "FunctionName", &ingest), "Sum", 0.0),
        (("AWS/Lambda", "Invocations", "FunctionName", &email), "Sum", 6.0),
        (("AWS/Lambda", "Invocations", "FunctionName", &store), "Sum", 3.0),
        (("AWS/Lambda", "Invocations", "FunctionName", &ask), "Sum", 1.0),
        (
            ("AWS/States", "ExecutionsStarted", "StateMachineArn", &machine),
            "Sum",
            6.0,
        ),
        (
            ("AWS/States", "ExecutionsSucceeded", "StateMachineArn", &machine),
            "Sum",
            5.0,
        ),
        (
            ("AWS/States", "ExecutionsFailed", "StateMachineArn", &machine),
            "Sum",
            0.0,
        ),
        (
            ("AWS/States", "ExecutionTime", "StateMachineArn", &machine),
            "SampleCount",
            5.0,
        ),
        (
            (
                "AWS/States",
                "ServiceIntegrationsScheduled",
                "ServiceIntegrationResourceArn",
                "arn:aws:states:::lambda:invoke",
            ),
            "Sum",
            21.0,
        ),
        (
            (
                "AWS/States",
                "ServiceIntegrationsSucceeded",
                "ServiceIntegrationResourceArn",
                "arn:aws:states:::lambda:invoke",
            ),
            "Sum",
            21.0,
        ),
        (
            ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", &entries),
            "Sum",
            3.0,
        ),
    ];
    for (metric, stat, expected) in rows {
        assert_eq!(total(sluice, *metric, stat), Some(*expected), "{metric:?} {stat}");
    }
    let duration = ("AWS/Lambda", "Duration", "FunctionName", ingest.as_str());
    let [least, median, most] =
        ["Minimum", "p50", "Maximum"].map(|stat| total(sluice, duration, stat).expect("a number"));
    assert!(
        0.0 < least && least <= median && median <= most,
        "{least} {median} {most}"
    );
}

#[test]
fn submissions_are_counted_once_also_over_a_stop_and_a_kill() {
    let mut sluice = Sluice::started();
    submit_all(&sluice);
    check_counts(&sluice);
    assert!(sluice.stop().success());
    sluice.start();
    check_counts(&sluice);
    sluice.kill();
    sluice.start();
    check_counts(&sluice);
}

#[test]
fn numbers_follow_the_engines_clock() {
    let sluice = Sluice::started();
    submit_all(&sluice);
    until_no_call_is_in_flight(&sluice);
    sluice.advance_clock("8d");
    let machine = sluice.output("StateMachineArn");
    let succeeded = ("AWS/States", "ExecutionsSucceeded", "StateMachineArn", machine.as_str());
    // nobody approved: the question's time is over, and the execution ends well
    until("the sixth execution has ended", || {
        (total(&sluice, succeeded, "Sum") == Some(6.0)).then_some(())
    });
    let token = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    let asked = |name| {
        total(
            &sluice,
            ("AWS/States", name, "ServiceIntegrationResourceArn", token),
            "Sum",
        )
    };
    assert_eq!(asked("ServiceIntegrationsTimedOut"), Some(1.0));
    assert_eq!(asked("ServiceIntegrationsSucceeded"), Some(0.0));
    // the end lies eight days after the start: in the last hour there is one
    let now = clock_seconds(&sluice);
    let request = json!({ "Namespace": "AWS/States", "MetricName": "ExecutionsSucceeded", "Period": 3_600, "Statistics": ["Sum"],
        "Dimensions": [{ "Name": "StateMachineArn", "Value": machine }], "StartTime": now - 3_600, "EndTime": now + 60 });
    let answer = sluice
        .aws()
        .call("GraniteServiceVersion20100801.GetMetricStatistics", &request);
    let points = answer.expect("an answer")["Datapoints"].clone();
    let sum: f64 = points
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|point| point["Sum"].as_f64())
        .sum();
    assert!((sum - 1.0).abs() < f64::EPSILON, "{points}");
}

#[test]
fn a_damaged_file_is_set_aside_and_counting_begins_anew() {
    let mut sluice = Sluice::started();
    submit_all(&sluice);
    until_no_call_is_in_flight(&sluice);
    assert!(sluice.stop().success());
    let file = sluice.data().join("metrics.sqlite");
    std::fs::write(&file, "rubbish".repeat(1_000)).expect("written");
    sluice.start();
    submit_all(&sluice);
    check_counts(&sluice);
}

#[test]
fn a_load_and_the_stack_count_the_same() {
    let sluice = Sluice::started();
    let ran = std::process::Command::new(support::binaries().join("pinger"))
        .args(["--url", &sluice.output("FunctionURLAPI"), "--wait", "20"])
        .args([
            "--rate",
            "20",
            "--count",
            "100",
            "--partial",
            "20%",
            "--invalid",
            "20%",
            "--json",
            "--quiet",
        ])
        .output()
        .expect("runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let summary: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let answered = |status: &str| summary["outcomes"][status].as_f64().unwrap_or(0.0);
    let (stored, refused, asked) = (answered("201"), answered("400"), answered("202"));
    assert_eq!(stored + refused + asked, 100.0, "{summary}");
    assert!(stored > 0.0 && refused > 0.0 && asked > 0.0, "{summary}");
    let function = |part: &str| {
        let arn = sluice.function_arn(part);
        arn.rsplit(':').next().expect("a name").to_owned()
    };
    let (ingest, store, ask) = (function("Ingest"), function("Store"), function("RequestApproval"));
    let machine = sluice.output("StateMachineArn");
    for (metric, expected) in [
        (
            ("AWS/Lambda", "UrlRequestCount", "FunctionName", ingest.as_str()),
            100.0,
        ),
        (("AWS/Lambda", "Url4xxCount", "FunctionName", &ingest), refused),
        (("AWS/Lambda", "Invocations", "FunctionName", &store), stored),
        (("AWS/Lambda", "Invocations", "FunctionName", &ask), asked),
        (("AWS/States", "ExecutionsStarted", "StateMachineArn", &machine), 100.0),
        (
            ("AWS/States", "ExecutionsSucceeded", "StateMachineArn", &machine),
            stored + refused,
        ),
    ] {
        assert_eq!(total(&sluice, metric, "Sum"), Some(expected), "{metric:?} {summary}");
    }
    // the next count of approvals what waits
    sluice.advance_clock("1m");
    until("a count of approvals", || {
        let metric = ("Sluice", "PendingApprovals", "Stack", "sluice");
        (total(&sluice, metric, "Maximum")? == asked).then_some(())
    });
}
