//! Facts and values as text.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sluice_engine::{Fact, LogEntry, Status};

use crate::{DriverError, MachineKind};

/// The deepest nesting that is kept. JSON from outside comes with at most 128 levels; the rest is for what wraps it.
/// Reading is recursive, so there has to be a limit.
const DEEPEST: usize = 400;

/// The compact text of a value, however deep it is.
pub(crate) fn encode_any<T: Serialize>(value: &T) -> Result<String, DriverError> {
    serde_json::to_string(value).map_err(|error| DriverError::unreadable(0, error))
}

/// The compact text of a value, unless it is nested too deeply to be read again.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, DriverError> {
    let text = encode_any(value)?;
    match nesting(&text) {
        depth if depth > DEEPEST => Err(DriverError::TooDeep { depth, limit: DEEPEST }),
        _ => Ok(text),
    }
}

/// The value of a text that [`encode`] wrote; `key` names the execution it belongs to in the error.
pub(crate) fn decode<T: DeserializeOwned>(text: &str, key: u64) -> Result<T, DriverError> {
    let depth = nesting(text);
    if depth > DEEPEST {
        return Err(DriverError::TooDeep { depth, limit: DEEPEST });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    T::deserialize(&mut deserializer).map_err(|error| DriverError::unreadable(key, error))
}

/// The deepest nesting of arrays and objects in a JSON text.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted) = (0_usize, 0, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => {
                bytes.next();
            }
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A seed as 16 bytes.
pub(crate) fn seed_bytes(seed: [u64; 2]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seed[0].to_le_bytes());
    bytes[8..].copy_from_slice(&seed[1].to_le_bytes());
    bytes
}

/// One row of `facts` as an entry.
pub(crate) fn entry(key: u64, at: i64, seed: &[u8], body: &str) -> Result<LogEntry, DriverError> {
    let seed: [u8; 16] = seed
        .try_into()
        .map_err(|_| DriverError::unreadable(key, "a seed is not 16 bytes long"))?;
    let half = |range: std::ops::Range<usize>| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&seed[range]);
        u64::from_le_bytes(bytes)
    };
    let fact: Fact = decode(body, key)?;
    Ok(LogEntry {
        at,
        seed: [half(0..8), half(8..16)],
        fact,
    })
}

/// The statuses in the order of their codes, which are part of the journal's format.
pub(crate) const STATUSES: [Status; 6] = [
    Status::Running,
    Status::Succeeded,
    Status::Failed,
    Status::TimedOut,
    Status::Aborted,
    Status::PendingRedrive,
];

/// The kind of state machine that a number in the journal stands for.
pub(super) fn kind(code: i64) -> MachineKind {
    if code == 1 {
        MachineKind::Express
    } else {
        MachineKind::Standard
    }
}

/// The number that stands for a status in the journal.
pub(crate) fn status_code(status: Status) -> i64 {
    match status {
        Status::Running => 0,
        Status::Succeeded => 1,
        Status::Failed => 2,
        Status::TimedOut => 3,
        Status::Aborted => 4,
        Status::PendingRedrive => 5,
    }
}

/// The status that a number stands for.
pub(crate) fn status(key: u64, code: i64) -> Result<Status, DriverError> {
    usize::try_from(code)
        .ok()
        .and_then(|code| STATUSES.get(code).copied())
        .ok_or_else(|| DriverError::unreadable(key, format!("{code} is no status")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use sluice_engine::AttemptId;

    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    #[track_caller]
    fn survives(fact: Fact) {
        let text = encode(&fact).expect("encodes");
        let back = entry(7, 5, &seed_bytes([1, u64::MAX]), &text).expect("decodes");
        assert_eq!(
            back,
            LogEntry {
                at: 5,
                seed: [1, u64::MAX],
                fact
            }
        );
    }

    #[test]
    fn every_kind_of_fact_survives_the_journal() {
        let attempt = AttemptId(3);
        let output = Arc::new(json!({"z": 1, "a": [1.1, 123_456_789.123_456_79, 5e-324, "\u{0}\"\\["]}));
        survives(Fact::Started { input: output.clone() });
        survives(Fact::TaskSucceeded {
            attempt,
            output: output.clone(),
        });
        survives(Fact::TaskFailed {
            attempt,
            error: Some("E".into()),
            cause: None,
        });
        survives(Fact::TaskSubmitted { attempt, output });
        survives(Fact::ActivityStarted { attempt, worker: None });
        survives(Fact::ActivitiesMissing {
            arns: [Arc::from("b"), Arc::from("a")].into(),
        });
        survives(Fact::Heartbeat { attempt });
        survives(Fact::TimeoutsRestarted);
        survives(Fact::DeadlinePassed);
        survives(Fact::Stopped {
            error: None,
            cause: Some("c".into()),
        });
        survives(Fact::Redriven);
        survives(Fact::ChildStopped {
            child: 7,
            error: None,
            cause: Some("c".into()),
        });
        survives(Fact::BrokeDown {
            fact: Box::new(Fact::DeadlinePassed),
            breakdown: sluice_engine::Breakdown::Memory,
        });
        survives(Fact::Evaluated {
            fact: Box::new(Fact::DeadlinePassed),
            evaluations: vec![
                sluice_engine::RecordedEvaluation {
                    number: 3,
                    result: Ok(Arc::new(json!([1, null]))),
                },
                sluice_engine::RecordedEvaluation {
                    number: 5,
                    result: Err("c".into()),
                },
            ],
        });
        survives(Fact::MapRunUpdated {
            arn: "arn:run".into(),
            update: sluice_engine::MapRunUpdate {
                max_concurrency: Some(3),
                tolerated_count: None,
                tolerated_percentage: Some(12.5),
            },
        });
    }

    #[test]
    fn json_as_deep_as_any_parser_takes_survives_and_deeper_is_refused() {
        survives(Fact::Started {
            input: Arc::new(nested(128)),
        });
        let bomb = Fact::Started {
            input: Arc::new(nested(1_000)),
        };
        assert!(
            matches!(encode(&bomb), Err(DriverError::TooDeep { depth: 1_002, .. })),
            "{:?}",
            encode(&bomb)
        );
    }

    #[test]
    fn brackets_inside_strings_are_not_nesting() {
        assert_eq!(nesting(r#"{"a[[[":"\"[{","b":[[]]}"#), 3);
    }

    #[test]
    fn every_status_has_a_code_of_its_own() {
        for (code, expected) in STATUSES.into_iter().enumerate() {
            assert_eq!(status_code(expected), code as i64);
            assert_eq!(status(1, code as i64), Ok(expected));
        }
        assert!(status(1, 6).is_err() && status(1, -1).is_err());
    }
}
