//! Random numbers as data: a stream that a recorded seed determines.

use std::cell::Cell;

use sha2::{Digest, Sha256};

/// A deterministic stream of random bytes from a 128-bit seed (SHA-256 in counter mode).
///
/// Shared by reference: each draw advances the stream, so that two draws of one evaluation differ while a replay of
/// the same fact draws the same again.
///
/// ```
/// use sluice_asl::eval::Entropy;
///
/// let (first, again) = (Entropy::new([1, 2]), Entropy::new([1, 2]));
/// let id = first.uuid();
/// assert_eq!(id, again.uuid());
/// assert_ne!(id, first.uuid());
/// ```
#[derive(Debug, Clone)]
pub struct Entropy {
    seed: [u64; 2],
    counter: Cell<u64>,
}

impl Entropy {
    /// The stream of `seed`.
    pub fn new(seed: [u64; 2]) -> Self {
        Self {
            seed,
            counter: Cell::new(0),
        }
    }

    /// The next 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        let n = self.counter.get();
        self.counter.set(n + 1);
        let mut hash = Sha256::new();
        hash.update(self.seed[0].to_le_bytes());
        hash.update(self.seed[1].to_le_bytes());
        hash.update(n.to_le_bytes());
        hash.finalize().into()
    }

    /// The next 64 bits.
    pub fn next_u64(&self) -> u64 {
        let bytes = self.bytes();
        u64::from_le_bytes([
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        ])
    }

    /// The next number in `0.0..1.0`.
    pub fn unit(&self) -> f64 {
        // 53 bits: what a double's mantissa holds
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next version 4 UUID, hyphenated and in lower case.
    pub fn uuid(&self) -> String {
        let mut b = self.bytes();
        b[6] = b[6] & 0x0f | 0x40;
        b[8] = b[8] & 0x3f | 0x80;
        let hex: String = b[..16].iter().map(|x| format!("{x:02x}")).collect();
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}
