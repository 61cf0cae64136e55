use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Record;
use super::record::BadRecord;

/// Characters of base64 in a message: a multiple of four, so that each part can be decoded by itself, and
/// low enough that the message stays below the 256 KiB that every queue takes.
const PART: usize = 180_000;

/// The longest reason, in characters.
const REASON: usize = 1000;

/// A message of the failure queue: one bad record, or a part of it.
#[derive(Debug, Serialize)]
struct Message<'a> {
    stream: &'a str,
    shard: &'a str,
    sequence_number: &'a str,
    partition_key: &'a str,
    reason: &'a str,
    part: usize,
    parts: usize,
    data: &'a str,
}

/// The messages that together keep a bad record: one, or more if its data does not fit.
pub(super) fn messages(record: &Record, bad: &BadRecord) -> Vec<String> {
    let given = &record.kinesis.data;
    let encoded = match bad {
        BadRecord::NotBase64(_) => Some(STANDARD.encode(given)),
        BadRecord::NotUtf8(_)
        | BadRecord::NotAnObject(_)
        | BadRecord::NoField
        | BadRecord::SubmissionId
        | BadRecord::NoInput(_)
        | BadRecord::OtherInput(_)
        | BadRecord::Refused(_) => None,
    };
    let data = encoded.as_deref().unwrap_or(given);
    let reason: String = bad.to_string().chars().take(REASON).collect();
    let parts = data.len().div_ceil(PART).max(1);
    (0..parts)
        .map(|part| {
            let message = Message {
                stream: &record.stream_arn,
                shard: record.shard(),
                sequence_number: &record.kinesis.sequence_number,
                partition_key: &record.kinesis.partition_key,
                reason: &reason,
                part: part + 1,
                parts,
                data: &data[part * PART..data.len().min((part + 1) * PART)],
            };
            ascii(&serde_json::json!(message).to_string())
        })
        .collect()
}

/// JSON in ASCII, because SQS replaces characters that XML does not know.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        // Outside of strings JSON is ASCII, so an escape is always right.
        if character.is_ascii() && character != '\x7f' {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::event::Kinesis;
    use super::*;

    fn record(data: &str) -> Record {
        Record {
            event_id: "shardId-000000000003:17".to_owned(),
            stream_arn: "arn:aws:kinesis:eu-central-1:123456789012:stream/load".to_owned(),
            kinesis: Kinesis {
                sequence_number: "17".to_owned(),
                partition_key: "p\u{ffff}ä😀\u{7f}".to_owned(),
                data: data.to_owned(),
            },
        }
    }

    #[test]
    fn a_message_says_where_the_record_was_and_what_was_wrong() {
        let messages = messages(&record("e30="), &BadRecord::NoField);
        assert_eq!(messages.len(), 1);
        assert!(
            messages[0].bytes().all(|byte| (b' '..0x7f).contains(&byte)),
            "{}",
            messages[0]
        );
        assert_eq!(
            serde_json::from_str::<Value>(&messages[0]).unwrap(),
            json!({
                "stream": "arn:aws:kinesis:eu-central-1:123456789012:stream/load",
                "shard": "shardId-000000000003",
                "sequence_number": "17",
                "partition_key": "p\u{ffff}ä😀\u{7f}",
                "reason": "the record has none of the fields user_name, email and pincode",
                "part": 1,
                "parts": 1,
                "data": "e30=",
            })
        );
    }

    fn decoded(messages: &[String]) -> Vec<u8> {
        let part = |message: &String| {
            assert!(message.len() < 256 * 1024, "{}", message.len());
            let message: Value = serde_json::from_str(message).unwrap();
            STANDARD.decode(message["data"].as_str().unwrap()).unwrap()
        };
        messages.iter().flat_map(part).collect()
    }

    #[test]
    fn data_of_any_size_is_kept_whole() {
        for (bytes, parts) in [(0, 1), (1, 1), (135_000, 1), (135_001, 2), (1 << 20, 8)] {
            let data: Vec<u8> = (0..=250).cycle().take(bytes).collect();
            let long = BadRecord::Refused("\u{10ffff}".repeat(5000));
            let messages = messages(&record(&STANDARD.encode(&data)), &long);
            assert_eq!(messages.len(), parts, "{bytes}");
            assert_eq!(decoded(&messages), data);
        }
    }

    #[test]
    fn data_that_is_not_base64_is_kept_as_the_text_it_was() {
        let messages = messages(&record("nö?"), &BadRecord::NotBase64("a symbol".to_owned()));
        assert_eq!(decoded(&messages), "nö?".as_bytes());
    }
}
