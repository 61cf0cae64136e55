//! The time machine: moves the engine's clock, waits until what that set off has come to rest, and says what it was.

use std::sync::Arc;
use std::time::Duration;

use sluice_console::{
    Jump, Jumped, ScheduleCount, SetOff, TimeMachine, TimeMachineError, TimeMachineFuture, Upcoming, UpcomingKind,
};
use sluice_driver::{Deadline, DeadlineKind, DriverError};
use sluice_engine::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use crate::activity::NextOccurrence;
use crate::endpoint::{Services, rfc_3339};
use crate::sns::inbox;

/// The longest wait for items past their time: they are looked for page by page, beside everything else.
const SWEEP_PATIENCE: Duration = Duration::from_secs(2);

/// A hundred years: further, timestamps stop making sense.
pub(crate) const MAX_JUMP: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// The time machine of a running endpoint.
pub(crate) struct Machine {
    services: Arc<Services>,
    /// Held for a jump: the counts of two could not be told apart.
    jumping: Mutex<()>,
}

impl Machine {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self {
            services,
            jumping: Mutex::new(()),
        }
    }

    async fn find_upcoming(&self) -> Result<Vec<Upcoming>, DriverError> {
        let deadline = self.services.driver.next_deadline().await?.map(of_execution);
        let mut occurrences = self.services.activity.schedules.next();
        occurrences.sort_by_key(|next| next.at);
        let first = |recurring| occurrences.iter().find(|next| next.recurring == recurring);
        let schedules = [first(false), first(true)].into_iter().flatten().map(of_schedule);
        let mut all: Vec<Upcoming> = deadline.into_iter().chain(schedules).collect();
        all.sort_by_key(|upcoming| upcoming.at_ms);
        Ok(all)
    }

    async fn make_jump(&self, jump: Jump, patience: Duration) -> Result<Jumped, TimeMachineError> {
        let _alone = self.jumping.lock().await;
        let sweep_patience = SWEEP_PATIENCE.min(patience);
        let patience = Instant::now() + patience;
        // what is under way is not what the jump sets off; where it does not come to rest, it is counted all the same
        let _ = timeout_at(patience, self.rest()).await;
        let services = &self.services;
        let (by, to) = match jump {
            Jump::By(by) => (by, None),
            Jump::ToNext => {
                let to = goal(self.find_upcoming().await?).ok_or(TimeMachineError::NothingWaits)?;
                let away = to.at_ms.saturating_sub(services.config.now());
                (Duration::from_millis(u64::try_from(away).unwrap_or(0)), Some(to))
            }
        };
        if by > MAX_JUMP {
            return Err(TimeMachineError::Failed(
                "that is further than a hundred years".to_owned(),
            ));
        }
        let calls = services.activity.schedules.calls();
        services.activity.tally.begin();
        let arrived = services.driver.advance_clock(by).await;
        if arrived.is_ok() {
            services.clock_moved.send_replace(());
            services.streams.clock_changed();
        }
        let sweep = timeout(sweep_patience, services.dynamodb.sweep_expired());
        let (rest, swept) = tokio::join!(timeout_at(patience, self.rest()), sweep);
        let mut set_off = services.activity.tally.end();
        let arrived = arrived?;
        set_off.items_expired = swept.ok().flatten();
        set_off.mails = self.mails_since(arrived).await?;
        let now_called = services.activity.schedules.calls();
        set_off.schedules = difference(&calls, now_called);
        Ok(self.report(by, to, matches!(rest, Ok(Ok(()))), set_off))
    }

    fn report(&self, by: Duration, to: Option<Upcoming>, settled: bool, set_off: SetOff) -> Jumped {
        let now_ms = self.services.config.now();
        Jumped {
            now: rfc_3339(now_ms),
            now_ms,
            advanced_ms: u64::try_from(by.as_millis()).unwrap_or(u64::MAX),
            to,
            settled,
            words: set_off.words(settled),
            set_off,
        }
    }

    /// Waits until nothing is under way: no schedule's call, no alarm's period, no event for a rule, no call of an execution.
    async fn rest(&self) -> Result<(), DriverError> {
        let Services {
            activity,
            config,
            driver,
            ..
        } = &*self.services;
        loop {
            activity.schedules.none_due(&*config.clock).await;
            activity.alarms.none_due(&*config.clock).await;
            activity.undelivered.none().await;
            driver.at_rest().await?;
            // what ended last may have set off one of the others
            let is_due = activity.schedules.is_due(&*config.clock) || activity.alarms.is_due(&*config.clock);
            if !is_due && activity.undelivered.is_none() {
                return Ok(());
            }
        }
    }

    /// The mails that arrived at or after a time.
    async fn mails_since(&self, at: Timestamp) -> Result<u64, DriverError> {
        const PAGE: usize = 500;
        let first = inbox::first_id_at(at);
        let (mut count, mut before) = (0, None);
        loop {
            let page = inbox::list(&self.services.driver, before, PAGE).await?;
            let new = page.iter().take_while(|mail| mail.id >= first).count();
            count += new as u64;
            match page.last() {
                Some(last) if new == PAGE => before = Some(last.id.clone()),
                _ => return Ok(count),
            }
        }
    }
}

impl TimeMachine for Machine {
    fn upcoming(&self) -> TimeMachineFuture<'_, Vec<Upcoming>> {
        Box::pin(async { Ok(self.find_upcoming().await?) })
    }

    fn jump(&self, jump: Jump, patience: Duration) -> TimeMachineFuture<'_, Jumped> {
        Box::pin(self.make_jump(jump, patience))
    }
}

/// The deadline to go to: a schedule that recurs is called on the way, and is a goal only where nothing else waits.
fn goal(upcoming: Vec<Upcoming>) -> Option<Upcoming> {
    let once = upcoming.iter().position(|one| !one.recurring).unwrap_or(0);
    upcoming.into_iter().nth(once)
}

fn of_execution(deadline: Deadline) -> Upcoming {
    let Deadline { at, machine, .. } = &deadline;
    let what = match (deadline.kind, &deadline.state) {
        (DeadlineKind::Wait, Some(state)) => format!("the wait {state} of {machine} ends"),
        (DeadlineKind::Retry, Some(state)) => format!("{state} of {machine} is tried again"),
        (DeadlineKind::Timeout, Some(state)) => format!("the time of {state} of {machine} is over"),
        (_, None) => format!("the time of an execution of {machine}, or of one of its states, is over"),
    };
    Upcoming {
        at: rfc_3339(*at),
        at_ms: *at,
        kind: UpcomingKind::Execution,
        recurring: false,
        what,
        execution: Some(deadline.arn.to_string()),
        machine: Some(machine.to_string()),
        state: deadline.state.as_deref().map(str::to_owned),
    }
}

fn of_schedule(next: &NextOccurrence) -> Upcoming {
    Upcoming {
        at: rfc_3339(next.at),
        at_ms: next.at,
        kind: UpcomingKind::Schedule,
        recurring: next.recurring,
        what: format!("the schedule {} calls its target", next.name),
        execution: None,
        machine: None,
        state: None,
    }
}

/// The calls that came since `before`.
fn difference(
    before: &std::collections::BTreeMap<String, u64>,
    now: std::collections::BTreeMap<String, u64>,
) -> Vec<ScheduleCount> {
    let since = now.into_iter().map(|(name, calls)| {
        let called = calls - before.get(&name).copied().unwrap_or(0);
        ScheduleCount { name, called }
    });
    since.filter(|one| one.called > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_recurs_is_no_goal_while_something_else_waits() {
        let next = |name: &str, at, recurring| {
            of_schedule(&NextOccurrence {
                name: name.to_owned(),
                at,
                recurring,
            })
        };
        let check = |upcoming: Vec<Upcoming>, expected: Option<Timestamp>| {
            assert_eq!(goal(upcoming.clone()).map(|to| to.at_ms), expected, "{upcoming:?}");
        };
        check(Vec::new(), None);
        check(vec![next("minute", 60, true)], Some(60));
        check(vec![next("minute", 60, true), next("end", 7_000, false)], Some(7_000));
        check(vec![next("end", 7, false), next("minute", 60, true)], Some(7));
    }
}
