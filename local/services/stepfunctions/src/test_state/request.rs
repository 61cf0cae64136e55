//! The request, and all that can be said about it before the definition is read.

use serde::Deserialize;
use sluice_wire::{ApiError, Constraints};

use super::configuration::Configuration;
use super::mock::{Mock, MockInput};
use crate::{StatesError, arn, definition, input};

const MAX_STATE_NAME: usize = 80;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    definition: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    inspection_level: Option<String>,
    reveal_secrets: Option<bool>,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<MockInput>,
    context: Option<String>,
    state_configuration: Option<StateConfiguration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StateConfiguration {
    retrier_retry_count: Option<i64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<i64>,
    map_item_reader_data: Option<String>,
}

/// `inspectionLevel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// The outcome alone.
    Info,
    /// And what the state did with its data.
    Debug,
    /// And the requests and responses of HTTP tasks, which this machine does not run.
    Trace,
}

/// The request, checked.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) definition: String,
    pub(super) role_arn: Option<String>,
    pub(super) input: Option<String>,
    pub(super) level: Level,
    pub(super) variables: Option<String>,
    pub(super) state_name: Option<String>,
    pub(super) mock: Option<Mock>,
    pub(super) context: Option<String>,
    pub(super) configuration: Configuration,
}

impl Request {
    /// # Errors
    /// `ValidationException` for members that break their constraints or do not go together, `InvalidArn` for the role.
    pub(super) fn check(self) -> Result<Checked, StatesError> {
        const LEVELS: [(&str, Level); 3] = [("INFO", Level::Info), ("DEBUG", Level::Debug), ("TRACE", Level::Trace)];
        let mut constraints = Constraints::default();
        let definition = constraints.text("definition", self.definition, 1..=definition::MAX_CHARS);
        let role_arn = constraints.optional_text("roleArn", self.role_arn, 1..=256);
        let level = constraints.choice(
            "inspectionLevel",
            self.inspection_level.as_deref(),
            &LEVELS,
            Level::Info,
        );
        let state_name = constraints.optional_text("stateName", self.state_name, 1..=MAX_STATE_NAME);
        let variables = constraints.optional_text("variables", self.variables, 0..=input::MAX_BYTES);
        let context = constraints.optional_text("context", self.context, 0..=input::MAX_BYTES);
        let configuration = self.state_configuration.unwrap_or_default().check(&mut constraints);
        let mock = self.mock.map(|mock| mock.check(&mut constraints));
        constraints.finish()?;
        if let Some(role) = &role_arn {
            arn::role(role)?;
        }
        let mock = mock.map(Mock::try_from).transpose()?;
        match &mock {
            Some(_) if self.reveal_secrets == Some(true) => {
                return Err(invalid("RevealSecrets cannot be true when a mock is specified"));
            }
            Some(_) => {}
            None if context.is_some() => {
                return Err(invalid("Context can only be specified when a mock is specified"));
            }
            None if configuration.map_iteration_failure_count.is_some() => {
                return Err(invalid(
                    "Map iteration failure count can only be specified when a mock is specified",
                ));
            }
            None => {}
        }
        Ok(Checked {
            definition,
            role_arn,
            input: self.input,
            level,
            variables,
            state_name,
            mock,
            context,
            configuration,
        })
    }
}

impl StateConfiguration {
    fn check(self, constraints: &mut Constraints) -> Configuration {
        let mut count = |member: &str, value: Option<i64>| {
            value.map(|value| u64::from(constraints.number(member, Some(value), 0..=i32::MAX.unsigned_abs(), 0)))
        };
        let retries = count("stateConfiguration.retrierRetryCount", self.retrier_retry_count);
        let failures = count(
            "stateConfiguration.mapIterationFailureCount",
            self.map_iteration_failure_count,
        );
        Configuration {
            retrier_retry_count: retries.unwrap_or(0),
            error_caused_by_state: constraints.optional_text(
                "stateConfiguration.errorCausedByState",
                self.error_caused_by_state,
                1..=MAX_STATE_NAME,
            ),
            map_iteration_failure_count: failures,
            map_item_reader_data: constraints.optional_text(
                "stateConfiguration.mapItemReaderData",
                self.map_item_reader_data,
                0..=input::MAX_BYTES,
            ),
        }
    }
}

fn invalid(message: &str) -> StatesError {
    ApiError::validation(message).into()
}
