//! [ListFunctionUrlConfigs](https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html)

use serde::Serialize;
use sluice_wire::ApiError;

use crate::urls::FunctionUrlConfig;
use crate::{FunctionName, Lambda};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    function_url_configs: Vec<FunctionUrlConfig>,
}

pub(crate) fn call(lambda: &Lambda, name: &str) -> Result<Response, ApiError> {
    let function = FunctionName::parse(name, None)?;
    lambda.spec(&function)?;
    Ok(Response {
        function_url_configs: lambda.urls().get(&function.name).into_iter().map(Into::into).collect(),
    })
}
