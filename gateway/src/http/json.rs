use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use thiserror::Error;

use super::problem::{Kind, Problem};

/// The reason why a text is no JSON object.
#[derive(Debug, Error)]
pub(crate) enum NotAnObject {
    /// It is not JSON, or a member appears twice.
    #[error("not usable JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is another JSON value.
    #[error("not a JSON object")]
    OtherValue,
}

/// Reads the body of a request by [`strict_object`].
pub(super) fn object(raw: &[u8]) -> Result<Map<String, Value>, Problem> {
    strict_object(raw).map_err(|error| {
        let detail = match error {
            NotAnObject::Json(error) => format!("The body is not usable JSON: {error}."),
            NotAnObject::OtherValue => "The body must be a JSON object with the fields as members.".to_owned(),
        };
        Problem::new(Kind::BadRequest, detail)
    })
}

/// Reads a JSON object strictly: a member that appears twice, anywhere in it, is refused, because one side would
/// believe the first and the other the last.
pub(crate) fn strict_object(raw: &[u8]) -> Result<Map<String, Value>, NotAnObject> {
    let mut reader = serde_json::Deserializer::from_slice(raw);
    let value = Strict.deserialize(&mut reader)?;
    reader.end()?;
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(NotAnObject::OtherValue)
        }
    }
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Strict)?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member {name:?} appears twice")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(raw: &[u8], expected: Result<Value, &str>) {
        match (object(raw).map(Value::Object), expected) {
            (got, Ok(value)) => assert_eq!(got, Ok(value)),
            (got, Err(part)) => {
                let problem = got.unwrap_err();
                assert_eq!(problem.kind, Kind::BadRequest);
                assert!(problem.detail.contains(part), "{:?} lacks {part:?}", problem.detail);
            }
        }
    }

    #[test]
    fn an_object_is_read_as_it_is() {
        check(
            br#"{"a":"\u0000\ud83d\ude00","b":[1,-2,1.5,null,true,{}]}"#,
            Ok(json!({"a": "\0😀", "b": [1, -2, 1.5, null, true, {}]})),
        );
        check(b" {} ", Ok(json!({})));
    }

    #[test]
    fn rubbish_is_refused_with_its_place() {
        check(br#"{"a":"\ud800"}"#, Err("line 1 column"));
        check(br#"{"a":"\udc00x"}"#, Err("line 1 column"));
        check(br#"{"a":1,"a":2}"#, Err("\"a\" appears twice"));
        check(br#"{"f":{"a":1,"b":2,"a":3}}"#, Err("\"a\" appears twice"));
        check(b"{\"a\":\"\xff\"}", Err("not usable JSON"));
        check(b"{\"a\":1e999}", Err("out of range"));
        check(b"{\"a\":1} x", Err("trailing characters"));
        check(b"", Err("EOF"));
        check(b"[]", Err("must be a JSON object"));
        check(b"\"a\"", Err("must be a JSON object"));
        check("[".repeat(60_000).as_bytes(), Err("recursion limit"));
    }
}
