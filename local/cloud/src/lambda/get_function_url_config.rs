//! [GetFunctionUrlConfig](https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html) and
//! [ListFunctionUrlConfigs](https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html)

use serde_json::{Value, json};

use super::{FunctionName, FunctionUrl, LambdaError};
use crate::endpoint::{ApiError, Form, Services, rfc_3339};

pub(crate) fn get_function_url_config(services: &Services, name: &str, query: &Form) -> Result<Value, ApiError> {
    let function = FunctionName::parse(name, query.filled("Qualifier"))?;
    services.lambda.spec(&function)?;
    let url = services
        .function_urls
        .get(&function.name)
        .ok_or(LambdaError::NoResource)?;
    Ok(shown(&url))
}

pub(crate) fn list_function_url_configs(services: &Services, name: &str) -> Result<Value, ApiError> {
    let function = FunctionName::parse(name, None)?;
    services.lambda.spec(&function)?;
    let urls: Vec<Value> = services.function_urls.get(&function.name).iter().map(shown).collect();
    Ok(json!({ "FunctionUrlConfigs": urls }))
}

fn shown(url: &FunctionUrl) -> Value {
    let mut shown = json!({
        "FunctionUrl": url.url,
        "FunctionArn": url.function_arn,
        "AuthType": url.auth_type.as_str(),
        "CreationTime": rfc_3339(url.created),
        "LastModifiedTime": rfc_3339(url.created),
        "InvokeMode": "BUFFERED",
    });
    if let Some(cors) = &url.cors {
        shown["Cors"] = cors.clone();
    }
    shown
}
