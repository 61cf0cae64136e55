//! The evaluation of alarms: which state the latest periods of a metric mean. See
//! [alarm evaluation](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html) and
//! [missing data](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html).

/// The periods beyond `EvaluationPeriods` that are looked at for data: as many as in the tables of AWS's guide, which says no number.
pub const FURTHER_PERIODS: u32 = 2;

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// `OK`.
    Ok,
    /// `ALARM`.
    Alarm,
    /// `INSUFFICIENT_DATA`.
    InsufficientData,
}

impl AlarmState {
    /// All states, by their names.
    pub const ALL: [(&'static str, Self); 3] = [
        ("OK", Self::Ok),
        ("ALARM", Self::Alarm),
        ("INSUFFICIENT_DATA", Self::InsufficientData),
    ];

    /// Returns the state's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// The comparison of a value with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `GreaterThanOrEqualToThreshold`.
    GreaterOrEqual,
    /// `GreaterThanThreshold`.
    Greater,
    /// `LessThanThreshold`.
    Less,
    /// `LessThanOrEqualToThreshold`.
    LessOrEqual,
}

impl Comparison {
    /// All comparisons, by their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("GreaterThanOrEqualToThreshold", Self::GreaterOrEqual),
        ("GreaterThanThreshold", Self::Greater),
        ("LessThanThreshold", Self::Less),
        ("LessThanOrEqualToThreshold", Self::LessOrEqual),
    ];

    /// Returns the comparison's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Greater => "GreaterThanThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// Returns the comparison in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }

    /// Returns true if the value breaches the threshold.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }
}

/// The meaning of a period without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingData {
    /// It breaches.
    Breaching,
    /// It does not.
    NotBreaching,
    /// The alarm keeps its state.
    Ignore,
    /// It means nothing.
    Missing,
}

impl MissingData {
    /// All meanings, by their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("breaching", Self::Breaching),
        ("notBreaching", Self::NotBreaching),
        ("ignore", Self::Ignore),
        ("missing", Self::Missing),
    ];

    /// Returns the meaning's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
            Self::Missing => "missing",
        }
    }
}

/// The condition of an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// `ComparisonOperator`.
    pub comparison: Comparison,
    /// `Threshold`.
    pub threshold: f64,
    /// So many periods count.
    pub evaluation_periods: u32,
    /// So many of them must breach.
    pub datapoints_to_alarm: u32,
    /// The meaning of a period without data.
    pub missing: MissingData,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The state; none: the alarm keeps the one that it has.
    pub state: Option<AlarmState>,
    /// The values that counted, the latest first, each by its place in what was looked at.
    pub counted: Vec<(usize, f64)>,
    /// The periods without data that counted by the condition's rule.
    pub filled: u32,
}

impl Condition {
    /// Decides which state these periods mean: the latest first, `None` for a period without data.
    pub fn evaluate(&self, latest: &[Option<f64>]) -> Verdict {
        let periods = usize::try_from(self.evaluation_periods).unwrap_or(usize::MAX);
        let present = latest
            .iter()
            .enumerate()
            .filter_map(|(place, value)| Some((place, (*value)?)));
        // Further back is looked only for what is missing here.
        let counted: Vec<(usize, f64)> = present.take(periods).collect();
        let filled = self.evaluation_periods - u32::try_from(counted.len()).unwrap_or(self.evaluation_periods);
        let breaching = counted
            .iter()
            .filter(|(_, value)| self.comparison.breaches(*value, self.threshold));
        let breaching = u32::try_from(breaching.count()).unwrap_or(u32::MAX);
        let of = |breaching: u32| {
            if breaching >= self.datapoints_to_alarm {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            }
        };
        let present = self.evaluation_periods - filled;
        let state = match self.missing {
            _ if filled == 0 => Some(of(breaching)),
            MissingData::Breaching => Some(of(breaching + filled)),
            MissingData::NotBreaching => Some(of(breaching)),
            MissingData::Ignore if present == 0 => None,
            MissingData::Missing if present == 0 => Some(AlarmState::InsufficientData),
            // all that there is breaches: for `missing` an alarm, for `ignore` not yet a reason to change anything
            MissingData::Ignore | MissingData::Missing if breaching >= self.datapoints_to_alarm.min(present) => {
                let enough = breaching >= self.datapoints_to_alarm || self.missing == MissingData::Missing;
                enough.then_some(AlarmState::Alarm)
            }
            MissingData::Ignore | MissingData::Missing => Some(AlarmState::Ok),
        };
        Verdict { state, counted, filled }
    }

    /// The reason for a verdict, as CloudWatch words it; `when` writes the time of a period by its place.
    pub fn reason(&self, verdict: &Verdict, state: AlarmState, when: impl Fn(usize) -> String) -> String {
        let Verdict { counted, filled, .. } = verdict;
        let plural = |count: u32| if count == 1 { "" } else { "s" };
        let were = |count: u32| if count == 1 { "was" } else { "were" };
        if state == AlarmState::InsufficientData {
            return format!(
                "Insufficient Data: {filled} datapoint{} {} unknown.",
                plural(*filled),
                were(*filled)
            );
        }
        let treated = match self.missing {
            MissingData::Breaching => "Breaching",
            MissingData::NotBreaching => "NonBreaching",
            MissingData::Ignore | MissingData::Missing => "Missing",
        };
        if counted.is_empty() {
            return format!(
                "Threshold Crossed: no datapoints were received for {filled} period{} and {filled} missing datapoint{} {} treated as [{treated}].",
                plural(*filled),
                plural(*filled),
                were(*filled)
            );
        }
        let is_alarm = state == AlarmState::Alarm;
        let of_state = |value: f64| self.comparison.breaches(value, self.threshold) == is_alarm;
        let shown = counted.iter().filter(|(_, value)| of_state(*value));
        let shown: Vec<String> = shown
            .map(|(place, value)| format!("{value:?} ({})", when(*place)))
            .collect();
        let (count, all) = (u32::try_from(shown.len()).unwrap_or(u32::MAX), self.evaluation_periods);
        let not = if is_alarm { "" } else { "not " };
        let (needed, change) = if is_alarm {
            (self.datapoints_to_alarm, "OK -> ALARM")
        } else {
            (all - self.datapoints_to_alarm + 1, "ALARM -> OK")
        };
        let missing = match filled {
            0 => String::new(),
            filled => format!(
                " and {filled} missing datapoint{} {} treated as [{treated}]",
                plural(*filled),
                were(*filled)
            ),
        };
        format!(
            "Threshold Crossed: {count} out of the last {all} datapoint{} [{}] {} {not}{} the threshold ({:?}){missing} (minimum {needed} datapoint{} for {change} transition).",
            plural(all),
            shown.join(", "),
            were(count),
            self.comparison.words(),
            self.threshold,
            plural(needed)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0` does not breach, `X` does, `-` is missing; the earliest first, as AWS's guide writes it.
    fn periods(text: &str) -> Vec<Option<f64>> {
        let value = |word: &str| match word {
            "-" => None,
            "X" => Some(2.0),
            _ => Some(0.0),
        };
        text.split(' ').rev().map(value).collect()
    }

    fn condition(datapoints_to_alarm: u32, evaluation_periods: u32, missing: MissingData) -> Condition {
        Condition {
            comparison: Comparison::Greater,
            threshold: 1.0,
            evaluation_periods,
            datapoints_to_alarm,
            missing,
        }
    }

    /// The states by `missing`, `ignore`, `breaching` and `notBreaching`.
    fn check(m: u32, n: u32, text: &str, expected: [&str; 4]) {
        let meanings = [
            MissingData::Missing,
            MissingData::Ignore,
            MissingData::Breaching,
            MissingData::NotBreaching,
        ];
        for (missing, expected) in meanings.into_iter().zip(expected) {
            let state = condition(m, n, missing).evaluate(&periods(text)).state;
            assert_eq!(
                state.map_or("kept", AlarmState::as_str),
                expected,
                "{m} of {n}, {missing:?}: {text}"
            );
        }
    }

    #[test]
    fn missing_data_means_what_awss_tables_say() {
        check(3, 3, "0 - X - X", ["OK"; 4]);
        check(3, 3, "- - - - 0", ["OK"; 4]);
        check(3, 3, "- - - - -", ["INSUFFICIENT_DATA", "kept", "ALARM", "OK"]);
        check(3, 3, "0 X X - X", ["ALARM"; 4]);
        check(3, 3, "- - X - -", ["ALARM", "kept", "ALARM", "OK"]);
        check(2, 3, "0 - X - X", ["ALARM"; 4]);
        check(2, 3, "0 0 X 0 X", ["ALARM"; 4]);
        check(2, 3, "0 - X - -", ["OK", "OK", "ALARM", "OK"]);
        check(2, 3, "- - - - 0", ["OK", "OK", "ALARM", "OK"]);
        check(2, 3, "- - - - X", ["ALARM", "kept", "ALARM", "OK"]);
    }

    #[test]
    fn so_many_of_so_many_periods_must_breach() {
        check(1, 1, "X X 0", ["OK"; 4]);
        check(1, 1, "0 0 X", ["ALARM"; 4]);
        check(1, 3, "X 0 0", ["ALARM"; 4]);
        check(2, 3, "X 0 0", ["OK"; 4]);
        check(1, 1, "X - -", ["ALARM"; 4]);
        check(1, 1, "- - -", ["INSUFFICIENT_DATA", "kept", "ALARM", "OK"]);
        check(1, 3, "- - - - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    }

    #[test]
    fn each_comparison_has_its_side_of_the_threshold() {
        for (comparison, expected) in [
            (Comparison::Greater, [false, false, true]),
            (Comparison::GreaterOrEqual, [false, true, true]),
            (Comparison::Less, [true, false, false]),
            (Comparison::LessOrEqual, [true, true, false]),
        ] {
            assert_eq!(
                [0.0, 1.0, 2.0].map(|value| comparison.breaches(value, 1.0)),
                expected,
                "{comparison:?}"
            );
        }
    }

    #[test]
    fn a_reason_names_the_values_and_their_times() {
        let reason = |condition: Condition, text: &str| {
            let verdict = condition.evaluate(&periods(text));
            let state = verdict.state.unwrap_or(AlarmState::InsufficientData);
            condition.reason(&verdict, state, |place| format!("T-{place}"))
        };
        for (condition, text, expected) in [
            (
                condition(1, 1, MissingData::NotBreaching),
                "0 0 X",
                "Threshold Crossed: 1 out of the last 1 datapoint [2.0 (T-0)] was greater than the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
            ),
            (
                condition(3, 5, MissingData::NotBreaching),
                "X 0 X X - - -",
                "Threshold Crossed: 3 out of the last 5 datapoints [2.0 (T-3), 2.0 (T-4), 2.0 (T-6)] were greater than the threshold (1.0) and 1 missing datapoint was treated as [NonBreaching] (minimum 3 datapoints for OK -> ALARM transition).",
            ),
            (
                condition(1, 1, MissingData::NotBreaching),
                "- - -",
                "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
            ),
            (
                condition(2, 3, MissingData::Missing),
                "0 0 0",
                "Threshold Crossed: 3 out of the last 3 datapoints [0.0 (T-0), 0.0 (T-1), 0.0 (T-2)] were not greater than the threshold (1.0) (minimum 2 datapoints for ALARM -> OK transition).",
            ),
            (
                condition(2, 3, MissingData::Missing),
                "- - -",
                "Insufficient Data: 3 datapoints were unknown.",
            ),
        ] {
            assert_eq!(reason(condition, text), expected, "{text}");
        }
    }
}
