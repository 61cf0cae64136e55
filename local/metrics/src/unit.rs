//! Units, which CloudWatch keeps beside values and never converts.

/// The unit of a value: `StandardUnit` of the
/// [API](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the names are AWS's
pub enum Unit {
    Seconds,
    Microseconds,
    Milliseconds,
    Bytes,
    Kilobytes,
    Megabytes,
    Gigabytes,
    Terabytes,
    Bits,
    Kilobits,
    Megabits,
    Gigabits,
    Terabits,
    Percent,
    Count,
    BytesPerSecond,
    KilobytesPerSecond,
    MegabytesPerSecond,
    GigabytesPerSecond,
    TerabytesPerSecond,
    BitsPerSecond,
    KilobitsPerSecond,
    MegabitsPerSecond,
    GigabitsPerSecond,
    TerabitsPerSecond,
    CountPerSecond,
    None,
}

impl Unit {
    /// All of them with their texts on the wire.
    pub const ALL: [(&'static str, Unit); 27] = [
        ("Seconds", Unit::Seconds),
        ("Microseconds", Unit::Microseconds),
        ("Milliseconds", Unit::Milliseconds),
        ("Bytes", Unit::Bytes),
        ("Kilobytes", Unit::Kilobytes),
        ("Megabytes", Unit::Megabytes),
        ("Gigabytes", Unit::Gigabytes),
        ("Terabytes", Unit::Terabytes),
        ("Bits", Unit::Bits),
        ("Kilobits", Unit::Kilobits),
        ("Megabits", Unit::Megabits),
        ("Gigabits", Unit::Gigabits),
        ("Terabits", Unit::Terabits),
        ("Percent", Unit::Percent),
        ("Count", Unit::Count),
        ("Bytes/Second", Unit::BytesPerSecond),
        ("Kilobytes/Second", Unit::KilobytesPerSecond),
        ("Megabytes/Second", Unit::MegabytesPerSecond),
        ("Gigabytes/Second", Unit::GigabytesPerSecond),
        ("Terabytes/Second", Unit::TerabytesPerSecond),
        ("Bits/Second", Unit::BitsPerSecond),
        ("Kilobits/Second", Unit::KilobitsPerSecond),
        ("Megabits/Second", Unit::MegabitsPerSecond),
        ("Gigabits/Second", Unit::GigabitsPerSecond),
        ("Terabits/Second", Unit::TerabitsPerSecond),
        ("Count/Second", Unit::CountPerSecond),
        ("None", Unit::None),
    ];

    /// The unit of this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, unit)| *unit)
    }

    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "Seconds",
            Self::Microseconds => "Microseconds",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
            Self::Kilobytes => "Kilobytes",
            Self::Megabytes => "Megabytes",
            Self::Gigabytes => "Gigabytes",
            Self::Terabytes => "Terabytes",
            Self::Bits => "Bits",
            Self::Kilobits => "Kilobits",
            Self::Megabits => "Megabits",
            Self::Gigabits => "Gigabits",
            Self::Terabits => "Terabits",
            Self::Percent => "Percent",
            Self::Count => "Count",
            Self::BytesPerSecond => "Bytes/Second",
            Self::KilobytesPerSecond => "Kilobytes/Second",
            Self::MegabytesPerSecond => "Megabytes/Second",
            Self::GigabytesPerSecond => "Gigabytes/Second",
            Self::TerabytesPerSecond => "Terabytes/Second",
            Self::BitsPerSecond => "Bits/Second",
            Self::KilobitsPerSecond => "Kilobits/Second",
            Self::MegabitsPerSecond => "Megabits/Second",
            Self::GigabitsPerSecond => "Gigabits/Second",
            Self::TerabitsPerSecond => "Terabits/Second",
            Self::CountPerSecond => "Count/Second",
            Self::None => "None",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_one_text() {
        for (text, unit) in Unit::ALL {
            assert_eq!((Unit::parse(text), unit.as_str()), (Some(unit), text));
        }
        for other in ["", "count", "Furlongs"] {
            assert_eq!(Unit::parse(other), None, "{other}");
        }
    }
}
