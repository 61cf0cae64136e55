use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::settings::{SettingError, required};

/// Amazon Trust Services' roots, which all AWS endpoints chain to
/// (<https://www.amazontrust.com/repository/>).
const AMAZON_ROOTS: &[u8] = include_bytes!("../roots/amazon.pem");

/// An AWS service that a function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Amazon DynamoDB.
    DynamoDb,
    /// AWS Step Functions.
    StepFunctions,
    /// Amazon SNS.
    Sns,
    /// Amazon SQS.
    Sqs,
}

impl Service {
    /// The variable that overrides this service's endpoint
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
    const fn endpoint_variable(self) -> &'static str {
        match self {
            Service::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Service::StepFunctions => "AWS_ENDPOINT_URL_SFN",
            Service::Sns => "AWS_ENDPOINT_URL_SNS",
            Service::Sqs => "AWS_ENDPOINT_URL_SQS",
        }
    }
}

/// The one who tries a failed call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// The SDK, up to three attempts in all.
    BySdk,
    /// The caller, which has a deadline of its own.
    ByCaller,
}

/// The configuration of a service's client, from the variables that Lambda sets in every function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>) and the endpoint overrides.
///
/// # Errors
/// [`SettingError`] if region or credentials are missing, or an endpoint is no http or https URL.
pub fn config(
    service: Service,
    attempts: Attempts,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<SdkConfig, SettingError> {
    let region = read("AWS_REGION")
        .or_else(|| read("AWS_DEFAULT_REGION"))
        .ok_or(SettingError::Missing("AWS_REGION"))?;
    let credentials = Credentials::new(
        required(read, "AWS_ACCESS_KEY_ID")?,
        required(read, "AWS_SECRET_ACCESS_KEY")?,
        read("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let endpoint = endpoint(service, read)?;
    let retry = match attempts {
        Attempts::BySdk => RetryConfig::standard(),
        Attempts::ByCaller => RetryConfig::disabled(),
    };
    // Shorter than any function's own timeout, so that a call that hangs becomes an error with a name.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(4))
        .operation_timeout(Duration::from_secs(9))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(TokioSleep::new())
        .retry_config(retry)
        .timeout_config(timeouts)
        // Made for bodies that stream; ours are small, and end by the timeouts. It would watch each one for nothing.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client(endpoint.as_deref()));
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

fn endpoint(service: Service, read: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, SettingError> {
    for name in [service.endpoint_variable(), "AWS_ENDPOINT_URL"] {
        let Some(value) = read(name) else { continue };
        if !value.starts_with("http://") && !value.starts_with("https://") {
            return Err(SettingError::Unusable {
                name,
                value,
                expected: "it must start with http:// or https://",
            });
        }
        return Ok(Some(value));
    }
    Ok(None)
}

fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    match endpoint {
        Some(url) if url.starts_with("http://") => Builder::new().build_http(),
        Some(_) | None => {
            let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
            // An own endpoint over https may be signed by anyone whom this machine trusts.
            let roots = roots.with_native_roots(endpoint.is_some());
            let tls = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
            match TlsContext::builder().with_trust_store(roots).build() {
                Ok(context) => tls.tls_context(context).build_https(),
                Err(_) => tls.build_https(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
    ];

    fn check(service: Service, extra: &[(&str, &str)], without: &str, expected: Result<Option<&str>, &str>) {
        let all: Vec<_> = LAMBDA
            .iter()
            .chain(extra)
            .filter(|(name, _)| *name != without)
            .collect();
        let read = |name: &str| {
            all.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let got = config(service, Attempts::BySdk, &read);
        let got = got.as_ref().map(SdkConfig::endpoint_url).map_err(ToString::to_string);
        match expected {
            Ok(endpoint) => assert_eq!(got, Ok(endpoint)),
            Err(part) => assert!(
                got.as_ref().is_err_and(|text| text.contains(part)),
                "{got:?} lacks {part}"
            ),
        }
    }

    #[test]
    fn the_endpoint_is_the_services_own_then_the_common_one() {
        let common = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
        let own = ("AWS_ENDPOINT_URL_SFN", "http://127.0.0.1:8083");
        check(Service::StepFunctions, &[], "", Ok(None));
        check(
            Service::StepFunctions,
            &[common, own],
            "",
            Ok(Some("http://127.0.0.1:8083")),
        );
        check(Service::DynamoDb, &[common, own], "", Ok(Some("http://127.0.0.1:4566")));
        check(
            Service::Sns,
            &[("AWS_ENDPOINT_URL", "127.0.0.1")],
            "",
            Err("AWS_ENDPOINT_URL is \"127.0.0.1\""),
        );
    }

    #[test]
    fn what_lambda_always_sets_is_needed() {
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            check(Service::DynamoDb, &[], name, Err(name));
        }
        check(Service::DynamoDb, &[], "AWS_SESSION_TOKEN", Ok(None));
        check(
            Service::DynamoDb,
            &[("AWS_DEFAULT_REGION", "eu-west-1")],
            "AWS_REGION",
            Ok(None),
        );
    }

    #[test]
    fn amazons_roots_are_five_certificates() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 5);
    }
}
