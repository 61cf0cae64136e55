//! Data with positions: what YAML gives, and what evaluating a property gives.

use std::fmt;

use serde_json::{Map, Number, Value};

/// A place in a template file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The start of the file.
    pub(crate) const START: Position = Position { line: 1, column: 1 };
}

/// A piece of data and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) data: Data,
}

/// The data of a [`Node`]. There is no null: CloudFormation refuses it everywhere.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) at: Position,
    pub(crate) name: String,
}

/// A scalar. A number keeps its text, since CloudFormation hands it to string properties as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text(String),
    Number(String),
    Bool(bool),
}

impl Scalar {
    /// The scalar as a string property takes it.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Scalar::Text(text) | Scalar::Number(text) => text,
            Scalar::Bool(true) => "true",
            Scalar::Bool(false) => "false",
        }
    }
}

impl Node {
    pub(crate) fn text(at: Position, text: impl Into<String>) -> Node {
        Node {
            at,
            data: Data::Scalar(Scalar::Text(text.into())),
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar.as_text()),
            Data::List(_) | Data::Map(_) => None,
        }
    }

    /// Describes the value for messages.
    pub(crate) fn describe(&self) -> String {
        match &self.data {
            Data::Scalar(Scalar::Text(text)) => Quoted(text).to_string(),
            Data::Scalar(Scalar::Number(text)) => format!("the number {text}"),
            Data::Scalar(Scalar::Bool(value)) => format!("the boolean {value}"),
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a mapping".to_owned(),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        match &self.data {
            Data::Scalar(Scalar::Text(text)) => Value::String(text.clone()),
            Data::Scalar(Scalar::Number(text)) => number(text),
            Data::Scalar(Scalar::Bool(value)) => Value::Bool(*value),
            Data::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Data::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.name.clone(), value.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

/// A number as JSON; one that JSON cannot carry (`1e999`) stays text.
fn number(text: &str) -> Value {
    let trimmed = text.strip_prefix('+').unwrap_or(text);
    if let Ok(integer) = trimmed.parse::<i64>() {
        return Value::from(integer);
    }
    if let Ok(integer) = trimmed.parse::<u64>() {
        return Value::from(integer);
    }
    let float = trimmed.parse::<f64>().ok().and_then(Number::from_f64);
    float.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// A text in quotes, cut to a length that fits a message.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        let cut: String = self.0.chars().take(LONGEST).collect();
        let dots = if cut.len() < self.0.len() { "…" } else { "" };
        write!(f, "\"{}{dots}\"", cut.escape_debug())
    }
}

/// The way from a section or resource to an element, for messages. Cheap to extend on the stack.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root(&'a str),
    Name(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(crate) fn name(&'a self, name: &'a str) -> Path<'a> {
        Path::Name(self, name)
    }

    pub(crate) fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root(name) => f.write_str(name),
            Path::Name(Path::Root(""), name) => f.write_str(name),
            Path::Name(parent, name) => write!(f, "{parent}.{name}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
