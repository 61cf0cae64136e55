//! Members of requests that protocols write differently: the query protocol has texts only, CBOR has tagged times.

use std::fmt;

use chrono::DateTime;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use sluice_metrics::Timestamp;

/// Times beyond these are read as these: no metric is that old.
const MAX_TIME: f64 = 1e15;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number(pub(crate) f64);

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole(pub(crate) i64);

/// True or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

/// A time: seconds since 1970, or ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Timestamp);

struct Scalar(&'static str);

/// A scalar member as it was found.
enum Found {
    Whole(i64),
    Number(f64),
    Flag(bool),
    Text(String),
}

impl Visitor<'_> for Scalar {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Found, E> {
        Ok(Found::Flag(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Found, E> {
        Ok(Found::Whole(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "too large for a whole number in any case")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Found, E> {
        Ok(i64::try_from(value).map_or(Found::Number(value as f64), Found::Whole))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Found, E> {
        Ok(Found::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Found, E> {
        Ok(Found::Text(value.to_owned()))
    }
}

impl Found {
    fn refused<E: Error>(&self, expected: &'static str) -> E {
        let found = match self {
            Self::Whole(number) => Unexpected::Signed(*number),
            Self::Number(number) => Unexpected::Float(*number),
            Self::Flag(flag) => Unexpected::Bool(*flag),
            Self::Text(text) => Unexpected::Str(text.get(..64).unwrap_or(text)),
        };
        E::invalid_value(found, &expected)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a number";
        let found = deserializer.deserialize_any(Scalar(EXPECTED))?;
        match &found {
            #[expect(clippy::cast_precision_loss, reason = "as in JavaScript, where JSON comes from")]
            Found::Whole(number) => Some(*number as f64),
            Found::Number(number) => Some(*number),
            Found::Text(text) => text.parse().ok(),
            Found::Flag(_) => None,
        }
        .map(Self)
        .ok_or_else(|| found.refused(EXPECTED))
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a whole number";
        let found = deserializer.deserialize_any(Scalar(EXPECTED))?;
        match &found {
            Found::Whole(number) => Some(*number),
            #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is below 2^53")]
            Found::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
            Found::Text(text) => text.parse().ok(),
            Found::Number(_) | Found::Flag(_) => None,
        }
        .map(Self)
        .ok_or_else(|| found.refused(EXPECTED))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "true or false";
        let found = deserializer.deserialize_any(Scalar(EXPECTED))?;
        match &found {
            Found::Flag(flag) => Some(*flag),
            Found::Text(text) => text.parse().ok(),
            Found::Whole(_) | Found::Number(_) => None,
        }
        .map(Self)
        .ok_or_else(|| found.refused(EXPECTED))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a time: seconds since 1970, or such as 2026-11-22T13:27:00Z";
        let found = deserializer.deserialize_any(Scalar(EXPECTED))?;
        match &found {
            #[expect(clippy::cast_precision_loss, reason = "clamped, and milliseconds stay below 2^53")]
            Found::Whole(seconds) => Some(millis(*seconds as f64)),
            Found::Number(seconds) => Some(millis(*seconds)),
            Found::Text(text) => time(text),
            Found::Flag(_) => None,
        }
        .map(Self)
        .ok_or_else(|| found.refused(EXPECTED))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
fn millis(seconds: f64) -> Timestamp {
    (seconds * 1_000.0).clamp(-MAX_TIME, MAX_TIME).round() as Timestamp
}

/// With or without an offset; without one it is UTC.
fn time(text: &str) -> Option<Timestamp> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
    let in_utc = || DateTime::parse_from_rfc3339(&format!("{text}Z")).map(|time| time.timestamp_millis());
    let seconds = || {
        text.parse::<f64>()
            .ok()
            .filter(|seconds| seconds.is_finite())
            .map(millis)
    };
    with_offset.or_else(|_| in_utc()).ok().or_else(seconds)
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
        serde_json::from_value(value.clone()).ok()
    }

    #[test]
    fn members_are_read_as_each_protocol_writes_them() {
        for (value, expected) in [
            (json!(1.5), Some(1.5)),
            (json!(3), Some(3.0)),
            (json!("2e3"), Some(2_000.0)),
            (json!(true), None),
            (json!("x"), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(read::<Number>(&value).map(|one| one.0), expected, "{value}");
        }
        for (value, expected) in [
            (json!(60), Some(60)),
            (json!(60.0), Some(60)),
            (json!("60"), Some(60)),
            (json!(1.5), None),
            (json!(1e300), None),
            (json!("1.5"), None),
        ] {
            assert_eq!(read::<Whole>(&value).map(|one| one.0), expected, "{value}");
        }
        for (value, expected) in [
            (json!(true), Some(true)),
            (json!("false"), Some(false)),
            (json!(1), None),
        ] {
            assert_eq!(read::<Flag>(&value).map(|one| one.0), expected, "{value}");
        }
        for (value, expected) in [
            (json!(1_795_354_020), Some(1_795_354_020_000)),
            (json!(1_795_354_020.123), Some(1_795_354_020_123)),
            (json!("2026-11-22T13:27:00Z"), Some(1_795_354_020_000)),
            (json!("2026-11-22T14:27:00+01:00"), Some(1_795_354_020_000)),
            (json!("2026-11-22T13:27:00"), Some(1_795_354_020_000)),
            (json!("1795354020"), Some(1_795_354_020_000)),
            (json!(-1e300), Some(-1_000_000_000_000_000)),
            (json!("yesterday"), None),
        ] {
            assert_eq!(read::<Time>(&value).map(|one| one.0), expected, "{value}");
        }
    }
}
