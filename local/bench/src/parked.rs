//! Executions that wait for a token.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::Cli;
use crate::error::BenchError;
use crate::load::{Patience, in_parallel, line};
use crate::stack::{first_answer, fresh};
use crate::support::{Aws, Sluice};

/// Executions that wait for a token: what they cost, what a restart costs, and that each still ends.
pub(crate) fn parked(cli: &Cli) -> Result<(), BenchError> {
    let count = cli.parked;
    let mut sluice = fresh(cli)?;
    sluice.start();
    let aws = sluice.aws();
    let machine = machine(&sluice)?;
    let start = |aws: &Aws, name: String| {
        let request = json!({ "stateMachineArn": machine, "name": name, "input": "{\"n\":1}" });
        call(aws, "StartExecution", &request).map(drop)
    };
    spread(&sluice, 200, |aws, n| start(aws, format!("w{n}")))?;
    let before = sluice.resident_megabytes();
    let began = Instant::now();
    spread(&sluice, count, |aws, n| start(aws, format!("p{n}")))?;
    let parked = |aws: &Aws, n: usize| token(aws, &machine, &format!("p{n}"));
    let mut patience = Patience::AMONG_MANY;
    patience.wait_until(|| Ok(parked(&aws, count - 1)?.map(|_| Duration::ZERO)))?;
    let rate = |began: Instant| count as f64 / began.elapsed().as_secs_f64();
    line(&format!("executions parked ({count})"), rate(began), "/s");
    line("memory they added", sluice.resident_megabytes() - before, "MB");
    sluice.kill();
    let restart = first_answer(&mut sluice)?;
    line("restart with them after kill -9", restart.as_secs_f64() * 1e3, "ms");
    line("memory after the restart", sluice.resident_megabytes(), "MB");
    let began = Instant::now();
    spread(&sluice, count, |aws, n| {
        let token = parked(aws, n)?.ok_or_else(|| BenchError::Unfinished(format!("p{n} has no token")))?;
        let answer = json!({ "taskToken": token, "output": "{\"yes\":true}" });
        call(aws, "SendTaskSuccess", &answer).map(drop)
    })?;
    line("completed by token", rate(began), "/s");
    let aws = sluice.aws();
    for n in (0..count).step_by((count / 100).max(1)) {
        let now = call(
            &aws,
            "DescribeExecution",
            &json!({ "executionArn": execution(&machine, &format!("p{n}")) }),
        )?;
        if now["status"] != "SUCCEEDED" {
            return Err(BenchError::Unfinished(format!("p{n} did not end by its token: {now}")));
        }
    }
    Ok(())
}

/// A machine that asks one function with a token, and waits for whoever answers it.
fn machine(sluice: &Sluice) -> Result<String, BenchError> {
    let function = sluice.function_arn("ValidateEmail");
    let definition = json!({
        "StartAt": "Ask", "QueryLanguage": "JSONata",
        "States": { "Ask": { "Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": { "FunctionName": function, "Payload": { "email": "a@b.com", "token": "{% $states.context.Task.Token %}" } } } }
    });
    let request = json!({ "name": "parked", "definition": definition.to_string(),
        "roleArn": "arn:aws:iam::000000000000:role/bench" });
    let created = call(&sluice.aws(), "CreateStateMachine", &request)?;
    Ok(created["stateMachineArn"].as_str().unwrap_or_default().to_owned())
}

fn execution(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"))
}

fn call(aws: &Aws, operation: &str, request: &Value) -> Result<Value, BenchError> {
    let answered = aws.call(&format!("AWSStepFunctions.{operation}"), request);
    answered.map_err(|(code, message)| BenchError::Unfinished(format!("{operation} failed: {code}: {message}")))
}

/// The token that the execution waits on, if it is parked.
fn token(aws: &Aws, machine: &str, name: &str) -> Result<Option<String>, BenchError> {
    let page = call(
        aws,
        "GetExecutionHistory",
        &json!({ "executionArn": execution(machine, name) }),
    )?;
    let event = |kind: &str| page["events"].as_array()?.iter().find(|event| event["type"] == kind);
    let token = || {
        event("TaskSubmitted")?;
        let parameters = event("TaskScheduled")?["taskScheduledEventDetails"]["parameters"].as_str()?;
        let parameters: Value = serde_json::from_str(parameters).ok()?;
        parameters["Payload"]["token"].as_str().map(str::to_owned)
    };
    Ok(token())
}

/// Does the work for each number, on as many threads as there are clients.
fn spread(
    sluice: &Sluice,
    count: usize,
    work: impl Fn(&Aws, usize) -> Result<(), BenchError> + Sync,
) -> Result<(), BenchError> {
    let next = AtomicUsize::new(0);
    let client = || {
        let aws = sluice.aws();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return Ok(());
            }
            work(&aws, n)?;
        }
    };
    in_parallel(client).map(drop)
}
