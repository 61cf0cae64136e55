//! The functions by name.

use super::MathError;

/// A function of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the language's
pub enum Function {
    Abs,
    Avg,
    Ceil,
    DatapointCount,
    Date,
    Day,
    Diff,
    DiffTime,
    Epoch,
    Fill,
    First,
    Floor,
    Hour,
    If,
    Last,
    Log,
    Log10,
    Max,
    MetricCount,
    Metrics,
    Min,
    Minute,
    Month,
    Period,
    Rate,
    RemoveEmpty,
    RunningSum,
    Slice,
    Sort,
    Stddev,
    Sum,
    TimeSeries,
    Year,
}

/// With the numbers of arguments that each takes, and how a message says so.
const ALL: [(&str, Function, std::ops::RangeInclusive<usize>, &str); 33] = [
    ("ABS", Function::Abs, 1..=1, "1"),
    ("AVG", Function::Avg, 1..=1, "1"),
    ("CEIL", Function::Ceil, 1..=1, "1"),
    ("DATAPOINT_COUNT", Function::DatapointCount, 1..=1, "1"),
    ("DATE", Function::Date, 1..=1, "1"),
    ("DAY", Function::Day, 1..=1, "1"),
    ("DIFF", Function::Diff, 1..=1, "1"),
    ("DIFF_TIME", Function::DiffTime, 1..=1, "1"),
    ("EPOCH", Function::Epoch, 1..=1, "1"),
    ("FILL", Function::Fill, 2..=2, "2"),
    ("FIRST", Function::First, 1..=1, "1"),
    ("FLOOR", Function::Floor, 1..=1, "1"),
    ("HOUR", Function::Hour, 1..=1, "1"),
    ("IF", Function::If, 2..=3, "2 or 3"),
    ("LAST", Function::Last, 1..=1, "1"),
    ("LOG", Function::Log, 1..=1, "1"),
    ("LOG10", Function::Log10, 1..=1, "1"),
    ("MAX", Function::Max, 1..=1, "1"),
    ("METRIC_COUNT", Function::MetricCount, 1..=1, "1"),
    ("METRICS", Function::Metrics, 0..=1, "0 or 1"),
    ("MIN", Function::Min, 1..=1, "1"),
    ("MINUTE", Function::Minute, 1..=1, "1"),
    ("MONTH", Function::Month, 1..=1, "1"),
    ("PERIOD", Function::Period, 1..=1, "1"),
    ("RATE", Function::Rate, 1..=1, "1"),
    ("REMOVE_EMPTY", Function::RemoveEmpty, 1..=1, "1"),
    ("RUNNING_SUM", Function::RunningSum, 1..=1, "1"),
    ("SLICE", Function::Slice, 2..=3, "2 or 3"),
    ("SORT", Function::Sort, 3..=4, "3 or 4"),
    ("STDDEV", Function::Stddev, 1..=1, "1"),
    ("SUM", Function::Sum, 1..=1, "1"),
    ("TIME_SERIES", Function::TimeSeries, 1..=1, "1"),
    ("YEAR", Function::Year, 1..=1, "1"),
];

/// Functions of CloudWatch that are not here, each with the part of CloudWatch that it needs.
const NOT_HERE: [(&str, &str); 6] = [
    ("ANOMALY_DETECTION_BAND", "a trained model of the metric"),
    ("DB_PERF_INSIGHTS", "Performance Insights"),
    ("INSIGHT_RULE_METRIC", "Contributor Insights"),
    ("LAMBDA", "a connector to another data source"),
    ("SEARCH", "CloudWatch's index of metrics; name the metrics instead"),
    ("SERVICE_QUOTA", "Service Quotas"),
];

impl Function {
    /// The function of this name, which must be in capitals.
    pub(super) fn named(name: &str, at: usize) -> Result<Self, MathError> {
        if let Some((_, function, ..)) = ALL.iter().find(|(known, ..)| *known == name) {
            return Ok(*function);
        }
        let shown = name.chars().take(64).collect();
        Err(match NOT_HERE.iter().find(|(known, _)| *known == name) {
            Some((_, needs)) => MathError::NotHere { name: shown, needs, at },
            None => MathError::UnknownFunction { name: shown, at },
        })
    }

    /// Refuses a wrong number of arguments.
    pub(super) fn check_arguments(self, got: usize, at: usize) -> Result<(), MathError> {
        match ALL.iter().find(|(_, function, ..)| *function == self) {
            Some((name, _, takes, shown)) if !takes.contains(&got) => Err(MathError::Arguments {
                name,
                takes: shown,
                got,
                at,
            }),
            _ => Ok(()),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        ALL.iter()
            .find(|(_, function, ..)| *function == self)
            .map_or("", |(name, ..)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_has_one_name() {
        for (name, function, ..) in ALL {
            assert_eq!((Function::named(name, 1), function.name()), (Ok(function), name));
        }
    }
}
