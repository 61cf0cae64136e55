//! An open loop of submissions through the URL, and the account of what became of each.
//!
//! The other parts ask how much the machine can do; this one offers a rate and asks whether it holds: what clients were told, how
//! long they waited from when they were due, whether an execution failed, and whether what is stored is exactly what was taken in.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::account::{entries, execution_count, metric_sum};
use crate::cli::Cli;
use crate::error::BenchError;
use crate::load::line;
use crate::stack::fresh_with;
use crate::support::{Sluice, binaries};
use crate::wire::Wire;

/// The longest wait for everything to be normal again after the load.
const PATIENCE: Duration = Duration::from_secs(300);

/// A rate for a time under quotas, and then the account.
pub(crate) fn hold(cli: &Cli) -> Result<(), BenchError> {
    let quotas: Vec<&str> = cli
        .quotas
        .iter()
        .flat_map(|profile| ["--quotas", profile.as_str()])
        .collect();
    let mut sluice = fresh_with(cli, &quotas)?;
    sluice.start();
    let summary = load(cli, &sluice.output("FunctionURLAPI"))?;
    let ended = Instant::now();
    tell(&summary);
    let taken_in = count(&summary, "valid", "201") + count(&summary, "valid", "202");
    let probes = until_normal(&sluice)?;
    line("a clean submission is 201 within 1 s again", seconds_since(ended), "s");
    let stored = until_stored(&sluice, taken_in + probes)?;
    line("everything that was taken in is stored", seconds_since(ended), "s");
    line("entries", (stored - probes) as f64, "");
    tell_counts(&sluice, &summary);
    Ok(())
}

fn seconds_since(then: Instant) -> f64 {
    then.elapsed().as_secs_f64()
}

/// Runs pinger; gives its summary.
fn load(cli: &Cli, url: &str) -> Result<Value, BenchError> {
    let unfinished = |what: String| BenchError::Unfinished(format!("pinger: {what}"));
    let ran = std::process::Command::new(binaries().join("pinger"))
        .args(["--url", url, "--rate", &cli.rate.to_string()])
        .args(["--duration", &format!("{}s", cli.seconds)])
        .args(["--partial", "2%", "--invalid", "5%", "--encoding", "json"])
        .args(["--concurrency", "900", "--timeout", "60s", "--grace", "60s"])
        .args(["--json", "--quiet"])
        .output()
        .map_err(|error| unfinished(error.to_string()))?;
    if !ran.status.success() {
        return Err(unfinished(String::from_utf8_lossy(&ran.stderr).into_owned()));
    }
    serde_json::from_slice(&ran.stdout).map_err(|error| unfinished(error.to_string()))
}

/// Prints what clients were told, and how long they waited.
fn tell(summary: &Value) {
    let figure = |name: &str| summary[name].as_f64().unwrap_or_default();
    line("submissions a second, offered", figure("intended_rate"), "/s");
    line("submissions a second, started", figure("achieved_rate"), "/s");
    for kind in ["valid", "partial", "invalid"] {
        for (status, number) in summary["by_kind"][kind].as_object().into_iter().flatten() {
            line(&format!("{kind}, {status}"), number.as_f64().unwrap_or_default(), "");
        }
    }
    for (status, times) in summary["latency_ms_by_outcome"].as_object().into_iter().flatten() {
        let at = |percentile: &str| times[percentile].as_f64().unwrap_or_default();
        println!(
            "{:<44} {:>8.1} ms median, {:.1} p99, {:.1} max",
            format!("latency of {status}, from when it was due"),
            at("p50"),
            at("p99"),
            at("max")
        );
    }
    for (kind, failed) in summary["errors"].as_object().into_iter().flatten() {
        println!("{:<44} {failed}", format!("no answer: {kind}"));
    }
}

/// Puts a clean submission each second until one is stored within a second; gives the number that were stored.
fn until_normal(sluice: &Sluice) -> Result<u64, BenchError> {
    let began = Instant::now();
    let url = sluice.output("FunctionURLAPI");
    let mut stored = 0;
    for n in 0.. {
        let asked = Instant::now();
        let mut wire = Wire::to(&url)?;
        let (status, body) = wire.put_json(&crate::support::good_submission(&format!("probe{n}")))?;
        stored += u64::from(matches!(status, 201 | 202));
        if status == 201 && asked.elapsed() < Duration::from_secs(1) {
            break;
        }
        if began.elapsed() > PATIENCE {
            let what = "clean submissions are still not stored within a second".to_owned();
            return Err(BenchError::Answer { what, status, body });
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(stored)
}

/// Waits until as many entries are there as submissions were taken in, and gives their number. More are never right: something
/// was stored of which a client was told that it was not taken in.
fn until_stored(sluice: &Sluice, expected: u64) -> Result<u64, BenchError> {
    let began = Instant::now();
    loop {
        let stored = entries(sluice)?;
        if stored > expected {
            return Err(BenchError::Unfinished(format!(
                "{stored} entries are stored, and {expected} submissions were taken in"
            )));
        }
        if stored == expected {
            return Ok(stored);
        }
        if began.elapsed() > PATIENCE {
            return Err(BenchError::Unfinished(format!(
                "only {stored} entries are stored, and {expected} submissions were taken in"
            )));
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Prints what Step Functions and DynamoDB counted, by their own metrics.
fn tell_counts(sluice: &Sluice, summary: &Value) {
    for metric in [
        "ExecutionsStarted",
        "ExecutionsSucceeded",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
        "ExecutionThrottled",
    ] {
        line(metric, execution_count(sluice, metric), "");
    }
    let started = summary["submissions"]["started"].as_f64().unwrap_or(1.0).max(1.0);
    let table = json!({ "Name": "TableName", "Value": sluice.output("SubmissionsTableName") });
    for operation in ["GetItem", "PutItem", "UpdateItem"] {
        let dimensions = json!([table, { "Name": "Operation", "Value": operation }]);
        let latency = ("AWS/DynamoDB", "SuccessfulRequestLatency");
        let calls = metric_sum(sluice, latency, &dimensions, "SampleCount");
        line(
            &format!("{operation} of Submissions, a submission"),
            calls / started,
            "",
        );
    }
}

fn count(summary: &Value, kind: &str, status: &str) -> u64 {
    summary["by_kind"][kind][status].as_u64().unwrap_or_default()
}
