//! [GetFunction](https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html) and
//! [GetFunctionConfiguration](https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html)

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use sluice_engine::Timestamp;
use sluice_host::FunctionSpec;

use super::{FunctionName, LambdaError};
use crate::endpoint::{ApiError, Form, Services, rfc_3339};

pub(crate) fn get_function(services: &Services, name: &str, query: &Form) -> Result<Value, ApiError> {
    let spec = spec(services, name, query)?;
    let mut answer = json!({
        "Configuration": configuration(&spec),
        "Code": { "RepositoryType": "file", "Location": format!("file://{}", spec.binary.display()) },
    });
    if let Some(reserved) = spec.reserved_concurrency {
        answer["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    Ok(answer)
}

pub(crate) fn get_function_configuration(services: &Services, name: &str, query: &Form) -> Result<Value, ApiError> {
    Ok(configuration(&spec(services, name, query)?))
}

fn spec(services: &Services, name: &str, query: &Form) -> Result<FunctionSpec, LambdaError> {
    services
        .lambda
        .spec(&FunctionName::parse(name, query.filled("Qualifier"))?)
}

/// What is known about a function. There are no roles, layers or packages on one machine.
pub(super) fn configuration(spec: &FunctionSpec) -> Value {
    let mut shown = json!({
        "FunctionName": &*spec.name,
        "FunctionArn": &*spec.arn,
        "Runtime": spec.runtime,
        "Handler": spec.handler,
        "Description": spec.description,
        "Timeout": spec.timeout.as_secs(),
        "MemorySize": spec.memory_mb,
        "Version": &*spec.version,
        "Environment": { "Variables": spec.environment },
        "TracingConfig": { "Mode": "PassThrough" },
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [architecture()],
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": spec.log_group },
    });
    if let Ok(file) = std::fs::metadata(&spec.binary) {
        shown["CodeSize"] = json!(file.len());
        let modified = file
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        if let Some(modified) = modified.and_then(|since| Timestamp::try_from(since.as_millis()).ok()) {
            shown["LastModified"] = json!(rfc_3339(modified).replace('Z', "+0000"));
        }
    }
    shown
}

/// Functions are processes of this machine, whatever the template says.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}
