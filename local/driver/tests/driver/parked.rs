//! Many parked executions.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sluice_driver::{Driver, ExecutionFilter, ManualClock, RunningTask, StartExecution, TaskRunner};
use sluice_engine::Status;
use tokio::task::JoinSet;

use crate::support::{BEGIN, approval, machine_arn, machine_record, open, within};

const PARKED: usize = 10_000;

/// Accepts every call and keeps its token.
#[derive(Default)]
struct Inbox {
    tokens: Mutex<Vec<String>>,
}

impl TaskRunner for Inbox {
    fn run(&self, task: RunningTask) {
        let token = task.task.token.as_deref().unwrap_or_default().to_owned();
        self.tokens.lock().expect("lock").push(token);
        task.submitted(json!({"StatusCode": 200}));
    }
}

/// Runs `work` on each item, some hundred at a time.
async fn all<T: Send + 'static, F: Future<Output = ()> + Send + 'static>(
    items: impl IntoIterator<Item = T>,
    driver: &Driver,
    work: fn(Driver, T) -> F,
) {
    let mut running = JoinSet::new();
    for item in items {
        if running.len() >= 256 {
            running
                .join_next()
                .await
                .expect("one is running")
                .expect("did not panic");
        }
        running.spawn(work(driver.clone(), item));
    }
    running.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_parked_executions_need_no_memory_and_all_end_by_their_tokens() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let inbox = Arc::new(Inbox::default());
    let clock = Arc::new(ManualClock::new(BEGIN));
    let driver = open(directory.path(), clock.clone(), inbox.clone()).expect("opens");
    driver
        .machines()
        .put(machine_record("approval", approval()), true)
        .await
        .expect("is put");
    all(0..PARKED, &driver, |driver, n| async move {
        driver
            .executions()
            .start(StartExecution::new(machine_arn("approval"), json!(n)))
            .await
            .expect("starts");
    })
    .await;
    while driver.statistics().facts < 2 * PARKED as u64 {
        tokio::task::yield_now().await;
    }
    driver.close().await.expect("closes");

    let driver = open(directory.path(), clock, inbox.clone()).expect("opens");
    assert_eq!(driver.resume().await.expect("resumes").executions, 0);
    assert_eq!(driver.statistics().loaded, 0);
    let waiting = ExecutionFilter {
        waiting: true,
        limit: 2 * PARKED,
        ..ExecutionFilter::default()
    };
    assert_eq!(
        driver
            .executions()
            .list(waiting.clone())
            .await
            .expect("lists")
            .items
            .len(),
        PARKED
    );
    let tokens = std::mem::take(&mut *inbox.tokens.lock().expect("lock"));
    assert_eq!(tokens.len(), PARKED);
    all(tokens, &driver, |driver, token| async move {
        within(driver.tokens().succeed(&token, json!("yes")))
            .await
            .expect("is taken");
    })
    .await;
    assert_eq!(driver.statistics().ended, PARKED as u64);
    let succeeded = ExecutionFilter {
        status: Some(Status::Succeeded),
        limit: 2 * PARKED,
        ..ExecutionFilter::default()
    };
    assert_eq!(
        driver.executions().list(succeeded).await.expect("lists").items.len(),
        PARKED
    );
    assert!(driver.executions().list(waiting).await.expect("lists").items.is_empty());
}
