use serde_json::{Value, json};
use sluice_aws::{ApprovalRecord, ApprovalState, Delivery};
use sluice_workflows::{DEADLINE, Decision, DecisionKind, Field};

/// An approval as it is shown at a moment: all of its record but the token and the hashes, and nothing personal to whoever
/// has no more than the link once the request is closed.
pub(super) struct View<'a> {
    pub(super) record: &'a ApprovalRecord,
    expired: bool,
    /// True for whoever gave the code.
    knows_code: bool,
}

/// A field that was changed, as it was and as it is.
pub(super) struct Change {
    pub(super) field: Field,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

impl<'a> View<'a> {
    /// The view at `now_ms` (milliseconds since 1970) by the link alone.
    pub(super) fn by_link(record: &'a ApprovalRecord, now_ms: i64) -> Self {
        View {
            record,
            expired: record.expires_at_ms <= now_ms,
            knows_code: false,
        }
    }

    /// The view of whoever gave the code.
    pub(super) fn by_code(record: &'a ApprovalRecord, now_ms: i64) -> Self {
        View {
            knows_code: true,
            ..View::by_link(record, now_ms)
        }
    }

    /// The state's name on the wire.
    pub(super) fn state(&self) -> &'static str {
        match (&self.record.state, self.expired) {
            (ApprovalState::Open, false) => "open",
            (ApprovalState::Open, true) => "expired",
            (ApprovalState::Decided(decision, _), _) if decision.decision == DecisionKind::Expire => "expired",
            (ApprovalState::Decided(_, Delivery::Pending), _) => "decided",
            (ApprovalState::Decided(_, Delivery::Done), _) => "delivered",
            (ApprovalState::Decided(_, Delivery::Closed), _) | (ApprovalState::Withdrawn, _) => "closed",
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state() == "open"
    }

    /// Tells whether personal data may be shown.
    pub(super) fn shows_data(&self) -> bool {
        self.is_open() || self.knows_code
    }

    /// The decision, if one was taken.
    pub(super) fn decision(&self) -> Option<&Decision> {
        match &self.record.state {
            ApprovalState::Open | ApprovalState::Withdrawn => None,
            ApprovalState::Decided(decision, _) => Some(decision),
        }
    }

    /// The decision as JSON: whole, or without what is personal.
    pub(super) fn decision_json(&self) -> Option<Value> {
        let decision = self.decision()?;
        Some(if self.shows_data() {
            json!(decision)
        } else {
            json!({"decision": decision.decision, "decided_at": decision.decided_at})
        })
    }

    /// The JSON object.
    pub(super) fn json(&self) -> Value {
        let record = self.record;
        let mut body = json!({
            "id": record.id,
            "submission_id": record.submission_id,
            "state": self.state(),
            "submitted_at": record.submitted_at,
            "expires_at": record.expires_at,
        });
        if self.shows_data() {
            body["submission"] = json!(record.submission);
            body["violations"] = json!(record.violations);
        }
        if let Some(decision) = self.decision_json() {
            body["decision"] = decision;
        }
        body
    }

    /// The changed fields.
    pub(super) fn changes(&self) -> Vec<Change> {
        let repaired = self.decision().and_then(|decision| decision.repaired.as_ref());
        let changed = Field::ALL.into_iter().filter_map(|field| {
            repaired?.get(field)?;
            Some(Change {
                field,
                old: self.record.submission.text(field),
                new: repaired?.text(field),
            })
        });
        changed.collect()
    }
}

/// The meaning of a decision that nobody waited for.
pub(super) const CLOSED: &str = "When the workflow was told of this, it did not wait any more. If its time had just ended, it follows this \
    decision all the same; if it was stopped, nobody does.";

/// Writes what was decided, in the words a sentence starts with.
pub(super) fn what(decision: &Decision) -> &'static str {
    match (decision.decision, &decision.repaired) {
        (DecisionKind::Approve, None) => "Approved",
        (DecisionKind::Approve, Some(_)) => "Approved with changes",
        (DecisionKind::Reject, _) => "Rejected",
        (DecisionKind::Expire, _) => "Expired",
    }
}

/// Writes who decided, in the words that follow what was decided.
pub(super) fn by_whom(decision: &Decision) -> String {
    if decision.decided_by == DEADLINE {
        "at the deadline, since nobody had decided,".to_owned()
    } else {
        format!("by {}", decision.decided_by)
    }
}
