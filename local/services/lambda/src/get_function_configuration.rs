//! [GetFunctionConfiguration](https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html)

use sluice_wire::{ApiError, Form};

use crate::function_configuration::FunctionConfiguration;
use crate::{FunctionName, Lambda};

pub(crate) fn call(lambda: &Lambda, name: &str, query: &Form) -> Result<FunctionConfiguration, ApiError> {
    let spec = lambda.spec(&FunctionName::parse(name, query.filled("Qualifier"))?)?;
    Ok(FunctionConfiguration::of(&spec))
}
