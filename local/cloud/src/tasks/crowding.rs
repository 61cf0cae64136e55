//! Which state machines have more to do than their functions can.
//!
//! What has been taken in is finished before more is taken in: while the functions of a machine's executions have no room for
//! the calls that these make, no more executions of it are started. They would all only wait for each other. On AWS the functions'
//! limits would be met by retries alone, and StartExecution has a quota of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So long after a call was throttled its machine takes no more executions.
const HELD: Duration = Duration::from_secs(1);

/// More machines than this are not remembered once their time is over.
const KEPT: usize = 64;

/// When a call of a machine's executions was last throttled, by the machine's ARN.
#[derive(Debug, Default)]
pub struct Crowding {
    throttled: Mutex<HashMap<Arc<str>, Instant>>,
}

impl Crowding {
    fn throttled(&self) -> MutexGuard<'_, HashMap<Arc<str>, Instant>> {
        self.throttled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of one of the machine's executions was throttled.
    pub(crate) fn note(&self, machine_arn: &Arc<str>, now: Instant) {
        let mut throttled = self.throttled();
        if throttled.len() >= KEPT {
            throttled.retain(|_, at| now.saturating_duration_since(*at) < HELD);
        }
        throttled.insert(Arc::clone(machine_arn), now);
    }

    /// Whether the machine has more to do than it can.
    pub(crate) fn is_crowded(&self, machine_arn: &str, now: Instant) -> bool {
        self.throttled()
            .get(machine_arn)
            .is_some_and(|at| now.saturating_duration_since(*at) < HELD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_crowded_for_a_while_after_a_call_was_throttled() {
        let crowding = Crowding::default();
        let now = Instant::now();
        let machine: Arc<str> = "m".into();
        assert!(!crowding.is_crowded("m", now));
        crowding.note(&machine, now);
        assert!(crowding.is_crowded("m", now + HELD - Duration::from_millis(1)));
        assert!(!crowding.is_crowded("m", now + HELD));
        assert!(!crowding.is_crowded("other", now), "another machine is not concerned");
        for number in 0..KEPT {
            crowding.note(&format!("m{number}").into(), now);
        }
        crowding.note(&machine, now + HELD);
        assert_eq!(crowding.throttled().len(), 1, "what is over is forgotten");
    }
}
