//! The arguments of an integration, read once.

use serde_json::{Map, Value};

use crate::TaskFailure;

/// The members of a task's arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters<'a> {
    arguments: &'a Value,
    members: Option<&'a Map<String, Value>>,
}

impl<'a> Parameters<'a> {
    pub(crate) fn of(arguments: &'a Value) -> Self {
        Self {
            arguments,
            members: arguments.as_object(),
        }
    }

    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.members?.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be absent.
    pub(crate) fn text(self, name: &str) -> Result<Option<&'a str>, TaskFailure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.unusable(&format!("The value for the field '{name}' must be a STRING"))),
        }
    }

    /// A text that must be there.
    pub(crate) fn required(self, name: &str) -> Result<&'a str, TaskFailure> {
        self.text(name)?
            .ok_or_else(|| self.unusable(&format!("The field '{name}' is required but was missing")))
    }

    /// The failure of a task whose arguments the integration cannot use.
    pub(crate) fn unusable(self, why: &str) -> TaskFailure {
        TaskFailure::runtime(format!(
            "The Parameters '{}' could not be used to start the Task: [{why}]",
            self.arguments
        ))
    }

    /// A text, or a JSON value that is passed as its text.
    pub(crate) fn text_or_json(self, name: &str) -> Option<String> {
        self.get(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }
}
