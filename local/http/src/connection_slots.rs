//! The limit on the number of open connections.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::connection::Ending;
use crate::{Connection, Limits};

/// The slots for connections of one listener, or of some that share them.
#[derive(Debug)]
pub struct ConnectionSlots {
    limit: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    last: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// A connection's slot, given back when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    slots: Arc<ConnectionSlots>,
    number: u64,
}

impl ConnectionSlots {
    /// So many slots.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            taken: Mutex::default(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock()
    }

    /// A slot for one more; another one may be asked to make room for it. `None`: all are at work.
    pub(crate) fn take(self: &Arc<Self>, connection: &Arc<Connection>) -> Option<ConnectionSlot> {
        if self.taken().connections.len() >= self.limit && !self.make_room() {
            return None;
        }
        let mut taken = self.taken();
        taken.last += 1;
        let number = taken.last;
        taken.connections.insert(number, Arc::clone(connection));
        drop(taken);
        Some(ConnectionSlot {
            slots: Arc::clone(self),
            number,
        })
    }

    /// Closes the connection on which nothing has happened for the longest time; answers whether there is one.
    pub(crate) fn make_room(&self) -> bool {
        let now = Instant::now();
        let mut taken = self.taken();
        let spare = taken
            .connections
            .iter()
            .filter_map(|(number, connection)| Some((connection.spare_since(now)?, *number)));
        let Some((_, number)) = spare.min() else { return false };
        if let Some(connection) = taken.connections.remove(&number) {
            connection.ask_to_close(Ending::MakesRoom);
        }
        true
    }

    /// Closes what takes more time than it may.
    pub(crate) fn close_overdue(&self, limits: &Limits) {
        let now = Instant::now();
        for connection in self.taken().connections.values() {
            if connection.is_overdue(now, limits) {
                connection.ask_to_close(Ending::Overdue);
            }
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.taken().connections.remove(&self.number);
    }
}
