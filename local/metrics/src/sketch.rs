//! The distribution of values, small enough to be kept for each minute.
//!
//! Values are counted in buckets whose bounds grow by a constant factor (the idea of
//! [DDSketch](https://arxiv.org/abs/1908.10693)): two sketches add up bucket by bucket, so percentiles over hours come
//! from the minutes. A histogram of fixed precision would take kilobytes for each minute of each metric; this takes 16
//! bytes for each bucket that has a value.

/// The greatest relative distance between the value that a bucket stands for and a value that was recorded.
const ACCURACY: f64 = 0.005;

/// A bucket's upper bound divided by its lower bound.
const GROWTH: f64 = (1.0 + ACCURACY) / (1.0 - ACCURACY);

/// The natural logarithm of [`GROWTH`].
const LN_GROWTH: f64 = 0.010_000_083_334_583_4;

/// Buckets of one sketch. Beyond that the smallest values share one: high percentiles stay right. The buckets span a
/// factor of 700 million.
const MAX_BUCKETS: usize = 2_048;

/// Bytes of a bucket in [`Sketch::encode`].
const ENCODED: usize = 12;

/// The counts of values of 0 and more, by bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sketch {
    zeros: f64,
    /// By index, ascending.
    buckets: Vec<(i32, f64)>,
}

impl Sketch {
    /// Counts a value, which must not be negative, `count` times.
    pub fn record(&mut self, value: f64, count: f64) {
        if value <= 0.0 {
            self.zeros += count;
            return;
        }
        let index = index_of(value);
        match self.buckets.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(at) => self.buckets[at].1 += count,
            Err(at) => {
                self.buckets.insert(at, (index, count));
                self.bound();
            }
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        if other.buckets.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let (mut ours, mut theirs) = (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.0 == b.0 => {
                    let both = (a.0, a.1 + b.1);
                    theirs.next();
                    ours.next();
                    both
                }
                (Some(a), Some(b)) if a.0 > b.0 => {
                    let next = **b;
                    theirs.next();
                    next
                }
                (Some(a), _) => {
                    let next = **a;
                    ours.next();
                    next
                }
                (None, Some(b)) => {
                    let next = **b;
                    theirs.next();
                    next
                }
                (None, None) => break,
            };
            merged.push(next);
        }
        self.buckets = merged;
        self.bound();
    }

    fn bound(&mut self) {
        if let Some(excess) = self.buckets.len().checked_sub(MAX_BUCKETS).filter(|excess| *excess > 0) {
            let spilled: f64 = self.buckets.drain(..excess).map(|(_, count)| count).sum();
            self.buckets[0].1 += spilled;
        }
    }

    /// The value below which a share of the values lies, 0 to 1; within 0.5 % of one that was recorded. `None` when there
    /// is none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total = self.count();
        if total <= 0.0 {
            return None;
        }
        let rank = share * total;
        let mut seen = self.zeros;
        if self.zeros > 0.0 && seen >= rank {
            return Some(0.0);
        }
        for (index, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Some(value_of(*index));
            }
        }
        // rounding of the sum may leave the last bucket just below the rank
        self.buckets.last().map(|(index, _)| value_of(*index)).or(Some(0.0))
    }

    /// Returns the number of values counted.
    pub fn count(&self) -> f64 {
        self.zeros + self.buckets.iter().map(|(_, count)| count).sum::<f64>()
    }

    /// As bytes, for [`Sketch::decode`].
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + ENCODED * self.buckets.len());
        bytes.extend(self.zeros.to_le_bytes());
        for (index, count) in &self.buckets {
            bytes.extend(index.to_le_bytes());
            bytes.extend(count.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Sketch::encode`] wrote; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (zeros, rest) = bytes.split_first_chunk::<8>()?;
        let (chunks, tail) = rest.as_chunks::<ENCODED>();
        let mut buckets = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let (index, count) = chunk.split_first_chunk::<4>()?;
            let count = f64::from_le_bytes(*count.first_chunk::<8>()?);
            buckets.push((i32::from_le_bytes(*index), count));
        }
        let sketch = Self {
            zeros: f64::from_le_bytes(*zeros),
            buckets,
        };
        let sound = tail.is_empty()
            && sketch.buckets.len() <= MAX_BUCKETS
            && sketch.buckets.is_sorted_by(|a, b| a.0 < b.0)
            && sketch.count().is_finite();
        sound.then_some(sketch)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the logarithms of all doubles divided by 0.01 fit"
)]
fn index_of(value: f64) -> i32 {
    (value.ln() / LN_GROWTH).ceil() as i32
}

/// Returns the value in the relative middle of a bucket.
fn value_of(index: i32) -> f64 {
    2.0 * (f64::from(index) * LN_GROWTH).exp() / (GROWTH + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Sketch {
        let mut sketch = Sketch::default();
        for value in values {
            sketch.record(value, 1.0);
        }
        sketch
    }

    #[test]
    fn the_constants_belong_together() {
        assert!((GROWTH.ln() - LN_GROWTH).abs() < 1e-15, "{}", GROWTH.ln());
    }

    #[test]
    fn quantiles_are_within_the_accuracy_over_many_magnitudes() {
        for scale in [1e-6, 0.01, 1.0, 250.0, 1e9] {
            let sketch = of((1..=10_000).map(|n| f64::from(n) * scale));
            for share in [0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let exact = share * 10_000.0 * scale;
                let found = sketch.quantile(share).unwrap();
                assert!(
                    (found / exact - 1.0).abs() <= ACCURACY + 1e-4,
                    "{scale} {share}: {found} for {exact}"
                );
            }
        }
    }

    #[test]
    fn merging_is_counting_together() {
        let mut merged = of([0.0, 1.0, 5.0, 5.0]);
        merged.merge(&of([0.0, 0.5, 5.0, 900.0]));
        assert_eq!(merged, of([0.0, 1.0, 5.0, 5.0, 0.0, 0.5, 5.0, 900.0]));
        assert_eq!((merged.count(), merged.quantile(0.2)), (8.0, Some(0.0)));
        assert_eq!(Sketch::default().quantile(0.5), None);
    }

    #[test]
    fn memory_is_bounded_at_the_cost_of_the_smallest_values() {
        let sketch = of((0..40_000).map(|n| 1e-100 * 1.012_f64.powi(n)));
        assert_eq!((sketch.buckets.len(), sketch.count()), (MAX_BUCKETS, 40_000.0));
        let highest = 1e-100 * 1.012_f64.powi(39_999);
        assert!((sketch.quantile(1.0).unwrap() / highest - 1.0).abs() < 0.01);
    }

    #[test]
    fn bytes_come_back_and_rubbish_does_not() {
        for sketch in [Sketch::default(), of([0.0]), of([0.001, 3.0, 4e9])] {
            assert_eq!(Sketch::decode(&sketch.encode()), Some(sketch));
        }
        let twice = [of([2.0]).encode(), of([2.0]).encode()[8..].to_vec()].concat();
        for rubbish in [&b""[..], b"1234567", &[0; 9], &[0xff; 20], &twice] {
            assert_eq!(Sketch::decode(rubbish), None, "{rubbish:?}");
        }
    }
}
