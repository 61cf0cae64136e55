//! An AWS that answers from a list and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::Value;

type Asked = Arc<Mutex<Vec<(String, Value)>>>;

pub(crate) struct Fake {
    config: SdkConfig,
    asked: Asked,
}

impl Fake {
    /// Answers the first call with the first of `answers`, and so on; each is a status and a JSON body.
    pub(crate) fn new(answers: Vec<(u16, Value)>) -> Self {
        let asked = Asked::default();
        let remember = asked.clone();
        let answers = Mutex::new(VecDeque::from(answers));
        let client = infallible_client_fn(move |request: http::Request<SdkBody>| {
            let action = request
                .headers()
                .get("x-amz-target")
                .map(|name| name.to_str().unwrap().to_owned());
            let body = request.body().bytes().unwrap_or_default();
            let body =
                serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into()));
            remember.lock().unwrap().push((action.unwrap_or_default(), body));
            let (status, answer) = answers.lock().unwrap().pop_front().expect("a call more than answers");
            http::Response::builder()
                .status(status)
                .body(answer.to_string())
                .unwrap()
        });
        Fake {
            config: config_with(client),
            asked,
        }
    }

    pub(crate) fn config(&self) -> SdkConfig {
        self.config.clone()
    }

    /// The calls so far: the action header and the body.
    pub(crate) fn requests(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn only_request(&self) -> (String, Value) {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

/// A configuration whose calls go to `client`, once each.
pub(crate) fn config_with(client: impl HttpClient + 'static) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "A", "S", None, None, "test",
        )))
        .retry_config(RetryConfig::disabled())
        .http_client(client)
        .build()
}
