use serde_json::{Value, json};
use sluice_aws::{ApprovalRecord, ApprovalState, Delivery};
use sluice_workflows::{Decision, DecisionKind};

/// An approval as it is shown at a moment: all of its record but the token and the hashes.
pub(super) struct View<'a> {
    pub(super) record: &'a ApprovalRecord,
    expired: bool,
}

impl<'a> View<'a> {
    /// The view at `now_ms` (milliseconds since 1970).
    pub(super) fn new(record: &'a ApprovalRecord, now_ms: i64) -> Self {
        View {
            record,
            expired: record.expires_at_ms <= now_ms,
        }
    }

    /// The state's name on the wire.
    pub(super) fn state(&self) -> &'static str {
        match (&self.record.state, self.expired) {
            (ApprovalState::Open, false) => "open",
            (ApprovalState::Open, true) => "expired",
            (ApprovalState::Decided(_, Delivery::Pending), _) => "decided",
            (ApprovalState::Decided(_, Delivery::Done), _) => "delivered",
            (ApprovalState::Decided(_, Delivery::Closed) | ApprovalState::Withdrawn, _) => "closed",
        }
    }

    /// The decision, if somebody decided.
    pub(super) fn decision(&self) -> Option<&Decision> {
        match &self.record.state {
            ApprovalState::Open | ApprovalState::Withdrawn => None,
            ApprovalState::Decided(decision, _) => Some(decision),
        }
    }

    /// The JSON object.
    pub(super) fn json(&self) -> Value {
        let record = self.record;
        let mut body = json!({
            "id": record.id,
            "submission_id": record.submission_id,
            "state": self.state(),
            "submission": record.submission,
            "violations": record.violations,
            "submitted_at": record.submitted_at,
            "expires_at": record.expires_at,
        });
        if let (Some(decision), Some(members)) = (self.decision(), body.as_object_mut()) {
            members.insert("decision".to_owned(), json!(decision));
        }
        body
    }
}

/// The meaning of a decision that nobody waited for.
pub(super) const CLOSED: &str = "The workflow no longer waits for this decision: it has expired, or was stopped.";

/// Writes what was decided, in the words a sentence starts with.
pub(super) fn what(decision: &Decision) -> &'static str {
    match (decision.decision, &decision.repaired) {
        (DecisionKind::Approve, None) => "Approved",
        (DecisionKind::Approve, Some(_)) => "Approved with changes",
        (DecisionKind::Reject, _) => "Rejected",
        (DecisionKind::Expire, _) => "Expired",
    }
}
