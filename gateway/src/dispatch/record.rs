use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sluice_workflows::{Field, Submission};
use thiserror::Error;

use super::Record;
use crate::http::strict_object;
use crate::start::{Input, InputError, is_name};
use crate::submission_id::SubmissionIds;

/// The member of a record that names its submission.
const SUBMISSION_ID: &str = "submission_id";

/// The execution that a record asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    /// Its name.
    pub(super) name: String,
    /// Its input.
    pub(super) input: Input,
    /// The origin of the name.
    pub(super) named_by: NamedBy,
}

/// The origin of an execution's name.
///
/// Two things come twice. Lambda may send a record again: same sequence number. And a producer that heard no answer may
/// put a submission again: another record with another sequence number, and the same `submission_id`, as only the
/// producer knows that it is the same. The id covers both, so it names the execution wherever there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// The producer. The same id with other fields is another submission, and a mistake.
    SubmissionId(String),
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
    #[error(transparent)]
    NoInput(InputError),
    /// Its id names another submission.
    #[error("submission_id {0} was used before, for a submission with other fields")]
    OtherInput(String),
    /// Step Functions says no to this one.
    #[error("the workflow does not take it: {0}")]
    Refused(String),
}

/// Reads which execution a record asks for.
pub(super) fn start(record: &Record, ids: &SubmissionIds) -> Result<Start, BadRecord> {
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
        Some(Value::String(id)) if is_name(&id) => (ids.of_producer(&id), NamedBy::SubmissionId(id)),
        Some(_) => return Err(BadRecord::SubmissionId),
        None => {
            let sequence_number = &record.kinesis.sequence_number;
            let id = ids.of_record(&record.stream_arn, record.shard(), sequence_number, &data);
            (id, NamedBy::Record)
        }
    };
    let input = Input::of(&submission).map_err(BadRecord::NoInput)?;
    Ok(Start { name, input, named_by })
}

#[cfg(test)]
mod tests {
    use super::super::event::Kinesis;
    use super::*;
    use crate::start::INPUT_LIMIT;

    fn ids() -> SubmissionIds {
        SubmissionIds::new(&"s".repeat(32)).unwrap()
    }

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
        let got = start(&record(&STANDARD.encode(data)), &ids());
        match expected {
            Ok((name, input)) => {
                let got = got.unwrap();
                let fields = got
                    .input
                    .json
                    .replace(&format!(r#","input_hash":"{}""#, got.input.hash), "");
                assert_eq!(fields, input);
                match (&got.named_by, name) {
                    (NamedBy::SubmissionId(id), Some(name)) => {
                        assert_eq!((id.as_str(), &got.name), (name, &ids().of_producer(name)));
                    }
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
        let reason = start(&record("a?b"), &ids()).unwrap_err().to_string();
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
            start(&record, &ids()).unwrap().name
        };
        let name = named(&|_| ());
        assert!(name.starts_with("17-") && ids().is_ours(&name), "{name}");
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
