//! The run of a state under test: what it needs from outside is its mock, a call, or time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluice_asl::eval::StopSignal;
use sluice_driver::{EvaluationJob, EvaluationPool};
use sluice_engine::test_state::{StateTest, SuspendedTest, TestEvaluator, TestProgress, TestReport};
use sluice_engine::{Breakdown, Evaluator, Identity, ScheduledTask, Timestamp};
use sluice_wire::ApiError;
use tokio::sync::oneshot;

use super::configuration::Configuration;
use super::mock::{Mock, MockOutcome};
use crate::{StatesError, StepFunctions};

/// The time that a test may take.
const LIMIT: Duration = Duration::from_secs(300);

/// The time between two looks of a wait at the clock, which may be moved ahead.
const TICK: Duration = Duration::from_millis(200);

const TIMEOUT: &str = "States.Timeout";

/// The input that a state waited for.
#[derive(Clone)]
enum Input {
    Time,
    Result(Value),
    Gathered { result: Value, failed: u64 },
    Fault { error: String, cause: Option<String> },
}

pub(super) async fn run(
    states: &StepFunctions,
    identity: Identity,
    test: StateTest,
    mock: Option<Mock>,
    configuration: &Configuration,
) -> Result<TestReport, StatesError> {
    let started = test.at;
    let outcome = mock.map(|mock| mock.outcome);
    let pool = states.driver.evaluation_pool();
    let start = move |stop, evaluator| {
        let test = StateTest {
            stop,
            evaluator,
            ..test.clone()
        };
        test.start()
    };
    let (suspended, input) = match (evaluated(pool, start).await?, outcome) {
        (TestProgress::Ended(report), _) => return Ok(*report),
        (TestProgress::Waits(until, suspended), _) => (suspended, wait(states, started, until).await),
        (TestProgress::Calls(_, suspended), Some(MockOutcome::Result(result))) => (suspended, Input::Result(result)),
        (
            TestProgress::Calls(_, suspended) | TestProgress::Gathers(suspended),
            Some(MockOutcome::Error { error, cause }),
        ) => (suspended, Input::Fault { error, cause }),
        (TestProgress::Calls(task, suspended), None) => (suspended, call(states, identity, *task).await),
        (TestProgress::Gathers(suspended), Some(MockOutcome::Result(result))) => {
            let input = gathered(&suspended, result, configuration)?;
            (suspended, input)
        }
        (TestProgress::Gathers(suspended), None) => {
            // such a state without a mock has been refused before
            let cause = Some("Map and Parallel states are tested with a mock.".into());
            let error = "States.Runtime".into();
            (suspended, Input::Fault { error, cause })
        }
    };
    let end = move |stop, evaluator| conclude(SuspendedTest::clone(&suspended).with(stop, evaluator), input.clone());
    evaluated(pool, end).await
}

/// One part of a test, which may have to be done twice.
struct Part<T, W> {
    owner: Arc<str>,
    work: W,
    made: Option<T>,
    reply: oneshot::Sender<Result<T, Option<Breakdown>>>,
}

impl<T, W> EvaluationJob for Part<T, W>
where
    T: Send + 'static,
    W: Fn(StopSignal, TestEvaluator) -> T + Send + 'static,
{
    fn owner(&self) -> &Arc<str> {
        &self.owner
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, evaluator: Arc<dyn Evaluator + Send + Sync>, stop: &StopSignal) {
        let work = || (self.work)(stop.clone(), TestEvaluator(Some(evaluator)));
        // what a panic leaves half done is thrown away
        self.made = catch_unwind(AssertUnwindSafe(work)).ok();
    }

    fn finish(self: Box<Self>, breakdown: Option<Breakdown>) {
        // a caller that has gone needs no answer
        let _ = self.reply.send(match (self.made, breakdown) {
            (Some(made), None) => Ok(made),
            (_, breakdown) => Err(breakdown),
        });
    }
}

fn conclude(suspended: SuspendedTest, input: Input) -> TestReport {
    match input {
        Input::Time => suspended.waited(),
        Input::Result(result) => suspended.succeed(result),
        Input::Gathered { result, failed } => suspended.gather(result, failed),
        Input::Fault { error, cause } => suspended.fail(Some(error), cause),
    }
}

/// Evaluates where decisions are made: an expression may take seconds, and have to be ended.
async fn evaluated<T: Send + 'static>(
    pool: &EvaluationPool,
    work: impl Fn(StopSignal, TestEvaluator) -> T + Send + 'static,
) -> Result<T, StatesError> {
    let (reply, made) = oneshot::channel();
    pool.submit(Box::new(Part {
        owner: "TestState".into(),
        work,
        made: None,
        reply,
    }));
    let internal = |error: &dyn std::error::Error| ApiError::internal("InternalServerError", error);
    match made.await.map_err(|error| internal(&error))? {
        Ok(made) => Ok(made),
        Err(Some(_)) => {
            let message = "The state's expressions take too long or too much memory to be evaluated";
            Err(ApiError::validation(message).into())
        }
        Err(None) => Err(internal(&std::io::Error::other("the test panicked")).into()),
    }
}

fn gathered(suspended: &SuspendedTest, result: Value, configuration: &Configuration) -> Result<Input, StatesError> {
    let failed = configuration.map_iteration_failure_count.unwrap_or(0);
    let iterations = suspended.iterations().or_else(|| result.as_array().map(Vec::len));
    if iterations.is_some_and(|iterations| failed > iterations as u64) {
        return Err(ApiError::validation(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        )
        .into());
    }
    Ok(Input::Gathered { result, failed })
}

async fn call(states: &StepFunctions, identity: Identity, task: ScheduledTask) -> Input {
    let limit = task
        .timeout_seconds
        .map_or(LIMIT, |seconds| Duration::from_secs(seconds).min(LIMIT));
    let Some(tasks) = states.tasks.upgrade() else {
        return Input::Fault {
            error: "States.TaskFailed".into(),
            cause: Some("No call can be made any more: the process is ending.".into()),
        };
    };
    let answer = tasks.call_once(Arc::new(identity), task);
    match tokio::time::timeout(limit, answer).await {
        // only a call that waits, for a token or for a job, is submitted, and such a state is tested with a mock
        Ok(
            sluice_driver::TaskResult::Succeeded(result)
            | sluice_driver::TaskResult::Submitted(result)
            | sluice_driver::TaskResult::Job { output: result, .. },
        ) => Input::Result(result),
        Ok(sluice_driver::TaskResult::Failed { error, cause }) => Input::Fault {
            error,
            cause: Some(cause),
        },
        Err(_) => timeout(),
    }
}

async fn wait(states: &StepFunctions, started: Timestamp, until: Timestamp) -> Input {
    let clock = &states.account.clock;
    let limit = started.saturating_add(i64::try_from(LIMIT.as_millis()).unwrap_or(i64::MAX));
    let end = until.min(limit);
    while clock.now() < end {
        let left = clock.until(end).unwrap_or(TICK);
        tokio::time::sleep(left.clamp(Duration::from_millis(1), TICK)).await;
    }
    if until > limit { timeout() } else { Input::Time }
}

fn timeout() -> Input {
    Input::Fault {
        error: TIMEOUT.into(),
        cause: None,
    }
}
