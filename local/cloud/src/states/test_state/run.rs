//! What a state under test needs from outside: its mock, a call, or time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluice_asl::eval::StopSignal;
use sluice_driver::Watchdog;
use sluice_engine::probe::{Probe, Progress, Report, Trial};
use sluice_engine::{Identity, ScheduledTask, Timestamp};
use tokio::sync::oneshot;

use super::mock::{Mock, MockOutcome};
use super::request::Configuration;
use crate::endpoint::{ApiError, Services};
use crate::states::StatesError;
use crate::tasks;

/// How long a test may run.
const LIMIT: Duration = Duration::from_secs(300);

/// How long its expressions may be evaluated.
const EVALUATION: Duration = Duration::from_secs(5);

/// How often a wait looks at the clock, which may be moved ahead.
const TICK: Duration = Duration::from_millis(200);

const TIMEOUT: &str = "States.Timeout";

/// The stack that evaluation gets, as the engine's own thread has it: expressions and values nest.
const STACK: usize = 16 * 1024 * 1024;

/// What a state waited for.
enum Answer {
    Time,
    Result(Value),
    Gathered { result: Value, failed: u64 },
    Fault { error: String, cause: Option<String> },
}

pub(super) async fn run(
    services: &Arc<Services>,
    identity: Identity,
    probe: Probe,
    mock: Option<Mock>,
    configuration: &Configuration,
) -> Result<Report, StatesError> {
    let started = probe.at;
    let outcome = mock.map(|mock| mock.outcome);
    let watched = Watched {
        watchdog: services.driver.watchdog().clone(),
        stop: probe.stop.clone(),
    };
    let (trial, answer) = match (evaluated(&watched, move || probe.begin()).await?, outcome) {
        (Progress::Ended(report), _) => return Ok(*report),
        (Progress::Waits(until, trial), _) => (trial, wait(services, started, until).await),
        (Progress::Calls(_, trial), Some(MockOutcome::Result(result))) => (trial, Answer::Result(result)),
        (Progress::Calls(_, trial) | Progress::Gathers(trial), Some(MockOutcome::Error { error, cause })) => {
            (trial, Answer::Fault { error, cause })
        }
        (Progress::Calls(task, trial), None) => (trial, call(services, identity, *task).await),
        (Progress::Gathers(trial), Some(MockOutcome::Result(result))) => {
            let answer = gathered(&trial, result, configuration)?;
            (trial, answer)
        }
        (Progress::Gathers(trial), None) => {
            // such a state without a mock has been refused before
            let cause = Some("Map and Parallel states are tested with a mock.".into());
            let error = "States.Runtime".into();
            (trial, Answer::Fault { error, cause })
        }
    };
    evaluated(&watched, move || conclude(*trial, answer)).await
}

/// What ends evaluations that take too long.
struct Watched {
    watchdog: Watchdog,
    stop: StopSignal,
}

fn conclude(trial: Trial, answer: Answer) -> Report {
    match answer {
        Answer::Time => trial.waited(),
        Answer::Result(result) => trial.succeed(result),
        Answer::Gathered { result, failed } => trial.gather(result, failed),
        Answer::Fault { error, cause } => trial.fail(Some(error), cause),
    }
}

/// Evaluates on a thread of its own: an expression may take seconds, and more stack than a worker of the server has.
async fn evaluated<T: Send + 'static>(
    watched: &Watched,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StatesError> {
    let watch = watched.watchdog.watch(EVALUATION, watched.stop.clone());
    let failed = |error: &dyn std::error::Error| StatesError::Api(ApiError::internal("InternalServerError", error));
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("sluice-test-state".into())
        .stack_size(STACK)
        .spawn(move || {
            // a caller that has gone needs no answer
            let _ = sender.send(work());
        })
        .map_err(|error| failed(&error))?;
    let outcome = receiver.await.map_err(|error| failed(&error))?;
    match watch.end().breakdown {
        None => Ok(outcome),
        Some(_) => {
            let message = "The state's expressions take too long or too much memory to be evaluated";
            Err(ApiError::validation(message).into())
        }
    }
}

fn gathered(trial: &Trial, result: Value, configuration: &Configuration) -> Result<Answer, StatesError> {
    let failed = configuration.map_iteration_failure_count.unwrap_or(0);
    let iterations = trial.iterations().or_else(|| result.as_array().map(Vec::len));
    if iterations.is_some_and(|iterations| failed > iterations as u64) {
        return Err(ApiError::validation(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        )
        .into());
    }
    Ok(Answer::Gathered { result, failed })
}

async fn call(services: &Arc<Services>, identity: Identity, task: ScheduledTask) -> Answer {
    let limit = task
        .timeout_seconds
        .map_or(LIMIT, |seconds| Duration::from_secs(seconds).min(LIMIT));
    let answer = tasks::call_once(services, Arc::new(identity), task);
    match tokio::time::timeout(limit, answer).await {
        // only a call that waits, for a token or for a job, is submitted, and such a state is tested with a mock
        Ok(
            sluice_driver::Answer::Succeeded(result)
            | sluice_driver::Answer::Submitted(result)
            | sluice_driver::Answer::Job { output: result, .. },
        ) => Answer::Result(result),
        Ok(sluice_driver::Answer::Failed { error, cause }) => Answer::Fault {
            error,
            cause: Some(cause),
        },
        Err(_) => timeout(),
    }
}

async fn wait(services: &Services, started: Timestamp, until: Timestamp) -> Answer {
    let clock = &services.config.clock;
    let limit = started.saturating_add(i64::try_from(LIMIT.as_millis()).unwrap_or(i64::MAX));
    let end = until.min(limit);
    while clock.now() < end {
        let left = clock.until(end).unwrap_or(TICK);
        tokio::time::sleep(left.clamp(Duration::from_millis(1), TICK)).await;
    }
    if until > limit { timeout() } else { Answer::Time }
}

fn timeout() -> Answer {
    Answer::Fault {
        error: TIMEOUT.into(),
        cause: None,
    }
}
