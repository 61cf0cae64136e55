//! Refusals of facts.

use sluice_engine::IllegalFact;

use crate::DriverError;
use crate::error::Failure;

/// The reason why a fact was not taken in.
#[derive(Debug)]
pub(super) enum Refused {
    /// It cannot have happened; the execution is as it was.
    Illegal(IllegalFact),
    /// The driver failed; when it is the journal, with the whole batch.
    Driver(DriverError),
    /// Nothing has happened yet: it is offloaded.
    Deferred,
}

impl<E: Into<DriverError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Driver(error.into())
    }
}

/// The execution about which somebody else decides first.
pub(super) fn deferred<T, E: Failure>(result: &Result<T, E>) -> Option<u64> {
    match result.as_ref().err()?.driver()? {
        DriverError::Deferred { key } => Some(*key),
        _ => None,
    }
}
