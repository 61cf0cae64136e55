//! The arguments of an integration, read once.

use serde_json::{Map, Value};

use super::TaskFailure;

/// The members of a task's arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameters<'a> {
    members: Option<&'a Map<String, Value>>,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(arguments: &'a Value) -> Self {
        Self {
            members: arguments.as_object(),
        }
    }

    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.members?.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be absent.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, TaskFailure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(TaskFailure::runtime(format!(
                "The parameter '{name}' must be a string, but it is {}.",
                crate::endpoint::shortened(&other.to_string())
            ))),
        }
    }

    /// A text that must be there.
    pub(super) fn required(self, name: &str) -> Result<&'a str, TaskFailure> {
        self.text(name)?
            .ok_or_else(|| TaskFailure::runtime(format!("The parameter '{name}' is required, but it is missing.")))
    }

    /// A text, or a JSON value that is passed as its text.
    pub(super) fn text_or_json(self, name: &str) -> Option<String> {
        self.get(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }
}
