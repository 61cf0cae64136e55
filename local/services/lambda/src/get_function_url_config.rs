//! [GetFunctionUrlConfig](https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html)

use sluice_wire::{ApiError, Form};

use crate::urls::FunctionUrlConfig;
use crate::{FunctionName, Lambda, LambdaError};

pub(crate) fn call(lambda: &Lambda, name: &str, query: &Form) -> Result<FunctionUrlConfig, ApiError> {
    let function = FunctionName::parse(name, query.filled("Qualifier"))?;
    lambda.spec(&function)?;
    let url = lambda.urls().get(&function.name).ok_or(LambdaError::NoResource)?;
    Ok(url.into())
}
