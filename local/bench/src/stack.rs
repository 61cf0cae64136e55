//! The parts that ask a running stack: its start, its workflow, its function URL and its tables.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::Cli;
use crate::error::BenchError;
use crate::load::{Load, Patience, Request, Taken, line, many, one_at_a_time, row};
use crate::processes::Processes;
use crate::support::{Sluice, good_submission};
use crate::wire::Wire;

/// A stack on a directory of its own.
pub(crate) fn fresh(cli: &Cli) -> Result<Sluice, BenchError> {
    fresh_with(cli, &[])
}

/// A stack with more arguments for `sluice up`.
pub(crate) fn fresh_with(cli: &Cli, arguments: &[&str]) -> Result<Sluice, BenchError> {
    let path = cli.directory();
    let directory = tempfile::tempdir_in(&path).map_err(|source| BenchError::Disk { path, source })?;
    Ok(Sluice::on(directory, arguments))
}

/// An answer that must not be as it is.
fn unexpected(what: &str, answer: &Value) -> BenchError {
    BenchError::Answer {
        what: what.to_owned(),
        status: 200,
        body: answer.to_string(),
    }
}

/// From `exec` to the first answered call, and the memory of a stack that has nothing to do.
pub(crate) fn start(cli: &Cli) -> Result<(), BenchError> {
    let mut times = Vec::new();
    let mut sluice = fresh(cli)?;
    for _ in 0..9 {
        times.push(first_answer(&mut sluice)?);
        sluice.stop();
    }
    row("start to first answer", &mut times);
    sluice.start();
    // the host stops its surplus instances after a while; what is shown is the state right after start
    line("resident memory, idle", sluice.resident_megabytes(), "MB");
    Ok(())
}

/// Starts `sluice`; gives the time from `exec` to its first answered call.
pub(crate) fn first_answer(sluice: &mut Sluice) -> Taken {
    let began = Instant::now();
    sluice.start();
    let answered = sluice.aws().call("AWSStepFunctions.ListStateMachines", &json!({}));
    answered.map_err(|error| BenchError::Unfinished(format!("the first call was not answered: {error:?}")))?;
    Ok(began.elapsed())
}

/// StartExecution to the end of the execution.
pub(crate) fn workflow(cli: &Cli) -> Result<(), BenchError> {
    let mut sluice = fresh(cli)?;
    sluice.start();
    let machine = sluice.output("StateMachineArn");
    let endpoint = sluice.endpoint().to_owned();
    let run = |wire: &mut Wire, n: usize, patience: &mut Patience| {
        let began = Instant::now();
        let input = good_submission(&format!("bench{n}")).to_string();
        let started = wire.states("StartExecution", &json!({ "stateMachineArn": machine, "input": input }))?;
        patience.wait_until(|| {
            let now = wire.states("DescribeExecution", &json!({ "executionArn": started["executionArn"] }))?;
            if !matches!(now["status"].as_str(), Some("RUNNING" | "SUCCEEDED")) {
                return Err(unexpected("a clean submission did not succeed", &now));
            }
            let dates = now["stopDate"].as_f64().zip(now["startDate"].as_f64());
            Ok(dates.map(|(stop, start)| Duration::from_secs_f64((stop - start).max(0.0))))
        })?;
        Ok(began.elapsed())
    };
    one_at_a_time("StartExecution to end", &endpoint, Load::of(cli.scaled(1_000)), run)?;
    many_by_process(&sluice, "StartExecution to end", &endpoint, cli.scaled(20_000), run)
}

/// Many clients, and what each submission takes of the processors, by process.
fn many_by_process(
    sluice: &Sluice,
    name: &str,
    server: &str,
    count: usize,
    run: impl Request,
) -> Result<(), BenchError> {
    let before = Processes::of(sluice);
    many(name, server, Load::of(count), run)?;
    // with those that warm it up
    Processes::of(sluice).tell_since(&before, count + count / 10);
    Ok(())
}

/// PUT on the function URL until it says `201`.
pub(crate) fn url(cli: &Cli) -> Result<(), BenchError> {
    let mut sluice = fresh(cli)?;
    sluice.start();
    let url = sluice.output("FunctionURLAPI");
    let run = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let began = Instant::now();
        let (status, body) = wire.put_json(&good_submission(&format!("url{n}")))?;
        if status != 201 {
            let what = "a clean submission was not stored".to_owned();
            return Err(BenchError::Answer { what, status, body });
        }
        Ok(began.elapsed())
    };
    one_at_a_time("function URL", &url, Load::of(cli.scaled(1_000)), run)?;
    many_by_process(&sluice, "function URL", &url, cli.scaled(15_000), run)
}

/// Calls of a table through the endpoint, and what each costs `sluice`.
pub(crate) fn tables(cli: &Cli) -> Result<(), BenchError> {
    let mut sluice = fresh(cli)?;
    sluice.start();
    let endpoint = sluice.endpoint().to_owned();
    let call = |wire: &mut Wire, operation: &str, mut members: Value| {
        members["TableName"] = "bench".into();
        wire.tables(operation, &members)
    };
    let keys = json!([{ "AttributeName": "id", "KeyType": "HASH" }]);
    let types = json!([{ "AttributeName": "id", "AttributeType": "S" }]);
    let table = json!({ "KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST" });
    call(&mut Wire::to(&endpoint)?, "CreateTable", table)?;
    let put = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let began = Instant::now();
        let item = json!({ "id": { "S": format!("i{n}") }, "email": { "S": format!("i{n}@example.com") },
            "pincode": { "S": "3055" }, "created_at": { "S": "2026-11-22T13:27:00.000Z" }, "version": { "N": "1" } });
        let only_new = "attribute_not_exists(id)";
        call(
            wire,
            "PutItem",
            json!({ "Item": item, "ConditionExpression": only_new }),
        )?;
        Ok(began.elapsed())
    };
    let get = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let began = Instant::now();
        let got = call(wire, "GetItem", json!({ "Key": { "id": { "S": format!("i{n}") } } }))?;
        if got["Item"]["pincode"]["S"] != "3055" {
            return Err(unexpected("an item that was put is not there", &got));
        }
        Ok(began.elapsed())
    };
    let cost = |before: Duration, calls: usize| {
        let spent = (sluice.processor_time() - before).as_secs_f64() * 1e6 / calls as f64;
        line("processor time of sluice, a call", spent, "µs");
    };
    type Run<'a> = &'a (dyn Fn(&mut Wire, usize, &mut Patience) -> Taken + Sync);
    let (alone, together) = (cli.scaled(3_000), cli.scaled(30_000));
    for (name, run) in [("PutItem", &put as Run<'_>), ("GetItem", &get)] {
        let before = sluice.processor_time();
        one_at_a_time(name, &endpoint, Load::of(alone), run)?;
        cost(before, alone + alone.min(100));
        let before = sluice.processor_time();
        many(name, &endpoint, Load::of(together), run)?;
        cost(before, together + together / 10);
    }
    Ok(())
}
