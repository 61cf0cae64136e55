//! Asks an admin: writes the record of the approval, then sends the mail with the links.

use sluice_aws::{
    Approvals, Attempts, CallError, DeliverError, Delivery, Fault, LinkPurpose, LinkScope, NewLink, Opened, Opening,
    Secret, Service, SettingError, SubmissionRecord, Submissions, TaskTokens, Topic, config, environment, required,
};
use sluice_workflows::{ApprovalRequest, Decision, SubmissionStatus, TaskError, TaskToken};

use crate::{mail, times};

/// The approvals, the mail and the workflow, as asking needs them.
pub trait ApprovalPort {
    /// Writes the record of an approval, or adds to the one that is there.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn open(&self, opening: &Opening<'_>) -> impl Future<Output = Result<Opened, CallError>>;

    /// Writes the link of a mail, before the mail goes out.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn put_link(&self, link: &NewLink<'_>) -> impl Future<Output = Result<(), CallError>>;

    /// Records the status of a submission, unless the table knows something later.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn put_status(&self, record: &SubmissionRecord) -> impl Future<Output = Result<bool, CallError>>;

    /// Sends a mail to the admins.
    ///
    /// # Errors
    /// [`CallError`] if the topic did not take it.
    fn publish(&self, subject: &str, text: &str) -> impl Future<Output = Result<(), CallError>>;

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

/// The tables, topic and workflow on AWS.
struct Aws {
    approvals: Approvals,
    submissions: Submissions,
    topic: Topic,
    tokens: TaskTokens,
    /// The address of the approval function, with a slash at its end.
    approval_url: String,
}

impl ApprovalPort for Aws {
    async fn open(&self, opening: &Opening<'_>) -> Result<Opened, CallError> {
        self.approvals.open(opening).await
    }

    async fn put_link(&self, link: &NewLink<'_>) -> Result<(), CallError> {
        self.approvals.put_link(link).await
    }

    async fn put_status(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
        self.submissions.put(record).await
    }

    async fn publish(&self, subject: &str, text: &str) -> Result<(), CallError> {
        self.topic.publish(subject, text, &[]).await
    }

    async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        self.tokens.deliver(token, decision).await
    }

    async fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> Result<(), CallError> {
        self.approvals
            .record_delivery(id, token, at_ms, &Delivery::Done)
            .await
            .map(|_| ())
    }
}

/// Asks the admins about `request`; `approval_url` ends with a slash, and `secret` is fresh for each call.
///
/// A second delivery of the same round sends a second mail; the links of both work. If the round is decided already
/// (an earlier attempt's mail was answered while its token was dying), nobody is asked again: the decision goes to the
/// new token.
///
/// # Errors
/// `InvalidEvent`, `ApprovalTableUnavailable`, `ApprovalTableRefused`, `SubmissionTableUnavailable`,
/// `SubmissionTableRefused`, `MailUnavailable`, `MailRefused` or
/// `DecisionNotDelivered`.
pub async fn ask(
    port: &impl ApprovalPort,
    request: &ApprovalRequest,
    approval_url: &str,
    secret: &Secret,
) -> Result<(), Fault> {
    let expires_at_ms = times::parse("expires_at", &request.expires_at)?.timestamp_millis();
    let id = request.approval_id();
    let waiting = waiting(request)?;
    let summary = request
        .violations
        .first()
        .map_or("", |violation| violation.message.as_str());
    let opening = Opening {
        request,
        expires_at_ms,
        now_ms: waiting.updated_at_ms,
        summary,
        limit: 0,
    };
    match port.open(&opening).await.map_err(|error| table_fault(&error))? {
        Opened::TooMany { open } => Err(Fault {
            name: TaskError::ApprovalTableRefused,
            message: format!("{open} approvals are open already"),
        }),
        Opened::Waiting { .. } => {
            let link = NewLink {
                secret,
                code: None,
                scope: LinkScope::Approval(id.clone()),
                approver: "an admin",
                purpose: LinkPurpose::Request,
                issued_at_ms: waiting.updated_at_ms,
                expires_at_ms,
            };
            port.put_link(&link).await.map_err(|error| table_fault(&error))?;
            port.put_status(&waiting).await.map_err(|error| {
                Fault::from_call(
                    &error,
                    TaskError::SubmissionTableUnavailable,
                    TaskError::SubmissionTableRefused,
                )
            })?;
            let mail = mail::write(request, &format!("{approval_url}{id}/{}", secret.reveal()));
            port.publish(&mail.subject, &mail.text)
                .await
                .map_err(|error| Fault::from_call(&error, TaskError::MailUnavailable, TaskError::MailRefused))?;
            tracing::info!(approval = id, expires_at = request.expires_at, "asked");
            Ok(())
        }
        Opened::AlreadyDecided(decision) => {
            port.deliver(&request.task_token, &decision)
                .await
                .map_err(|error| Fault {
                    name: TaskError::DecisionNotDelivered,
                    message: format!("approval {id} was decided already, and {error}"),
                })?;
            tracing::info!(
                approval = id,
                "decided already: delivered the decision to the new token"
            );
            let noted = port
                .record_delivered(&id, &request.task_token, waiting.updated_at_ms)
                .await;
            noted.map_err(|error| table_fault(&error))
        }
    }
}

/// The status to record: an admin is asked, since the workflow reached this state.
fn waiting(request: &ApprovalRequest) -> Result<SubmissionRecord, Fault> {
    let requested_at = request.requested_at.as_ref().unwrap_or(&request.submitted_at);
    Ok(SubmissionRecord {
        id: request.submission_id.clone(),
        status: SubmissionStatus::WaitingForApproval,
        submitted_at_ms: times::parse("submitted_at", &request.submitted_at)?.timestamp_millis(),
        updated_at_ms: times::parse("requested_at", requested_at)?.timestamp_millis(),
        round: request.round,
        input_hash: request.input_hash.clone(),
    })
}

fn table_fault(error: &CallError) -> Fault {
    Fault::from_call(
        error,
        TaskError::ApprovalTableUnavailable,
        TaskError::ApprovalTableRefused,
    )
}

fn aws() -> Result<Aws, SettingError> {
    let config = |service| config(service, Attempts::BySdk, &environment);
    let mut approval_url = required(&environment, "APPROVAL_URL")?;
    if !approval_url.ends_with('/') {
        approval_url.push('/');
    }
    Ok(Aws {
        approvals: Approvals::new(
            &config(Service::DynamoDb)?,
            required(&environment, "APPROVALS_TABLE_NAME")?,
            required(&environment, "APPROVAL_AUDIT_TABLE_NAME")?,
        ),
        submissions: Submissions::new(
            &config(Service::DynamoDb)?,
            required(&environment, "SUBMISSIONS_TABLE_NAME")?,
        ),
        topic: Topic::new(&config(Service::Sns)?, required(&environment, "TOPIC_ARN")?),
        tokens: TaskTokens::new(&config(Service::StepFunctions)?),
        approval_url,
    })
}

fn fresh_secret() -> Result<Secret, Fault> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Fault {
        name: TaskError::InvalidSetting,
        message: format!("the system gives no random bytes: {error}"),
    })?;
    Ok(Secret::from_bytes(bytes))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(aws, async |aws, request: ApprovalRequest, _| {
        ask(aws, &request, &aws.approval_url, &fresh_secret()?).await
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;
    use sluice_aws::CallErrorKind;
    use sluice_workflows::DecisionKind;

    use super::*;

    #[derive(Default)]
    struct Fake {
        decided: Option<Decision>,
        fails: Option<(&'static str, CallErrorKind)>,
        log: RefCell<Vec<String>>,
    }

    impl Fake {
        fn step(&self, action: &'static str, what: String) -> Result<(), CallError> {
            self.log.borrow_mut().push(format!("{action} {what}"));
            match self.fails {
                Some((failing, kind)) if failing == action => Err(CallError {
                    action,
                    kind,
                    message: "no".to_owned(),
                }),
                Some(_) | None => Ok(()),
            }
        }
    }

    impl ApprovalPort for Fake {
        async fn open(&self, opening: &Opening<'_>) -> Result<Opened, CallError> {
            let Opening {
                request, expires_at_ms, ..
            } = opening;
            self.step("open", format!("{} {expires_at_ms}", request.approval_id()))?;
            Ok(match &self.decided {
                Some(decision) => Opened::AlreadyDecided(Box::new(decision.clone())),
                None => Opened::Waiting {
                    reopened: false,
                    mailed: false,
                },
            })
        }

        async fn put_link(&self, link: &NewLink<'_>) -> Result<(), CallError> {
            self.step("link", link.secret.hash().as_str().to_owned())
        }

        async fn put_status(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
            let SubmissionRecord {
                id,
                status,
                submitted_at_ms,
                updated_at_ms,
                round,
                ..
            } = record;
            let what = format!("{id} {} {submitted_at_ms} {updated_at_ms} {round}", status.name());
            self.step("status", what).map(|()| true)
        }

        async fn publish(&self, _subject: &str, text: &str) -> Result<(), CallError> {
            self.step("publish", text.to_owned())
        }

        async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
            Ok(self.step("deliver", format!("{} {}", token.reveal(), decision.decided_by))?)
        }

        async fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> Result<(), CallError> {
            self.step("note", format!("{id} {} {at_ms}", token.reveal()))
        }
    }

    fn request() -> ApprovalRequest {
        serde_json::from_value(json!({
            "taskToken": "T0KEN", "submission_id": "s-1", "round": 2, "submitted_at": "2026-11-22T10:00:00.000Z",
            "requested_at": "2026-11-22T10:00:01.000Z", "expires_at": "2026-11-29T10:00:00.000Z",
            "submission": {"user_name": "Ada"}, "violations": []}))
        .unwrap()
    }

    async fn run(fake: &Fake) -> (Result<(), Fault>, Secret) {
        let secret = Secret::from_bytes([9; 32]);
        (ask(fake, &request(), "https://approve.example/", &secret).await, secret)
    }

    #[tokio::test]
    async fn the_record_is_written_before_the_mail_and_holds_only_the_hash() {
        let fake = Fake::default();
        let (result, secret) = run(&fake).await;
        assert_eq!(result, Ok(()));
        let log = fake.log.borrow();
        assert_eq!(log[0], "open s-1.2 1795946400000");
        assert_eq!(log[1], format!("link {}", secret.hash().as_str()));
        assert_eq!(log[2], "status s-1 waiting_for_approval 1795341600000 1795341601000 2");
        assert!(log[3].contains(&format!(
            "https://approve.example/s-1.2/{}?decision=approve",
            secret.reveal()
        )));
        assert!(!log[3].contains("T0KEN") && !log[3].contains(secret.hash().as_str()));
        assert_eq!(log.len(), 4);
    }

    #[tokio::test]
    async fn a_decided_round_is_not_asked_again_but_delivered_to_the_new_token() {
        let decision = Decision {
            decision: DecisionKind::Approve,
            decided_by: "Grace".to_owned(),
            decided_at: "2026-11-23T10:00:00.000Z".to_owned(),
            comment: None,
            reason: None,
            repaired: None,
        };
        let fake = Fake {
            decided: Some(decision),
            ..Fake::default()
        };
        assert_eq!(run(&fake).await.0, Ok(()));
        let log = fake.log.borrow();
        assert_eq!(log[1..], ["deliver T0KEN Grace", "note s-1.2 T0KEN 1795341601000"]);
    }

    #[tokio::test]
    async fn each_failure_has_its_name() {
        use CallErrorKind::{Refused, Throttled, Unreachable};
        for (failing, kind, name) in [
            ("open", Throttled, TaskError::ApprovalTableUnavailable),
            ("open", Refused, TaskError::ApprovalTableRefused),
            ("link", Throttled, TaskError::ApprovalTableUnavailable),
            ("status", Throttled, TaskError::SubmissionTableUnavailable),
            ("status", Refused, TaskError::SubmissionTableRefused),
            ("publish", Unreachable, TaskError::MailUnavailable),
            ("publish", Refused, TaskError::MailRefused),
        ] {
            let fake = Fake {
                fails: Some((failing, kind)),
                ..Fake::default()
            };
            assert_eq!(run(&fake).await.0.unwrap_err().name, name);
        }
    }
}
