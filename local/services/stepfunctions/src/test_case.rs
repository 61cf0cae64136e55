//! Test cases: an execution that is started with `STATE_MACHINE_ARN#CASE` gets the answers of its tasks from that case, as in
//! [Step Functions Local](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html).
//!
//! The case and the calls that were answered are kept with the execution, so that it goes on the same after a restart.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sluice_driver::{DriverError, StartExecution};
use sluice_engine::AttemptId;
use sluice_wire::ApiError;

use crate::start_execution::{self, Request};
use crate::{StatesError, StepFunctions};

/// The kind under which the store keeps them, by `MACHINE/EXECUTION`.
const KIND: &str = "test-case";

/// The case of an execution, and the attempts that were answered from it, by state.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Chosen {
    case: String,
    calls: std::collections::BTreeMap<String, Vec<AttemptId>>,
}

impl StepFunctions {
    /// The request as the driver takes it, with its test case on disk before anything starts.
    pub(crate) async fn prepared(&self, mut request: Request) -> Result<StartExecution, StatesError> {
        let case = match (&self.test_cases, &mut request.state_machine_arn) {
            (Some(cases), Some(arn)) => match arn.split_once('#') {
                Some((machine, case)) => {
                    let (machine, case) = (machine.to_owned(), case.to_owned());
                    cases
                        .check(machine_name(&machine), &case)
                        .map_err(ApiError::validation)?;
                    machine.clone_into(arn);
                    Some(case)
                }
                None => None,
            },
            _ => None,
        };
        let mut request = start_execution::checked(request)?;
        if let Some(case) = case {
            let name = request.name.get_or_insert_with(|| self.account.uuid().to_string());
            self.choose(&key(machine_name(&request.machine_arn), name), case)
                .await?;
        }
        Ok(request)
    }

    async fn choose(&self, key: &str, case: String) -> Result<(), StatesError> {
        let store = self.driver.store();
        let chosen = json!(Chosen {
            case: case.clone(),
            ..Chosen::default()
        });
        if store.put_if_absent(KIND, key, chosen).await? {
            return Ok(());
        }
        match self.chosen(key).await? {
            Some(before) if before.case != case => Err(ApiError::validation(format!(
                "An execution of this name was started with the test case {:?}; take another name.",
                before.case
            ))
            .into()),
            // Started again, as StartExecution may be.
            Some(_) | None => Ok(()),
        }
    }

    async fn chosen(&self, key: &str) -> Result<Option<Chosen>, DriverError> {
        let kept = self.driver.store().get(KIND, key).await?;
        Ok(kept.and_then(|kept| serde_json::from_value(kept).ok()))
    }

    /// The test case that an execution was started with, if it was with one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn test_case(&self, machine: &str, execution: &str) -> Result<Option<String>, DriverError> {
        Ok(self.chosen(&key(machine, execution)).await?.map(|chosen| chosen.case))
    }

    /// The number of this call among those of its state that a test case answers, from 0. A call that is made again after a
    /// restart has the number that it had.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn number_of_call(
        &self,
        machine: &str,
        execution: &str,
        state: &str,
        attempt: AttemptId,
    ) -> Result<usize, DriverError> {
        let key = key(machine, execution);
        // two calls of one execution may come at once
        let _one_at_a_time = self.counting.lock().await;
        let mut chosen = self.chosen(&key).await?.unwrap_or_default();
        let calls = chosen.calls.entry(state.to_owned()).or_default();
        if let Some(number) = calls.iter().position(|one| *one == attempt) {
            return Ok(number);
        }
        let number = calls.len();
        calls.push(attempt);
        self.driver.store().put(KIND, &key, json!(chosen)).await?;
        Ok(number)
    }
}

/// `NAME` of `arn:…:stateMachine:NAME`, perhaps with a version or alias behind it.
fn machine_name(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or_default()
}

fn key(machine: &str, execution: &str) -> String {
    format!("{machine}/{execution}")
}
