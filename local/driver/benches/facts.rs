//! Durable facts a second, what parked executions cost, and what the deletion of ended ones does.
//!
//! `cargo bench -p sluice-driver`, with a directory for the journal as an argument if the temporary one is no real disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sluice_driver::{
    Driver, DriverConfig, ExecutionFilter, MachineKind, MachineRecord, RunningTask, StartExecution, SystemClock,
    TaskRunner,
};
use tokio::task::JoinSet;

const PARKED: usize = 100_000;

/// Ended executions that are deleted beside starts.
const ENDED: usize = 100_000;

/// Answers at once; keeps the tokens of those who wait.
#[derive(Default)]
struct Instantly {
    tokens: Mutex<Vec<String>>,
}

impl TaskRunner for Instantly {
    fn run(&self, task: RunningTask) {
        match task.task.token.clone() {
            None => {
                let input = (*task.task.arguments).clone();
                task.succeed(input);
            }
            Some(token) => {
                if let Ok(mut tokens) = self.tokens.lock() {
                    tokens.push(token.to_string());
                }
                task.submitted(json!({"StatusCode": 200}));
            }
        }
    }
}

fn open(directory: &Path, runner: Arc<Instantly>) -> Driver {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let config = DriverConfig {
        directory: directory.to_owned(),
        clock: Arc::new(SystemClock::new()),
        seed: Arc::new(|| [SEED.fetch_add(1, Ordering::Relaxed), 7]),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
        retention: sluice_driver::EXECUTION_RETENTION,
        observer: Arc::new(sluice_driver::NoObserver),
        retry: sluice_driver::RetryBackoff::default(),
        worker: None,
    };
    Driver::open(config, runner).expect("opens")
}

fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}")
}

async fn put(driver: &Driver, name: &str, definition: Value) {
    let record = MachineRecord {
        arn: machine_arn(name),
        name: name.into(),
        kind: MachineKind::Standard,
        role_arn: "arn:aws:iam::123456789012:role/workflow".into(),
        definition: definition.to_string().into(),
        revision_id: "INITIAL".into(),
        created: 0,
        updated: 0,
        attributes: Value::Null,
    };
    driver.machines().put(record, false).await.expect("is put");
}

async fn put_machines(driver: &Driver) {
    let task = |next: &str| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "TimeoutSeconds": 60,
            "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "IntervalSeconds": 1, "MaxAttempts": 3}],
        });
        if next.is_empty() {
            state["End"] = json!(true)
        } else {
            state["Next"] = json!(next)
        }
        state
    };
    let chain = json!({"StartAt": "A", "States": {"A": task("B"), "B": task("C"), "C": task("D"), "D": task("")}});
    put(driver, "chain", chain).await;
    let ask = json!({"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 604_800,
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token", "form.$": "$"}}, "End": true,
    }}});
    put(driver, "ask", ask).await;
    let mut states = serde_json::Map::new();
    for n in 0..5 {
        let (choice, next) = (format!("Choice{n}"), format!("Pass{}", n + 1));
        let pass = json!({"Type": "Pass", "Parameters": {"n.$": "$.n", "name": "a name"}, "Next": choice});
        states.insert(format!("Pass{n}"), pass);
        let rule = json!({"Variable": "$.n", "NumericGreaterThan": 10, "Next": "End"});
        states.insert(
            choice,
            json!({"Type": "Choice", "Choices": [rule], "Default": if n == 4 { "End" } else { &next }}),
        );
    }
    states.insert("End".into(), json!({"Type": "Succeed"}));
    put(driver, "steps", json!({"StartAt": "Pass0", "States": states})).await;
}

/// The states that an execution of `steps` goes through: ten Pass and Choice states, and the end.
const STEPS: usize = 11;

/// Transitions of a machine that waits for nobody: each execution is one fact, on disk before its start is answered.
async fn transitions(driver: &Driver, clients: usize) {
    let begin = Instant::now();
    let until = begin + Duration::from_secs(4);
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let driver = driver.clone();
        running.spawn(async move {
            let mut done = 0_usize;
            while Instant::now() < until {
                let request = StartExecution::new(machine_arn("steps"), json!({"n": 1}));
                let arn = driver.executions().start(request).await.expect("starts").arn;
                driver.executions().wait_for_end(&arn).await.expect("ends");
                done += 1;
            }
            done
        });
    }
    let done: usize = running.join_all().await.into_iter().sum();
    let seconds = begin.elapsed().as_secs_f64();
    say(format_args!(
        "{clients:>3} clients, Pass and Choice: {:>7.0} durable transitions/s {:>6.0} executions/s",
        (done * STEPS) as f64 / seconds,
        done as f64 / seconds,
    ));
}

fn submission(n: usize) -> Value {
    json!({"user_name": "Rishabh", "email": format!("rishabh{n}@gmail.com"), "pincode": "3055"})
}

/// One execution after the other, start to end; answers how long each took.
async fn client(driver: Driver, until: Instant) -> Vec<Duration> {
    let mut took = Vec::new();
    while Instant::now() < until {
        let begin = Instant::now();
        let request = StartExecution::new(machine_arn("chain"), submission(took.len()));
        let arn = driver.executions().start(request).await.expect("starts").arn;
        driver.executions().wait_for_end(&arn).await.expect("ends");
        took.push(begin.elapsed());
    }
    took
}

async fn throughput(driver: &Driver, clients: usize) {
    let (before, begin, cpu) = (driver.statistics(), Instant::now(), cpu_seconds());
    let until = begin + Duration::from_secs(4);
    let mut running = JoinSet::new();
    for _ in 0..clients {
        running.spawn(client(driver.clone(), until));
    }
    let mut took: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    let (seconds, after, cpu) = (begin.elapsed().as_secs_f64(), driver.statistics(), cpu_seconds() - cpu);
    took.sort_unstable();
    let facts = (after.facts - before.facts) as f64;
    say(format_args!(
        "{clients:>3} clients: {:>7.0} facts/s {:>6.0} executions/s {:>6.0} commits/s, {:>5.1} µs CPU a fact (whole process), \
         median {:?}, p99 {:?}",
        facts / seconds,
        took.len() as f64 / seconds,
        (after.commits - before.commits) as f64 / seconds,
        cpu / facts * 1e6,
        took[took.len() / 2],
        took[took.len() * 99 / 100],
    ));
}

async fn in_parallel<T, F>(items: Vec<T>, work: impl Fn(T) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    for item in items {
        if running.len() >= 32 {
            running.join_next().await;
        }
        running.spawn(work(item));
    }
    running.join_all().await;
}

async fn parked(directory: PathBuf) {
    let inbox = Arc::new(Instantly::default());
    let driver = open(&directory, inbox.clone());
    put_machines(&driver).await;
    let before = resident_kib();
    let begin = Instant::now();
    in_parallel((0..PARKED).collect(), |n| {
        let driver = driver.clone();
        async move {
            let request = StartExecution::new(machine_arn("ask"), submission(n));
            driver.executions().start(request).await.expect("starts");
        }
    })
    .await;
    while driver.statistics().facts < 2 * PARKED as u64 {
        tokio::task::yield_now().await;
    }
    let tokens = std::mem::take(&mut *inbox.tokens.lock().expect("lock"));
    let kept: usize = tokens.iter().map(|token| token.capacity() + size_of::<String>()).sum();
    say(format_args!(
        "{PARKED} parked in {:.1?}: resident {} -> {} KiB, of which the bench's own tokens {} KiB; loaded: {}",
        begin.elapsed(),
        before,
        resident_kib(),
        kept / 1024,
        driver.statistics().loaded,
    ));
    drop(driver);

    let begin = Instant::now();
    let driver = open(&directory, inbox);
    let resumed = driver.resume().await.expect("resumes");
    let first = ExecutionFilter {
        waiting: true,
        limit: 1,
        ..ExecutionFilter::default()
    };
    let listed = driver.executions().list(first).await.expect("lists").items.len();
    say(format_args!(
        "reopened after a kill in {:.1?} ({resumed:?}, {listed} listed)",
        begin.elapsed()
    ));

    let begin = Instant::now();
    in_parallel(tokens, |token| {
        let driver = driver.clone();
        async move {
            driver
                .tokens()
                .succeed(&token, json!({"decision": "approve"}))
                .await
                .expect("is taken")
        }
    })
    .await;
    let seconds = begin.elapsed().as_secs_f64();
    say(format_args!(
        "all ended by their tokens: {:.0} tokens/s; ended: {}, resident {} KiB",
        PARKED as f64 / seconds,
        driver.statistics().ended,
        resident_kib(),
    ));
}

/// Clock ticks of this process as seconds; 0 where there is no /proc.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

/// Resident memory of this process; 0 where there is no /proc.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .next()
        .and_then(|field| field.parse().ok())
        .unwrap_or(0)
}

/// Starts beside the deletion of many ended executions, in the place of a quiet engine.
async fn deletion(directory: PathBuf) {
    let driver = open(&directory, Arc::new(Instantly::default()));
    put_machines(&driver).await;
    in_parallel((0..ENDED).collect(), |n| {
        let driver = driver.clone();
        async move {
            let request = StartExecution::new(machine_arn("chain"), submission(n));
            let arn = driver.executions().start(request).await.expect("starts").arn;
            driver.executions().wait_for_end(&arn).await.expect("ends");
        }
    })
    .await;
    let journal = directory.join("journal.sqlite");
    let size = || std::fs::metadata(&journal).map_or(0, |file| file.len() / 1_024);
    let before = size();
    for clients in [1, 16] {
        say(format_args!(
            "deletion: nothing to delete, {ENDED} executions, {before} KiB"
        ));
        throughput(&driver, clients).await;
    }
    driver
        .advance_clock(sluice_driver::EXECUTION_RETENTION)
        .await
        .expect("advances");
    let begin = Instant::now();
    for clients in [1, 16] {
        say(format_args!("deletion: {} deleted so far", driver.statistics().deleted));
        throughput(&driver, clients).await;
    }
    let beside = driver.statistics().deleted;
    while driver.statistics().deleted < ENDED as u64 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    say(format_args!(
        "deletion: {beside} beside these, all after {:.1?}; {} KiB",
        begin.elapsed(),
        size(),
    ));
    driver.close().await.expect("closes");
}

#[allow(clippy::print_stdout)] // its output is what a benchmark is for
fn say(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let base = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let directory = match base {
        Some(base) => tempfile::tempdir_in(base),
        None => tempfile::tempdir(),
    }
    .expect("a directory");
    let driver = open(&directory.path().join("speed"), Arc::new(Instantly::default()));
    put_machines(&driver).await;
    say(format_args!("idle: resident {} KiB", resident_kib()));
    for clients in [1, 16, 32] {
        throughput(&driver, clients).await;
    }
    for clients in [1, 16] {
        transitions(&driver, clients).await;
    }
    driver.close().await.expect("closes");
    parked(directory.path().join("parked")).await;
    deletion(directory.path().join("deletion")).await;
}
