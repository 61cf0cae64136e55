//! The records that a shard takes in a second.
//! See the [limits](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).

use crate::Timestamp;

/// Records a second.
const RECORDS: u32 = 1_000;
/// Bytes a second, data and partition keys.
const BYTES: usize = 1_048_576;
/// A window's length in milliseconds.
const WINDOW: Timestamp = 1_000;

/// The records and bytes that a shard took in the current second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Window {
    begun: Timestamp,
    records: u32,
    bytes: usize,
}

impl Window {
    /// Counts a record and returns true if the shard takes it at that time; otherwise does not count it.
    ///
    /// A record alone in its second is always taken: the largest one with its key is larger than a second's bytes.
    pub(crate) fn admit(&mut self, now: Timestamp, bytes: usize) -> bool {
        if now.saturating_sub(self.begun) >= WINDOW {
            *self = Self {
                begun: now,
                records: 0,
                bytes: 0,
            };
        }
        let full = self.records >= RECORDS || (self.records > 0 && self.bytes + bytes > BYTES);
        if !full {
            self.records += 1;
            self.bytes += bytes;
        }
        !full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(puts: &[(Timestamp, usize, usize)], expected: &[usize]) {
        let mut window = Window::default();
        let taken = puts
            .iter()
            .map(|&(now, count, bytes)| (0..count).filter(|_| window.admit(now, bytes)).count());
        assert_eq!(taken.collect::<Vec<_>>(), expected, "{puts:?}");
    }

    #[test]
    fn a_second_has_a_thousand_records_or_a_mebibyte() {
        check(&[(5_000, 1_200, 10)], &[1_000]);
        check(
            &[(5_000, 600, 10), (5_999, 600, 10), (6_000, 600, 10)],
            &[600, 400, 600],
        );
        check(&[(5_000, 3, 400_000), (6_000, 3, 400_000)], &[2, 2]);
        check(&[(5_000, 2, 2_000_000), (5_001, 1, 1)], &[1, 0]);
    }
}
