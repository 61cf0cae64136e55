//! `mock`: what stands for a call, or for branches and iterations.

use serde::Deserialize;
use serde_json::Value;
use sluice_asl::{State, StateKind};
use sluice_wire::{ApiError, Constraints};

use super::configuration::Configuration;
use super::shapes::{self, Mode};
use crate::{StatesError, input};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MockInput {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    field_validation_mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

/// The members, each within its constraints.
pub(super) struct Members {
    result: Option<String>,
    error: Option<(String, Option<String>)>,
    mode: Mode,
}

/// A mock, checked as far as it can be without the state.
#[derive(Debug)]
pub(super) struct Mock {
    pub(super) outcome: MockOutcome,
    mode: Mode,
}

#[derive(Debug)]
pub(super) enum MockOutcome {
    Result(Value),
    Error { error: String, cause: Option<String> },
}

impl MockInput {
    pub(super) fn check(self, constraints: &mut Constraints) -> Members {
        const MODES: [(&str, Mode); 3] = [
            ("STRICT", Mode::Strict),
            ("PRESENT", Mode::Present),
            ("NONE", Mode::None),
        ];
        let mode = constraints.choice(
            "mock.fieldValidationMode",
            self.field_validation_mode.as_deref(),
            &MODES,
            Mode::Strict,
        );
        let error = self.error_output.map(|output| {
            (
                constraints.text("mock.errorOutput.error", output.error, 0..=256),
                constraints.optional_text("mock.errorOutput.cause", output.cause, 0..=32_768),
            )
        });
        Members {
            result: constraints.optional_text("mock.result", self.result, 0..=input::MAX_BYTES),
            error,
            mode,
        }
    }
}

impl TryFrom<Members> for Mock {
    type Error = StatesError;

    fn try_from(members: Members) -> Result<Self, StatesError> {
        let outcome = match (members.result, members.error) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "A test mock should have only one of the following fields: [result, errorOutput].",
                ));
            }
            (None, None) => {
                return Err(invalid(
                    "A test mock should have one of the following fields: [result, errorOutput].",
                ));
            }
            (Some(text), None) => match serde_json::from_str(&text) {
                Ok(result) => MockOutcome::Result(result),
                Err(_) => return Err(invalid("Mocked result must be valid JSON")),
            },
            (None, Some((error, cause))) => MockOutcome::Error { error, cause },
        };
        Ok(Self {
            outcome,
            mode: members.mode,
        })
    }
}

impl Mock {
    /// Checks that the state may have this mock.
    ///
    /// # Errors
    /// `ValidationException`.
    pub(super) fn check(&self, state: &State, configuration: &Configuration) -> Result<(), StatesError> {
        match &state.kind {
            StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_) => {}
            StateKind::Pass(_) => return Err(unmockable("Pass")),
            StateKind::Choice(_) => return Err(unmockable("Choice")),
            StateKind::Wait(_) => return Err(unmockable("Wait")),
            StateKind::Succeed(_) => return Err(unmockable("Succeed")),
            StateKind::Fail(_) => return Err(unmockable("Fail")),
        }
        match &self.outcome {
            MockOutcome::Result(result) => self.check_result(state, result),
            MockOutcome::Error { .. } => check_origin(state, configuration.error_caused_by_state.as_deref()),
        }
    }

    fn check_result(&self, state: &State, result: &Value) -> Result<(), StatesError> {
        let refusal = match (&state.kind, result) {
            (StateKind::Task(task), _) => {
                return shapes::check(&task.resource, self.mode, result).map_err(|e| invalid(&e));
            }
            (StateKind::Parallel(parallel), Value::Array(results)) if results.len() != parallel.branches.len() => {
                "Mocked result must contain the same number of items as number of Parallel branches."
            }
            (StateKind::Map(map), result) if map.result_writer.is_some() => {
                if result.is_object() {
                    return Ok(());
                }
                "Mocked result must be a JSON object."
            }
            (StateKind::Parallel(_) | StateKind::Map(_), result) if !result.is_array() => {
                "Mocked result must be an array."
            }
            _ => return Ok(()),
        };
        Err(invalid(refusal))
    }
}

/// The state that a mocked error of a Parallel or Map comes from must be one that runs inside it.
fn check_origin(state: &State, origin: Option<&str>) -> Result<(), StatesError> {
    match origin {
        Some(name) if !state.flows().iter().any(|flow| flow.find_state(name).is_some()) => {
            Err(invalid("State not found in definition"))
        }
        _ => Ok(()),
    }
}

fn unmockable(kind: &str) -> StatesError {
    invalid(&format!(
        "State type '{kind}' is not supported when a mock is specified"
    ))
}

fn invalid(message: &str) -> StatesError {
    ApiError::validation(message).into()
}
