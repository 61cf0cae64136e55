use sluice_aws::{
    ApprovalRecord, Approvals, Attempts, CallError, Decided, Deciding, DeliverError, Delivery, LinkScope, SecretHash,
    Service, SettingError, TaskTokens, config, environment, required,
};
use sluice_workflows::{AuditData, Decision, TaskToken};

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

    async fn is_link_to(&self, id: &str, hash: &SecretHash) -> Result<bool, CallError> {
        let link = self.approvals.link_by_hash(hash).await?;
        Ok(link.is_some_and(|link| link.scope == LinkScope::Approval(id.to_owned())))
    }

    async fn decide(&self, id: &str, now_ms: i64, decision: &Decision) -> Result<Decided, CallError> {
        let deciding = Deciding {
            decision,
            now_ms,
            batch: None,
            data: &AuditData::new(),
        };
        self.approvals.decide(id, &deciding).await
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
        at_ms: i64,
        delivery: &Delivery,
    ) -> Result<bool, CallError> {
        self.approvals.record_delivery(id, token, at_ms, delivery).await
    }
}

fn approval() -> Result<(Approval<Aws>, OriginSecret), SettingError> {
    let config = |service| config(service, Attempts::BySdk, &environment);
    let approval = Approval::new(Aws {
        approvals: Approvals::new(
            &config(Service::DynamoDb)?,
            required(&environment, "APPROVALS_TABLE_NAME")?,
            required(&environment, "APPROVAL_AUDIT_TABLE_NAME")?,
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
