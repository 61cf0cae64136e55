//! [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html)
//!
//! The engine tests the state ([`sluice_engine::test_state`]); what it needs from outside is the mock, a real call by
//! the task runner, or time. Nothing is kept.

mod configuration;
mod context;
mod mock;
mod reader;
mod request;
mod response;
mod run;
mod shapes;
mod state_under_test;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::eval::StopSignal;
use sluice_asl::{StateKind, Variables};
use sluice_engine::test_state::{StateTest, TestEvaluator};
use sluice_wire::ApiError;

use crate::{StatesError, StepFunctions, input};
use input::Refused;
use request::Checked;
pub(crate) use request::Request;
use response::Response;

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let request = request.check()?;
    let state = state_under_test::find(&request.definition, request.state_name.as_deref())?;
    match &request.mock {
        Some(mock) => mock.check(&state, &request.configuration)?,
        None => needs_no_mock(&state.kind, request.role_arn.is_some())?,
    }
    let input = Arc::new(execution_input(request.input.as_deref())?);
    let identity = context::identity(&states.account, &request);
    let context = match &request.context {
        Some(text) => context::given(text, &state)?,
        None => context::made(&states.account, &identity, &request, &state, &input),
    };
    let read = reader::read(&state, request.configuration.map_item_reader_data.as_deref())?;
    let level = request.level;
    let test = StateTest {
        state,
        input,
        context,
        variables: variables(&request)?,
        at: states.account.now(),
        seed: (states.account.seed)(),
        retries: request.configuration.retrier_retry_count,
        read_items: read.items,
        stop: StopSignal::new(),
        evaluator: TestEvaluator::default(),
    };
    let report = run::run(states, identity, test, request.mock, &request.configuration).await?;
    Ok(Response::of(&report, read.pointed.as_ref(), level))
}

/// Refuses states that can only be tested with a mock, or only under a role.
fn needs_no_mock(kind: &StateKind, has_role: bool) -> Result<(), StatesError> {
    let unsupported = |what: &str| {
        Err(StatesError::InvalidDefinition(format!(
            "TestState API does not support {what} unless a mock is specified"
        )))
    };
    match kind {
        StateKind::Map(_) | StateKind::Parallel(_) => Err(StatesError::InvalidDefinition(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, \
             Succeed, Fail, Choice]"
                .into(),
        )),
        StateKind::Task(task) => match &task.resource {
            Resource::Activity { .. } => unsupported("Activity tasks"),
            Resource::Service {
                pattern: IntegrationPattern::Sync | IntegrationPattern::Sync2,
                ..
            } => unsupported("the '.sync' service integration pattern"),
            Resource::Service {
                pattern: IntegrationPattern::WaitForTaskToken,
                ..
            } => unsupported("the '.waitForTaskToken' service integration pattern"),
            Resource::Function { .. } | Resource::Service { .. } if !has_role => {
                Err(ApiError::validation("RoleArn must be specified when testing a Task state").into())
            }
            Resource::Function { .. } | Resource::Service { .. } => Ok(()),
        },
        StateKind::Pass(_) | StateKind::Choice(_) | StateKind::Wait(_) | StateKind::Succeed(_) | StateKind::Fail(_) => {
            Ok(())
        }
    }
}

fn execution_input(text: Option<&str>) -> Result<Value, StatesError> {
    let refused = |why: String| Err(StatesError::InvalidExecutionInput(why));
    match input::parse(text.unwrap_or("{}")) {
        Ok(value) => Ok(value),
        Err(Refused::TooLong) => refused(format!("The input is longer than {} bytes.", input::MAX_BYTES)),
        Err(Refused::Empty) => refused("Invalid execution input.".into()),
        Err(Refused::NotJson(why)) => refused(why),
    }
}

fn variables(request: &Checked) -> Result<Variables, StatesError> {
    let refused = |why: &str| ApiError::validation(format!("Invalid variables provided: {why}"));
    let Some(text) = &request.variables else {
        return Ok(Variables::new());
    };
    match super::json_error::parse(text) {
        Ok(Value::Object(members)) => Ok(members
            .into_iter()
            .map(|(name, value)| (Arc::from(name), Arc::new(value)))
            .collect()),
        Ok(_) => Err(refused("Variables must be a JSON object").into()),
        Err(why) => Err(refused(&why).into()),
    }
}
