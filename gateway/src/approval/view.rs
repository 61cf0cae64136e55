use serde_json::{Value, json};
use sluice_aws::{ApprovalRecord, ApprovalState, Delivery};
use sluice_workflows::{Decision, Ruling};

use super::pages;
use crate::http::{Answer, Kind, Problem, Representation};

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
            (ApprovalState::Decided(_, Delivery::Closed), _) => "closed",
        }
    }

    /// Who decided what, if somebody did.
    pub(super) fn decision(&self) -> Option<&Decision> {
        match &self.record.state {
            ApprovalState::Open => None,
            ApprovalState::Decided(decision, _) => Some(decision),
        }
    }

    fn json(&self) -> Value {
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

    /// The approval as it is; `wish` is the decision that the link names.
    pub(super) fn answer(&self, status: u16, form: Representation, wish: Option<&str>) -> Answer {
        match form {
            Representation::Json => Answer::json(status, &self.json()),
            Representation::Html => pages::approval(status, self, wish),
        }
    }

    /// The answer to a POST that asked for `asked`; nothing if its body was no decision.
    ///
    /// A person always gets the page, which says who decided what. A program gets 409 if that is not what it asked for;
    /// the same decision again is a retry, and fine.
    pub(super) fn answer_decision(&self, asked: Option<&Decision>, form: Representation) -> Answer {
        let (kind, detail) = match &self.record.state {
            ApprovalState::Open => (
                Kind::Expired,
                format!(
                    "Nobody decided before {}, so the submission expired. Nothing was stored.",
                    self.record.expires_at
                ),
            ),
            ApprovalState::Decided(_, Delivery::Pending) => (
                Kind::Unavailable,
                "The decision is written down, but the workflow did not answer. Send it again in a moment.".to_owned(),
            ),
            ApprovalState::Decided(_, Delivery::Closed) => (Kind::Closed, CLOSED.to_owned()),
            ApprovalState::Decided(decision, Delivery::Done) if asked.is_some_and(|asked| is_same(asked, decision)) => {
                return self.answer(200, form, None);
            }
            ApprovalState::Decided(decision, Delivery::Done) => match form {
                Representation::Html => return self.answer(200, form, None),
                Representation::Json => (Kind::DecidedBefore, decided(decision)),
            },
        };
        match form {
            Representation::Html => self.answer(kind.status(), form, None),
            Representation::Json => {
                let mut problem = Problem::new(kind, detail);
                if let Some(decision) = self.decision() {
                    problem = problem.with_member("decision", json!(decision));
                }
                if kind == Kind::Unavailable {
                    problem = problem.with_header("retry-after", "2");
                }
                problem
                    .with_member("id", self.record.id.as_str())
                    .with_member("state", self.state())
                    .answer(form)
            }
        }
    }
}

/// What a decision means that nobody waited for.
pub(super) const CLOSED: &str = "The workflow no longer waits for this decision: it has expired, or was stopped.";

/// Whether both come to the same, whoever took them.
fn is_same(one: &Decision, other: &Decision) -> bool {
    (one.decision, &one.repaired) == (other.decision, &other.repaired)
}

/// Who decided what, and when, in one sentence.
fn decided(decision: &Decision) -> String {
    format!(
        "{} by {} at {}.",
        what(decision),
        decision.decided_by,
        decision.decided_at
    )
}

/// What was decided, in the words a sentence starts with.
pub(super) fn what(decision: &Decision) -> &'static str {
    match (decision.decision, &decision.repaired) {
        (Ruling::Approve, None) => "Approved",
        (Ruling::Approve, Some(_)) => "Approved with changes",
        (Ruling::Reject, _) => "Rejected",
    }
}
