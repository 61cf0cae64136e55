//! The sentences that a template has for the runtime, since only the product knows what its stack is about.
//!
//! ```yaml
//! Metadata:
//!   LocalRuntime:
//!     Executions: Send something to the function URL below.
//!     TryIt: curl -i '<FunctionUrl>?name=x'
//! ```
//!
//! `<Name>` stands for an output or a parameter of the stack; a sentence with a name that the stack does not have is left out.
//! (`${Name}` would be taken for a part of a `!Sub` that is missing.) `Submissions` says what the console's first page lists
//! ([`SubmissionSpec`]).

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use sluice_console::SubmissionSpec;
use sluice_template::Stack;

use super::StartError;

/// The member of a template's `Metadata` with its sentences.
const SECTION: &str = "LocalRuntime";

/// The sentences of a template about its stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuntimeNotes {
    /// The way to a first execution, while there is none.
    pub executions: Option<String>,
    /// The way in which approvals are decided.
    pub approvals: Option<String>,
    /// The reason for which mails are sent, while there is none.
    pub inbox: Option<String>,
    /// The name of the stack's entrance, and its address.
    pub entrance: Option<(String, String)>,
    /// A command that can be copied.
    pub try_it: Option<String>,
    /// A sentence about the work of each task of the stack's services.
    pub tasks: Option<String>,
    /// The definition of a submission.
    pub submissions: Option<SubmissionSpec>,
}

/// The sentences as the template has them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(crate) struct NoteTexts {
    executions: Option<String>,
    approvals: Option<String>,
    inbox: Option<String>,
    entrance: Option<Entrance>,
    try_it: Option<String>,
    tasks: Option<String>,
    submissions: Option<SubmissionSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entrance {
    name: String,
    address: String,
}

impl NoteTexts {
    /// Reads them from a template's `Metadata`.
    pub(crate) fn read(metadata: &Value, template: &Path) -> Result<Self, StartError> {
        match metadata.get(SECTION) {
            None => Ok(Self::default()),
            Some(section) => Self::deserialize(section).map_err(|error| StartError::Metadata {
                template: template.to_owned(),
                problem: format!("{SECTION}: {error}"),
            }),
        }
    }

    /// The sentences with the stack's values.
    pub(crate) fn fill(&self, stack: &Stack) -> RuntimeNotes {
        let value = |name: &str| {
            let outputs = stack.outputs.iter().map(|one| (&one.key, &one.value));
            let parameters = stack.parameters.iter().map(|one| (&one.key, &one.value));
            let mut all = outputs.chain(parameters);
            all.find(|(key, _)| *key == name).map(|(_, value)| value.clone())
        };
        let fill = |text: &Option<String>| text.as_deref().and_then(|text| filled(text, value));
        RuntimeNotes {
            executions: fill(&self.executions),
            approvals: fill(&self.approvals),
            inbox: fill(&self.inbox),
            entrance: self
                .entrance
                .as_ref()
                .and_then(|one| Some((one.name.clone(), filled(&one.address, value)?))),
            try_it: fill(&self.try_it),
            tasks: fill(&self.tasks),
            submissions: self
                .submissions
                .as_ref()
                .and_then(|spec| spec.filled(|text| filled(text, value))),
        }
    }
}

/// The text with values in the place of `<Name>`; none if there is no value of a name.
fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let (name, behind) = after.split_once('>')?;
        filled += before;
        filled += &value(name)?;
        rest = behind;
    }
    Some(filled + rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_stand_for_values() {
        let value = |name: &str| (name == "Url").then(|| "http://h/".to_owned());
        for (text, expected) in [
            ("plain", Some("plain")),
            ("curl '<Url>?a=1' $b", Some("curl 'http://h/?a=1' $b")),
            ("<Url><Url>", Some("http://h/http://h/")),
            ("<Other>", None),
            ("<Url", None),
        ] {
            assert_eq!(filled(text, value).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error_with_the_template() {
        let read = |metadata: Value| NoteTexts::read(&metadata, Path::new("t.yaml"));
        assert!(read(Value::Null).is_ok());
        assert!(read(json!({ "cfn-lint": {} })).is_ok());
        let notes = read(json!({ "LocalRuntime": { "Inbox": "No." } })).expect("reads");
        assert_eq!(notes.inbox.as_deref(), Some("No."));
        let error = read(json!({ "LocalRuntime": { "Inbx": "No." } })).expect_err("refused");
        assert!(
            error.to_string().contains("t.yaml") && error.to_string().contains("Inbx"),
            "{error}"
        );
    }
}
