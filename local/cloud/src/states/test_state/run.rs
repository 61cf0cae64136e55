//! What a state under test needs from outside: its mock, a call, or time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluice_engine::probe::{Probe, Progress, Report, Trial};
use sluice_engine::{ScheduledTask, Timestamp};

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

pub(super) async fn run(
    services: &Arc<Services>,
    probe: Probe,
    mock: Option<Mock>,
    configuration: &Configuration,
) -> Result<Report, StatesError> {
    let started = probe.at;
    let outcome = mock.map(|mock| mock.outcome);
    Ok(match (probe.begin(), outcome) {
        (Progress::Ended(report), _) => *report,
        (Progress::Waits(until, trial), _) => wait(services, started, until, *trial).await,
        (Progress::Calls(_, trial), Some(MockOutcome::Result(result))) => trial.succeed(result),
        (Progress::Calls(_, trial) | Progress::Gathers(trial), Some(MockOutcome::Error { error, cause })) => {
            trial.fail(Some(error), cause)
        }
        (Progress::Calls(task, trial), None) => call(services, &task, *trial).await,
        (Progress::Gathers(trial), Some(MockOutcome::Result(result))) => gather(*trial, result, configuration)?,
        (Progress::Gathers(trial), None) => {
            // a request without a mock does not come here with such a state
            trial.fail(Some("States.Runtime".into()), None)
        }
    })
}

fn gather(trial: Trial, result: Value, configuration: &Configuration) -> Result<Report, StatesError> {
    let failed = configuration.map_iteration_failure_count.unwrap_or(0);
    let iterations = trial.iterations().or_else(|| result.as_array().map(Vec::len));
    if iterations.is_some_and(|iterations| failed > iterations as u64) {
        return Err(ApiError::validation(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        )
        .into());
    }
    Ok(trial.gather(result, failed))
}

async fn call(services: &Arc<Services>, task: &ScheduledTask, trial: Trial) -> Report {
    let limit = task
        .timeout_seconds
        .map_or(LIMIT, |seconds| Duration::from_secs(seconds).min(LIMIT));
    match tokio::time::timeout(limit, tasks::call_once(services, task)).await {
        Ok(Ok(result)) => trial.succeed(result),
        Ok(Err((error, cause))) => trial.fail(Some(error), Some(cause)),
        Err(_) => trial.fail(Some(TIMEOUT.into()), None),
    }
}

async fn wait(services: &Services, started: Timestamp, until: Timestamp, trial: Trial) -> Report {
    let clock = &services.config.clock;
    let limit = started.saturating_add(i64::try_from(LIMIT.as_millis()).unwrap_or(i64::MAX));
    let end = until.min(limit);
    while clock.now() < end {
        let left = clock.until(end).unwrap_or(TICK);
        tokio::time::sleep(left.clamp(Duration::from_millis(1), TICK)).await;
    }
    if until > limit {
        trial.fail(Some(TIMEOUT.into()), None)
    } else {
        trial.waited()
    }
}
