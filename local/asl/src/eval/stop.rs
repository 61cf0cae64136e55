//! The end of evaluations that take too long.

use jsonata_core::evaluator::CancelToken;

/// Tells evaluations under way, and all later ones with the same signal, to give up. It cannot be taken back.
///
/// What a stopped evaluation gives depends on when it was stopped, so it must not become part of a history: whoever
/// stops throws away what came of it, and records that it was stopped.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(CancelToken);

impl StopSignal {
    /// A signal that has not been given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal, from any thread.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Tells whether it was given.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    pub(crate) fn token(&self) -> &CancelToken {
        &self.0
    }
}
