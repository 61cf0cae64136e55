//! The thread of a writer, and the groups in which it takes its requests.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

/// The way on after a group of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Wait for the next request.
    Wait,
    /// Writing failed: when nobody asks for anything for this long, try an empty group.
    RetryAfter(Duration),
    /// Take no more requests.
    Stop,
}

/// Takes requests in groups of at most `most`, until nobody is left to send any. While one group is carried out, the next
/// gathers.
pub fn serve<R>(requests: &Receiver<R>, most: usize, mut carry_out: impl FnMut(&mut dyn Iterator<Item = R>) -> Next) {
    let mut next = Next::Wait;
    loop {
        let first = match next {
            Next::Stop => return,
            Next::Wait => match requests.recv() {
                Ok(request) => Some(request),
                Err(_) => return,
            },
            Next::RetryAfter(pause) => match requests.recv_timeout(pause) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            },
        };
        let rest = first.is_some().then(|| requests.try_iter());
        next = carry_out(&mut first.into_iter().chain(rest.into_iter().flatten()).take(most));
    }
}

/// A writer's thread.
#[derive(Debug)]
pub struct WriterThread {
    name: &'static str,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WriterThread {
    /// Starts a thread with a stack of so many bytes; none: as many as is usual.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(name: &'static str, stack: Option<usize>, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let mut builder = std::thread::Builder::new().name(name.into());
        if let Some(bytes) = stack {
            builder = builder.stack_size(bytes);
        }
        let thread = Mutex::new(Some(builder.spawn(work)?));
        Ok(Self { name, thread })
    }

    /// Waits until the thread has ended, which it has to be told to before. False: this is the thread itself, which drops
    /// the last reference to its owner.
    pub fn join(&self) -> bool {
        let Some(thread) = self.thread.lock().take() else {
            return true;
        };
        if thread.thread().id() == std::thread::current().id() {
            return false;
        }
        if thread.join().is_err() {
            tracing::error!(thread = self.name, "a writer's thread panicked");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_waits_at_the_same_time_is_one_group_up_to_its_size() {
        let (sender, requests) = mpsc::channel();
        (0..5).for_each(|n| sender.send(n).expect("sent"));
        drop(sender);
        let mut groups: Vec<Vec<i32>> = Vec::new();
        serve(&requests, 2, |group| {
            groups.push(group.collect());
            Next::Wait
        });
        assert_eq!(groups, [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn a_failure_is_tried_again_though_nobody_asks() {
        let (sender, requests) = mpsc::channel();
        sender.send(1).expect("sent");
        let mut groups: Vec<Vec<i32>> = Vec::new();
        serve(&requests, 9, |group| {
            groups.push(group.collect());
            match groups.len() {
                1 => Next::RetryAfter(Duration::ZERO),
                _ => Next::Stop,
            }
        });
        assert_eq!(groups, [vec![1], vec![]]);
        drop(sender);
    }

    #[test]
    fn a_thread_that_panics_has_ended() {
        let thread = WriterThread::start("test", Some(64 * 1024), || panic!("as the test wants it")).expect("starts");
        assert!(thread.join() && thread.join());
    }
}
