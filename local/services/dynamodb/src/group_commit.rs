//! The tables' thread: calls one after the other, and one sync for all that wrote.

use std::io;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use sluice_storage::{HeldReply, Next, catch_panic};
use tokio::sync::oneshot;

use crate::error::CallError;

/// At most so many calls wait for one sync, so that the first of them does not wait for all of a flood.
const GROUP: usize = 64;

/// A call that was carried out: its response, and whether it may have changed a table.
pub(crate) struct Completed<A> {
    pub(crate) response: Result<A, CallError>,
    pub(crate) wrote: bool,
}

/// A call and its caller, who waits for the response.
pub(crate) struct Job<C, A> {
    pub(crate) call: C,
    pub(crate) reply: oneshot::Sender<Result<A, CallError>>,
}

/// Carries out calls until there is nobody left to make any.
///
/// An answer is given once everything is on disk that its call did *or could see*: the calls of a group that come before
/// the group's first write are answered at once, the others after `sync`. While that runs, the next group gathers.
///
/// Once `sync` has failed, nobody can tell what is on disk (a second try may succeed without having written anything), so all
/// calls are refused from then on, and the process is to end: the next one reads what is there.
pub(crate) fn serve<C, A>(
    jobs: &Receiver<Job<C, A>>,
    mut call: impl FnMut(C) -> Completed<A>,
    mut sync: impl FnMut() -> io::Result<()>,
    mut try_again: impl FnMut() -> Option<Duration>,
) {
    sluice_storage::serve(jobs, GROUP, |group| {
        let mut held = Vec::new();
        for job in group {
            let done = catch_panic(|| call(job.call)).unwrap_or(Completed {
                response: Err(CallError::Panicked),
                wrote: true,
            });
            let reply = HeldReply::new(job.reply, done.response);
            if done.wrote || !held.is_empty() {
                held.push(reply);
            } else {
                reply.release::<CallError>(Ok(()));
            }
        }
        let synced = if held.is_empty() { Ok(()) } else { sync() };
        let committed = synced.map_err(|error| CallError::Disk(error.to_string()));
        for reply in held {
            reply.release(committed.as_ref().copied());
        }
        if let Err(refusal) = committed {
            for job in jobs.iter() {
                HeldReply::new(job.reply, Err(refusal.clone())).release::<CallError>(Ok(()));
            }
            return Next::Stop;
        }
        // while there is trouble, it is looked from time to time whether it is over
        try_again().map_or(Next::Wait, Next::RetryAfter)
    });
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::sync::mpsc;

    use super::*;

    type Waiting = oneshot::Receiver<Result<u32, CallError>>;

    /// Calls are numbers; the odd ones write; 13 panics.
    fn answered_by(number: u32) -> Completed<u32> {
        assert_ne!(number, 13);
        Completed {
            response: Ok(number),
            wrote: number % 2 == 1,
        }
    }

    fn queue(numbers: &[u32]) -> (Receiver<Job<u32, u32>>, RefCell<Vec<Waiting>>) {
        let (sender, jobs) = mpsc::channel();
        let waiting = numbers.iter().map(|&call| {
            let (reply, waiting) = oneshot::channel();
            sender.send(Job { call, reply }).unwrap();
            waiting
        });
        let waiting = RefCell::new(waiting.collect());
        (jobs, waiting)
    }

    fn answers(waiting: &RefCell<Vec<Waiting>>) -> Vec<Option<Result<u32, CallError>>> {
        let mut waiting = waiting.borrow_mut();
        waiting.iter_mut().map(|one| one.try_recv().ok()).collect()
    }

    #[test]
    fn nothing_is_answered_before_what_it_saw_is_synced() {
        let check = |calls: &[u32], before_sync: usize, syncs: usize| {
            let (jobs, waiting) = queue(calls);
            let synced = Cell::new(0);
            let mut early = 0;
            serve(
                &jobs,
                answered_by,
                || {
                    if synced.replace(synced.get() + 1) == 0 {
                        early = answers(&waiting).iter().flatten().count();
                    }
                    Ok(())
                },
                || None,
            );
            assert_eq!(synced.get(), syncs, "{calls:?}");
            if syncs > 0 {
                assert_eq!(early, before_sync, "{calls:?}");
            }
            let late = answers(&waiting).into_iter().flatten().count();
            assert_eq!(early + late, calls.len(), "{calls:?}");
        };
        check(&[2, 4], 0, 0);
        check(&[1], 0, 1);
        check(&[2, 4, 1, 6, 3, 8], 2, 1);
        let many: Vec<u32> = (0..200).map(|n| n * 2 + 101).collect();
        check(&many, 0, 200_usize.div_ceil(GROUP));
    }

    #[test]
    fn a_failed_sync_refuses_its_group_and_all_after_it() {
        let many: Vec<u32> = (0..GROUP as u32 + 3).map(|n| n * 2 + 101).collect();
        let (jobs, waiting) = queue(&many);
        let mut syncs = 0;
        serve(
            &jobs,
            answered_by,
            || {
                syncs += 1;
                Err(io::Error::other("no space"))
            },
            || None,
        );
        assert_eq!(syncs, 1);
        for answer in answers(&waiting) {
            assert_eq!(answer, Some(Err(CallError::Disk("no space".into()))));
        }
    }

    #[test]
    fn a_panic_costs_one_call() {
        let (jobs, waiting) = queue(&[1, 13, 2]);
        serve(&jobs, answered_by, || Ok(()), || None);
        let answers = answers(&waiting);
        assert_eq!((&answers[0], &answers[2]), (&Some(Ok(1)), &Some(Ok(2))));
        assert_eq!(answers[1], Some(Err(CallError::Panicked)));
    }
}
