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
pub(crate) const SCALE: i64 = 1_000;

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

    /// Takes parts of tokens, there or not: what is known only when it is used up.
    pub(crate) fn spend(&mut self, rate: Rate, thousandths: i64, now: Timestamp) {
        self.refill(rate, now);
        self.left = self.left.saturating_sub(thousandths);
    }

    /// Tells whether anything was left at the last look.
    pub(crate) fn has_some(&self) -> bool {
        self.left > 0
    }

    /// The time from which on nothing is owed.
    pub(crate) fn even_at(&self, rate: Rate) -> Timestamp {
        let owed = self.left.saturating_neg().max(0);
        let refill = i64::from(rate.refill).max(1);
        self.at.saturating_add((owed + refill - 1) / refill)
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
