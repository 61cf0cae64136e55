//! An open loop of submissions through the URL, and the account of what became of each.
//!
//! The other parts ask how much the machine can do; this one offers a rate and asks whether it holds: what clients were told, how
//! long they waited from when they were due, whether an execution failed, and whether what is stored is exactly what was taken in.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::account::{Waiting, entries, execution_count, metric_sum};
use crate::cli::Cli;
use crate::error::BenchError;
use crate::load::{line, row};
use crate::stack::fresh_with;
use crate::support::approvals::{Asked, ask_for_approval};
use crate::support::{Sluice, binaries, good_submission};
use crate::wire::Wire;

/// The number of requests that an admin decides while the load runs.
const DECISIONS: u32 = 20;

/// For everything to be normal again after the load.
const WAITING: Waiting = Waiting {
    at_most: Duration::from_secs(300),
    pause: Duration::from_secs(1),
};

/// A rate for a time under quotas, and then the account.
pub(crate) fn hold(cli: &Cli) -> Result<(), BenchError> {
    let quotas = cli.quotas.iter();
    let quotas = quotas.flat_map(|profile| ["--quotas", profile.as_str()]);
    let arguments: Vec<&str> = ["--parameter", "MailsPerMinute=60"].into_iter().chain(quotas).collect();
    let mut sluice = fresh_with(cli, &arguments)?;
    sluice.start();
    let ask = |n| {
        // the budget of mails lets six through at once, and then one a second
        std::thread::sleep(Duration::from_secs(if n < 6 { 0 } else { 2 }));
        ask_for_approval(&sluice, &format!("Admin{n}"))
    };
    let asked: Vec<Asked> = (0..DECISIONS).map(ask).collect();
    let mut load = start_load(cli, &sluice.output("FunctionURLAPI"))?;
    let mut decisions = decide_meanwhile(cli, &asked)?;
    let summary = load.summary()?;
    let ended = Instant::now();
    tell(&summary);
    row("an admin's decision meanwhile", &mut decisions);
    let taken_in = count(&summary, "valid", "201") + count(&summary, "valid", "202") + u64::from(DECISIONS);
    let probes = until_normal(&sluice)?;
    line("a clean submission is 201 within 1 s again", seconds_since(ended), "s");
    until_stored(&sluice, taken_in + probes)?;
    line("everything that was taken in is stored", seconds_since(ended), "s");
    line("entries of the load", (taken_in - u64::from(DECISIONS)) as f64, "");
    tell_counts(&sluice, &summary);
    Ok(())
}

fn seconds_since(then: Instant) -> f64 {
    then.elapsed().as_secs_f64()
}

/// A running pinger.
struct Pinger(std::process::Child);

fn pinger_failed(what: impl ToString) -> BenchError {
    BenchError::Unfinished(format!("pinger: {}", what.to_string()))
}

/// Starts pinger.
fn start_load(cli: &Cli, url: &str) -> Result<Pinger, BenchError> {
    let mut command = Command::new(binaries().join("pinger"));
    command
        .args(["--url", url, "--rate", &cli.rate.to_string()])
        .args(["--duration", &format!("{}s", cli.seconds)])
        .args(["--partial", "2%", "--invalid", "5%", "--encoding", "json"])
        .args(["--concurrency", "1000", "--timeout", "60s", "--grace", "60s"])
        .args(["--json", "--quiet"])
        .stdout(Stdio::piped());
    if let Some(wait) = cli.wait {
        command.args(["--wait", &wait.to_string()]);
    }
    command.spawn().map(Pinger).map_err(pinger_failed)
}

impl Pinger {
    /// Waits for its end; gives its summary.
    fn summary(&mut self) -> Result<Value, BenchError> {
        let mut text = String::new();
        if let Some(output) = &mut self.0.stdout {
            output.read_to_string(&mut text).map_err(pinger_failed)?;
        }
        let status = self.0.wait().map_err(pinger_failed)?;
        match status.success() {
            true => serde_json::from_str(&text).map_err(pinger_failed),
            false => Err(pinger_failed(status)),
        }
    }
}

impl Drop for Pinger {
    fn drop(&mut self) {
        // nothing to do about one that has ended
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Decides one request after the other, spread over the time of the load; gives what each decision took.
fn decide_meanwhile(cli: &Cli, asked: &[Asked]) -> Result<Vec<Duration>, BenchError> {
    let pause = Duration::from_secs(cli.seconds.into()) / (DECISIONS + 1);
    asked
        .iter()
        .map(|asked| {
            std::thread::sleep(pause);
            let began = Instant::now();
            let status = asked.decide("approve");
            let status = status.map_err(|error| BenchError::Unfinished(format!("a decision: {error}")))?;
            match status {
                200 => Ok(began.elapsed()),
                _ => Err(BenchError::Unfinished(format!("a decision was answered {status}"))),
            }
        })
        .collect()
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

/// Puts a clean submission each second until one is stored within a second; gives the number that were taken in.
fn until_normal(sluice: &Sluice) -> Result<u64, BenchError> {
    let url = sluice.output("FunctionURLAPI");
    let (mut sent, mut taken_in) = (0, 0);
    WAITING.until("a clean submission to be stored within a second", || {
        let asked = Instant::now();
        let fields = good_submission(&format!("probe{sent}"));
        let (status, _) = Wire::to(&url)?.put_json(&fields)?;
        sent += 1;
        taken_in += u64::from(matches!(status, 201 | 202));
        Ok(status == 201 && asked.elapsed() < Duration::from_secs(1))
    })?;
    Ok(taken_in)
}

/// Waits until as many entries are there as submissions were taken in. More are never right: something was stored of which a
/// client was told that it was not taken in.
fn until_stored(sluice: &Sluice, taken_in: u64) -> Result<(), BenchError> {
    WAITING.until(
        &format!("{taken_in} submissions that were taken in to be stored"),
        || {
            let stored = entries(sluice)?;
            match stored > taken_in {
                true => Err(BenchError::Unfinished(format!(
                    "{stored} entries are stored, and {taken_in} submissions were taken in"
                ))),
                false => Ok(stored == taken_in),
            }
        },
    )
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
