//! One minute of a metric.

use crate::Sketch;

/// All that was recorded of a metric in one minute, or in several that were merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The number of values.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The distribution of the values.
    pub distribution: Distribution,
}

/// The distribution of a point's values.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Known well enough for percentiles.
    Known(Sketch),
    /// Not known: a statistic set came without its values, or a value was negative. CloudWatch has no percentiles then
    /// either.
    Unknown,
}

/// A statistic set, as PutMetricData takes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatisticSet {
    /// `SampleCount`.
    pub count: f64,
    /// `Sum`.
    pub sum: f64,
    /// `Minimum`.
    pub min: f64,
    /// `Maximum`.
    pub max: f64,
}

impl Point {
    /// A value that was seen `count` times.
    pub fn of(value: f64, count: f64) -> Self {
        let distribution = if value < 0.0 {
            Distribution::Unknown
        } else {
            let mut sketch = Sketch::default();
            sketch.record(value, count);
            Distribution::Known(sketch)
        };
        Self {
            count,
            sum: value * count,
            min: value,
            max: value,
            distribution,
        }
    }

    /// Makes a point of a set that was summed up elsewhere. Its values are known only if they are all the same.
    pub fn of_set(set: StatisticSet) -> Self {
        let StatisticSet { count, sum, min, max } = set;
        #[expect(clippy::float_cmp, reason = "as documented: the same number, given twice")]
        let all_the_same = min == max;
        let distribution = if all_the_same {
            Self::of(min, count).distribution
        } else {
            Distribution::Unknown
        };
        Self {
            count,
            sum,
            min,
            max,
            distribution,
        }
    }

    /// Adds a value that was seen `count` times.
    pub fn record(&mut self, value: f64, count: f64) {
        self.count += count;
        self.sum += value * count;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        match &mut self.distribution {
            Distribution::Known(sketch) if value >= 0.0 => sketch.record(value, count),
            distribution => *distribution = Distribution::Unknown,
        }
    }

    /// Adds what another point holds.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        match (&mut self.distribution, &other.distribution) {
            (Distribution::Known(ours), Distribution::Known(theirs)) => ours.merge(theirs),
            (distribution, _) => *distribution = Distribution::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_merged_points_add_up() {
        let mut one = Point::of(2.0, 3.0);
        one.record(10.0, 1.0);
        let mut two = Point::of(2.0, 3.0);
        two.merge(&Point::of(10.0, 1.0));
        assert_eq!(one, two);
        assert_eq!((one.count, one.sum, one.min, one.max), (4.0, 16.0, 2.0, 10.0));
        assert!(matches!(one.distribution, Distribution::Known(_)));
    }

    #[test]
    fn values_are_known_unless_a_set_hides_them_or_one_is_negative() {
        let set = |count, sum, min, max| Point::of_set(StatisticSet { count, sum, min, max });
        let known = |point: &Point| matches!(point.distribution, Distribution::Known(_));
        assert!(known(&set(3.0, 6.0, 2.0, 2.0)));
        assert!(!known(&set(3.0, 7.0, 2.0, 3.0)));
        assert!(!known(&Point::of(-1.0, 1.0)));
        let mut mixed = Point::of(1.0, 1.0);
        mixed.merge(&set(3.0, 7.0, 2.0, 3.0));
        assert!(!known(&mixed));
        let mut negative = Point::of(1.0, 1.0);
        negative.record(-1.0, 1.0);
        assert!(!known(&negative));
    }
}
