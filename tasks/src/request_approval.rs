//! Asks an admin: writes the record of the approval, then sends the mails with the links, or leaves them to the next digest.

#[cfg(test)]
mod tests;

use sluice_aws::{
    Attempts, CallError, DeliverError, Delivery, Fault, LinkPurpose, Opened, Opening, Service, SettingError,
    SubmissionRecord, Submissions, TaskTokens, config, environment, required,
};
use sluice_workflows::{ApprovalRequest, Decision, DecisionKind, SubmissionStatus, TaskError, TaskToken};

use crate::mail::Occasion;
use crate::mailing::{Asked, AwsMails, Mailing, Mails, table_fault};
use crate::{summary, times};

/// The approvals and the workflow, as asking needs them.
pub trait ApprovalPort {
    /// Writes the record of an approval, or puts the newer token into the one that is there.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn open(&self, opening: &Opening<'_>) -> impl Future<Output = Result<Opened, CallError>>;

    /// Records that a mail of its own went out about an approval.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn mark_mailed(&self, id: &str) -> impl Future<Output = Result<(), CallError>>;

    /// Records the status of a submission, unless the table knows something later.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn put_status(&self, record: &SubmissionRecord) -> impl Future<Output = Result<bool, CallError>>;

    /// Hands a decision to the state that waits for `token`.
    ///
    /// # Errors
    /// [`DeliverError`] if it did not get there.
    fn deliver(&self, token: &TaskToken, decision: &Decision) -> impl Future<Output = Result<(), DeliverError>>;

    /// Records that the decision of approval `id` got to `token` at `at_ms` (milliseconds since 1970).
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> impl Future<Output = Result<(), CallError>>;
}

/// The tables and the workflow on AWS.
struct Aws {
    mails: AwsMails,
    mailing: Mailing,
    submissions: Submissions,
    tokens: TaskTokens,
}

impl ApprovalPort for Aws {
    async fn open(&self, opening: &Opening<'_>) -> Result<Opened, CallError> {
        self.mails.approvals.open(opening).await
    }

    async fn mark_mailed(&self, id: &str) -> Result<(), CallError> {
        self.mails.approvals.mark_mailed(id).await
    }

    async fn put_status(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
        self.submissions.put(record).await
    }

    async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        self.tokens.deliver(token, decision).await
    }

    async fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> Result<(), CallError> {
        let approvals = &self.mails.approvals;
        approvals
            .record_delivery(id, token, at_ms, &Delivery::Done)
            .await
            .map(|_| ())
    }
}

/// Asks the admins about `request`.
///
/// A second delivery of the same round sends a second mail only if the first did not; the links of all mails work. If the round is
/// decided already (an earlier attempt's mail was answered while its token was dying), nobody is asked again: the decision goes to
/// the new token.
///
/// # Errors
/// `InvalidEvent`, `TooManyOpenApprovals`, `ApprovalTableUnavailable`, `ApprovalTableRefused`, `SubmissionTableUnavailable`,
/// `SubmissionTableRefused`, `MailUnavailable`, `MailRefused` or `DecisionNotDelivered`.
pub async fn ask(
    port: &impl ApprovalPort,
    mails: &impl Mails,
    mailing: &Mailing,
    request: &ApprovalRequest,
) -> Result<(), Fault> {
    let id = request.approval_id();
    let requested_at = request.requested_at.as_ref().unwrap_or(&request.submitted_at);
    let now_ms = times::parse("requested_at", requested_at)?.timestamp_millis();
    let expires_at_ms = times::parse("expires_at", &request.expires_at)?.timestamp_millis();
    let submitted_at_ms = times::parse("submitted_at", &request.submitted_at)?.timestamp_millis();
    let opening = Opening {
        request,
        expires_at_ms,
        now_ms,
        summary: &summary::write(&request.submission, &request.violations),
        limit: request.open_limit.unwrap_or(0),
    };
    let mailed = match port.open(&opening).await.map_err(|error| table_fault(&error))? {
        Opened::TooMany { open } => return Err(too_many(open)),
        Opened::AlreadyDecided(decision) => return hand_over(port, request, &decision, now_ms).await,
        Opened::Waiting { mailed, .. } => mailed,
    };
    let waiting = SubmissionRecord {
        id: request.submission_id.clone(),
        status: SubmissionStatus::WaitingForApproval,
        submitted_at_ms,
        updated_at_ms: now_ms,
        round: request.round,
        input_hash: request.input_hash.clone(),
    };
    port.put_status(&waiting).await.map_err(|error| {
        Fault::from_call(
            &error,
            TaskError::SubmissionTableUnavailable,
            TaskError::SubmissionTableRefused,
        )
    })?;
    if mailed {
        tracing::info!(approval = id, "asked before: it has the newer token");
        return Ok(());
    }
    let asked = Asked {
        id: &id,
        submission_id: &request.submission_id,
        submission: &request.submission,
        violations: &request.violations,
        submitted_at_ms,
        expires_at_ms,
        at_deadline: request.at_deadline.unwrap_or(DecisionKind::Expire),
    };
    mail(port, mails, mailing, &asked, now_ms).await
}

/// Sends the mails if the budget has a token for them, else leaves them to the next digest.
async fn mail(
    port: &impl ApprovalPort,
    mails: &impl Mails,
    mailing: &Mailing,
    asked: &Asked<'_>,
    now_ms: i64,
) -> Result<(), Fault> {
    let failed = |error: CallError| table_fault(&error);
    if !mails.take_token(now_ms).await.map_err(failed)? {
        mails
            .defer(asked.id, LinkPurpose::Request, now_ms)
            .await
            .map_err(failed)?;
        tracing::info!(approval = asked.id, "waits for the next digest");
        return Ok(());
    }
    let recipients = mailing.recipients(LinkPurpose::Request);
    mailing
        .send(mails, asked, Occasion::Request, &recipients, now_ms)
        .await?;
    port.mark_mailed(asked.id).await.map_err(failed)?;
    tracing::info!(approval = asked.id, "asked");
    Ok(())
}

/// Delivers the decision that was taken in an earlier attempt.
async fn hand_over(
    port: &impl ApprovalPort,
    request: &ApprovalRequest,
    decision: &Decision,
    now_ms: i64,
) -> Result<(), Fault> {
    let id = request.approval_id();
    port.deliver(&request.task_token, decision)
        .await
        .map_err(|error| Fault {
            name: TaskError::DecisionNotDelivered,
            message: format!("approval {id} was decided already, and {error}"),
        })?;
    tracing::info!(
        approval = id,
        "decided already: delivered the decision to the new token"
    );
    let noted = port.record_delivered(&id, &request.task_token, now_ms).await;
    noted.map_err(|error| table_fault(&error))
}

fn too_many(open: u64) -> Fault {
    Fault {
        name: TaskError::TooManyOpenApprovals,
        message: format!("{open} approvals are open, and the stack allows no more (OpenApprovalsLimit)"),
    }
}

fn aws() -> Result<Aws, SettingError> {
    let (mails, mailing) = AwsMails::from_environment()?;
    let config = |service| config(service, Attempts::BySdk, &environment);
    Ok(Aws {
        mails,
        mailing,
        submissions: Submissions::new(
            &config(Service::DynamoDb)?,
            required(&environment, "SUBMISSIONS_TABLE_NAME")?,
        ),
        tokens: TaskTokens::new(&config(Service::StepFunctions)?),
    })
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(aws, async |aws, request: ApprovalRequest, _| {
        ask(aws, &aws.mails, &aws.mailing, &request).await
    })
}
