//! What `sluice` does under load, on the machine that runs this:
//!
//! ```sh
//! cargo build --release --bins && target/release/sluice-bench
//! ```
//!
//! Starts the release binary on a directory of its own and prints, in this order: start to first answer, idle memory,
//! submissions one at a time and with 32 clients (by StartExecution and through the function URL), calls of the tables, and
//! parked executions (memory, restart, completion by token). Every figure is of finished, durable work: a submission counts
//! when its end was read back. Words after the command run only those parts (`start workflow url tables parked`);
//! `SLUICE_BENCH_PARKED=N` changes how many are parked.
//!
//! A program, not a `cargo bench` target: those are built with the features of the tests, which would build the whole
//! workspace a second time.
#![allow(clippy::print_stdout)] // the figures

#[path = "../../tests/support/mod.rs"]
mod support;
mod wire;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Aws, Sluice, good_submission};
use wire::Wire;

const CLIENTS: usize = 32;

fn main() {
    let wanted: BTreeSet<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.contains(name);
    println!(
        "{} processors, {} build",
        std::thread::available_parallelism().map_or(1, usize::from),
        support::profile()
    );
    if wants("start") {
        start();
    }
    if wants("workflow") {
        workflow();
    }
    if wants("url") {
        url();
    }
    if wants("tables") {
        tables();
    }
    if wants("parked") {
        parked();
    }
}

/// From `exec` to the first answered call, and the memory of a stack that has nothing to do.
fn start() {
    let mut times = Vec::new();
    let mut sluice = Sluice::new();
    for _ in 0..9 {
        times.push(first_answer(&mut sluice));
        sluice.stop();
    }
    row("start to first answer", &mut times);
    sluice.start();
    // the host stops its surplus instances after a while; what is shown is the state right after start
    println!(
        "{:<44} {:>8.1} MB",
        "resident memory, idle",
        sluice.resident_megabytes()
    );
}

/// Starts `sluice`; gives the time from `exec` to its first answered call.
fn first_answer(sluice: &mut Sluice) -> Duration {
    let began = Instant::now();
    sluice.start();
    sluice
        .aws()
        .call("AWSStepFunctions.ListStateMachines", &json!({}))
        .expect("answers");
    began.elapsed()
}

/// StartExecution to the end of the execution.
fn workflow() {
    let mut sluice = Sluice::new();
    sluice.start();
    let machine = sluice.output("StateMachineArn");
    let endpoint = sluice.endpoint().to_owned();
    let run = |wire: &mut Wire, n: usize, patience: &mut Patience| {
        let began = Instant::now();
        let input = good_submission(&format!("bench{n}")).to_string();
        let started = wire.states("StartExecution", &json!({ "stateMachineArn": machine, "input": input }));
        patience.wait_until(|| {
            let now = wire.states("DescribeExecution", &json!({ "executionArn": started["executionArn"] }));
            assert!(matches!(now["status"].as_str(), Some("RUNNING" | "SUCCEEDED")), "{now}");
            let took = now["stopDate"].as_f64()? - now["startDate"].as_f64()?;
            Some(Duration::from_secs_f64(took.max(0.0)))
        });
        began.elapsed()
    };
    one_at_a_time("StartExecution to end, one at a time", &endpoint, 1000, run);
    many("StartExecution to end", &endpoint, 20_000, run);
}

/// PUT on the function URL until it says `201`.
fn url() {
    let mut sluice = Sluice::new();
    sluice.start();
    let url = sluice.output("FunctionURLAPI");
    let run = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let began = Instant::now();
        let (status, body) = wire.put_json(&good_submission(&format!("url{n}")));
        assert_eq!(status, 201, "{body}");
        began.elapsed()
    };
    one_at_a_time("function URL, one at a time", &url, 1000, run);
    many("function URL", &url, 15_000, run);
}

/// Calls of a table through the endpoint, and what each costs `sluice`.
fn tables() {
    let mut sluice = Sluice::new();
    sluice.start();
    let endpoint = sluice.endpoint().to_owned();
    let call = |wire: &mut Wire, operation: &str, mut members: Value| {
        members["TableName"] = "bench".into();
        wire.tables(operation, &members)
    };
    let keys = json!([{ "AttributeName": "id", "KeyType": "HASH" }]);
    let types = json!([{ "AttributeName": "id", "AttributeType": "S" }]);
    let table = json!({ "KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST" });
    call(&mut Wire::to(&endpoint), "CreateTable", table);
    let put = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let began = Instant::now();
        let item = json!({ "id": { "S": format!("i{n}") }, "email": { "S": format!("i{n}@example.com") },
            "pincode": { "S": "3055" }, "created_at": { "S": "2026-11-22T13:27:00.000Z" }, "version": { "N": "1" } });
        let only_new = "attribute_not_exists(id)";
        call(wire, "PutItem", json!({ "Item": item, "ConditionExpression": only_new }));
        began.elapsed()
    };
    let get = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let began = Instant::now();
        let got = call(wire, "GetItem", json!({ "Key": { "id": { "S": format!("i{n}") } } }));
        assert_eq!(got["Item"]["pincode"]["S"], "3055", "{got}");
        began.elapsed()
    };
    let cost = |before: Duration, calls: usize| {
        let spent = (sluice.processor_time() - before).as_secs_f64() * 1e6 / calls as f64;
        println!("{:<44} {spent:>8.0} µs", "processor time of sluice, a call");
    };
    for (name, run) in [
        (
            "PutItem",
            &put as &(dyn Fn(&mut Wire, usize, &mut Patience) -> Duration + Sync),
        ),
        ("GetItem", &get),
    ] {
        let before = sluice.processor_time();
        one_at_a_time(&format!("{name}, one at a time"), &endpoint, 3000, run);
        cost(before, 3100);
        let before = sluice.processor_time();
        many(name, &endpoint, 30_000, run);
        cost(before, 33_000);
    }
}

/// Executions that wait for a token: what they cost, what a restart costs, and that each still ends.
fn parked() {
    let count: usize = std::env::var("SLUICE_BENCH_PARKED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(100_000);
    let mut sluice = Sluice::new();
    sluice.start();
    let aws = sluice.aws();
    let function = sluice.function_arn("ValidateEmail");
    let definition = json!({
        "StartAt": "Ask", "QueryLanguage": "JSONata",
        "States": { "Ask": { "Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": { "FunctionName": function, "Payload": { "email": "a@b.com", "token": "{% $states.context.Task.Token %}" } } } }
    });
    let machine = aws
        .call(
            "AWSStepFunctions.CreateStateMachine",
            &json!({ "name": "parked", "definition": definition.to_string(),
            "roleArn": "arn:aws:iam::000000000000:role/bench" }),
        )
        .expect("created")["stateMachineArn"]
        .clone();
    spread(&sluice, 200, |aws, n| {
        aws.call(
            "AWSStepFunctions.StartExecution",
            &json!({ "stateMachineArn": machine, "name": format!("w{n}") }),
        )
        .expect("taken in");
    });
    let before = sluice.resident_megabytes();
    let began = Instant::now();
    spread(&sluice, count, |aws, n| {
        aws.call(
            "AWSStepFunctions.StartExecution",
            &json!({ "stateMachineArn": machine, "name": format!("p{n}"), "input": "{\"n\":1}" }),
        )
        .expect("taken in");
    });
    let parked = |aws: &Aws, n: usize| token(aws, machine.as_str().expect("an ARN"), &format!("p{n}"));
    let mut patience = Patience::AMONG_MANY;
    patience.wait_until(|| parked(&aws, count - 1).map(|_| Duration::ZERO));
    println!(
        "{:<44} {:>8.0} /s",
        format!("executions parked ({count})"),
        count as f64 / began.elapsed().as_secs_f64()
    );
    println!(
        "{:<44} {:>8.1} MB",
        "memory they added",
        sluice.resident_megabytes() - before
    );
    sluice.kill();
    println!(
        "{:<44} {:>8.0} ms",
        "restart with them after kill -9",
        first_answer(&mut sluice).as_secs_f64() * 1e3
    );
    println!(
        "{:<44} {:>8.1} MB",
        "memory after the restart",
        sluice.resident_megabytes()
    );
    let began = Instant::now();
    spread(&sluice, count, |aws, n| {
        let token = parked(aws, n).unwrap_or_else(|| panic!("p{n} has no token"));
        aws.call(
            "AWSStepFunctions.SendTaskSuccess",
            &json!({ "taskToken": token, "output": "{\"yes\":true}" }),
        )
        .expect("completes");
    });
    println!(
        "{:<44} {:>8.0} /s",
        "completed by token",
        count as f64 / began.elapsed().as_secs_f64()
    );
    let aws = sluice.aws();
    for n in (0..count).step_by((count / 100).max(1)) {
        let arn = machine
            .as_str()
            .expect("an ARN")
            .replace(":stateMachine:", ":execution:")
            + &format!(":p{n}");
        let now = aws
            .call("AWSStepFunctions.DescribeExecution", &json!({ "executionArn": arn }))
            .expect("described");
        assert_eq!(now["status"], "SUCCEEDED", "{now}");
    }
}

/// The token that the execution waits on, if it is parked.
fn token(aws: &Aws, machine: &str, name: &str) -> Option<String> {
    let arn = format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"));
    let page = aws
        .call("AWSStepFunctions.GetExecutionHistory", &json!({ "executionArn": arn }))
        .expect("history");
    let events = page["events"].as_array()?;
    events.iter().find(|e| e["type"] == "TaskSubmitted")?;
    let scheduled = events.iter().find(|e| e["type"] == "TaskScheduled")?;
    let parameters: Value =
        serde_json::from_str(scheduled["taskScheduledEventDetails"]["parameters"].as_str()?).ok()?;
    parameters["Payload"]["token"].as_str().map(str::to_owned)
}

/// When to ask for the end: at the moment when it usually is there, since each question costs the work it asks about.
struct Patience {
    /// How long executions have been taking by their own dates.
    usual: Duration,
    /// Between the questions after that.
    pause: Duration,
}

impl Patience {
    const ALONE: Self = Self {
        usual: Duration::ZERO,
        pause: Duration::from_micros(500),
    };
    const AMONG_MANY: Self = Self {
        usual: Duration::from_millis(20),
        pause: Duration::from_millis(8),
    };

    /// `done` gives the time that the execution took, once it has ended.
    fn wait_until(&mut self, mut done: impl FnMut() -> Option<Duration>) {
        let began = Instant::now();
        let alone = self.usual.is_zero();
        std::thread::sleep(self.usual);
        loop {
            if let Some(took) = done() {
                self.usual = if alone {
                    Duration::ZERO
                } else {
                    (self.usual * 7 + took) / 8
                };
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(600), "not within ten minutes");
            std::thread::sleep(self.pause);
        }
    }
}

fn one_at_a_time(name: &str, server: &str, count: usize, run: impl Fn(&mut Wire, usize, &mut Patience) -> Duration) {
    let mut wire = Wire::to(server);
    let mut patience = Patience::ALONE;
    for n in 0..100 {
        run(&mut wire, 1_000_000 + n, &mut patience);
    }
    let mut times: Vec<Duration> = (0..count).map(|n| run(&mut wire, n, &mut patience)).collect();
    row(name, &mut times);
}

fn many(name: &str, server: &str, count: usize, run: impl Fn(&mut Wire, usize, &mut Patience) -> Duration + Sync) {
    let next = AtomicUsize::new(0);
    let warm = count / 10;
    let mut times = Vec::new();
    let mut began = Instant::now();
    for (size, offset) in [(warm, 2_000_000), (count, 3_000_000)] {
        next.store(0, Ordering::Relaxed);
        times.clear();
        began = Instant::now();
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        let (mut wire, mut patience, mut times) = (Wire::to(server), Patience::AMONG_MANY, Vec::new());
                        loop {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            if n >= size {
                                return times;
                            }
                            times.push(run(&mut wire, offset + n, &mut patience));
                        }
                    })
                })
                .collect();
            times.extend(clients.into_iter().flat_map(|c| c.join().expect("a client failed")));
        });
    }
    println!(
        "{:<44} {:>8.0} /s",
        format!("{name}, {CLIENTS} clients, finished"),
        count as f64 / began.elapsed().as_secs_f64()
    );
    row(&format!("{name}, {CLIENTS} clients, latency"), &mut times);
}

fn spread(sluice: &Sluice, count: usize, work: impl Fn(&Aws, usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let aws = sluice.aws();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    work(&aws, n);
                }
            });
        }
    });
}

fn row(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name:<44} {:>8.2} ms median, {:.2} p90, {:.2} p99, {:.2} max",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}
