//! The environment of an instance, as Lambda defines it. Pure.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use crate::config::{Credentials, FunctionSpec};
use crate::family::MARK;

/// The values of the environment that differ from instance to instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InstanceIdentity<'a> {
    pub(crate) runtime_api: SocketAddr,
    pub(crate) log_stream: &'a str,
    pub(crate) task_root: &'a Path,
    /// The mark by which the processes that it starts are found.
    pub(crate) mark: &'a str,
}

/// All variables of an instance. The function's own replace the defaults, not the reserved ones.
pub(crate) fn environment(
    spec: &FunctionSpec,
    region: &str,
    credentials: &Credentials,
    identity: InstanceIdentity<'_>,
) -> BTreeMap<String, String> {
    let defaults = [
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
        ("TZ", ":UTC"),
    ];
    let api = identity.runtime_api.to_string();
    let memory = spec.memory_mb.to_string();
    let root = identity.task_root.to_string_lossy();
    let reserved = [
        ("_HANDLER", spec.handler.as_str()),
        (MARK, identity.mark),
        ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &spec.version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &spec.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", identity.log_stream),
        ("AWS_LAMBDA_RUNTIME_API", &api),
        ("AWS_REGION", region),
        ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", &credentials.session_token),
        ("LAMBDA_TASK_ROOT", &root),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut all: BTreeMap<String, String> = defaults.into_iter().map(own).collect();
    all.extend(spec.environment.clone());
    all.extend(reserved.into_iter().map(own));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut spec = FunctionSpec::new(
            "store",
            "arn:aws:lambda:eu-west-1:123456789012:function:store",
            "/task/store",
        );
        spec.environment = own
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let identity = InstanceIdentity {
            runtime_api: SocketAddr::from(([127, 0, 0, 1], 9001)),
            log_stream: "2026/11/22/[$LATEST]ab",
            task_root: Path::new("/task"),
            mark: "ab.7",
        };
        environment(&spec, "eu-west-1", &Credentials::default(), identity)
    }

    #[test]
    fn an_instance_finds_what_lambda_defines() {
        let variables = variables(&[]);
        for (name, expected) in [
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
            ("AWS_LAMBDA_FUNCTION_NAME", "store"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/store"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]ab"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("LAMBDA_TASK_ROOT", "/task"),
            ("_HANDLER", "bootstrap"),
            ("TZ", ":UTC"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(expected), "{name}");
        }
        assert!(!variables.contains_key("_X_AMZN_TRACE_ID"));
    }

    #[test]
    fn own_variables_replace_defaults_but_nothing_reserved() {
        let variables = variables(&[("TZ", "Asia/Kolkata"), ("TABLE", "entries"), ("AWS_REGION", "mars-1")]);
        for (name, expected) in [
            ("TZ", "Asia/Kolkata"),
            ("TABLE", "entries"),
            ("AWS_REGION", "eu-west-1"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(expected), "{name}");
        }
    }
}
