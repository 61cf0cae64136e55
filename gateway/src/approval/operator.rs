//! The way in for whoever may invoke the function: no mail, no URL.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_aws::{CallError, Fault, LinkPurpose, LinkScope, NewLink};
use sluice_workflows::TaskError;

use super::decision::time;
use super::function::Approval;
use super::port::ApprovalPort;

/// The time for which a link to the page of everything open is good.
const LINK_MS: i64 = 24 * 3_600_000;

/// The payload of a direct invocation. An event of a function URL has no member `operation`: Lambda writes it, and a
/// request's body is a text in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "operation", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Operation {
    /// A fresh link to the page of everything open, with its code.
    OpenList {
        /// The name that its decisions carry.
        #[serde(default = "operator")]
        approver: String,
        /// The time (ISO 8601), where it is not the machine's.
        #[serde(default)]
        at: Option<DateTime<Utc>>,
    },
    /// The audit of an approval, whole, open or not.
    Audit {
        /// The approval's id.
        id: String,
    },
}

fn operator() -> String {
    "operator".to_owned()
}

impl Operation {
    /// The operation that an event is, unless it is a request by URL.
    pub(super) fn of_event(event: &Value) -> Option<Result<Operation, Fault>> {
        let is_operation = event.get("operation").is_some() && event.get("requestContext").is_none();
        is_operation.then(|| {
            Operation::deserialize(event).map_err(|error| Fault {
                name: TaskError::InvalidEvent,
                message: format!("the operation cannot be read: {error}. Known are open-list and audit."),
            })
        })
    }
}

impl<P: ApprovalPort> Approval<P> {
    /// Does what whoever may invoke the function asks for. It is `now_ms` (milliseconds since 1970), unless the operation says
    /// otherwise.
    pub(super) async fn operate(&self, operation: Operation, now_ms: i64) -> Result<Value, Fault> {
        let unavailable = |error: CallError| {
            Fault::from_call(
                &error,
                TaskError::ApprovalTableUnavailable,
                TaskError::ApprovalTableRefused,
            )
        };
        match operation {
            Operation::Audit { id } => Ok(json!(self.port.audit_trail(&id).await.map_err(unavailable)?)),
            Operation::OpenList { approver, at } => {
                let now_ms = at.map_or(now_ms, |at| at.timestamp_millis());
                let secret = self.port.fresh_secret().map_err(unavailable)?;
                let code = self.port.fresh_code().map_err(unavailable)?;
                let expires_at_ms = now_ms + LINK_MS;
                let link = NewLink {
                    secret: &secret,
                    code: Some(&code),
                    scope: LinkScope::AllOpen,
                    approver: &approver,
                    purpose: LinkPurpose::Operator,
                    issued_at_ms: now_ms,
                    expires_at_ms,
                };
                self.port.put_link(&link).await.map_err(unavailable)?;
                let open = self.port.open_count().await.map_err(unavailable)?;
                Ok(
                    json!({"path": secret.reveal(), "code": code.reveal(), "expires_at": time(expires_at_ms), "open": open}),
                )
            }
        }
    }
}
