//! What a state under test needs from outside: its mock, a call, or time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluice_asl::eval::StopSignal;
use sluice_driver::{EvaluationJob, Lanes};
use sluice_engine::probe::{Probe, ProbeEvaluator, Progress, Report, Trial};
use sluice_engine::{Breakdown, Evaluator, Identity, ScheduledTask, Timestamp};
use tokio::sync::oneshot;

use super::mock::{Mock, MockOutcome};
use super::request::Configuration;
use crate::endpoint::{ApiError, Services};
use crate::states::StatesError;
use crate::tasks;

/// How long a test may run.
const LIMIT: Duration = Duration::from_secs(300);

/// How often a wait looks at the clock, which may be moved ahead.
const TICK: Duration = Duration::from_millis(200);

const TIMEOUT: &str = "States.Timeout";

/// What a state waited for.
#[derive(Clone)]
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
    let lanes = services.driver.lanes();
    let begin = move |stop, evaluator| {
        let probe = Probe {
            stop,
            evaluator,
            ..probe.clone()
        };
        probe.begin()
    };
    let (trial, answer) = match (evaluated(lanes, begin).await?, outcome) {
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
    let end = move |stop, evaluator| conclude(Trial::clone(&trial).with(stop, evaluator), answer.clone());
    evaluated(lanes, end).await
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
    W: Fn(StopSignal, ProbeEvaluator) -> T + Send + 'static,
{
    fn owner(&self) -> &Arc<str> {
        &self.owner
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, evaluator: Arc<dyn Evaluator + Send + Sync>, stop: &StopSignal) {
        let work = || (self.work)(stop.clone(), ProbeEvaluator(Some(evaluator)));
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

fn conclude(trial: Trial, answer: Answer) -> Report {
    match answer {
        Answer::Time => trial.waited(),
        Answer::Result(result) => trial.succeed(result),
        Answer::Gathered { result, failed } => trial.gather(result, failed),
        Answer::Fault { error, cause } => trial.fail(Some(error), cause),
    }
}

/// Evaluates where decisions are made: an expression may take seconds, and have to be ended.
async fn evaluated<T: Send + 'static>(
    lanes: &Lanes,
    work: impl Fn(StopSignal, ProbeEvaluator) -> T + Send + 'static,
) -> Result<T, StatesError> {
    let (reply, made) = oneshot::channel();
    lanes.submit(Box::new(Part {
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
