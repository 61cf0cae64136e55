use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, thread};

use serde_json::{Value, json};
use sluice_cloud::driver::Driver;
use sluice_cloud::sns::inbox;
use sluice_cloud::{Binaries, Cloud, CloudConfig, Mocks, Plans};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{Execution, HarnessError};

/// The mails that [`Sluice::mails`] reads at most.
const MAILS: usize = 1_000;

/// The time that requests get to end at a stop.
const GRACE: Duration = Duration::from_secs(2);

/// The time for which ended executions are kept: longer than any test advances the clock.
const KEEP: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A running runtime. It stops when it is dropped, and its directory goes.
pub struct Sluice {
    endpoint: String,
    outputs: Vec<(String, String)>,
    driver: Driver,
    agent: ureq::Agent,
    cloud: Option<Cloud>,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    // after the runtime: what writes into it goes first
    _directory: TempDir,
}

/// A mail that a topic sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address that it went to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

impl Sluice {
    pub(crate) fn of(
        plans: Plans,
        binaries: Binaries,
        lambda_endpoint: Option<String>,
        mocks: Option<Mocks>,
    ) -> Result<Self, HarnessError> {
        let failed = |doing| move |source| HarnessError::System { doing, source };
        let directory = tempfile::tempdir().map_err(failed("cannot make a directory"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(failed("cannot start threads"))?;
        let config = CloudConfig {
            data: directory.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            binaries,
            lambda_endpoint,
            worker: None,
            allowed_hosts: Vec::new(),
            keep: KEEP,
            quotas: None,
            mocks: mocks.map(Arc::new),
            http_hosts: Vec::new(),
            smtp: None,
        };
        let (cloud, outputs) = wait(&runtime, move || async move {
            let cloud = Cloud::start(plans, config).await?;
            let stacks = cloud.stacks().await;
            let outputs = stacks.into_iter().flat_map(|stack| stack.record.outputs);
            let outputs = outputs.map(|output| (output.key, output.value)).collect();
            Ok::<_, HarnessError>((cloud, outputs))
        })??;
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build();
        Ok(Self {
            endpoint: cloud.endpoint(),
            outputs,
            driver: cloud.driver().clone(),
            agent: agent.into(),
            cloud: Some(cloud),
            runtime: Some(runtime),
            _directory: directory,
        })
    }

    /// The address of the AWS endpoint, for `AWS_ENDPOINT_URL` or an SDK's configuration.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// An output of the stack.
    pub fn output(&self, key: &str) -> Option<&str> {
        let found = self.outputs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Creates a Standard state machine; returns its ARN.
    ///
    /// # Errors
    /// What is wrong with the definition, as CreateStateMachine says it.
    pub fn create_state_machine(&self, name: &str, definition: &Value) -> Result<String, HarnessError> {
        let role = "arn:aws:iam::000000000000:role/test";
        let members = json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
        let made = self.call("AWSStepFunctions.CreateStateMachine", &members)?;
        Ok(made["stateMachineArn"].as_str().unwrap_or_default().to_owned())
    }

    /// Starts an execution of a state machine, by its ARN, its name, or its logical id in the template; returns its ARN.
    ///
    /// # Errors
    /// [`HarnessError::NoMachine`] with the names that there are.
    pub fn start_execution(&self, machine: &str, input: Value) -> Result<String, HarnessError> {
        // a test case of mocks is for StartExecution
        let (machine, case) = machine.split_at(machine.find('#').unwrap_or(machine.len()));
        let arn = self.machine_arn(machine)?;
        let members = json!({ "stateMachineArn": format!("{arn}{case}"), "input": input.to_string() });
        let started = self.call("AWSStepFunctions.StartExecution", &members)?;
        Ok(started["executionArn"].as_str().unwrap_or_default().to_owned())
    }

    /// Starts an execution, and returns it once it has ended.
    ///
    /// # Errors
    /// As [`Self::start_execution`]. An execution that fails is none.
    pub fn run(&self, machine: &str, input: Value) -> Result<Execution, HarnessError> {
        self.wait(&self.start_execution(machine, input)?)
    }

    /// Returns an execution once it has ended.
    ///
    /// # Errors
    /// [`HarnessError::NoExecution`].
    pub fn wait(&self, execution_arn: &str) -> Result<Execution, HarnessError> {
        let (driver, arn) = (self.driver.clone(), execution_arn.to_owned());
        let ended = self.block(move || async move { driver.executions().wait_for_end(&arn).await })??;
        let record = ended.ok_or_else(|| HarnessError::NoExecution(execution_arn.to_owned()))?;
        Ok(Execution::of(&record))
    }

    /// Returns an execution as it is now.
    ///
    /// # Errors
    /// [`HarnessError::NoExecution`].
    pub fn execution(&self, execution_arn: &str) -> Result<Execution, HarnessError> {
        let (driver, arn) = (self.driver.clone(), execution_arn.to_owned());
        let found = self.block(move || async move { driver.executions().get(&arn).await })??;
        let record = found.ok_or_else(|| HarnessError::NoExecution(execution_arn.to_owned()))?;
        Ok(Execution::of(&record))
    }

    /// The events of an execution so far, as GetExecutionHistory writes them.
    ///
    /// # Errors
    /// [`HarnessError::NoExecution`].
    pub fn history(&self, execution_arn: &str) -> Result<Vec<Value>, HarnessError> {
        let (driver, arn) = (self.driver.clone(), execution_arn.to_owned());
        let found = self.block(move || async move { driver.executions().history(&arn).await })??;
        let events = found.ok_or_else(|| HarnessError::NoExecution(execution_arn.to_owned()))?;
        Ok(events.iter().map(|event| event.to_json(true)).collect())
    }

    /// Moves the clock ahead: waits, timeouts and schedules that fall into that span happen now.
    ///
    /// # Errors
    /// When the span is longer than a hundred years.
    pub fn advance(&self, by: Duration) -> Result<(), HarnessError> {
        let body = json!({ "advance_ms": u64::try_from(by.as_millis()).unwrap_or(u64::MAX) });
        let url = format!("{}/_sluice/clock", self.endpoint);
        let request = self.agent.post(url).header("content-type", "application/json");
        self.answer("the clock", request.send(body.to_string()))?;
        Ok(())
    }

    /// The mails that topics sent, newest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn mails(&self) -> Result<Vec<Mail>, HarnessError> {
        let driver = self.driver.clone();
        let found = self.block(move || async move { inbox::list(&driver, None, MAILS).await })??;
        let mails = found.into_iter().map(|mail| Mail {
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
        });
        Ok(mails.collect())
    }

    /// Calls an operation of a service with AWS's JSON protocol, such as `DynamoDB_20120810.GetItem`.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] with AWS's error.
    pub fn call(&self, target: &str, members: &Value) -> Result<Value, HarnessError> {
        let request = self.agent.post(&self.endpoint);
        let request = request
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0");
        self.answer(target, request.send(members.to_string()))
    }

    fn answer(
        &self,
        operation: &str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, HarnessError> {
        let failed = |error: ureq::Error| HarnessError::NoAnswer {
            operation: operation.to_owned(),
            reason: error.to_string(),
        };
        let mut answer = answer.map_err(failed)?;
        let text = answer.body_mut().read_to_string().map_err(failed)?;
        if !answer.status().is_success() {
            return Err(HarnessError::Refused {
                operation: operation.to_owned(),
                status: answer.status().as_u16(),
                body: text,
            });
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The ARN of a machine by its ARN, its name, or its logical id.
    fn machine_arn(&self, machine: &str) -> Result<String, HarnessError> {
        if machine.starts_with("arn:") {
            return Ok(machine.to_owned());
        }
        let listed = self.call("AWSStepFunctions.ListStateMachines", &json!({ "maxResults": 1000 }))?;
        let machines = listed["stateMachines"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let name = |one: &Value| one["name"].as_str().unwrap_or_default().to_owned();
        let found = machines.iter().find(|one| {
            // a generated name is STACK-LOGICALID-SUFFIX
            let name = name(one);
            name == machine || name.rsplit('-').nth(1) == Some(machine)
        });
        match found.and_then(|one| one["stateMachineArn"].as_str()) {
            Some(arn) => Ok(arn.to_owned()),
            None => Err(HarnessError::NoMachine {
                wanted: machine.to_owned(),
                known: machines.iter().map(name).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    fn block<T: Send, F: Future<Output = T>>(&self, future: impl FnOnce() -> F + Send) -> Result<T, HarnessError> {
        wait(self.runtime.as_ref().ok_or(HarnessError::Stopped)?, future)
    }
}

impl fmt::Debug for Sluice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sluice")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Drop for Sluice {
    fn drop(&mut self) {
        let (Some(runtime), Some(cloud)) = (self.runtime.take(), self.cloud.take()) else {
            return;
        };
        // a test is over: whatever goes wrong now is nobody's fault, and its directory goes
        let _ = wait(&runtime, || cloud.stop(GRACE));
        // not waited for: it may be dropped by a test that runs on another runtime
        runtime.shutdown_background();
    }
}

/// Waits for a future on the runtime. It is polled by a thread of its own: this one may be another runtime's, which must not.
fn wait<T: Send, F: Future<Output = T>>(
    runtime: &Runtime,
    future: impl FnOnce() -> F + Send,
) -> Result<T, HarnessError> {
    thread::scope(|scope| scope.spawn(|| runtime.block_on(future())).join()).map_err(|_| HarnessError::Stopped)
}
