//! The pause before a batch is tried again.

use crate::Timestamp;

const FIRST: Timestamp = 100;
const LONGEST: Timestamp = 10_000;

/// The pause after that many failures in a row: 100 ms, 200 ms, 400 ms, … 10 s.
pub(super) fn pause(failures: u32) -> Timestamp {
    let doublings = failures.saturating_sub(1).min(10);
    (FIRST << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_seconds() {
        let pauses: Vec<_> = [0, 1, 2, 3, 7, 8, u32::MAX].map(pause).into();
        assert_eq!(pauses, [100, 100, 200, 400, 6_400, 10_000, 10_000]);
    }
}
