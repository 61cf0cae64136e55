//! [SendTaskSuccess](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html)

use serde::Deserialize;
use sluice_driver::{DriverError, TokenError};
use sluice_wire::Constraints;

use crate::empty::Empty;
use crate::input::{self, Refused};
use crate::{StatesError, StepFunctions};

/// The longest task token, in characters.
pub(crate) const MAX_TOKEN: usize = 2_048;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    task_token: Option<String>,
    output: Option<String>,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Empty, StatesError> {
    let mut constraints = Constraints::default();
    let token = constraints.text("taskToken", request.task_token, 1..=MAX_TOKEN);
    let output = constraints.required("output", request.output);
    constraints.finish()?;
    // AWS looks at the token before the output.
    if sluice_engine::token::parse(&token).is_none() {
        return Err(TokenError::Invalid.into());
    }
    let output = input::parse(&output).map_err(|refused| match refused {
        Refused::TooLong => input::too_long("output"),
        Refused::Empty => StatesError::InvalidOutput("Invalid output".into()),
        Refused::NotJson(why) => StatesError::InvalidOutput(why),
    })?;
    states
        .driver
        .tokens()
        .succeed(&token, output)
        .await
        .map_err(|error| match error {
            TokenError::Driver(too_deep @ DriverError::TooDeep { .. }) => {
                StatesError::InvalidOutput(too_deep.to_string())
            }
            other => other.into(),
        })?;
    Ok(Empty {})
}
