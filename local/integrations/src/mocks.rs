//! Mocked tasks: results that a file gives in place of calls, in the format of Step Functions Local's
//! [`MockConfigFile.json`](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html).

mod error;
mod file;
mod result;
mod unique;

use std::collections::BTreeMap;
use std::path::Path;

use sluice_stepfunctions::TestCases;

pub use error::MocksError;
pub(crate) use result::{MockedResult, Results, TestCase};

/// The test cases of state machines, by their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mocks(BTreeMap<String, BTreeMap<String, TestCase>>);

impl Mocks {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is not one of this format: where, and why.
    pub fn read(file: &Path) -> Result<Self, MocksError> {
        let text = std::fs::read_to_string(file).map_err(|reason| MocksError::Unreadable {
            file: file.to_owned(),
            reason,
        })?;
        Self::parse(&text).map_err(|problem| MocksError::Malformed {
            file: file.to_owned(),
            problem,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        file::parse(text).map(Self)
    }

    /// Tells whether a state machine has test cases.
    pub(crate) fn has_machine(&self, machine: &str) -> bool {
        self.cases(machine).is_some()
    }

    /// The mocked response of a state and its results, if the case has one for it.
    pub(crate) fn of_state(&self, machine: &str, case: &str, state: &str) -> Option<&(String, Results)> {
        self.cases(machine)?.get(case)?.get(state)
    }

    /// The cases of a state machine, by its name; one whose name a stack has generated, `STACK-LOGICALID-SUFFIX`, also by its
    /// logical id, since nobody can know the suffix.
    fn cases(&self, machine: &str) -> Option<&BTreeMap<String, TestCase>> {
        let by_id = || self.0.get(machine.rsplit('-').nth(1)?);
        self.0.get(machine).or_else(by_id)
    }
}

impl TestCases for Mocks {
    fn check(&self, machine: &str, case: &str) -> Result<(), String> {
        let Some(cases) = self.cases(machine) else {
            let machines: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return Err(format!(
                "The state machine {machine} has no test cases in the file of mocks, which knows the state machines: {}.",
                machines.join(", ")
            ));
        };
        if cases.contains_key(case) {
            return Ok(());
        }
        let cases: Vec<&str> = cases.keys().map(String::as_str).collect();
        Err(format!(
            "The state machine {machine} has no test case {case:?} in the file of mocks; it has: {}.",
            cases.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(file: &Value, expected: &str) {
        let problem = Mocks::parse(&file.to_string()).expect_err(expected);
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn calls_have_their_results_in_order() {
        let file = json!({
            "StateMachines": { "M": { "TestCases": { "Retries": { "T": "R" }, "Plain": {} } } },
            "MockedResponses": { "R": {
                "2": { "Return": { "a": 1 } },
                "0-1": { "Throw": { "Error": "E", "Cause": "c" } },
            }},
        });
        let mocks = Mocks::parse(&file.to_string()).unwrap();
        let thrown = MockedResult::Throw {
            error: "E".into(),
            cause: "c".into(),
        };
        let (name, results) = mocks.of_state("M", "Retries", "T").unwrap();
        assert_eq!(name, "R");
        assert_eq!(
            results,
            &[thrown.clone(), thrown, MockedResult::Return(json!({ "a": 1 }))]
        );
        assert_eq!(mocks.of_state("M", "Plain", "T"), None);
        assert_eq!(mocks.check("M", "Plain"), Ok(()));
        assert_eq!(mocks.check("stack-M-1A2B", "Plain"), Ok(()));
        assert!(mocks.check("M", "No").unwrap_err().contains("it has: Plain, Retries"));
        assert!(mocks.check("N", "No").unwrap_err().contains("state machines: M"));
    }

    #[test]
    fn a_malformed_file_says_where_and_why() {
        let file = |responses: Value| json!({ "StateMachines": { "M": { "TestCases": { "C": { "T": "R" } } } }, "MockedResponses": responses });
        let ok = json!({ "Return": 1 });
        let at = "MockedResponses.R";
        for (responses, expected) in [
            (
                json!({}),
                "StateMachines.M.TestCases.C.T: there is no mocked response \"R\"",
            ),
            (json!({ "R": {} }), "has no results"),
            (json!({ "R": { "1": ok } }), "has no result for call 0"),
            (json!({ "R": { "0": ok, "2": ok } }), "has no result for call 1"),
            (json!({ "R": { "0-1": ok, "1": ok } }), "has two results for call 1"),
            (json!({ "R": { "1-0": ok } }), "is no range"),
            (json!({ "R": { "0-99999999999999999999": ok } }), "is no range"),
            (json!({ "R": { "0-5000000": ok } }), "more than"),
            (json!({ "R": { "x": ok } }), "is no range"),
            (json!({ "R": { "0": {} } }), "exactly one of Return and Throw"),
            (
                json!({ "R": { "0": { "Return": 1, "Throw": { "Error": "e" } } } }),
                "exactly one of Return and Throw",
            ),
        ] {
            refused(&file(responses), expected);
        }
        refused(
            &file(json!({ "R": { "0": { "Throw": { "Cause": "c" } } } })),
            "missing field `Error`",
        );
        refused(
            &file(json!({ "R": { "0": { "Returns": 1 } } })),
            "unknown field `Returns`",
        );
        refused(&file(json!({ "R": { "1": ok } })), at);
        refused(&json!({ "StateMachines": {} }), "missing field `MockedResponses`");
        refused(&json!([]), "line 1 column");
        let twice = r#"{"StateMachines":{},"MockedResponses":{"R":{"0":{"Return":1},"0":{"Return":2}}}}"#;
        let problem = Mocks::parse(twice).unwrap_err();
        assert!(
            problem.contains("\"0\" is there twice") && problem.contains("line 1"),
            "{problem}"
        );
        assert!(Mocks::parse("{").is_err());
    }
}
