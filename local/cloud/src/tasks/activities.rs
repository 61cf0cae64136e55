//! The tasks of activities that wait for a worker, and the workers that wait for a task.
//!
//! Only numbers lie here: who has which task is the journal's to say, and a task that was taken or has ended meanwhile
//! is not given out. So nothing is lost when the process dies, and an entry too many does no harm.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sluice_driver::{Driver, DriverError};
use sluice_engine::{AttemptId, ScheduledTask};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The most workers that may wait for the same activity.
const MAX_WORKERS: usize = 1_000;

/// An attempt of an execution's task.
type TaskId = (u64, AttemptId);

/// The tasks that no worker has taken yet, by activity.
#[derive(Debug, Default)]
pub struct Activities {
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    queues: HashMap<Arc<str>, Queue>,
    /// The activity of each task that waits.
    waiting: HashMap<TaskId, Arc<str>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Queue {
    /// Oldest first; those that are not in `waiting` any more are skipped.
    order: VecDeque<TaskId>,
    /// How many of `order` are to be skipped.
    gone: usize,
    workers: usize,
    arrived: Arc<Notify>,
}

/// Why a worker gets no task, beside that there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoTask {
    /// As many workers wait as may.
    #[error("{MAX_WORKERS} workers wait for a task of the activity already")]
    TooManyWorkers,
    /// The journal failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl Activities {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task waits for a worker.
    pub(super) fn offer(&self, activity: &str, execution: u64, attempt: AttemptId) {
        self.board().put((execution, attempt), activity, VecDeque::push_back);
    }

    /// Nobody waits for the task's result any more.
    pub(super) fn withdraw(&self, execution: u64, attempt: AttemptId) {
        self.board().withdraw((execution, attempt));
    }

    /// Lets all workers go without a task, since the process ends.
    pub(crate) fn close(&self) {
        let mut board = self.board();
        board.closed = true;
        for queue in board.queues.values() {
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
        let seat = Seat::take(self, activity)?;
        let until = Instant::now() + patience;
        loop {
            let arrived = seat.arrived.notified();
            tokio::pin!(arrived);
            // From here on no arrival is missed.
            arrived.as_mut().enable();
            if let Some(loan) = Loan::of(self, activity) {
                let (execution, attempt) = loan.task;
                let worker = worker.map(str::to_owned);
                let claimed = driver.claim_activity_task(execution, attempt, worker).await?;
                loan.spend();
                match claimed {
                    Some(task) => return Ok(Some(task)),
                    None => continue,
                }
            }
            if self.board().closed || tokio::time::timeout_at(until, arrived).await.is_err() {
                return Ok(None);
            }
        }
    }
}

impl Board {
    fn put(&mut self, task: TaskId, activity: &str, place: fn(&mut VecDeque<TaskId>, TaskId)) {
        if self.waiting.contains_key(&task) {
            return;
        }
        let name: Arc<str> = match self.queues.get_key_value(activity) {
            Some((name, _)) => Arc::clone(name),
            None => activity.into(),
        };
        let queue = self.queues.entry(Arc::clone(&name)).or_default();
        place(&mut queue.order, task);
        queue.arrived.notify_one();
        self.waiting.insert(task, name);
    }

    fn withdraw(&mut self, task: TaskId) {
        let Some(activity) = self.waiting.remove(&task) else {
            return;
        };
        if let Some(queue) = self.queues.get_mut(&activity) {
            queue.gone += 1;
            if queue.gone > 64 && queue.gone > queue.order.len() / 2 {
                let waiting = &self.waiting;
                queue.order.retain(|task| waiting.contains_key(task));
                queue.gone = 0;
            }
        }
        self.tidy(&activity);
    }

    fn pop(&mut self, activity: &str) -> Option<TaskId> {
        let queue = self.queues.get_mut(activity)?;
        while let Some(task) = queue.order.pop_front() {
            if self.waiting.remove(&task).is_some() {
                return Some(task);
            }
            queue.gone = queue.gone.saturating_sub(1);
        }
        None
    }

    /// Forgets an activity that nobody works on or waits for.
    fn tidy(&mut self, activity: &str) {
        let idle = |queue: &Queue| queue.workers == 0 && queue.order.len() == queue.gone;
        if self.queues.get(activity).is_some_and(idle) {
            self.queues.remove(activity);
        }
    }
}

/// A worker's place among those who wait.
struct Seat<'a> {
    activities: &'a Activities,
    activity: &'a str,
    arrived: Arc<Notify>,
}

impl<'a> Seat<'a> {
    fn take(activities: &'a Activities, activity: &'a str) -> Result<Self, NoTask> {
        let mut board = activities.board();
        let queue = board.queues.entry(activity.into()).or_default();
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

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut board = self.activities.board();
        if let Some(queue) = board.queues.get_mut(self.activity) {
            queue.workers -= 1;
        }
        board.tidy(self.activity);
    }
}

/// A task in the hand of a worker that has not got it yet; dropped, it is the next to be given out.
struct Loan<'a> {
    activities: &'a Activities,
    activity: &'a str,
    task: TaskId,
    spent: bool,
}

impl<'a> Loan<'a> {
    fn of(activities: &'a Activities, activity: &'a str) -> Option<Self> {
        let task = activities.board().pop(activity)?;
        Some(Self {
            activities,
            activity,
            task,
            spent: false,
        })
    }

    fn spend(mut self) {
        self.spent = true;
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if !self.spent {
            let mut board = self.activities.board();
            board.put(self.task, self.activity, VecDeque::push_front);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVITY: &str = "a";

    fn popped(activities: &Activities) -> Vec<u64> {
        std::iter::from_fn(|| activities.board().pop(ACTIVITY))
            .map(|(execution, _)| execution)
            .collect()
    }

    fn offer(activities: &Activities, execution: u64) {
        activities.offer(ACTIVITY, execution, AttemptId(1));
    }

    #[test]
    fn tasks_are_given_out_in_their_order_and_once() {
        let activities = Activities::default();
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
        let activities = Activities::default();
        offer(&activities, 1);
        offer(&activities, 2);
        drop(Loan::of(&activities, ACTIVITY));
        if let Some(loan) = Loan::of(&activities, ACTIVITY) {
            assert_eq!(loan.task.0, 1);
            loan.spend();
        }
        assert_eq!(popped(&activities), [2]);
    }

    #[test]
    fn what_nobody_waits_for_takes_no_room() {
        let activities = Activities::default();
        for execution in 0..1_000 {
            offer(&activities, execution);
        }
        for execution in 0..999 {
            activities.withdraw(execution, AttemptId(1));
        }
        let room = activities.board().queues[ACTIVITY].order.len();
        assert!(room < 130, "{room}");
        activities.withdraw(999, AttemptId(1));
        assert!(activities.board().queues.is_empty() && activities.board().waiting.is_empty());
    }

    #[test]
    fn no_more_than_a_thousand_workers_wait_for_an_activity() {
        let activities = Activities::default();
        let seats: Vec<_> = (0..MAX_WORKERS).map(|_| Seat::take(&activities, ACTIVITY)).collect();
        assert!(seats.iter().all(Result::is_ok));
        assert!(matches!(Seat::take(&activities, ACTIVITY), Err(NoTask::TooManyWorkers)));
        drop(seats);
        assert!(activities.board().queues.is_empty());
    }
}
