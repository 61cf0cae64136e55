//! EventBridge Scheduler's part in stacks: schedules that delete a stack, call a function or start an execution.
//!
//! A schedule keeps its last occurrence in the journal. What was due while `sluice` was down comes once at the start. Time is the
//! engine's clock, so `sluice clock advance` brings occurrences on. The wire API is not here: schedules come from templates.

mod occurrences;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sluice_driver::{DriverError, Order};
use sluice_engine::Timestamp;
use sluice_template::{Schedule, ScheduleTiming};
use tokio::task::JoinHandle;

use crate::activity::Listed;
use crate::endpoint::Services;
use occurrences::Occurrences;
use target::{Firing, fire};

/// The journal's shelf for schedules: the schedule's ARN to what it was and its last occurrence.
const KIND: &str = "schedule";

/// The pause before the first retry; each further one doubles it.
const FIRST_PAUSE: i64 = 1_000;
/// The longest pause between retries.
const LONGEST_PAUSE: i64 = 15 * 60_000;

/// A schedule that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a schedule; one that was changed begins anew.
///
/// # Errors
/// When the journal fails.
pub(crate) async fn start(services: &Arc<Services>, schedule: &Schedule) -> Result<Running, DriverError> {
    let what = what(schedule);
    let kept = services.driver.store().get(KIND, &schedule.arn).await?;
    let kept = kept.filter(|kept| kept["what"] == what);
    let created = kept.as_ref().and_then(|kept| kept["created"].as_i64());
    let last = kept.as_ref().and_then(|kept| kept["last"].as_i64());
    let known = created.is_some();
    let occurrences = Occurrences {
        timing: schedule.timing,
        start: schedule.start_ms,
        end: schedule.end_ms,
        created: created.unwrap_or_else(|| services.config.now()),
    };
    if !known {
        remember(services, schedule, &occurrences, None).await?;
    }
    let (services, schedule) = (Arc::clone(services), schedule.clone());
    Ok(Running(tokio::spawn(async move {
        if schedule.enabled {
            run(&services, &schedule, &occurrences, last).await;
        }
    })))
}

/// Forgets a schedule that is deleted, by its name in whichever group.
///
/// # Errors
/// When the journal fails.
pub(crate) async fn forget(services: &Services, name: &str) -> Result<(), DriverError> {
    const MOST: usize = 10_000;
    let end = format!("/{name}");
    let kept = services.driver.store().scan(KIND, Order::Ascending, None, MOST).await?;
    for (arn, _) in kept.iter().filter(|(arn, _)| arn.ends_with(&end)) {
        services.driver.store().remove(KIND, arn).await?;
    }
    Ok(())
}

/// Returns the text that identifies what a schedule does and when: with another text it is a new schedule.
fn what(schedule: &Schedule) -> String {
    let timing = match schedule.timing {
        ScheduleTiming::At(at) => format!("at {at}"),
        ScheduleTiming::Rate(every) => format!("every {every}"),
    };
    format!(
        "{timing}, {:?} to {:?}: {:?}",
        schedule.start_ms, schedule.end_ms, schedule.target
    )
}

async fn remember(
    services: &Services,
    schedule: &Schedule,
    occurrences: &Occurrences,
    last: Option<Timestamp>,
) -> Result<(), DriverError> {
    let value = json!({ "what": what(schedule), "created": occurrences.created, "last": last });
    services.driver.store().put(KIND, &schedule.arn, value).await
}

/// Calls the target at each occurrence until there is no next one.
async fn run(services: &Arc<Services>, schedule: &Schedule, occurrences: &Occurrences, mut last: Option<Timestamp>) {
    let Some(mut due) = occurrences.next(last) else { return };
    let recurring = matches!(schedule.timing, ScheduleTiming::Rate(_));
    let schedules = Arc::clone(&services.activity.schedules);
    let listed = schedules.list(&schedule.arn, &schedule.name, recurring, due);
    loop {
        services.wait_until(due).await;
        let now = services.config.now();
        fire_until_it_works(services, schedule, due, &listed).await;
        last = Some(now);
        // after it was fired: a crash in between fires it again, as at least once says
        if let Err(error) = remember(services, schedule, occurrences, last).await {
            tracing::error!(%error, schedule = schedule.name, "an occurrence of a schedule was not remembered");
        }
        let Some(next) = occurrences.next(last) else { return };
        due = next;
        listed.next_at(due);
    }
}

/// Calls the target, again as often as the schedule's RetryPolicy says.
async fn fire_until_it_works(services: &Arc<Services>, schedule: &Schedule, due: Timestamp, listed: &Listed<'_>) {
    let too_old = due.saturating_add(i64::from(schedule.max_event_age_seconds).saturating_mul(1_000));
    let execution = services.config.uuid().simple().to_string();
    for retry in 0.. {
        let firing = Firing {
            schedule,
            due,
            execution: &execution,
            attempt: retry + 1,
        };
        let fired = fire(services, &firing).await;
        listed.called();
        let Err(error) = fired else { return };
        let next = services.config.now().saturating_add(pause(retry));
        if retry >= schedule.max_retries || next > too_old {
            tracing::error!(
                schedule = schedule.name,
                retries = retry,
                "a schedule's target failed, given up: {error}"
            );
            return;
        }
        tracing::warn!(
            schedule = schedule.name,
            retry,
            "a schedule's target failed, tried again: {error}"
        );
        listed.next_at(next);
        services.wait_until(next).await;
    }
}

/// The milliseconds before a retry; the first is number 0.
fn pause(retry: u32) -> i64 {
    let doubled = 2_i64.checked_pow(retry).and_then(|by| FIRST_PAUSE.checked_mul(by));
    doubled.map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE))
}

impl Services {
    /// Waits until the engine's clock shows `at`, also when it is moved there.
    pub(crate) async fn wait_until(&self, at: Timestamp) {
        /// A machine that was suspended sees its times this late at most.
        const LONGEST_SLEEP: Duration = Duration::from_secs(60);
        let mut moved = self.clock_moved.subscribe();
        loop {
            let sleep = match self.config.clock.until(at) {
                Some(Duration::ZERO) => return,
                Some(wait) => wait.min(LONGEST_SLEEP),
                None => Duration::MAX,
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                // the sender is in `self`
                _ = moved.changed() => {}
            }
        }
    }
}
