//! Token buckets: what AWS throttles with.

use sluice_clock::Timestamp;

/// The most tokens that a bucket holds, and those that come back each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The bucket's size.
    pub size: u32,
    /// Tokens a second.
    pub refill: u32,
}

/// Thousandths of a token.
const SCALE: i64 = 1_000;

/// A bucket with what is left in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// In thousandths: what comes back in a millisecond is a whole number of them.
    left: i64,
    at: Timestamp,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Timestamp) -> Self {
        Self {
            left: i64::from(rate.size) * SCALE,
            at: now,
        }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Timestamp) -> bool {
        self.refill(rate, now);
        let enough = self.left >= SCALE;
        if enough {
            self.left -= SCALE;
        }
        enough
    }

    pub(crate) fn is_full(mut self, rate: Rate, now: Timestamp) -> bool {
        self.refill(rate, now);
        self.left >= i64::from(rate.size) * SCALE
    }

    fn refill(&mut self, rate: Rate, now: Timestamp) {
        let passed = now.saturating_sub(self.at).max(0);
        let back = passed.saturating_mul(i64::from(rate.refill));
        self.left = self.left.saturating_add(back).min(i64::from(rate.size) * SCALE);
        self.at = self.at.max(now);
    }
}
