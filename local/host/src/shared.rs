//! What all functions of a host share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use tokio::sync::watch;

use crate::config::HostConfig;
use crate::function::Function;
use crate::guard::Guard;
use crate::invocation::InFlight;
use crate::sync::read;

/// The host's settings, functions and counters.
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) functions: RwLock<HashMap<Arc<str>, Arc<Function>>>,
    pub(crate) in_flight: Arc<InFlight>,
    /// How many processes live or are being started.
    pub(crate) instances: watch::Sender<usize>,
    closing: AtomicBool,
    guard: OnceLock<Guard>,
}

impl Shared {
    pub(crate) fn new(config: HostConfig) -> Self {
        Self {
            config,
            functions: RwLock::default(),
            in_flight: Arc::default(),
            instances: watch::Sender::new(0),
            closing: AtomicBool::new(false),
            guard: OnceLock::new(),
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

    /// Counts one more instance if the limit allows it.
    pub(crate) fn claim_instance(&self) -> bool {
        let limit = self.config.max_instances.max(1);
        !self.is_closing()
            && self.instances.send_if_modified(|count| {
                let room = *count < limit;
                *count += usize::from(room);
                room
            })
    }

    pub(crate) fn release_instance(&self) {
        self.instances.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// At the host's limit: stops an idle instance of another function. Whoever waits tries again soon.
    pub(crate) fn make_room(&self, asking: &Arc<Function>) {
        let others: Vec<_> = read(&self.functions)
            .values()
            .filter(|other| !Arc::ptr_eq(other, asking))
            .cloned()
            .collect();
        others.iter().any(|other| other.stop_one_idle());
    }
}
