//! `FunctionConfiguration`, which several calls answer with.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use serde::Serialize;
use sluice_clock::Timestamp;
use sluice_host::FunctionSpec;
use sluice_wire::rfc_3339;

/// The set-up of a function. There are no roles, layers or packages on one machine.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FunctionConfiguration {
    function_name: String,
    function_arn: String,
    runtime: String,
    handler: String,
    description: String,
    timeout: u64,
    memory_size: u32,
    version: String,
    environment: Environment,
    tracing_config: TracingConfig,
    state: &'static str,
    last_update_status: &'static str,
    package_type: &'static str,
    architectures: [&'static str; 1],
    logging_config: LoggingConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    log_format: &'static str,
    log_group: String,
}

impl FunctionConfiguration {
    pub(crate) fn of(spec: &FunctionSpec) -> Self {
        let file = std::fs::metadata(&spec.binary).ok();
        Self {
            function_name: spec.name.to_string(),
            function_arn: spec.arn.to_string(),
            runtime: spec.runtime.clone(),
            handler: spec.handler.clone(),
            description: spec.description.clone(),
            timeout: spec.timeout.as_secs(),
            memory_size: spec.memory_mb,
            version: spec.version.to_string(),
            environment: Environment {
                variables: spec.environment.clone(),
            },
            tracing_config: TracingConfig { mode: "PassThrough" },
            state: "Active",
            last_update_status: "Successful",
            package_type: "Zip",
            architectures: [architecture()],
            logging_config: LoggingConfig {
                log_format: "Text",
                log_group: spec.log_group.clone(),
            },
            code_size: file.as_ref().map(std::fs::Metadata::len),
            last_modified: file.as_ref().and_then(last_modified),
        }
    }
}

fn last_modified(file: &std::fs::Metadata) -> Option<String> {
    let since = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let at = Timestamp::try_from(since.as_millis()).ok()?;
    Some(rfc_3339(at).replace('Z', "+0000"))
}

/// Functions are processes of this machine, whatever the template says.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}
