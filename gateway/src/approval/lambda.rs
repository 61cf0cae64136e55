use std::time::{SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;
use serde_json::{Value, json};
use sluice_aws::{
    ApprovalRecord, Approvals, Attempts, Batch, BatchSlice, CallError, CallErrorKind, Candidate, Code, CodeCheck,
    Decided, Deciding, DeliverError, Delivery, Executions, Fault, Grouped, Link, NewLink, OpenCursor, OpenItem,
    OpenKey, OpenPage, Secret, Service, SettingError, SliceCounts, StartError, TaskTokens, Wanted, WantedMail, config,
    environment, required,
};
use sluice_workflows::{AuditData, AuditKind, AuditTrail, Decision, TaskToken};

use super::decide_batch::{SliceRequest, decide_slice};
use super::function::Approval;
use super::operator::Operation;
use super::port::{BatchPort, DecisionPort, GroupPort, LinkPort, ListPort, SlicePort, StartPort};
use crate::http::{OriginSecret, Request, negotiate};

/// The tables and the workflow on AWS.
struct Aws {
    approvals: Approvals,
    tokens: TaskTokens,
}

/// The same with the workflow for decisions about many.
struct AwsWithBatches {
    aws: Aws,
    batches: Executions,
}

impl Aws {
    fn new() -> Result<Self, SettingError> {
        let config = |service| config(service, Attempts::BySdk, &environment);
        Ok(Aws {
            approvals: Approvals::new(
                &config(Service::DynamoDb)?,
                required(&environment, "APPROVALS_TABLE_NAME")?,
                required(&environment, "APPROVAL_AUDIT_TABLE_NAME")?,
            ),
            tokens: TaskTokens::new(&config(Service::StepFunctions)?),
        })
    }
}

impl DecisionPort for Aws {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.approvals.get(id).await
    }

    async fn decide(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
        self.approvals.decide(id, deciding).await
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

impl DecisionPort for AwsWithBatches {
    async fn get(&self, id: &str) -> Result<Option<ApprovalRecord>, CallError> {
        self.aws.get(id).await
    }

    async fn decide(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
        self.aws.decide(id, deciding).await
    }

    async fn send(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        self.aws.send(token, decision).await
    }

    async fn announce_redelivery(&self, id: &str, token: &TaskToken) -> Result<bool, CallError> {
        self.aws.announce_redelivery(id, token).await
    }

    async fn record_delivery(
        &self,
        id: &str,
        token: &TaskToken,
        at_ms: i64,
        delivery: &Delivery,
    ) -> Result<bool, CallError> {
        self.aws.record_delivery(id, token, at_ms, delivery).await
    }
}

impl BatchPort for Aws {
    async fn batch(&self, id: &str) -> Result<Option<Batch>, CallError> {
        self.approvals.batch(id).await
    }
}

impl BatchPort for AwsWithBatches {
    async fn batch(&self, id: &str) -> Result<Option<Batch>, CallError> {
        self.aws.batch(id).await
    }
}

impl GroupPort for Aws {
    async fn candidates(&self, ids: &[&str]) -> Result<Vec<Candidate>, CallError> {
        self.approvals.candidates(ids).await
    }

    async fn decide_group(&self, group: &[Candidate], deciding: &Deciding<'_>) -> Result<Grouped, CallError> {
        self.approvals.decide_group(group, deciding).await
    }

    async fn record_group(&self, group: &[Candidate], at_ms: i64) -> Result<Grouped, CallError> {
        self.approvals.record_group(group, at_ms).await
    }
}

impl SlicePort for Aws {
    async fn open_shard_page(
        &self,
        shard: usize,
        after: Option<&OpenKey>,
        limit: usize,
    ) -> Result<(Vec<OpenItem>, Option<OpenKey>), CallError> {
        self.approvals.open_shard_page(shard, after, limit).await
    }

    async fn plan_slice(&self, batch: &Batch, slice: BatchSlice) -> Result<Batch, CallError> {
        self.approvals.plan_slice(batch, slice).await
    }

    async fn finish_slice(&self, batch: &Batch, counts: SliceCounts) -> Result<Batch, CallError> {
        self.approvals.finish_slice(batch, counts).await
    }
}

impl LinkPort for AwsWithBatches {
    async fn link(&self, secret: &Secret) -> Result<Option<Link>, CallError> {
        self.aws.approvals.link(secret).await
    }

    async fn check_code(&self, secret: &Secret, code: Option<&Code>, now_ms: i64) -> Result<CodeCheck, CallError> {
        self.aws.approvals.check_code(secret, code, now_ms).await
    }

    async fn put_link(&self, link: &NewLink<'_>) -> Result<(), CallError> {
        self.aws.approvals.put_link(link).await
    }

    async fn want_mail(&self, mail: &WantedMail) -> Result<Wanted, CallError> {
        self.aws.approvals.want_mail(mail).await
    }

    async fn audit(&self, id: &str, at_ms: i64, kind: AuditKind, data: AuditData) -> Result<(), CallError> {
        self.aws.approvals.audit(id, at_ms, kind, data).await
    }

    async fn audit_trail(&self, id: &str) -> Result<AuditTrail, CallError> {
        self.aws.approvals.audit_trail(id).await
    }

    fn fresh_secret(&self) -> Result<Secret, CallError> {
        random().map(Secret::from_bytes)
    }

    fn fresh_code(&self) -> Result<Code, CallError> {
        random().map(Code::from_bytes)
    }
}

fn random<const N: usize>() -> Result<[u8; N], CallError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| CallError {
        action: "getrandom",
        kind: CallErrorKind::Refused,
        message: error.to_string(),
    })?;
    Ok(bytes)
}

impl ListPort for AwsWithBatches {
    async fn open_count(&self) -> Result<u64, CallError> {
        self.aws.approvals.open_count().await
    }

    async fn open_list(&self, after: Option<&OpenCursor>, limit: usize) -> Result<OpenPage, CallError> {
        self.aws.approvals.open_list(after, limit).await
    }
}

impl StartPort for AwsWithBatches {
    async fn create_batch(&self, batch: &Batch) -> Result<bool, CallError> {
        self.aws.approvals.create_batch(batch).await
    }

    async fn start_batch(&self, id: &str) -> Result<(), StartError> {
        let input = json!({"batch": id}).to_string();
        self.batches.start(id, &input).await.map(|_| ())
    }
}

fn approval() -> Result<(Approval<AwsWithBatches>, OriginSecret), SettingError> {
    let port = AwsWithBatches {
        aws: Aws::new()?,
        batches: Executions::new(
            &config(Service::StepFunctions, Attempts::BySdk, &environment)?,
            required(&environment, "DECIDE_BATCH_STATE_MACHINE_ARN")?,
        )?,
    };
    let site = environment("EDGE_URL");
    Ok((Approval::new(port, site.as_deref()), OriginSecret::read(&environment)?))
}

/// The machine's time: a direct invocation carries none.
fn machine_time_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(approval, async |(approval, origin), event: Value, _: Context| {
        if let Some(operation) = Operation::of_event(&event) {
            return approval.operate(operation?, machine_time_ms()).await;
        }
        let request: Request = serde_json::from_value(event).unwrap_or_default();
        let response = match origin.check(&request) {
            Ok(()) => approval.handle(&request).await,
            Err(problem) => problem.response(negotiate(request.header("accept"))),
        };
        Ok(json!(response))
    })
}

/// Runs the function that takes decisions about many.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run_decide_batch() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(Aws::new, async |aws, request: SliceRequest, _| {
        Ok::<_, Fault>(decide_slice(aws, &request).await?)
    })
}
