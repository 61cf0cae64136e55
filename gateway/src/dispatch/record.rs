use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sluice_workflows::{Field, Submission};
use thiserror::Error;

use super::Record;
use crate::http::strict_object;
use crate::start::{INPUT_LIMIT, is_name};

/// The member of a record that names its submission.
const SUBMISSION_ID: &str = "submission_id";

/// Characters of a sequence number that a name shows. AWS's have 56.
const SHOWN: usize = 56;

/// The execution that a record asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    /// Its name.
    pub(super) name: String,
    /// Its input.
    pub(super) input: String,
    /// The origin of the name.
    pub(super) named_by: NamedBy,
}

/// The origin of an execution's name.
///
/// Two things come twice. Lambda may send a record again: same sequence number. And a producer that heard no answer may
/// put a submission again: another record with another sequence number, and the same `submission_id`, as only the
/// producer knows that it is the same. The id covers both, so it names the execution wherever there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// The producer. The same id with other fields is another submission, and a mistake.
    SubmissionId,
    /// The record's place in the stream and its bytes: another record never gets this name.
    Record,
}

/// The reason why a record never becomes a submission.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum BadRecord {
    /// The event does not hold its bytes.
    #[error("the event's data is not base64 ({0}); the data of this message is the text that was there instead")]
    NotBase64(String),
    /// Its bytes are no text.
    #[error("the record is not UTF-8 from byte {0} on (records that a producer library packed are not unpacked)")]
    NotUtf8(usize),
    /// Its text is no JSON object.
    #[error("the record is {0}")]
    NotAnObject(String),
    /// It is a JSON object of another kind.
    #[error("the record has none of the fields user_name, email and pincode")]
    NoField,
    /// Its id cannot name an execution.
    #[error("submission_id must be a text of 1 to 80 letters, digits, - and _")]
    SubmissionId,
    /// It is larger than what is taken in by HTTP.
    #[error("the fields take {0} bytes as JSON; at most {INPUT_LIMIT} are taken in")]
    TooLarge(usize),
    /// Its id names another submission.
    #[error("submission_id {0} was used before, for a submission with other fields")]
    OtherInput(String),
    /// Step Functions says no to this one.
    #[error("the workflow does not take it: {0}")]
    Refused(String),
}

/// Reads which execution a record asks for.
pub(super) fn start(record: &Record) -> Result<Start, BadRecord> {
    let data = STANDARD
        .decode(&record.kinesis.data)
        .map_err(|error| BadRecord::NotBase64(error.to_string()))?;
    str::from_utf8(&data).map_err(|error| BadRecord::NotUtf8(error.valid_up_to()))?;
    let mut members = strict_object(&data).map_err(|error| BadRecord::NotAnObject(error.to_string()))?;
    let mut submission = Submission::default();
    for field in Field::ALL {
        if let Some(value) = members.remove(field.as_str()) {
            submission.set(field, value);
        }
    }
    if submission.is_empty() {
        return Err(BadRecord::NoField);
    }
    let (name, named_by) = match members.remove(SUBMISSION_ID) {
        Some(Value::String(id)) if is_name(&id) => (id, NamedBy::SubmissionId),
        Some(_) => return Err(BadRecord::SubmissionId),
        None => (name(record, &data), NamedBy::Record),
    };
    let input = serde_json::to_string(&submission).map_err(|error| BadRecord::NotAnObject(error.to_string()))?;
    if input.len() > INPUT_LIMIT {
        return Err(BadRecord::TooLarge(input.len()));
    }
    Ok(Start { name, input, named_by })
}

/// A name that follows from the record alone: its sequence number, to find it by, and a hash of stream, shard, sequence
/// number and bytes. With the bytes in it, a taken name needs no second look, not even if a stream is made anew under
/// an old name and counts from the start again.
fn name(record: &Record, data: &[u8]) -> String {
    let sequence_number = record.kinesis.sequence_number.as_str();
    let mut hash = Sha256::new();
    for part in [&record.stream_arn, record.shard(), sequence_number] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(data);
    let shown = sequence_number
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(SHOWN)
        .collect::<String>();
    hash.finalize()
        .iter()
        .take(10)
        .fold(shown + "-", |name, byte| format!("{name}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::super::event::Kinesis;
    use super::*;

    fn record(data: &str) -> Record {
        Record {
            event_id: "shardId-000000000000:17".to_owned(),
            stream_arn: "arn:aws:kinesis:eu-central-1:123456789012:stream/load".to_owned(),
            kinesis: Kinesis {
                sequence_number: "17".to_owned(),
                partition_key: "p".to_owned(),
                data: data.to_owned(),
            },
        }
    }

    /// `None` as the name: the record gives it.
    fn check(data: impl AsRef<[u8]>, expected: Result<(Option<&str>, &str), &str>) {
        let got = start(&record(&STANDARD.encode(data)));
        match expected {
            Ok((name, input)) => {
                let got = got.unwrap();
                assert_eq!(got.input, input);
                match (got.named_by, name) {
                    (NamedBy::SubmissionId, Some(name)) => assert_eq!(got.name, name),
                    (NamedBy::Record, None) => assert!(got.name.starts_with("17-"), "{got:?}"),
                    (_, expected) => panic!("{got:?} instead of {expected:?}"),
                }
            }
            Err(part) => {
                let reason = got.unwrap_err().to_string();
                assert!(reason.contains(part), "{reason:?} lacks {part:?}");
            }
        }
    }

    const ADA: &str = r#"{"user_name":"Ada","email":"a@b.com","pincode":"0305"}"#;

    #[test]
    fn a_record_with_fields_is_a_submission_whatever_they_hold() {
        check(ADA, Ok((None, ADA)));
        check(
            r#" {"pincode":"0305","x":{},"email":"a@b.com","user_name":"Ada"} "#,
            Ok((None, ADA)),
        );
        check(
            r#"{"pincode":3055,"email":null}"#,
            Ok((None, r#"{"email":null,"pincode":3055}"#)),
        );
        check(
            r#"{"user_name":"Zoë","submission_id":"night-1njc-17"}"#,
            Ok((Some("night-1njc-17"), r#"{"user_name":"Zoë"}"#)),
        );
    }

    #[test]
    fn what_is_no_submission_says_why() {
        check("", Err("not usable JSON: EOF"));
        check("{", Err("not usable JSON: EOF"));
        check([0xf3, 0x89, 0x9a, 0xc2], Err("not UTF-8 from byte 0 on"));
        check(b"{\"user_name\":\"\xff\"}", Err("not UTF-8 from byte 14 on"));
        for other in ["[]", "null", "\"a\"", "1"] {
            check(other, Err("the record is not a JSON object"));
        }
        check(r#"{"email":"a","email":"b"}"#, Err("\"email\" appears twice"));
        for fieldless in ["{}", r#"{"submission_id":"s-1"}"#, r#"{"User_Name":"Ada"}"#] {
            check(fieldless, Err("none of the fields"));
        }
        for id in ["1", "null", "\"\"", "\"a b\"", "\"ä\"", "[]"] {
            check(
                format!(r#"{{"pincode":"0305","submission_id":{id}}}"#),
                Err("submission_id must be a text of 1 to 80"),
            );
        }
        let reason = start(&record("a?b")).unwrap_err().to_string();
        assert!(reason.contains("not base64"), "{reason}");
    }

    #[test]
    fn the_input_has_a_limit_of_bytes() {
        let pincode = |length| format!(r#"{{"pincode":"{}"}}"#, "1".repeat(length));
        let most = INPUT_LIMIT - pincode(0).len();
        check(pincode(most), Ok((None, &pincode(most))));
        check(pincode(most + 1), Err("take 65537 bytes as JSON; at most 65536"));
    }

    #[test]
    fn a_records_name_follows_from_the_record_alone() {
        let named = |change: &dyn Fn(&mut Record)| {
            let mut record = record(&STANDARD.encode(ADA));
            change(&mut record);
            start(&record).unwrap().name
        };
        let name = named(&|_| ());
        // What a release before this one called it: a record may be on its way while the function is deployed.
        assert_eq!(name, "17-5c18e5dfc4b2fc828f6a");
        assert_eq!(named(&|record| record.kinesis.partition_key.push('q')), name);
        let others = [
            named(&|record| record.stream_arn.push('x')),
            named(&|record| record.event_id.insert(0, 'x')),
            named(&|record| record.kinesis.sequence_number.push('0')),
            named(&|record| record.kinesis.data = STANDARD.encode(format!("{ADA} "))),
        ];
        for (index, other) in others.iter().enumerate() {
            assert!(*other != name && !others[..index].contains(other), "{other}");
        }
        let longest = named(&|record| record.kinesis.sequence_number = "9".repeat(129));
        let odd = named(&|record| record.kinesis.sequence_number = "1 2/ä".to_owned());
        assert!(is_name(&longest) && is_name(&odd), "{longest} {odd}");
    }
}
