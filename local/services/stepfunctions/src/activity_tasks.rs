//! The tasks of activities that wait for a worker, and the workers that wait for a task.
//!
//! Only numbers lie here: who has which task is the journal's to say, and a task that was taken or has ended meanwhile
//! is not given out. So nothing is lost when the process dies, and an entry too many does no harm.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sluice_driver::{ClaimTask, Driver, DriverError};
use sluice_engine::{AttemptId, ScheduledTask};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The most workers that may wait for the same activity.
const MAX_WORKERS: usize = 1_000;

/// An attempt of an execution's task.
type TaskId = (u64, AttemptId);

/// The tasks that no worker has taken yet, by activity.
#[derive(Debug, Default)]
pub struct ActivityTasks {
    queues: Mutex<Queues>,
}

#[derive(Debug, Default)]
struct Queues {
    by_activity: HashMap<Arc<str>, Queue>,
    /// The activity of each task that waits.
    waiting: HashMap<TaskId, Arc<str>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Queue {
    /// Oldest first; those that are not in `waiting` any more are skipped.
    order: VecDeque<TaskId>,
    /// The number of those in `order` that are to be skipped.
    withdrawn: usize,
    workers: usize,
    arrived: Arc<Notify>,
}

/// A refusal of a worker, beside that there is no task.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoTask {
    /// As many workers wait as may.
    #[error("{MAX_WORKERS} workers wait for a task of the activity already")]
    TooManyWorkers,
    /// The journal failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl ActivityTasks {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock()
    }

    /// Puts a task into its activity's queue: it waits for a worker.
    pub fn offer(&self, activity: &str, execution: u64, attempt: AttemptId) {
        self.queues().put((execution, attempt), activity, VecDeque::push_back);
    }

    /// Takes a task out: nobody waits for its result any more.
    pub fn withdraw(&self, execution: u64, attempt: AttemptId) {
        self.queues().withdraw((execution, attempt));
    }

    /// Lets all workers go without a task, since the process ends.
    pub fn close(&self) {
        let mut queues = self.queues();
        queues.closed = true;
        for queue in queues.by_activity.values() {
            queue.arrived.notify_waiters();
        }
    }

    /// The next task of the activity for a worker, as soon as there is one, or none after `patience`.
    ///
    /// A caller that goes away gives back what it was about to get.
    pub(crate) async fn next(
        &self,
        driver: &Driver,
        activity: &str,
        worker: Option<&str>,
        patience: Duration,
    ) -> Result<Option<ScheduledTask>, NoTask> {
        let waiting = WaitingWorker::take(self, activity)?;
        let until = Instant::now() + patience;
        loop {
            let arrived = waiting.arrived.notified();
            tokio::pin!(arrived);
            // From here on no arrival is missed.
            arrived.as_mut().enable();
            if let Some(reservation) = Reservation::of(self, activity) {
                let (execution, attempt) = reservation.task;
                let worker = worker.map(str::to_owned);
                let claimed = driver
                    .activities()
                    .claim(ClaimTask {
                        key: execution,
                        attempt,
                        worker,
                    })
                    .await?;
                reservation.confirm();
                match claimed {
                    Some(task) => return Ok(Some(task)),
                    None => continue,
                }
            }
            if self.queues().closed || tokio::time::timeout_at(until, arrived).await.is_err() {
                return Ok(None);
            }
        }
    }
}

impl Queues {
    fn put(&mut self, task: TaskId, activity: &str, place: fn(&mut VecDeque<TaskId>, TaskId)) {
        if self.waiting.contains_key(&task) {
            return;
        }
        let name: Arc<str> = match self.by_activity.get_key_value(activity) {
            Some((name, _)) => Arc::clone(name),
            None => activity.into(),
        };
        let queue = self.by_activity.entry(Arc::clone(&name)).or_default();
        place(&mut queue.order, task);
        queue.arrived.notify_one();
        self.waiting.insert(task, name);
    }

    fn withdraw(&mut self, task: TaskId) {
        let Some(activity) = self.waiting.remove(&task) else {
            return;
        };
        if let Some(queue) = self.by_activity.get_mut(&activity) {
            queue.withdrawn += 1;
            if queue.withdrawn > 64 && queue.withdrawn > queue.order.len() / 2 {
                let waiting = &self.waiting;
                queue.order.retain(|task| waiting.contains_key(task));
                queue.withdrawn = 0;
            }
        }
        self.tidy(&activity);
    }

    fn pop(&mut self, activity: &str) -> Option<TaskId> {
        let queue = self.by_activity.get_mut(activity)?;
        while let Some(task) = queue.order.pop_front() {
            if self.waiting.remove(&task).is_some() {
                return Some(task);
            }
            queue.withdrawn = queue.withdrawn.saturating_sub(1);
        }
        None
    }

    /// Forgets an activity that nobody works on or waits for.
    fn tidy(&mut self, activity: &str) {
        let idle = |queue: &Queue| queue.workers == 0 && queue.order.len() == queue.withdrawn;
        if self.by_activity.get(activity).is_some_and(idle) {
            self.by_activity.remove(activity);
        }
    }
}

/// A worker that waits, counted in its activity's queue.
struct WaitingWorker<'a> {
    activities: &'a ActivityTasks,
    activity: &'a str,
    arrived: Arc<Notify>,
}

impl<'a> WaitingWorker<'a> {
    fn take(activities: &'a ActivityTasks, activity: &'a str) -> Result<Self, NoTask> {
        let mut queues = activities.queues();
        let queue = queues.by_activity.entry(activity.into()).or_default();
        if queue.workers >= MAX_WORKERS {
            return Err(NoTask::TooManyWorkers);
        }
        queue.workers += 1;
        Ok(Self {
            activities,
            activity,
            arrived: Arc::clone(&queue.arrived),
        })
    }
}

impl Drop for WaitingWorker<'_> {
    fn drop(&mut self) {
        let mut queues = self.activities.queues();
        if let Some(queue) = queues.by_activity.get_mut(self.activity) {
            queue.workers -= 1;
        }
        queues.tidy(self.activity);
    }
}

/// A task that is being handed to a worker; dropped without a confirmation, it is the next to be given out.
struct Reservation<'a> {
    activities: &'a ActivityTasks,
    activity: &'a str,
    task: TaskId,
    confirmed: bool,
}

impl<'a> Reservation<'a> {
    fn of(activities: &'a ActivityTasks, activity: &'a str) -> Option<Self> {
        let task = activities.queues().pop(activity)?;
        Some(Self {
            activities,
            activity,
            task,
            confirmed: false,
        })
    }

    fn confirm(mut self) {
        self.confirmed = true;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.confirmed {
            let mut queues = self.activities.queues();
            queues.put(self.task, self.activity, VecDeque::push_front);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVITY: &str = "a";

    fn popped(activities: &ActivityTasks) -> Vec<u64> {
        std::iter::from_fn(|| activities.queues().pop(ACTIVITY))
            .map(|(execution, _)| execution)
            .collect()
    }

    fn offer(activities: &ActivityTasks, execution: u64) {
        activities.offer(ACTIVITY, execution, AttemptId(1));
    }

    #[test]
    fn tasks_are_given_out_in_their_order_and_once() {
        let activities = ActivityTasks::default();
        for execution in [3, 1, 2, 3, 1] {
            offer(&activities, execution);
        }
        activities.offer("b", 9, AttemptId(1));
        activities.withdraw(1, AttemptId(1));
        activities.withdraw(7, AttemptId(1));
        assert_eq!(popped(&activities), [3, 2]);
        assert_eq!(popped(&activities), [0; 0]);
    }

    #[test]
    fn a_task_that_was_not_handed_over_is_the_next() {
        let activities = ActivityTasks::default();
        offer(&activities, 1);
        offer(&activities, 2);
        drop(Reservation::of(&activities, ACTIVITY));
        if let Some(reservation) = Reservation::of(&activities, ACTIVITY) {
            assert_eq!(reservation.task.0, 1);
            reservation.confirm();
        }
        assert_eq!(popped(&activities), [2]);
    }

    #[test]
    fn what_nobody_waits_for_takes_no_room() {
        let activities = ActivityTasks::default();
        for execution in 0..1_000 {
            offer(&activities, execution);
        }
        for execution in 0..999 {
            activities.withdraw(execution, AttemptId(1));
        }
        let room = activities.queues().by_activity[ACTIVITY].order.len();
        assert!(room < 130, "{room}");
        activities.withdraw(999, AttemptId(1));
        assert!(activities.queues().by_activity.is_empty() && activities.queues().waiting.is_empty());
    }

    #[test]
    fn no_more_than_a_thousand_workers_wait_for_an_activity() {
        let activities = ActivityTasks::default();
        let workers: Vec<_> = (0..MAX_WORKERS)
            .map(|_| WaitingWorker::take(&activities, ACTIVITY))
            .collect();
        assert!(workers.iter().all(Result::is_ok));
        assert!(matches!(
            WaitingWorker::take(&activities, ACTIVITY),
            Err(NoTask::TooManyWorkers)
        ));
        drop(workers);
        assert!(activities.queues().by_activity.is_empty());
    }
}
