//! [GetFunction](https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html)

use serde::Serialize;
use sluice_wire::{ApiError, Form};

use crate::function_configuration::FunctionConfiguration;
use crate::{FunctionName, Lambda};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    configuration: FunctionConfiguration,
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<Concurrency>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    repository_type: &'static str,
    location: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Concurrency {
    reserved_concurrent_executions: u32,
}

pub(crate) fn call(lambda: &Lambda, name: &str, query: &Form) -> Result<Response, ApiError> {
    let spec = lambda.spec(&FunctionName::parse(name, query.filled("Qualifier"))?)?;
    Ok(Response {
        configuration: FunctionConfiguration::of(&spec),
        code: Code {
            repository_type: "file",
            location: format!("file://{}", spec.binary.display()),
        },
        concurrency: spec.reserved_concurrency.map(|reserved| Concurrency {
            reserved_concurrent_executions: reserved,
        }),
    })
}
