//! Costly evaluations in real worker processes: this binary starts itself again as one.

mod bombs;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_asl::eval::JsonataProgram;
use sluice_driver::{
    Driver, DriverConfig, ExecutionRecord, MachineKind, MachineRecord, ManualClock, NoObserver, RunningTask,
    StartExecution, StopExecution, TaskRunner, WorkerCommand,
};
use sluice_engine::{EventKind, Outcome, Status};

/// The time that evaluations have here.
const TIME: Duration = Duration::from_millis(400);

/// Answers every task with its input.
struct Echo;

impl TaskRunner for Echo {
    fn run(&self, task: RunningTask) {
        let input = Value::clone(&task.task.arguments);
        task.succeed(input);
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("evaluate") {
        sluice_driver::serve_evaluations().expect("serves");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        values_are_those_of_the_process_itself().await;
        bombs_end_in_an_error_that_a_catcher_takes().await;
        nobody_waits_behind_bombs().await;
        what_was_evaluated_is_not_evaluated_again().await;
        a_stopped_execution_gives_its_worker_up().await;
        no_process_is_left_behind().await;
    });
}

fn open(directory: &Path, worker: Option<WorkerCommand>) -> Driver {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let config = DriverConfig {
        directory: directory.to_owned(),
        clock: Arc::new(ManualClock::new(1_790_000_000_000)),
        seed: Arc::new(|| [SEED.fetch_add(1, Ordering::Relaxed), 7]),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
        retention: sluice_driver::EXECUTION_RETENTION,
        observer: Arc::new(NoObserver),
        worker,
        retry: sluice_driver::RetryBackoff::default(),
    };
    Driver::open(config, Arc::new(Echo)).expect("opens")
}

fn worker() -> Option<WorkerCommand> {
    let program = std::env::current_exe().expect("has a path");
    Some(WorkerCommand {
        time: TIME,
        ..WorkerCommand::new(program, ["evaluate".into()])
    })
}

/// Puts a machine and starts it.
async fn start(driver: &Driver, name: &str, definition: Value) -> String {
    let arn = format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}");
    let record = MachineRecord {
        arn: arn.clone(),
        name: name.to_owned(),
        kind: MachineKind::Standard,
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        definition: definition.to_string().into(),
        revision_id: String::new(),
        created: 0,
        updated: 0,
        attributes: Value::Null,
    };
    driver.machines().put(record, false).await.expect("is put");
    let request = StartExecution::new(arn, json!({"few": [1, 2, 3], "text": "aXbX"})).named("one");
    within(driver.executions().start(request)).await.expect("starts").arn
}

async fn ended(driver: &Driver, arn: &str) -> ExecutionRecord {
    within(driver.executions().wait_for_end(arn))
        .await
        .expect("no failure")
        .expect("exists")
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), future)
        .await
        .expect("in time")
}

fn pass(expression: &str) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true},
    }})
}

/// The expression is evaluated after the answer to the start.
fn pass_after_task(expression: &str) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}, "Next": "A"},
        "A": {"Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true},
    }})
}

async fn values_are_those_of_the_process_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let driver = open(directory.path(), worker());
    for (n, (expression, expected)) in bombs::harmless().into_iter().enumerate() {
        let program = JsonataProgram::parse(expression).expect(expression);
        assert!(!program.is_linear(), "{expression}");
        let arn = start(&driver, &format!("v{n}"), pass(expression)).await;
        let record = ended(&driver, &arn).await;
        let Some(Outcome::Succeeded { output }) = &record.outcome else {
            panic!("{expression}: {:?}", record.outcome)
        };
        assert_eq!(**output, expected, "{expression}");
    }
    driver.close().await.expect("closes");
}

async fn bombs_end_in_an_error_that_a_catcher_takes() {
    let directory = tempfile::tempdir().expect("a directory");
    let driver = open(directory.path(), worker());
    let bombs = bombs::bombs().into_iter().map(|bomb| (bomb, true));
    let duds = bombs::duds().into_iter().map(|dud| (dud, false));
    for (n, (expression, fails)) in bombs.chain(duds).enumerate() {
        if let Ok(program) = JsonataProgram::parse(&expression) {
            assert!(!program.is_linear(), "{expression}");
        } else {
            panic!("{expression}");
        }
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "f", "Payload": format!("{{% {expression} %}}")}, "End": true,
                "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}],
            },
            "B": {"Type": "Pass", "Output": "caught", "End": true},
        }});
        let arn = start(&driver, &format!("b{n}"), definition).await;
        let record = ended(&driver, &arn).await;
        let Some(Outcome::Succeeded { output }) = &record.outcome else {
            panic!("{expression}: {:?}", record.outcome)
        };
        if !fails {
            continue;
        }
        assert_eq!(**output, json!("caught"), "{expression}");
        let history = driver
            .executions()
            .history(&arn)
            .await
            .expect("no failure")
            .expect("exists");
        let failed = history
            .iter()
            .find(|event| matches!(event.kind, EventKind::EvaluationFailed { .. }));
        assert!(failed.is_some(), "{expression}: {history:?}");
    }
    driver.close().await.expect("closes");
}

/// While more bombs than there are threads wait for their ends, others go on: half of them, since on a machine that is busy an
/// evaluation may be taken for a slow one, which waits behind the bombs.
async fn nobody_waits_behind_bombs() {
    let directory = tempfile::tempdir().expect("a directory");
    let driver = open(
        directory.path(),
        worker().map(|worker| WorkerCommand {
            time: Duration::from_secs(20),
            ..worker
        }),
    );
    // flat: what calls itself deeply ends at the limit of depth, soon
    let endless = "$sum($map([1..100000], function($i) {$sum($map([1..100000], function($j) {$j}))}))";
    let mut bombs = Vec::new();
    for n in 0..6 {
        bombs.push(start(&driver, &format!("bomb{n}"), pass_after_task(endless)).await);
    }
    for name in ["cheap", "quick"] {
        let mut others = tokio::task::JoinSet::new();
        for n in 0..20 {
            let driver = driver.clone();
            // each its own, so that one that is taken for slow is slow alone
            let definition = match name {
                "cheap" => pass("$states.input.text"),
                _ => pass(&format!("$sum($map($states.input.few, function($n) {{$n * {n}}}))")),
            };
            others.spawn(async move {
                let arn = start(&driver, &format!("{name}{n}"), definition).await;
                ended(&driver, &arn).await.status
            });
        }
        for _ in 0..10 {
            let status = others.join_next().await.expect("there are more");
            assert_eq!(status.expect("no panic"), Status::Succeeded, "{name}");
        }
    }
    for arn in &bombs {
        let bomb = driver.executions().get(arn).await.expect("no failure").expect("exists");
        assert_eq!(bomb.status, Status::Running, "a bomb was over before the others");
    }
    driver.close().await.expect("closes");
}

async fn what_was_evaluated_is_not_evaluated_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let driver = open(directory.path(), worker());
    let random = start(
        &driver,
        "r",
        pass("[$map([1..3], function($n) {$n + $random()}), $uuid()]"),
    )
    .await;
    let slow = start(&driver, "s", pass("($f := function($x) {$f($x + 1)}; $f(1))")).await;
    let mut before = Vec::new();
    for arn in [&random, &slow] {
        let record = ended(&driver, arn).await;
        let history = driver
            .executions()
            .history(arn)
            .await
            .expect("no failure")
            .expect("exists");
        before.push((record.outcome, history));
    }
    driver.close().await.expect("closes");
    // whoever is asked now cannot answer
    let nobody = WorkerCommand::new("/does/not/exist", []);
    let driver = open(directory.path(), Some(nobody));
    for (arn, (outcome, history)) in [&random, &slow].into_iter().zip(before) {
        let record = driver.executions().get(arn).await.expect("no failure").expect("exists");
        assert_eq!(record.outcome, outcome);
        assert_eq!(
            driver
                .executions()
                .history(arn)
                .await
                .expect("no failure")
                .expect("exists"),
            history
        );
    }
    driver.close().await.expect("closes");
}

async fn a_stopped_execution_gives_its_worker_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let driver = open(
        directory.path(),
        worker().map(|worker| WorkerCommand {
            time: Duration::from_secs(100),
            ..worker
        }),
    );
    let definition = pass_after_task("($f := function($x) {$f($x + 1)}; $f(1))");
    let arn = start(&driver, "stopped", definition).await;
    let stopped = within(driver.executions().stop(StopExecution::new(&arn)))
        .await
        .expect("no failure");
    assert!(stopped.is_some());
    assert_eq!(ended(&driver, &arn).await.status, Status::Aborted);
    driver.close().await.expect("closes");
}

/// The children of this process, where the system tells.
async fn no_process_is_left_behind() {
    let me = std::process::id().to_string();
    let Ok(all) = std::fs::read_dir("/proc") else { return };
    for entry in all.flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let after_name = stat.rsplit(") ").next().unwrap_or_default();
        let parent = after_name.split(' ').nth(1).unwrap_or_default();
        assert_ne!(parent, me, "left behind: {stat}");
    }
}
