use sluice_aws::{
    ApprovalRecord, Approvals, Attempts, CallError, Decided, DeliverError, Delivery, SecretHash, Service, SettingError,
    TaskTokens, config, environment, required,
};
use sluice_workflows::{Decision, TaskToken};

use super::{Approval, ApprovalPort};
use crate::http::{OriginSecret, Request, negotiate};

/// The table and the workflow on AWS.
struct Aws {
    approvals: Approvals,
    tokens: TaskTokens,
}

impl ApprovalPort for Aws {
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

    async fn send(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        self.tokens.deliver(token, decision).await
    }

    async fn announce_redelivery(&self, id: &str, token: &TaskToken) -> Result<bool, CallError> {
        self.approvals.announce_redelivery(id, token).await
    }

    async fn record_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        at: &str,
        delivery: &Delivery,
    ) -> Result<bool, CallError> {
        self.approvals.record_delivery(id, token, at, delivery).await
    }
}

fn approval() -> Result<(Approval<Aws>, OriginSecret), SettingError> {
    let config = |service| config(service, Attempts::BySdk, &environment);
    let approval = Approval::new(Aws {
        approvals: Approvals::new(
            &config(Service::DynamoDb)?,
            required(&environment, "APPROVALS_TABLE_NAME")?,
        ),
        tokens: TaskTokens::new(&config(Service::StepFunctions)?),
    });
    Ok((approval, OriginSecret::read(&environment)?))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(approval, async |(approval, origin), request: Request, _| {
        Ok(match origin.check(&request) {
            Ok(()) => approval.handle(&request).await,
            Err(problem) => problem.response(negotiate(request.header("accept"))),
        })
    })
}
