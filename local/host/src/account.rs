//! The limits of the account that functions belong to, where they hold here too.

/// The limits of an account. Asked where invocations come in: it may not block.
pub trait AccountLimits: Send + Sync {
    /// The invocations of all functions together that run at a time.
    fn concurrency(&self) -> usize;

    /// The part of it that reservations leave to functions without one. AWS takes no reservation that would leave less.
    fn least_unreserved(&self) -> usize;

    /// Counts an invocation of a function that may have `concurrency` of them at a time; false if it is one too many at `now_ms`
    /// (milliseconds since the epoch).
    fn admit(&self, function: &str, concurrency: usize, now_ms: u64) -> bool;
}

/// The concurrency that functions without a reservation share.
///
/// Where AWS would not take the reservations, there are none: all share what the account has.
pub(crate) fn unreserved(limits: &dyn AccountLimits, reserved: usize) -> (usize, bool) {
    let left = limits.concurrency().saturating_sub(reserved);
    if left < limits.least_unreserved() {
        (limits.concurrency(), false)
    } else {
        (left, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Account(usize, usize);

    impl AccountLimits for Account {
        fn concurrency(&self) -> usize {
            self.0
        }

        fn least_unreserved(&self) -> usize {
            self.1
        }

        fn admit(&self, _: &str, _: usize, _: u64) -> bool {
            true
        }
    }

    #[test]
    fn reservations_leave_the_rest_or_are_none() {
        for (account, least, reserved, expected) in [
            (1000, 100, 0, (1000, true)),
            (1000, 100, 405, (595, true)),
            (1000, 100, 900, (100, true)),
            (1000, 100, 901, (1000, false)),
            (10, 100, 5, (10, false)),
            (10, 100, 0, (10, false)),
        ] {
            assert_eq!(
                unreserved(&Account(account, least), reserved),
                expected,
                "{account} {reserved}"
            );
        }
    }
}
