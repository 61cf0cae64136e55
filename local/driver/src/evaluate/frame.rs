//! The protocol between the engine and a worker: frames of JSON behind their length.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_asl::eval::EvaluationRequest;

/// The longest frame: what a state may read, several times over.
const LONGEST: usize = 256 << 20;

/// An evaluation on its way to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WorkerRequest {
    source: String,
    field: String,
    bindings: Vec<(String, Value)>,
    now: i64,
    seed: [u64; 2],
}

/// The result of an evaluation: its value, or the cause of its error.
pub(super) type WorkerResult = Result<Value, String>;

impl From<EvaluationRequest> for WorkerRequest {
    fn from(request: EvaluationRequest) -> Self {
        let EvaluationRequest {
            source,
            field,
            bindings,
            now,
            seed,
        } = request;
        Self {
            source,
            field,
            bindings,
            now,
            seed,
        }
    }
}

impl From<WorkerRequest> for EvaluationRequest {
    fn from(question: WorkerRequest) -> Self {
        let WorkerRequest {
            source,
            field,
            bindings,
            now,
            seed,
        } = question;
        Self {
            source,
            field,
            bindings,
            now,
            seed,
        }
    }
}

/// The frame of a value.
pub(super) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, value)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// The value of a frame's body, of any depth.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(body: &[u8]) -> io::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    deserializer.disable_recursion_limit();
    Ok(T::deserialize(&mut deserializer)?)
}

/// The length of the body that follows.
pub(super) fn length(header: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(header) as usize;
    if length > LONGEST {
        return Err(io::Error::other(format!("a frame of {length} bytes")));
    }
    Ok(length)
}

/// The next frame's body; `None` at the end.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; 4];
    match from.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut body = vec![0; length(header)?];
    from.read_exact(&mut body)?;
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_arrives_to_the_last_digit() {
        let request = EvaluationRequest {
            source: "$a".into(),
            field: "Output".into(),
            bindings: vec![(
                "a".into(),
                json!([1.1, 5e-324, 123_456_789.123_456_79, u64::MAX, "\u{0}é"]),
            )],
            now: -5,
            seed: [u64::MAX, 0],
        };
        let frame = encode(&WorkerRequest::from(request.clone())).expect("encodes");
        let body = read(&mut &frame[..]).expect("reads").expect("is there");
        let back: WorkerRequest = decode(&body).expect("decodes");
        assert_eq!(EvaluationRequest::from(back), request);
        assert!(read(&mut &[][..]).expect("ends").is_none());
        assert!(read(&mut &frame[..9]).is_err());
        assert!(length([0xff; 4]).is_err());
    }
}
