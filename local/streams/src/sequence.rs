//! Sequence numbers, in the form that Kinesis gives its own.
//!
//! AWS says only that they are decimal numbers of up to 129 digits that grow within a shard. Those of AWS have 56 digits and
//! are, in hexadecimal: the version 2, the second in which the shard was made (9 digits), the last digit of the shard's
//! number, a counter (16), a byte, the second of the record (9), the shard's number (8), and the version again. Here they
//! are made the same way, so that they look, sort and compare alike; the counter is the record's position in its shard.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

/// The number of a record, or of the place before a shard's first record (position 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceNumber {
    /// The time at which the shard was made.
    pub(crate) shard_created: Timestamp,
    /// The shard's number in its stream.
    pub(crate) shard: u32,
    /// The record's place in its shard: 1 is the first.
    pub position: u64,
    /// The time at which the record arrived.
    pub(crate) arrived: Timestamp,
}

impl SequenceNumber {
    /// The number of the shard that has given it.
    pub fn shard(&self) -> u32 {
        self.shard
    }
}

/// Nine hexadecimal digits of seconds reach the year 4147.
const MOST_SECONDS: u64 = (1 << 36) - 1;

/// The whole seconds of a time, as far as a sequence number holds them.
pub(crate) fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at / 1000).unwrap_or(0).min(MOST_SECONDS)
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!(
            "2{:09x}{:x}{:016x}00{:09x}{:08x}2",
            seconds(self.shard_created),
            self.shard & 0xf,
            self.position,
            seconds(self.arrived),
            self.shard,
        );
        let number = Number::read(&hex, 16).ok_or(fmt::Error)?;
        f.write_str(&number.written(10))
    }
}

impl FromStr for SequenceNumber {
    /// Not a number of this form.
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hex = Number::read(text, 10).ok_or(())?.written(16);
        if hex.len() != 47 || !hex.starts_with('2') || !hex.ends_with('2') {
            return Err(());
        }
        let part = |from: usize, to: usize| u64::from_str_radix(&hex[from..to], 16).map_err(|_| ());
        let at = |seconds: u64| Timestamp::try_from(seconds).map(|s| s * 1000).map_err(|_| ());
        let number = Self {
            shard_created: at(part(1, 10)?)?,
            position: part(11, 27)?,
            arrived: at(part(29, 38)?)?,
            shard: u32::try_from(part(38, 46)?).map_err(|_| ())?,
        };
        // what is written twice must agree, and the byte is always 0
        (number.to_string() == text).then_some(number).ok_or(())
    }
}

/// A number of up to 192 bits, the most significant part first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Number([u32; 6]);

impl Number {
    fn read(text: &str, radix: u32) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let mut parts = [0; 6];
        for digit in text.chars() {
            let mut carry = u64::from(digit.to_digit(radix)?);
            for part in parts.iter_mut().rev() {
                let wide = u64::from(*part) * u64::from(radix) + carry;
                *part = wide as u32; // the low half; the high one is the carry
                carry = wide >> 32;
            }
            if carry != 0 {
                return None;
            }
        }
        Some(Self(parts))
    }

    fn written(mut self, radix: u32) -> String {
        let mut digits = Vec::new();
        while self.0 != [0; 6] {
            let mut rest = 0;
            for part in &mut self.0 {
                let wide = (rest << 32) | u64::from(*part);
                *part = (wide / u64::from(radix)) as u32; // rest < radix, so it fits
                rest = wide % u64::from(radix);
            }
            digits.extend(char::from_digit(rest as u32, radix));
        }
        if digits.is_empty() {
            digits.push('0');
        }
        digits.iter().rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(shard: u32, position: u64, arrived: Timestamp) -> SequenceNumber {
        SequenceNumber {
            shard_created: 1_545_084_000_000,
            shard,
            position,
            arrived,
        }
    }

    #[test]
    fn they_look_like_those_of_kinesis() {
        let text = number(6, 1, 1_545_084_650_000).to_string();
        assert_eq!(text.len(), 56, "{text}");
        assert!(text.starts_with("4959"), "{text}");
        // one of AWS's own documentation is of this form, so it can be read
        let theirs = Number::read("49590338271490256608559692538361571095921575989136588898", 10).unwrap();
        let hex = theirs.written(16);
        assert_eq!((hex.len(), &hex[..1], &hex[46..]), (47, "2", "2"));
        assert_eq!(&hex[38..46], "00000006", "the shard of that record");
    }

    #[test]
    fn they_grow_with_the_position_whatever_the_time() {
        let mut last = number(3, 0, 2_000_000_000_000).to_string();
        for position in [1, 2, 9, 10, 1_000, u64::from(u32::MAX), 1 << 40] {
            let next = number(3, position, 1_600_000_000_000).to_string();
            assert!((next.len(), &next) > (last.len(), &last), "{next} {last}");
            last = next;
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for (shard, position) in [(0, 0), (0, 1), (17, 5), (u32::MAX, u64::MAX)] {
            let number = number(shard, position, 1_545_084_650_000);
            assert_eq!(number.to_string().parse(), Ok(number));
        }
        for rubbish in ["", "0", "1", "-1", "x", "49", &"9".repeat(129), &"1".repeat(56)] {
            assert_eq!(rubbish.parse::<SequenceNumber>(), Err(()), "{rubbish}");
        }
    }
}
