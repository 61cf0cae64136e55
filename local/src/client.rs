//! A client of a running `sluice up`: of its AWS endpoint, its console and its controls, which share one port.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// The time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(70);

/// The time in which a connection is there, or nobody listens.
const CONNECT: Duration = Duration::from_secs(3);

/// The most bytes of an answer: a history of 25,000 events comes in pages, each below it.
const MOST: u64 = 256 << 20;

/// The address of the running `sluice up` that a command asks.
#[derive(Debug, Clone, Args)]
pub(crate) struct Endpoint {
    /// Address of the running endpoint
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        default_value = "http://127.0.0.1:4566"
    )]
    pub(crate) endpoint: String,
}

/// The options of each command that asks a running `sluice up`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Asked {
    /// Print JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
}

/// The reasons for which a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens there, or the connection broke.
    #[error("no `sluice up` answers at {endpoint} ({reason}); start it, or name it with --endpoint URL")]
    Unreachable {
        /// The address.
        endpoint: String,
        /// The reason.
        reason: String,
    },
    /// Something else answers.
    #[error("what answers at {endpoint} is not this release of `sluice up` ({reason}); name it with --endpoint URL")]
    Foreign {
        /// The address.
        endpoint: String,
        /// The fault of the answer.
        reason: String,
    },
    /// The call was understood and refused.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// AWS's name of the error, or nothing.
        code: String,
        /// The reason in words.
        message: String,
    },
}

impl ClientError {
    /// Returns true if the thing that was asked for is not there.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => *status == 404 || code.ends_with("DoesNotExist"),
            Self::Unreachable { .. } | Self::Foreign { .. } => false,
        }
    }
}

/// An answer of a URL: the status, and the body as JSON, or as text if it is none.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
    /// The header `Location`.
    pub(crate) location: Option<String>,
}

/// A client of one endpoint.
pub(crate) struct Client {
    endpoint: String,
    agent: Agent,
}

impl Client {
    pub(crate) fn new(endpoint: &Endpoint) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(PATIENCE))
            // a function's answer may lead elsewhere: the command says where, and does not go
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self {
            endpoint: endpoint.endpoint.trim_end_matches('/').to_owned(),
            agent: config.into(),
        }
    }

    /// The address, without a slash at the end.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Asks for a page of the console or of the controls as JSON. `path` begins with a slash.
    pub(crate) fn get(&self, path: &str) -> Result<Value, ClientError> {
        let request = Request::get(format!("{}{path}", self.endpoint)).header("accept", "application/json");
        self.read(request.body(String::new()))
    }

    /// Calls an operation of Step Functions.
    pub(crate) fn states(&self, operation: &str, members: &Value) -> Result<Value, ClientError> {
        let request = Request::post(format!("{}/", self.endpoint))
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .header("content-type", "application/x-amz-json-1.0");
        self.read(request.body(members.to_string()))
    }

    /// Collects the items of all pages of a list of Step Functions, as long as `wanted` says so of what is there.
    pub(crate) fn states_list(
        &self,
        operation: &str,
        mut members: Value,
        name: &str,
        mut wanted: impl FnMut(&[Value]) -> bool,
    ) -> Result<Vec<Value>, ClientError> {
        let mut all = Vec::new();
        loop {
            let mut page = self.states(operation, &members)?;
            if let Some(Value::Array(items)) = page.get_mut(name).map(Value::take) {
                all.extend(items);
            }
            match page.get("nextToken").filter(|token| token.is_string()) {
                Some(token) if wanted(&all) => members["nextToken"] = token.clone(),
                _ => return Ok(all),
            }
        }
    }

    /// Sends JSON to a function URL, or asks it; its answer is the answer, whatever its status.
    pub(crate) fn ask_url(
        &self,
        url: &str,
        body: Option<&Value>,
        headers: &[(&str, String)],
    ) -> Result<Answer, ClientError> {
        let request = match body {
            Some(_) => Request::post(url).header("content-type", "application/json"),
            None => Request::get(url),
        };
        let mut request = request.header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let unreachable = |reason: String| ClientError::Unreachable {
            endpoint: url.to_owned(),
            reason,
        };
        let request = request.body(body.map(Value::to_string).unwrap_or_default());
        let request = request.map_err(|error| unreachable(error.to_string()))?;
        let mut response = self
            .agent
            .run(request)
            .map_err(|error| unreachable(error.to_string()))?;
        let text = text_of(&mut response).map_err(unreachable)?;
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        Ok(Answer {
            status: response.status().as_u16(),
            location: location.map(str::to_owned),
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }

    fn read(&self, request: Result<Request<String>, ureq::http::Error>) -> Result<Value, ClientError> {
        let unreachable = |reason: String| ClientError::Unreachable {
            endpoint: self.endpoint.clone(),
            reason,
        };
        let request = request.map_err(|error| unreachable(error.to_string()))?;
        let mut response = self
            .agent
            .run(request)
            .map_err(|error| unreachable(error.to_string()))?;
        let text = text_of(&mut response).map_err(unreachable)?;
        let status = response.status();
        let body: Option<Value> = serde_json::from_str(&text).ok();
        if !status.is_success() {
            return Err(refused(status.as_u16(), body.as_ref(), &text));
        }
        body.ok_or_else(|| ClientError::Foreign {
            endpoint: self.endpoint.clone(),
            reason: format!("status {}, and no JSON", status.as_u16()),
        })
    }
}

fn text_of(response: &mut Response<Body>) -> Result<String, String> {
    let read = response.body_mut().with_config().limit(MOST).read_to_string();
    read.map_err(|error| error.to_string())
}

/// The refusal in an answer: AWS's `__type` and `message`, or the `detail` of a problem, or the text.
fn refused(status: u16, body: Option<&Value>, text: &str) -> ClientError {
    let member = |name: &str| body.and_then(|body| body.get(name)?.as_str());
    let code = member("__type").map(|name| name.rsplit('#').next().unwrap_or(name));
    let message = ["message", "Message", "detail"].into_iter().find_map(member);
    let words = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (None, Some(message)) => message.to_owned(),
        (Some(code), None) => code.to_owned(),
        (None, None) if text.trim().is_empty() => format!("status {status}"),
        (None, None) => text.trim().chars().take(400).collect(),
    };
    ClientError::Refused {
        status,
        code: code.unwrap_or_default().to_owned(),
        message: words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_said_in_its_own_words() {
        fn check(status: u16, text: &str, expected: &str, absent: bool) {
            let body: Option<Value> = serde_json::from_str(text).ok();
            let error = refused(status, body.as_ref(), text);
            assert_eq!(
                (error.to_string().as_str(), error.is_absent()),
                (expected, absent),
                "{text}"
            );
        }
        let does_not_exist =
            json!({ "__type": "a.b#ExecutionDoesNotExist", "message": "Execution Does Not Exist: 'x'" });
        check(
            400,
            &does_not_exist.to_string(),
            "ExecutionDoesNotExist: Execution Does Not Exist: 'x'",
            true,
        );
        check(
            404,
            r#"{"status":404,"detail":"there is no mail"}"#,
            "there is no mail",
            true,
        );
        check(400, r#"{"detail":"no"}"#, "no", false);
        check(503, "", "status 503", false);
        check(503, "the disk is full\n", "the disk is full", false);
    }

    #[test]
    fn nobody_there_is_said_with_what_to_do() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}/", listener.local_addr().expect("an address"));
        drop(listener);
        let error = Client::new(&Endpoint { endpoint })
            .get("/health")
            .expect_err("nobody")
            .to_string();
        assert!(error.contains("start it") && error.contains("--endpoint"), "{error}");
    }
}
