//! The statistics of points.
//! See the [definitions](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html).

use crate::{Distribution, Point};

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// The number of values.
    SampleCount,
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// `pNN.N`: the value below which so many percent of the values lie, 0 to 100.
    Percentile(f64),
}

/// A text that is no statistic here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticError {
    /// CloudWatch has it, but the values that it needs are not kept.
    #[error(
        "the statistic {0} is not kept locally; there are SampleCount, Sum, Average, Minimum, Maximum and p0 to p100"
    )]
    NotKept(String),
    /// CloudWatch has no such statistic either.
    #[error("{0:?} is no statistic; there are SampleCount, Sum, Average, Minimum, Maximum and p0 to p100")]
    Unknown(String),
}

/// The names of statistics that need all values: trimmed and winsorized means, ranks, and sums and counts of parts.
const OF_ALL_VALUES: [&str; 6] = ["tm", "wm", "tc", "ts", "pr", "iqm"];

impl Statistic {
    /// The five that GetMetricStatistics calls `Statistics`.
    pub const BASIC: [(&'static str, Statistic); 5] = [
        ("SampleCount", Self::SampleCount),
        ("Average", Self::Average),
        ("Sum", Self::Sum),
        ("Minimum", Self::Minimum),
        ("Maximum", Self::Maximum),
    ];

    /// Reads a statistic's name.
    ///
    /// # Errors
    /// [`StatisticError`], which says what there is.
    ///
    /// ```
    /// use sluice_metrics::{Point, Statistic};
    ///
    /// let mut point = Point::of(1.0, 1.0);
    /// point.record(3.0, 1.0);
    /// assert_eq!(Statistic::parse("Average")?.of(&point), Some(2.0));
    /// assert!(Statistic::parse("p99").is_ok());
    /// # Ok::<(), sluice_metrics::StatisticError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, StatisticError> {
        if let Some((_, found)) = Self::BASIC.iter().find(|(name, _)| *name == text) {
            return Ok(*found);
        }
        if let Some(percentile) = text.strip_prefix('p').and_then(percentage) {
            return Ok(Self::Percentile(percentile));
        }
        let stem: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
        if OF_ALL_VALUES.contains(&stem.to_ascii_lowercase().as_str()) {
            Err(StatisticError::NotKept(text.to_owned()))
        } else {
            Err(StatisticError::Unknown(text.chars().take(64).collect()))
        }
    }

    /// The statistic of a point; `None` where the values behind it are not known.
    pub fn of(self, point: &Point) -> Option<f64> {
        match self {
            Self::SampleCount => Some(point.count),
            Self::Sum => Some(point.sum),
            Self::Average => Some(point.sum / point.count).filter(|average| average.is_finite()),
            Self::Minimum => Some(point.min),
            Self::Maximum => Some(point.max),
            Self::Percentile(percent) => match &point.distribution {
                // the ends are kept exactly
                Distribution::Known(sketch) => sketch
                    .quantile(percent / 100.0)
                    .map(|value| value.clamp(point.min, point.max)),
                Distribution::Unknown => None,
            },
        }
    }
}

/// 0 to 100 with at most ten decimals, and nothing but digits and a point.
fn percentage(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let percent: f64 = (digits(whole, 3) && digits(decimals, 10)).then(|| text.parse().ok())??;
    (percent <= 100.0).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StatisticSet;

    #[test]
    fn names_are_read_as_cloudwatch_writes_them() {
        let check =
            |text: &str, expected: Option<Statistic>| assert_eq!(Statistic::parse(text).ok(), expected, "{text}");
        check("Sum", Some(Statistic::Sum));
        check("SampleCount", Some(Statistic::SampleCount));
        check("p99", Some(Statistic::Percentile(99.0)));
        check("p99.9", Some(Statistic::Percentile(99.9)));
        check("p0", Some(Statistic::Percentile(0.0)));
        check("p100", Some(Statistic::Percentile(100.0)));
        for wrong in [
            "", "sum", "p", "p101", "p-1", "p1e1", "p99.", "p.5", "pNaN", "P99", "tm90", "IQM", "PR(1:2)",
        ] {
            check(wrong, None);
        }
        let error = |text: &str| Statistic::parse(text).unwrap_err();
        assert_eq!(error("tm90"), StatisticError::NotKept("tm90".into()));
        assert_eq!(error("PR(:300)"), StatisticError::NotKept("PR(:300)".into()));
        assert_eq!(error("Median"), StatisticError::Unknown("Median".into()));
    }

    #[test]
    fn each_statistic_of_a_minute() {
        let mut point = Point::of(1.0, 1.0);
        for value in 2..=100 {
            point.record(f64::from(value), 1.0);
        }
        let rows = [
            ("SampleCount", 100.0),
            ("Sum", 5050.0),
            ("Average", 50.5),
            ("Minimum", 1.0),
            ("Maximum", 100.0),
            ("p0", 1.0),
            ("p50", 50.0),
            ("p90", 90.0),
            ("p99", 99.0),
            ("p99.9", 100.0),
            ("p100", 100.0),
        ];
        for (name, expected) in rows {
            let found = Statistic::parse(name).unwrap().of(&point).unwrap();
            assert!((found / expected - 1.0).abs() < 0.0051, "{name}: {found}");
        }
        let set = StatisticSet {
            count: 2.0,
            sum: 3.0,
            min: 1.0,
            max: 2.0,
        };
        assert_eq!(Statistic::Percentile(50.0).of(&Point::of_set(set)), None);
        assert_eq!(Statistic::Average.of(&Point::of_set(set)), Some(1.5));
    }
}
