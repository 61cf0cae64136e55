//! The choice of a record's shard: the MD5 of its partition key as a 128-bit number, and the shards' ranges.
//! See [partition keys](https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html#partition-key).

use std::fmt;

use md5::{Digest, Md5};

/// A place in the space of hash keys: 0 to 2^128 - 1.
///
/// ```
/// use sluice_streams::{HashKey, HashKeyRange};
///
/// let ranges = HashKeyRange::split(2);
/// let key = HashKey::of("customer-7");
/// assert_eq!(ranges.iter().filter(|range| range.contains(key)).count(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashKey(pub u128);

impl HashKey {
    /// The hash of a partition key.
    pub fn of(partition_key: &str) -> Self {
        Self(u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into()))
    }

    /// A decimal number without leading zeros; `None` when it is none, or is too large.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        plain.then(|| text.parse().ok().map(Self))?
    }

    /// The number by which a shard's partition keys are divided into shares.
    pub(crate) fn bucket(self) -> u32 {
        // the low bits: the high ones say which shard it is
        self.0 as u32
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The hash keys of a shard, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashKeyRange {
    /// The first.
    pub start: HashKey,
    /// The last.
    pub end: HashKey,
}

impl HashKeyRange {
    /// The even split of all hash keys among `count` shards, in order. No shard: no range.
    pub fn split(count: u32) -> Vec<Self> {
        let Some(width) = width(count) else { return Vec::new() };
        let start = |number: u32| width.wrapping_mul(u128::from(number));
        (0..count)
            .map(|number| Self {
                start: HashKey(start(number)),
                end: HashKey(if number + 1 == count {
                    u128::MAX
                } else {
                    start(number + 1) - 1
                }),
            })
            .collect()
    }

    /// Returns true if a hash key belongs to the shard.
    pub fn contains(&self, key: HashKey) -> bool {
        (self.start..=self.end).contains(&key)
    }
}

/// 2^128 / `count`, rounded down; for one shard, which has all, 0.
fn width(count: u32) -> Option<u128> {
    let count = u128::from(count);
    let quotient = u128::MAX.checked_div(count)?;
    // 2^128 is one more than the largest number
    let carry = u128::from(u128::MAX % count == count - 1);
    Some(quotient.wrapping_add(carry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hashed_as_kinesis_hashes_them() {
        // the MD5 of "a" is 0cc175b9c0f1b6a831c399e269772661
        assert_eq!(HashKey::of("a").0, 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }

    #[test]
    fn only_plain_decimals_are_hash_keys() {
        let check =
            |text: &str, expected: Option<u128>| assert_eq!(HashKey::parse(text).map(|k| k.0), expected, "{text}");
        check("0", Some(0));
        check("340282366920938463463374607431768211455", Some(u128::MAX));
        check("340282366920938463463374607431768211456", None);
        check("00", None);
        check("+1", None);
        check("-1", None);
        check("", None);
        check("x", None);
    }

    #[test]
    fn shards_split_all_hash_keys_evenly() {
        for count in [1, 2, 3, 4, 7, 200, 10_000] {
            let ranges = HashKeyRange::split(count);
            assert_eq!(ranges.len(), count as usize);
            assert_eq!(
                (ranges[0].start.0, ranges[ranges.len() - 1].end.0),
                (0, u128::MAX),
                "{count}"
            );
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end.0 + 1, pair[1].start.0, "{count}");
            }
        }
        // as AWS shows them for two shards and for three
        assert_eq!(
            HashKeyRange::split(2)[1].start.to_string(),
            "170141183460469231731687303715884105728"
        );
        assert_eq!(
            HashKeyRange::split(3)[1].start.to_string(),
            "113427455640312821154458202477256070485"
        );
        assert!(HashKeyRange::split(0).is_empty());
    }
}
