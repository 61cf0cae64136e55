//! The functions of a host by name.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use crate::function::{Function, FunctionHost};
use crate::process;
use crate::shared::{Place, Shared};

/// The idle time after which an instance counts as not needed by its function all the time.
const SPARE: Duration = Duration::from_secs(1);

/// The functions that a host has at the moment. It runs their instances and divides its places among them.
pub(crate) struct Registry {
    pub(crate) shared: Arc<Shared>,
    pub(crate) functions: RwLock<HashMap<Arc<str>, Arc<Function>>>,
}

impl Registry {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            functions: RwLock::default(),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Function>> {
        self.functions.read().get(name).cloned()
    }

    /// Adds up the concurrency that is reserved, after functions have changed.
    pub(crate) fn note_reservations(&self) {
        let functions = self.functions.read();
        let reserved = functions
            .values()
            .filter_map(|function| function.spec().reserved_concurrency);
        self.shared
            .set_reserved(reserved.map(|reserved| reserved as usize).sum());
    }

    pub(crate) fn all(&self) -> Vec<Arc<Function>> {
        self.functions.read().values().cloned().collect()
    }
}

impl FunctionHost for Registry {
    fn run_instance(&self, function: Arc<Function>, place: Place) {
        tokio::spawn(process::supervise(function, place));
    }

    fn make_room(&self, asking: &Function, own: usize) {
        // without any it takes what there is; for one more it does not take what is needed again the next moment
        let spare = if own <= 1 { Duration::ZERO } else { SPARE };
        let others: Vec<_> = self
            .functions
            .read()
            .values()
            .filter(|other| !std::ptr::eq(Arc::as_ptr(other), asking))
            .cloned()
            .collect();
        others.iter().any(|other| other.stop_one_idle(spare));
    }
}
