//! `java.util.Random`, which is what a seed means to Step Functions: `$random(42)` was measured on AWS to the last bit.

/// The generator of a seed: a linear congruence of 48 bits, as the documentation of Java's class defines it.
#[derive(Debug)]
pub(super) struct JavaRandom {
    state: u64,
}

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;

impl JavaRandom {
    pub(super) fn new(seed: i64) -> Self {
        Self {
            state: (seed as u64 ^ MULTIPLIER) & MASK,
        }
    }

    /// The next `bits` bits, 32 at most.
    fn bits(&mut self, bits: u32) -> u32 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        (self.state >> (48 - bits)) as u32
    }

    /// The next number in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        let (high, low) = (u64::from(self.bits(26)), u64::from(self.bits(27)));
        ((high << 27) + low) as f64 / (1u64 << 53) as f64
    }

    /// The next whole number in `0..bound`, which is positive.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        if bound.is_power_of_two() {
            return ((u64::from(bound) * u64::from(self.bits(31))) >> 31) as u32;
        }
        loop {
            let bits = self.bits(31);
            let value = bits % bound;
            // Java's overflow test: the last, incomplete row of values is drawn again
            if bits - value + (bound - 1) < 1 << 31 {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JavaRandom;

    #[test]
    fn a_seed_gives_what_aws_was_measured_to_give() {
        for (seed, unit) in [
            (42, 0.727_563_680_032_868_1),
            (0, 0.730_967_787_376_657),
            (7, 0.730_699_042_060_042_1),
        ] {
            assert_eq!(JavaRandom::new(seed).unit(), unit, "{seed}");
        }
    }

    #[test]
    fn whole_numbers_are_javas() {
        // new Random(42): nextInt(10) gives 0, 3, 8; nextInt(16) of another gives 11
        let mut random = JavaRandom::new(42);
        assert_eq!([random.below(10), random.below(10), random.below(10)], [0, 3, 8]);
        assert_eq!(JavaRandom::new(42).below(16), 11);
    }
}
