//! Backpressure: state machines that have more to do than their functions can take no more executions for a while.
//!
//! What has been taken in is finished before more is taken in: while the functions of a machine's executions have no room for
//! the calls that these make, no more executions of it are started. They would all only wait for each other. On AWS the functions'
//! limits would be met by retries alone, and StartExecution has a quota of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// The time for which a machine takes no more executions after a call was throttled.
const HELD: Duration = Duration::from_secs(1);

/// The number of machines above which those whose time is over are forgotten.
const KEPT: usize = 64;

/// The state machines whose calls were throttled: the time of the last such call, by the machine's ARN.
#[derive(Debug, Default)]
pub struct Backpressure {
    throttled: Mutex<HashMap<Arc<str>, Instant>>,
}

impl Backpressure {
    fn machines(&self) -> MutexGuard<'_, HashMap<Arc<str>, Instant>> {
        self.throttled.lock()
    }

    /// Notes that a call of one of the machine's executions was throttled.
    pub fn throttled(&self, machine_arn: &Arc<str>, now: Instant) {
        let mut machines = self.machines();
        if machines.len() >= KEPT {
            machines.retain(|_, at| now.saturating_duration_since(*at) < HELD);
        }
        machines.insert(Arc::clone(machine_arn), now);
    }

    /// True while the machine is to take no more executions.
    pub(crate) fn applies_to(&self, machine_arn: &str, now: Instant) -> bool {
        self.machines()
            .get(machine_arn)
            .is_some_and(|at| now.saturating_duration_since(*at) < HELD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_applies_to_for_a_while_after_a_call_was_throttled() {
        let backpressure = Backpressure::default();
        let now = Instant::now();
        let machine: Arc<str> = "m".into();
        assert!(!backpressure.applies_to("m", now));
        backpressure.throttled(&machine, now);
        assert!(backpressure.applies_to("m", now + HELD - Duration::from_millis(1)));
        assert!(!backpressure.applies_to("m", now + HELD));
        assert!(
            !backpressure.applies_to("other", now),
            "another machine is not concerned"
        );
        for number in 0..KEPT {
            backpressure.throttled(&format!("m{number}").into(), now);
        }
        backpressure.throttled(&machine, now + HELD);
        assert_eq!(backpressure.machines().len(), 1, "what is over is forgotten");
    }
}
