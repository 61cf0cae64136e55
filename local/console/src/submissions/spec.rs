//! The definition of a submission, as a template has it. Pure.
//!
//! ```yaml
//! Metadata:
//!   LocalRuntime:
//!     Submissions:
//!       StateMachine: <StateMachineArn>
//!       Columns:
//!         - {Name: E-mail, Value: /input/email}
//!       Outcomes:            # the first that fits
//!         - {Name: waiting, Tone: wait, Status: RUNNING, Waiting: true}
//!         - {Name: stored, Tone: ok, When: {/output/outcome: ingested}}
//!         - {Name: broken, Tone: bad}
//!       Links:
//!         - {Name: Page, Address: '<FunctionURLAPI>submissions/{id}'}
//! ```
//!
//! Values are named by JSON pointers that begin with `/input`, `/output`, `/error` or `/cause`. `{id}` stands for the
//! execution's name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_driver::ExecutionRecord;
use sluice_engine::Outcome;

/// The most bytes of a value in a list.
const LONGEST_VALUE: usize = 200;

/// The definition of a submission.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SubmissionSpec {
    /// The ARN of the state machine whose executions are submissions.
    pub state_machine: String,
    /// The columns of a list.
    pub columns: Vec<Column>,
    /// The outcomes: the first that fits counts.
    pub outcomes: Vec<OutcomeRule>,
    /// Links from a submission to elsewhere.
    #[serde(default)]
    pub links: Vec<LinkTemplate>,
    /// The call that answers a link to the page of all open approvals.
    #[serde(default)]
    pub open_approvals: Option<PageRequest>,
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// The JSON pointer of its values.
    pub value: String,
}

/// An outcome, and what a submission must be to have it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OutcomeRule {
    /// The word.
    pub name: String,
    /// The way it is shown.
    #[serde(default)]
    pub tone: Tone,
    /// The status of the execution; none: any.
    #[serde(default)]
    pub status: Option<String>,
    /// True if it must wait for a task token, false if it must not.
    #[serde(default)]
    pub waiting: Option<bool>,
    /// Conditions by JSON pointer; all must hold.
    #[serde(default)]
    pub when: BTreeMap<String, Condition>,
}

/// The mood of an outcome, which pages show by a colour beside the word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// As it should be.
    Ok,
    /// An end like others.
    #[default]
    Idle,
    /// Somebody is waited for.
    Wait,
    /// Under way.
    Run,
    /// Something is broken.
    Bad,
}

impl Tone {
    /// The word, as in the template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Idle => "idle",
            Self::Wait => "wait",
            Self::Run => "run",
            Self::Bad => "bad",
        }
    }
}

/// A condition on the value of a JSON pointer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// The value is there and not null, or it is not.
    Present {
        /// True: it must be there.
        #[serde(rename = "Present")]
        present: bool,
    },
    /// The value reads differently from that of another pointer.
    DiffersFrom {
        /// The other pointer.
        #[serde(rename = "DiffersFrom")]
        pointer: String,
    },
    /// It is this value.
    Is(Value),
}

/// A link from a submission.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LinkTemplate {
    /// Its text.
    pub name: String,
    /// The address, with `{id}` in the place of the execution's name.
    pub address: String,
}

/// A call of a function whose answer leads to a page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PageRequest {
    /// The function's name.
    pub function: String,
    /// The payload of the call.
    pub payload: Value,
    /// The page's address, with members of the answer in the place of `{name}`.
    pub address: String,
}

impl SubmissionSpec {
    /// The definition with its texts filled; none if one that it cannot do without has no value. A link without a value is
    /// left out.
    #[must_use]
    pub fn filled(&self, fill: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let links = self.links.iter().filter_map(|link| {
            Some(LinkTemplate {
                name: link.name.clone(),
                address: fill(&link.address)?,
            })
        });
        Some(Self {
            state_machine: fill(&self.state_machine)?,
            links: links.collect(),
            open_approvals: self.open_approvals.as_ref().and_then(|page| {
                Some(PageRequest {
                    function: fill(&page.function)?,
                    payload: page.payload.clone(),
                    address: fill(&page.address)?,
                })
            }),
            ..self.clone()
        })
    }

    /// The place of a submission's outcome among the rules; none if no rule fits.
    pub fn outcome_of(&self, record: &ExecutionRecord) -> Option<&OutcomeRule> {
        self.outcomes.iter().find(|rule| rule.fits(record))
    }

    /// The values of the columns, as text.
    pub fn values_of(&self, record: &ExecutionRecord) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| {
                let value = value_at(record, &column.value);
                value.map_or_else(String::new, |value| cut(&text_of(&value)).to_owned())
            })
            .collect()
    }

    /// The links of a submission with this name.
    pub fn links_of(&self, name: &str) -> Vec<(String, String)> {
        let id: String = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string();
        // what an id is made of needs no code, and reads better without
        let id = id.replace("%2D", "-").replace("%5F", "_").replace("%2E", ".");
        let link = |link: &LinkTemplate| (link.name.clone(), link.address.replace("{id}", &id));
        self.links.iter().map(link).collect()
    }
}

impl OutcomeRule {
    /// Tells whether the rule can fit an execution that runs.
    pub(crate) fn is_of_running(&self) -> bool {
        self.status.as_deref() == Some("RUNNING")
    }

    /// Tells whether the rule can fit an execution that failed, timed out or was stopped: such a one has no output.
    pub(crate) fn can_be_unsuccessful(&self) -> bool {
        let status = self.status.as_deref();
        let wants_output = |(pointer, condition): (&String, &Condition)| {
            pointer.starts_with("/output") && !matches!(condition, Condition::Present { present: false })
        };
        status.is_none_or(|status| status != "RUNNING" && status != "SUCCEEDED") && !self.when.iter().any(wants_output)
    }

    fn fits(&self, record: &ExecutionRecord) -> bool {
        let status = self
            .status
            .as_deref()
            .is_none_or(|status| status == record.status.as_str());
        let waiting = self
            .waiting
            .is_none_or(|waiting| waiting == record.waiting_since.is_some());
        status
            && waiting
            && self
                .when
                .iter()
                .all(|(pointer, condition)| condition.holds(record, pointer))
    }
}

impl Condition {
    fn holds(&self, record: &ExecutionRecord, pointer: &str) -> bool {
        let value = value_at(record, pointer);
        match self {
            Self::Present { present } => value.is_some_and(|value| !value.is_null()) == *present,
            Self::DiffersFrom { pointer } => {
                let other = value_at(record, pointer);
                let text = |value: &Option<Cow<'_, Value>>| value.as_ref().map(|value| text_of(value).into_owned());
                text(&value) != text(&other)
            }
            Self::Is(expected) => value.is_some_and(|value| *value == *expected),
        }
    }
}

/// The value of a pointer.
fn value_at<'a>(record: &'a ExecutionRecord, pointer: &str) -> Option<Cow<'a, Value>> {
    let rest = pointer.strip_prefix('/')?;
    let (root, inner) = match rest.split_once('/') {
        Some((root, _)) => (root, &rest[root.len()..]),
        None => (rest, ""),
    };
    let failure = |error: &Option<String>, cause: &Option<String>| {
        let text = if root == "error" { error } else { cause };
        text.clone().map(|text| Cow::Owned(Value::String(text)))
    };
    match (root, record.outcome.as_ref()) {
        ("input", _) => record.input.pointer(inner).map(Cow::Borrowed),
        ("output", Some(Outcome::Succeeded { output })) => output.pointer(inner).map(Cow::Borrowed),
        ("error" | "cause", Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause })) => {
            failure(error, cause)
        }
        _ => None,
    }
}

/// A value as a person would write it.
fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

fn cut(text: &str) -> &str {
    crate::text::bounded(text, LONGEST_VALUE).0
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use sluice_engine::{Identity, Status};

    use super::*;

    /// A definition to begin with.
    pub(crate) fn spec(machine: &str) -> SubmissionSpec {
        serde_json::from_value(json!({
            "StateMachine": machine,
            "Columns": [{"Name": "E-mail", "Value": "/input/email"}, {"Name": "Pincode", "Value": "/input/pincode"}],
            "Outcomes": [
                {"Name": "waiting", "Tone": "wait", "Status": "RUNNING", "Waiting": true},
                {"Name": "running", "Tone": "run", "Status": "RUNNING"},
                {"Name": "repaired", "Tone": "ok",
                    "When": {"/output/outcome": "approved", "/output/entry/pincode": {"DiffersFrom": "/input/pincode"}}},
                {"Name": "approved", "Tone": "ok", "When": {"/output/outcome": "approved"}},
                {"Name": "rejected", "When": {"/output/outcome": "rejected", "/output/approval": {"Present": true}}},
                {"Name": "refused", "When": {"/output/outcome": "rejected"}},
                {"Name": "broken", "Tone": "bad"},
            ],
            "Links": [{"Name": "Page", "Address": "http://h/submissions/{id}"}],
        }))
        .expect("a definition")
    }

    fn record(status: Status, waiting: bool, input: Value, outcome: Option<Outcome>) -> ExecutionRecord {
        ExecutionRecord {
            identity: Arc::new(Identity {
                key: 1,
                arn: "arn:e".into(),
                name: "e".into(),
                machine_arn: "arn:m".into(),
                machine_name: "m".into(),
                role_arn: "arn:r".into(),
                express: false,
            }),
            status,
            start_date: 0,
            stop_date: None,
            input: Arc::new(input),
            outcome,
            waiting_since: waiting.then_some(5),
            waiting_state: None,
            definition_id: 1,
            revision_id: String::new(),
            version_arn: None,
            alias_arn: None,
            trace_header: None,
            redrive_count: 0,
            redriven_at: None,
            child: None,
        }
    }

    #[test]
    fn the_first_outcome_that_fits_counts() {
        fn check(status: Status, waiting: bool, output: Option<Value>, expected: &str) {
            let outcome = output.map(|output| Outcome::Succeeded {
                output: Arc::new(output),
            });
            let record = record(status, waiting, json!({"pincode": 12}), outcome);
            let spec = spec("arn:m");
            let found = spec.outcome_of(&record).map(|rule| rule.name.as_str());
            assert_eq!(found, Some(expected), "{record:?}");
        }
        check(Status::Running, true, None, "waiting");
        check(Status::Running, false, None, "running");
        let approved = |pincode: &str| Some(json!({"outcome": "approved", "entry": {"pincode": pincode}}));
        check(Status::Succeeded, false, approved("1234"), "repaired");
        check(Status::Succeeded, false, approved("12"), "approved");
        let by_admin = json!({"outcome": "rejected", "approval": {"decided_by": "a"}});
        check(Status::Succeeded, false, Some(by_admin), "rejected");
        check(
            Status::Succeeded,
            false,
            Some(json!({"outcome": "rejected", "approval": null})),
            "refused",
        );
        check(Status::Failed, false, None, "broken");
        check(Status::Aborted, false, None, "broken");
    }

    #[test]
    fn columns_are_text_of_any_value() {
        fn check(input: Value, expected: [&str; 2]) {
            let record = record(Status::Running, false, input, None);
            assert_eq!(spec("arn:m").values_of(&record), expected);
        }
        check(json!({"email": "a@b.com", "pincode": "0305"}), ["a@b.com", "0305"]);
        check(json!({"email": null, "pincode": 305}), ["", "305"]);
        check(json!({"email": {"x": 1}}), ["{\"x\":1}", ""]);
        check(json!("text"), ["", ""]);
        let long = "é".repeat(300);
        check(json!({"email": long}), [&"é".repeat(100), ""]);
    }

    #[test]
    fn links_name_the_submission_and_unknown_values_leave_out() {
        let links = spec("arn:m").links_of("a-1_b/c?");
        assert_eq!(
            links,
            [("Page".to_owned(), "http://h/submissions/a-1_b%2Fc%3F".to_owned())]
        );
        let named = |text: &str| (!text.contains("h/")).then(|| text.to_uppercase());
        let filled = spec("arn:m").filled(named).expect("the machine is known");
        assert_eq!((filled.state_machine.as_str(), filled.links.len()), ("ARN:M", 0));
        assert_eq!(spec("h/").filled(named), None);
    }

    #[test]
    fn unknown_members_of_a_definition_are_refused() {
        let wrong = json!({"StateMachine": "m", "Columns": [], "Outcomes": [], "Colour": "red"});
        assert!(serde_json::from_value::<SubmissionSpec>(wrong).is_err());
    }
}
