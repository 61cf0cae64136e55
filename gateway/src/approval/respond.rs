use serde_json::{Value, json};
use sluice_aws::{ApprovalState, Delivery};
use sluice_workflows::{Decision, DecisionKind, Violation};

use super::around::Around;
use super::decision::{Place, Refusal};
use super::pages;
use super::view::{CLOSED, View, by_whom, what};
use crate::http::{Kind, Problem, Representation, Response};

/// The approval as it is.
pub(super) fn response(view: &View<'_>, now_ms: i64, representation: Representation, around: &Around<'_>) -> Response {
    match representation {
        Representation::Json => Response::json(200, &view.json()),
        Representation::Html => pages::one(200, view, now_ms, around),
    }
}

/// The response to a check of what was typed.
pub(super) fn checked(
    view: &View<'_>,
    now_ms: i64,
    representation: Representation,
    violations: &[Violation],
    around: Around<'_>,
) -> Response {
    match representation {
        Representation::Json => {
            let mut body = view.json();
            body["violations"] = json!(violations);
            Response::json(200, &body)
        }
        Representation::Html => {
            let places = violations
                .iter()
                .map(|violation| (Place::Field(violation.field), violation.message.clone()));
            let around = Around {
                places: places.collect(),
                is_check: true,
                ..around
            };
            pages::one(200, view, now_ms, &around)
        }
    }
}

/// The response to a POST that decided nothing.
pub(super) fn refused(
    view: &View<'_>,
    now_ms: i64,
    representation: Representation,
    around: &Around<'_>,
    refusal: &Refusal,
) -> Response {
    match representation {
        Representation::Json => refusal.problem.response(representation),
        Representation::Html => pages::one(refusal.problem.kind.status(), view, now_ms, around),
    }
}

/// The response to a POST that asked for `asked` and found or made the request closed; nothing if its body was no decision.
///
/// A person always gets the page, which says what was decided. A program gets 409 if that is not what it asked for;
/// the same decision again is a retry, and fine.
pub(super) fn response_to_decision(
    view: &View<'_>,
    now_ms: i64,
    asked: Option<&Decision>,
    representation: Representation,
    around: &Around<'_>,
) -> Response {
    let (kind, detail) = match &view.record.state {
        ApprovalState::Open => (
            Kind::Expired,
            format!(
                "Nobody decided before {}, so the submission expired. Nothing was stored.",
                view.record.expires_at
            ),
        ),
        ApprovalState::Withdrawn => (Kind::Closed, CLOSED.to_owned()),
        ApprovalState::Decided(decision, _) if decision.decision == DecisionKind::Expire => (
            Kind::Expired,
            format!(
                "Nobody decided in time, so it expired at {}. Nothing was stored.",
                decision.decided_at
            ),
        ),
        ApprovalState::Decided(_, Delivery::Pending) => (
            Kind::Unavailable,
            "The decision is written down, but the workflow did not answer. Send it again in a moment.".to_owned(),
        ),
        ApprovalState::Decided(_, Delivery::Closed) => (Kind::Closed, CLOSED.to_owned()),
        ApprovalState::Decided(decision, Delivery::Done) if asked.is_some_and(|asked| is_same(asked, decision)) => {
            return response(view, now_ms, representation, around);
        }
        ApprovalState::Decided(decision, Delivery::Done) => match representation {
            Representation::Html => return response(view, now_ms, representation, around),
            Representation::Json => (Kind::DecidedBefore, decided(view, decision)),
        },
    };
    match representation {
        Representation::Html => pages::one(kind.status(), view, now_ms, around),
        Representation::Json => closed_problem(view, kind, detail).response(representation),
    }
}

fn closed_problem(view: &View<'_>, kind: Kind, detail: String) -> Problem {
    let mut problem = Problem::new(kind, detail);
    if let Some(decision) = view.decision_json() {
        problem = problem.with_member("decision", decision);
    }
    if kind == Kind::Unavailable {
        problem = problem.with_header("retry-after", "2");
    }
    problem
        .with_member("id", Value::from(view.record.id.as_str()))
        .with_member("state", view.state())
}

/// Tells whether both come to the same, whoever took them.
fn is_same(one: &Decision, other: &Decision) -> bool {
    (one.decision, &one.repaired) == (other.decision, &other.repaired)
}

/// Writes the decision and its time in one sentence; its author for whoever may know.
fn decided(view: &View<'_>, decision: &Decision) -> String {
    let who = if view.shows_data() {
        format!(" {}", by_whom(decision))
    } else {
        String::new()
    };
    format!("{}{who} at {}.", what(decision), decision.decided_at)
}
