//! A response before it has a protocol.

use serde_json::{Map, Number, Value};
use sluice_metrics::Timestamp;
use sluice_wire::{Xml, epoch_seconds, iso_8601};

/// A value of a response.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Number(f64),
    Integer(i64),
    Flag(bool),
    Time(Timestamp),
    List(Vec<Node>),
    /// A structure; its members in order.
    Record(Vec<(&'static str, Node)>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A structure without members.
    pub(crate) fn nothing() -> Self {
        Self::Record(Vec::new())
    }

    /// As AWS JSON has it: times are seconds.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Self::Integer(number) => (*number).into(),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Time(at) => Number::from_f64(epoch_seconds(*at)).map_or(Value::Null, Value::Number),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Record(members) => {
                let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), value.json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// As CBOR: times are seconds under the tag for them.
    pub(crate) fn cbor(&self) -> ciborium::Value {
        use ciborium::Value as Cbor;
        match self {
            Self::Text(text) => Cbor::Text(text.clone()),
            Self::Number(number) => Cbor::Float(*number),
            Self::Integer(number) => Cbor::Integer((*number).into()),
            Self::Flag(flag) => Cbor::Bool(*flag),
            Self::Time(at) if at % 1_000 == 0 => Cbor::Tag(1, Box::new(Cbor::Integer((at / 1_000).into()))),
            Self::Time(at) => Cbor::Tag(1, Box::new(Cbor::Float(epoch_seconds(*at)))),
            Self::List(items) => Cbor::Array(items.iter().map(Self::cbor).collect()),
            Self::Record(members) => {
                let members = members.iter();
                Cbor::Map(
                    members
                        .map(|(name, value)| (Cbor::Text((*name).to_owned()), value.cbor()))
                        .collect(),
                )
            }
            Self::Map(entries) => {
                let entries = entries.iter();
                Cbor::Map(
                    entries
                        .map(|(key, value)| (Cbor::Text(key.clone()), value.cbor()))
                        .collect(),
                )
            }
        }
    }

    /// Writes it as the query protocol has it, within an element.
    pub(crate) fn xml(&self, xml: &mut Xml) {
        match self {
            Self::Text(text) => xml.escape(text),
            Self::Number(number) => xml.append(&number.to_string()),
            Self::Integer(number) => xml.append(&number.to_string()),
            Self::Flag(flag) => xml.append(if *flag { "true" } else { "false" }),
            Self::Time(at) => xml.append(&iso_8601(*at)),
            Self::List(items) => {
                for item in items {
                    xml.element("member", |xml| item.xml(xml));
                }
            }
            Self::Record(members) => {
                for (name, value) in members {
                    xml.element(name, |xml| value.xml(xml));
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    xml.element("entry", |xml| {
                        xml.text("key", key).element("value", |xml| value.xml(xml));
                    });
                }
            }
        }
    }
}
