//! Closes an approval whose time is over: writes the deadline's decision, unless somebody decided before, and answers the decision
//! that stands.

use serde::Deserialize;
use sluice_aws::{ApprovalState, Approvals, CallError, Decided, Deciding, Delivery, Fault, SettingError};
use sluice_workflows::{AuditData, DEADLINE, Decision, DecisionKind, TaskError, TaskToken};

use crate::mailing::{approvals, table_fault};
use crate::times;

/// The payload of CloseApproval.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CloseRequest {
    /// The submission: the execution's name.
    pub submission_id: String,
    /// The round, from 1.
    pub round: u32,
    /// The time at which the workflow reached the state (ISO 8601, UTC).
    pub at: String,
    /// The decision if nobody took one.
    pub at_deadline: DecisionKind,
    /// The reason that the submitter is told if that rejects.
    pub reason: String,
}

/// The table of approvals, as closing needs it.
pub trait ApprovalPort {
    /// Writes a decision, whatever the time, unless one stands.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn close(&self, id: &str, deciding: &Deciding<'_>) -> impl Future<Output = Result<Decided, CallError>>;

    /// Records that the decision of approval `id` got to the workflow at `at_ms` (milliseconds since 1970), which waits for
    /// no token any more.
    ///
    /// # Errors
    /// [`CallError`] if the table did not take it.
    fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> impl Future<Output = Result<(), CallError>>;
}

impl ApprovalPort for Approvals {
    async fn close(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
        Approvals::close(self, id, deciding).await
    }

    async fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> Result<(), CallError> {
        self.record_delivery(id, token, at_ms, &Delivery::Done)
            .await
            .map(|_| ())
    }
}

/// Closes the approval of `request`, and answers the decision that the workflow is to follow: that of a person who was faster, else
/// the deadline's. Whoever calls twice gets the same answer.
///
/// # Errors
/// `InvalidEvent`, `ApprovalTableUnavailable` or `ApprovalTableRefused`.
pub async fn close(port: &impl ApprovalPort, request: &CloseRequest) -> Result<Decision, Fault> {
    let id = format!("{}.{}", request.submission_id, request.round);
    let now_ms = times::parse("at", &request.at)?.timestamp_millis();
    let deadline = of_deadline(request, request.at_deadline, now_ms);
    let deciding = Deciding {
        decision: &deadline,
        now_ms,
        batch: None,
        data: &AuditData::new(),
    };
    let (record, decision) = match port.close(&id, &deciding).await.map_err(|error| table_fault(&error))? {
        Decided::Now(record) => (record, deadline.clone()),
        Decided::NotOpen(record) => match &record.state {
            ApprovalState::Decided(decision, _) => {
                let decision = (**decision).clone();
                (record, decision)
            }
            // it was taken off the list when its execution ended otherwise, and nobody can decide it since
            ApprovalState::Withdrawn => return Ok(deadline),
            ApprovalState::Open => {
                return Err(Fault {
                    name: TaskError::ApprovalTableUnavailable,
                    message: format!("approval {id} was not closed and is open"),
                });
            }
        },
        // nobody was ever asked, so nobody's silence means anything
        Decided::Missing => return Ok(of_deadline(request, DecisionKind::Expire, now_ms)),
    };
    tracing::info!(
        approval = id,
        decision = decision.decision.as_str(),
        by_deadline = decision.decided_by == DEADLINE,
        "closed"
    );
    let noted = port.record_delivered(&id, &record.task_token, now_ms).await;
    noted.map_err(|error| table_fault(&error))?;
    Ok(decision)
}

fn of_deadline(request: &CloseRequest, kind: DecisionKind, now_ms: i64) -> Decision {
    Decision {
        decision: kind,
        decided_by: DEADLINE.to_owned(),
        decided_at: times::iso(now_ms),
        comment: None,
        reason: (kind == DecisionKind::Reject).then(|| request.reason.clone()),
        repaired: None,
    }
}

fn table() -> Result<Approvals, SettingError> {
    approvals()
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(table, async |table, request: CloseRequest, _| {
        close(table, &request).await
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};
    use sluice_aws::{ApprovalRecord, CallErrorKind};

    use super::*;
    use crate::testing::record;

    /// A table with one record, or none.
    struct Table {
        record: RefCell<Option<ApprovalRecord>>,
        delivered: RefCell<Vec<String>>,
        fails: Option<CallErrorKind>,
    }

    impl ApprovalPort for Table {
        async fn close(&self, id: &str, deciding: &Deciding<'_>) -> Result<Decided, CallError> {
            if let Some(kind) = self.fails {
                return Err(CallError {
                    action: "dynamodb:TransactWriteItems",
                    kind,
                    message: "no".to_owned(),
                });
            }
            let mut held = self.record.borrow_mut();
            let Some(record) = held.as_mut() else {
                return Ok(Decided::Missing);
            };
            assert_eq!(record.id, id);
            if record.state != ApprovalState::Open {
                return Ok(Decided::NotOpen(Box::new(record.clone())));
            }
            record.state = ApprovalState::Decided(Box::new(deciding.decision.clone()), Delivery::Pending);
            Ok(Decided::Now(Box::new(record.clone())))
        }

        async fn record_delivered(&self, id: &str, token: &TaskToken, at_ms: i64) -> Result<(), CallError> {
            self.delivered
                .borrow_mut()
                .push(format!("{id} {} {at_ms}", token.reveal()));
            Ok(())
        }
    }

    fn table(state: Option<ApprovalState>) -> Table {
        Table {
            record: RefCell::new(state.map(|state| record("s-1.1", state))),
            delivered: RefCell::default(),
            fails: None,
        }
    }

    fn request(at_deadline: &str) -> CloseRequest {
        serde_json::from_value(json!({"submission_id": "s-1", "round": 1, "at": "2026-11-29T10:00:00Z",
            "at_deadline": at_deadline, "reason": "No admin decided within 7 days."}))
        .unwrap()
    }

    async fn check(state: Option<ApprovalState>, at_deadline: &str, expected: Value, delivered: bool) {
        let table = table(state);
        // called twice, as Lambda and Step Functions may
        for _ in 0..2 {
            let decision = close(&table, &request(at_deadline)).await.unwrap();
            assert_eq!(serde_json::to_value(decision).unwrap(), expected);
        }
        let noted = "s-1.1 T0KEN 1795946400000".to_owned();
        assert_eq!(*table.delivered.borrow(), vec![noted; if delivered { 2 } else { 0 }]);
    }

    #[tokio::test]
    async fn the_deadline_decides_as_the_parameter_says() {
        let deadline = |decision: &str| json!({"decision": decision, "decided_by": "deadline", "decided_at": "2026-11-29T10:00:00.000Z"});
        let open = || Some(ApprovalState::Open);
        check(open(), "expire", deadline("expire"), true).await;
        check(open(), "approve", deadline("approve"), true).await;
        let mut rejected = deadline("reject");
        rejected["reason"] = "No admin decided within 7 days.".into();
        check(open(), "reject", rejected, true).await;
        check(Some(ApprovalState::Withdrawn), "approve", deadline("approve"), false).await;
        check(None, "approve", deadline("expire"), false).await;
    }

    /// A decision that was written and could not be delivered in time is the one that the workflow follows.
    #[tokio::test]
    async fn a_person_who_was_faster_has_decided() {
        let decision = json!({"decision": "approve", "decided_by": "ada@x", "decided_at": "2026-11-29T09:59:59.999Z",
            "repaired": {"pincode": "1234"}});
        for delivery in [Delivery::Pending, Delivery::Closed, Delivery::Done] {
            let taken = serde_json::from_value(decision.clone()).unwrap();
            let state = ApprovalState::Decided(Box::new(taken), delivery);
            check(Some(state), "reject", decision.clone(), true).await;
        }
    }

    #[tokio::test]
    async fn each_failure_has_its_name() {
        for (kind, name) in [
            (CallErrorKind::Throttled, TaskError::ApprovalTableUnavailable),
            (CallErrorKind::Refused, TaskError::ApprovalTableRefused),
        ] {
            let table = Table {
                fails: Some(kind),
                ..table(Some(ApprovalState::Open))
            };
            assert_eq!(close(&table, &request("expire")).await.unwrap_err().name, name);
        }
        let late = CloseRequest {
            at: "late".to_owned(),
            ..request("expire")
        };
        assert_eq!(
            close(&table(None), &late).await.unwrap_err().name,
            TaskError::InvalidEvent
        );
    }
}
