//! A Kinesis data stream, by PutRecords
//! (<https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>).

use std::fmt;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::failure::failure;
use super::{Transport, tls};
use crate::RunError;
use crate::send_result::{Answer, Failure, FailureKind, SendResult};
use crate::submission::{Record, Submission};

/// The longest attempt to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// A stream, by its name or its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// In the account and region of the environment.
    Name(String),
    /// Anywhere.
    Arn(String),
}

impl Stream {
    /// The stream `text`.
    ///
    /// # Errors
    /// A sentence that says what a stream is, if this names none.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let is_name = |name: &str| {
            (1..=128).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        if is_name(text) {
            return Ok(Stream::Name(text.to_owned()));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, "kinesis", region, account, resource]
                if !partition.is_empty()
                    && !region.is_empty()
                    && !account.is_empty()
                    && resource.strip_prefix("stream/").is_some_and(is_name) =>
            {
                Ok(Stream::Arn(text.to_owned()))
            }
            _ => {
                Err("a stream is a name (1 to 128 letters, digits, _ . -) or an ARN (arn:aws:kinesis:...:stream/NAME)")
            }
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stream::Name(name) => write!(f, "stream {name}"),
            Stream::Arn(arn) => f.write_str(arn),
        }
    }
}

/// A client of Kinesis.
#[derive(Debug)]
pub struct Kinesis {
    client: Client,
    stream: Stream,
}

impl Kinesis {
    /// A client for `stream`, which gives a call up after `timeout`. Region, credentials and endpoint come from where
    /// AWS's tools look for them (on Fargate: the task's role).
    ///
    /// # Errors
    /// [`RunError::Aws`] if there is no region or there are no credentials.
    pub async fn new(stream: Stream, timeout: Duration) -> Result<Self, RunError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_timeout(timeout)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client()?)
            // A second try would be a second record, and hide what the first one came to.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .load()
            .await;
        if config.region().is_none() {
            return Err(RunError::Aws("no region; set AWS_REGION".to_owned()));
        }
        let provider = config
            .credentials_provider()
            .ok_or_else(|| RunError::Aws("no credentials".to_owned()))?;
        provider
            .provide_credentials()
            .await
            .map_err(|error| RunError::Aws(format!("no credentials: {}", failure(&error).message)))?;
        Ok(Self::with_config(&config, stream))
    }

    fn with_config(config: &SdkConfig, stream: Stream) -> Self {
        Kinesis {
            client: Client::new(config),
            stream,
        }
    }
}

impl Transport for Kinesis {
    fn target(&self) -> String {
        self.stream.to_string()
    }

    async fn send(&self, batch: &[Submission]) -> Vec<SendResult> {
        let entries = match batch.iter().map(entry).collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(failure) => return vec![Err(failure); batch.len()],
        };
        let call = self.client.put_records().set_records(Some(entries));
        let call = match &self.stream {
            Stream::Name(name) => call.stream_name(name),
            Stream::Arn(arn) => call.stream_arn(arn),
        };
        match call.send().await {
            Ok(output) => outcomes(&output, batch.len()),
            Err(error) => vec![Err(call_failure(&error)); batch.len()],
        }
    }
}

/// The partition key spreads over the shards: no two records of a run need an order.
fn entry(submission: &Submission) -> Result<PutRecordsRequestEntry, Failure> {
    let unusable = |error: &dyn fmt::Display| Failure {
        kind: FailureKind::Protocol,
        message: error.to_string(),
    };
    let data = serde_json::to_vec(&Record::from(submission)).map_err(|error| unusable(&error))?;
    let key = submission.key.clone().unwrap_or_else(|| submission.number.to_string());
    PutRecordsRequestEntry::builder()
        .data(Blob::new(data))
        .partition_key(key)
        .build()
        .map_err(|error| unusable(&error))
}

/// PutRecords can take some records and not others; its answers are in the order of the records.
fn outcomes(output: &PutRecordsOutput, count: usize) -> Vec<SendResult> {
    let results = output.records();
    (0..count)
        .map(|place| match results.get(place) {
            Some(result) => record_outcome(result),
            None => Err(Failure {
                kind: FailureKind::Protocol,
                message: format!("PutRecords answered {} of {count} records", results.len()),
            }),
        })
        .collect()
}

fn record_outcome(result: &PutRecordsResultEntry) -> SendResult {
    match (result.error_code(), result.sequence_number()) {
        (None, Some(_)) => Ok(Answer::Put),
        (None, None) => Err(Failure {
            kind: FailureKind::Protocol,
            message: "PutRecords answered neither a sequence number nor an error".to_owned(),
        }),
        (Some(code), _) => Err(Failure {
            kind: kind_of(code, 200),
            message: format!("{code}: {}", result.error_message().unwrap_or("no message")),
        }),
    }
}

fn call_failure(error: &SdkError<PutRecordsError, HttpResponse>) -> Failure {
    match error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or("an error without a name");
            let text = answer.err().message().unwrap_or("no message");
            Failure {
                kind: kind_of(code, answer.raw().status().as_u16()),
                message: format!("{code}: {text}"),
            }
        }
        SdkError::TimeoutError(_) => Failure {
            kind: FailureKind::Timeout,
            message: failure(error).message,
        },
        SdkError::DispatchFailure(dispatch) => {
            let mut failure = failure(error);
            if dispatch.is_timeout() && failure.kind == FailureKind::ConnectionLost {
                failure.kind = FailureKind::Unreachable;
            }
            failure
        }
        // The enum may grow.
        _ => failure(error),
    }
}

fn kind_of(code: &str, status: u16) -> FailureKind {
    match code {
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "KMSThrottlingException"
        | "ThrottlingException" => FailureKind::Throttled,
        "InternalFailure" | "InternalFailureException" | "ServiceUnavailable" => FailureKind::ServiceFault,
        _ if status >= 500 => FailureKind::ServiceFault,
        _ => FailureKind::ServiceRefused,
    }
}

/// The same trust as for a URL.
fn http_client() -> Result<SharedHttpClient, RunError> {
    let roots = TrustStore::empty()
        .with_pem_certificate(tls::AMAZON_ROOTS)
        .with_native_roots(true);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| RunError::Tls(error.to_string()))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}

#[cfg(test)]
mod tests;
