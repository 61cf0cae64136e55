//! The state that all functions of a host share.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::account::unreserved;
use crate::config::HostConfig;
use crate::guard::Guard;
use crate::invocation::InFlight;
use crate::shortage::Shortage;

/// The host's settings and counters.
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) in_flight: Arc<InFlight>,
    /// The number of processes that live or are being started.
    pub(crate) instances: watch::Sender<usize>,
    /// The concurrency that is reserved for functions, in all.
    reserved: AtomicUsize,
    closing: AtomicBool,
    guard: OnceLock<Guard>,
    shortage: Mutex<Shortage>,
    /// The time at which a request was last refused because no instance was free for it.
    refused: Mutex<Option<Instant>>,
}

/// The time for which a refused request is reported as trouble.
const REFUSAL_REMEMBERED: Duration = Duration::from_secs(5);

/// The reason why there is no place for one more instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// All places are taken: one that another function does not need would help.
    Full,
    /// The function has its share, the machine lets none be started at the moment, or the host is closing.
    NotNow,
}

/// A place for a process, given back when it has ended.
#[derive(Debug)]
pub(crate) struct Place {
    instances: watch::Sender<usize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.instances.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Shared {
    pub(crate) fn new(config: HostConfig) -> Self {
        Self {
            config,
            in_flight: Arc::default(),
            instances: watch::Sender::new(0),
            reserved: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            guard: OnceLock::new(),
            shortage: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    /// The concurrency that is reserved for functions, in all.
    pub(crate) fn reserved(&self) -> usize {
        self.reserved.load(Ordering::SeqCst)
    }

    /// Notes the reservations of all functions.
    pub(crate) fn set_reserved(&self, reserved: usize) {
        let before = self.reserved.swap(reserved, Ordering::SeqCst);
        if let Some(account) = &self.config.account
            && before != reserved
            && !unreserved(&**account, reserved).1
        {
            tracing::warn!(
                reserved,
                account = account.concurrency(),
                "AWS would refuse these reservations of concurrency, since they leave too little to other functions: here nothing \
                 is reserved. cfn/deploy lowers them; so can the stack's parameters"
            );
        }
    }

    /// The guard process, started with the first function process.
    pub(crate) fn guard(&self) -> &Guard {
        self.guard.get_or_init(Guard::start)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub(crate) fn begin_closing(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// A place for one more instance of a function that has `own` with this one.
    pub(crate) fn claim_place(&self, own: usize) -> Result<Place, Denied> {
        if self.is_closing() || self.shortage.lock().holds(Instant::now()) {
            return Err(Denied::NotNow);
        }
        let limit = self.config.max_instances.max(1);
        let mut answer = Ok(());
        self.instances.send_if_modified(|count| {
            answer = room(limit, *count, own);
            *count += usize::from(answer.is_ok());
            answer.is_ok()
        });
        answer.map(|()| Place {
            instances: self.instances.clone(),
        })
    }

    /// The machine did not let a process be started.
    pub(crate) fn could_not_start(&self, error: &io::Error) {
        if self.shortage.lock().failed(error.to_string(), Instant::now()) {
            tracing::warn!(
                %error,
                "function processes cannot be started: requests wait for those that run. Raise the limits of this process \
                 (`ulimit -a`) or make memory free"
            );
        }
    }

    pub(crate) fn has_started(&self) {
        if self.shortage.lock().started() {
            tracing::warn!("function processes can be started again");
        }
    }

    pub(crate) fn has_refused(&self) {
        *self.refused.lock() = Some(Instant::now());
    }

    /// Describes in one sentence what keeps functions from running as they should.
    pub(crate) fn trouble(&self) -> Option<String> {
        let now = Instant::now();
        let refused = |at: Instant| now.saturating_duration_since(at) < REFUSAL_REMEMBERED;
        self.shortage.lock().trouble(now).or_else(|| {
            self.refused
                .lock()
                .is_some_and(refused)
                .then(|| "functions are asked for more than they can do: requests are refused".to_owned())
        })
    }
}

/// Refuses a place if a host of `limit` instances that has `count` may not have one more for a function that then has `own`.
/// One function gets no more than half, and the last eighth is for functions that have none: a function that calls another
/// one waits for it.
fn room(limit: usize, count: usize, own: usize) -> Result<(), Denied> {
    if own > 1 && own > limit.div_ceil(2) {
        return Err(Denied::NotNow);
    }
    let kept = if own > 1 { limit / 8 } else { 0 };
    if count < limit - kept {
        Ok(())
    } else {
        Err(Denied::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_has_no_instance_finds_room_for_one() {
        // (limit, count, own)
        for ((limit, count, own), expected) in [
            ((128, 0, 1), None),
            ((128, 127, 1), None),
            ((128, 128, 1), Some(Denied::Full)),
            ((128, 63, 64), None),
            ((128, 64, 65), Some(Denied::NotNow)),
            ((128, 111, 2), None),
            ((128, 112, 2), Some(Denied::Full)),
            ((16, 8, 8), None),
            ((16, 8, 9), Some(Denied::NotNow)),
            ((16, 14, 2), Some(Denied::Full)),
            ((1, 0, 1), None),
            ((1, 1, 2), Some(Denied::NotNow)),
        ] {
            assert_eq!(room(limit, count, own).err(), expected, "{limit} {count} {own}");
        }
    }
}
