use sluice_aws::{
    ApprovalRecord, Approvals, Attempts, CallError, Decided, DeliverError, Delivery, Fault, SecretHash, Service,
    SettingError, TaskTokens, config, environment, required,
};
use sluice_workflows::{Decision, TaskToken};

use super::{Approval, Desk};
use crate::http::Event;

/// The table and the workflow on AWS.
struct Aws {
    approvals: Approvals,
    tokens: TaskTokens,
}

impl Desk for Aws {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.approvals.get(id).await
    }

    async fn decide(
        &self,
        id: &str,
        hash: &SecretHash,
        now_ms: i64,
        decision: &Decision,
    ) -> Result<Decided, CallError> {
        self.approvals.decide(id, hash, now_ms, decision).await
    }

    async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        self.tokens.deliver(token, decision).await
    }

    async fn tell_again(&self, id: &str, token: &TaskToken) -> Result<bool, CallError> {
        self.approvals.tell_again(id, token).await
    }

    async fn note_delivery(&self, id: &str, token: &TaskToken, at: &str, how: &Delivery) -> Result<bool, CallError> {
        self.approvals.note_delivery(id, token, at, how).await
    }
}

fn approval() -> Result<Approval<Aws>, SettingError> {
    let config = |service| config(service, Attempts::BySdk, &environment);
    Ok(Approval::new(Aws {
        approvals: Approvals::new(
            &config(Service::DynamoDb)?,
            required(&environment, "APPROVALS_TABLE_NAME")?,
        ),
        tokens: TaskTokens::new(&config(Service::StepFunctions)?),
    }))
}

/// Runs the function. A missing setting is reported for each event.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::log_to_stdout();
    let approval = approval();
    let approval = &approval;
    sluice_aws::serve(move |event: Event, _| async move {
        let approval = approval.as_ref().map_err(|error| Fault::from(error.clone()))?;
        Ok(approval.answer(&event).await)
    })
}
