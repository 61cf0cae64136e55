//! AWS's quotas of an account where functions and executions come by.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use sluice_clock::{Clock, Timestamp};
use sluice_cloudwatch::Metrics;
use sluice_driver::{ExecutionRecord, Observation, ObservationKind, Observer, RunningTask, TaskResult, TaskRunner};
use sluice_engine::{AttemptId, Identity, ScheduledTask};
use sluice_host::AccountLimits;
use sluice_metrics::Unit;
use sluice_quotas::{Quotas, numbers};
use tokio::sync::{Notify, watch};

/// Lambda's limits of an account.
pub(crate) struct LambdaLimits(pub(crate) Arc<Quotas>);

impl AccountLimits for LambdaLimits {
    fn concurrency(&self) -> usize {
        self.0.profile().lambda_concurrency()
    }

    fn least_unreserved(&self) -> usize {
        numbers::LAMBDA_LEAST_UNRESERVED
    }

    fn admit(&self, function: &str, concurrency: usize, now_ms: u64) -> bool {
        let now = Timestamp::try_from(now_ms).unwrap_or(Timestamp::MAX);
        self.0.admit_invocation(function, concurrency, now)
    }
}

/// Holds executions to the rate of state transitions that the account may have: what is beyond it is delayed, as on AWS.
///
/// Every state that is entered counts. The call of a task waits until what was entered up to it is within the rate; states without a call
/// go on at once, and make those with one wait the longer.
pub(crate) struct TransitionThrottle {
    quotas: Arc<Quotas>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    delayed: Mutex<VecDeque<Delayed>>,
    added: Notify,
}

/// A call that waits for its turn.
struct Delayed {
    due: Timestamp,
    task: RunningTask,
}

/// The observer that counts the transitions of executions, and passes on what it hears.
pub(crate) struct TransitionCounter {
    pub(crate) throttle: Arc<TransitionThrottle>,
    pub(crate) next: Arc<dyn Observer>,
}

/// The runner that delays calls.
pub(crate) struct ThrottledRunner {
    pub(crate) throttle: Arc<TransitionThrottle>,
    pub(crate) next: Arc<dyn TaskRunner>,
}

const NAMESPACE: &str = "AWS/States";
const SERVICE_METRIC: [(&str, &str); 1] = [("ServiceMetric", "StateTransition")];

impl TransitionThrottle {
    pub(crate) fn new(quotas: Arc<Quotas>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self {
            quotas,
            clock,
            metrics,
            delayed: Mutex::default(),
            added: Notify::new(),
        }
    }

    fn entered(&self, count: u32) {
        let now = self.clock.now();
        self.quotas.count_transitions(count, now);
        self.count(&SERVICE_METRIC, "ConsumedCapacity", count.into(), now);
    }

    /// The task, if its call may be made at once.
    fn delay(&self, task: RunningTask) -> Option<RunningTask> {
        let now = self.clock.now();
        let due = self.quotas.count_transitions(0, now);
        let mut delayed = self.delayed.lock();
        if due <= now && delayed.is_empty() {
            return Some(task);
        }
        self.count(&SERVICE_METRIC, "ThrottledEvents", 1.0, now);
        let machine = [("StateMachineArn", &*task.identity.machine_arn)];
        self.count(&machine, "ExecutionThrottled", 1.0, now);
        delayed.push_back(Delayed { due, task });
        drop(delayed);
        self.added.notify_one();
        None
    }

    fn count(&self, dimensions: &[(&str, &str)], name: &'static str, value: f64, at: Timestamp) {
        self.metrics.record(NAMESPACE, name, dimensions, Unit::Count, value, at);
    }

    /// The calls whose turn has come, and that of the first one behind them.
    fn due(&self) -> (Vec<RunningTask>, Option<Timestamp>) {
        let now = self.clock.now();
        let mut delayed = self.delayed.lock();
        let count = delayed.iter().take_while(|one| one.due <= now).count();
        let due = delayed.drain(..count).map(|one| one.task).collect();
        (due, delayed.front().map(|one| one.due))
    }

    #[cfg(test)]
    fn due_now(&self) -> Vec<AttemptId> {
        let now = self.clock.now();
        let delayed = self.delayed.lock();
        let due = delayed.iter().filter(|one| one.due <= now);
        due.map(|one| one.task.task.attempt).collect()
    }

    /// The attempt is not wanted any more; answers whether its call had not been made.
    fn forget(&self, execution: &Identity, attempt: AttemptId) -> bool {
        let mut delayed = self.delayed.lock();
        let is_it = |one: &Delayed| one.task.identity.key == execution.key && one.task.task.attempt == attempt;
        let Some(task) = delayed.iter().position(is_it).and_then(|place| delayed.remove(place)) else {
            return false;
        };
        task.task.leave_open();
        true
    }

    /// Makes delayed calls when their turn comes, until the clock's mover is gone.
    pub(crate) async fn run(self: Arc<Self>, runner: Arc<dyn TaskRunner>, mut clock_moved: watch::Receiver<()>) {
        loop {
            let (due, next) = self.due();
            for task in due {
                runner.run(task);
            }
            let wait = next.and_then(|at| self.clock.until(at));
            let turn = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = turn => {}
                () = self.added.notified() => {}
                moved = clock_moved.changed() => if moved.is_err() {
                    return;
                },
            }
        }
    }
}

impl Observer for TransitionCounter {
    fn observe(&self, observations: &[Observation]) {
        let is_entry = |one: &&Observation| matches!(one.kind, ObservationKind::StateEntered { .. });
        let entered = observations.iter().filter(is_entry).count();
        if entered > 0 {
            self.throttle.entered(u32::try_from(entered).unwrap_or(u32::MAX));
        }
        self.next.observe(observations);
    }

    fn wants_states(&self) -> bool {
        true
    }
}

impl TaskRunner for ThrottledRunner {
    fn run(&self, task: RunningTask) {
        if let Some(task) = self.throttle.delay(task) {
            self.next.run(task);
        }
    }

    fn abandon(&self, execution: &Arc<Identity>, attempt: AttemptId) {
        if !self.throttle.forget(execution, attempt) {
            self.next.abandon(execution, attempt);
        }
    }

    fn job_ended(&self, task: &ScheduledTask, job: &ExecutionRecord) -> TaskResult {
        self.next.job_ended(task, job)
    }
}

#[cfg(test)]
mod tests {
    use sluice_asl::definition::Resource;
    use sluice_clock::ManualClock;
    use sluice_quotas::Profile;

    use super::*;

    /// Remembers the attempts that were called and given up.
    #[derive(Default)]
    struct Calls(Mutex<Vec<(u64, bool)>>);

    impl TaskRunner for Calls {
        fn run(&self, task: RunningTask) {
            self.0.lock().push((task.task.attempt.0, true));
            task.leave_open();
        }

        fn abandon(&self, _: &Arc<Identity>, attempt: AttemptId) {
            self.0.lock().push((attempt.0, false));
        }
    }

    fn identity() -> Arc<Identity> {
        Arc::new(Identity {
            key: 1,
            arn: "arn:e".into(),
            name: "e".into(),
            machine_arn: "arn:m".into(),
            machine_name: "m".into(),
            role_arn: "arn:r".into(),
            express: false,
        })
    }

    fn task(attempt: u64) -> RunningTask {
        let task = ScheduledTask {
            attempt: AttemptId(attempt),
            state: "S".into(),
            resource: Resource::Function { arn: "arn:f".into() },
            arguments: Arc::default(),
            token: None,
            timeout_seconds: None,
            heartbeat_seconds: None,
            credentials: None,
        };
        RunningTask::new(identity(), task, |_| {})
    }

    #[tokio::test]
    async fn what_is_beyond_the_rate_goes_on_in_its_turn() {
        let clock = Arc::new(ManualClock::new(1_000));
        let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
        let quotas = Arc::new(Quotas::new(Profile::AwsSmall));
        let metrics = Arc::new(Metrics::new(as_clock()));
        let throttle = Arc::new(TransitionThrottle::new(quotas, as_clock(), metrics));
        let calls = Arc::new(Calls::default());
        let runner = ThrottledRunner {
            throttle: Arc::clone(&throttle),
            next: Arc::clone(&calls) as Arc<dyn TaskRunner>,
        };
        let moved = watch::Sender::default();
        let next = Arc::clone(&calls) as Arc<dyn TaskRunner>;
        let turns = tokio::spawn(Arc::clone(&throttle).run(next, moved.subscribe()));
        let check = async |after_ms: u64, expected: &[(u64, bool)]| {
            clock.advance(std::time::Duration::from_millis(after_ms));
            moved.send_replace(());
            while !throttle.due_now().is_empty() {
                tokio::task::yield_now().await;
            }
            assert_eq!(*calls.0.lock(), expected);
        };
        // all that the bucket holds, and a tenth of a second's more for each of the others
        throttle.entered(800);
        runner.run(task(1));
        for attempt in 2..=4 {
            throttle.entered(50);
            runner.run(task(attempt));
        }
        check(0, &[(1, true)]).await;
        check(99, &[(1, true)]).await;
        check(1, &[(1, true), (2, true)]).await;
        // one that nobody wants any more is never called; one that was called is given up by the runner
        runner.abandon(&identity(), AttemptId(3));
        runner.abandon(&identity(), AttemptId(2));
        check(1_000, &[(1, true), (2, true), (2, false), (4, true)]).await;
        runner.run(task(5));
        assert_eq!(calls.0.lock().last(), Some(&(5, true)));
        drop(moved);
        turns.await.unwrap();
    }
}
