use serde_json::json;
use sluice_aws::{ApprovalState, Delivery};
use sluice_workflows::Decision;

use super::pages;
use super::view::{CLOSED, View, what};
use crate::http::{Kind, Problem, Representation, Response};

/// The approval as it is; `preselected` is the decision that the link names.
pub(super) fn response(
    view: &View<'_>,
    status: u16,
    representation: Representation,
    preselected: Option<&str>,
) -> Response {
    match representation {
        Representation::Json => Response::json(status, &view.json()),
        Representation::Html => pages::approval(status, view, preselected),
    }
}

/// The response to a POST that asked for `asked`; nothing if its body was no decision.
///
/// A person always gets the page, which says who decided what. A program gets 409 if that is not what it asked for;
/// the same decision again is a retry, and fine.
pub(super) fn response_to_decision(
    view: &View<'_>,
    asked: Option<&Decision>,
    representation: Representation,
) -> Response {
    let (kind, detail) = match &view.record.state {
        ApprovalState::Open => (
            Kind::Expired,
            format!(
                "Nobody decided before {}, so the submission expired. Nothing was stored.",
                view.record.expires_at
            ),
        ),
        ApprovalState::Decided(_, Delivery::Pending) => (
            Kind::Unavailable,
            "The decision is written down, but the workflow did not answer. Send it again in a moment.".to_owned(),
        ),
        ApprovalState::Decided(_, Delivery::Closed) | ApprovalState::Withdrawn => (Kind::Closed, CLOSED.to_owned()),
        ApprovalState::Decided(decision, Delivery::Done) if asked.is_some_and(|asked| is_same(asked, decision)) => {
            return response(view, 200, representation, None);
        }
        ApprovalState::Decided(decision, Delivery::Done) => match representation {
            Representation::Html => return response(view, 200, representation, None),
            Representation::Json => (Kind::DecidedBefore, decided(decision)),
        },
    };
    match representation {
        Representation::Html => response(view, kind.status(), representation, None),
        Representation::Json => {
            let mut problem = Problem::new(kind, detail);
            if let Some(decision) = view.decision() {
                problem = problem.with_member("decision", json!(decision));
            }
            if kind == Kind::Unavailable {
                problem = problem.with_header("retry-after", "2");
            }
            problem
                .with_member("id", view.record.id.as_str())
                .with_member("state", view.state())
                .response(representation)
        }
    }
}

/// Tells whether both come to the same, whoever took them.
fn is_same(one: &Decision, other: &Decision) -> bool {
    (one.decision, &one.repaired) == (other.decision, &other.repaired)
}

/// Writes the decision, its author and its time in one sentence.
fn decided(decision: &Decision) -> String {
    format!(
        "{} by {} at {}.",
        what(decision),
        decision.decided_by,
        decision.decided_at
    )
}
