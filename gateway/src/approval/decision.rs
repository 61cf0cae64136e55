use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};
use sluice_workflows::{Decision, DecisionKind, Field, Submission};

use crate::http::{Kind, Problem};

const NAME_LIMIT: usize = 100;
const COMMENT_LIMIT: usize = 1000;

/// Reads a decision from the body of a POST, made at `now_ms` (milliseconds since 1970).
///
/// `decision` is `approve`, `reject`, or `repair`: approve with changed fields. The changes are the form's fields, or
/// the members of `repaired`. The link's query is a preselection that the page shows, and decides nothing.
pub(super) fn read(body: &Map<String, Value>, submission: &Submission, now_ms: i64) -> Result<Decision, Problem> {
    let (decision, repaired) = match text(body, "decision")?.as_deref() {
        Some("approve") => {
            unchanged(body, submission)?;
            (DecisionKind::Approve, repaired_members(body, submission)?)
        }
        Some("repair") => (DecisionKind::Approve, Some(changed(body, submission)?)),
        Some("reject") => (DecisionKind::Reject, None),
        Some(other) => {
            return Err(bad(format!(
                "The decision {other:?} is none: it must be approve, repair or reject."
            )));
        }
        None => {
            return Err(bad(
                "The body has no decision: approve, repair or reject. The one in the link does not count.".to_owned(),
            ));
        }
    };
    let decided_by = limited(body, "decided_by", NAME_LIMIT)?.unwrap_or_else(|| "an admin".to_owned());
    let comment = limited(body, "comment", COMMENT_LIMIT)?;
    Ok(Decision {
        decision,
        decided_by,
        decided_at: time(now_ms),
        comment,
        reason: None,
        repaired,
    })
}

/// ISO 8601, UTC, from milliseconds since 1970.
pub(super) fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn bad(detail: String) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad(format!("The member {name} must be text."))),
    }
}

/// Text of at most `limit` characters; blank counts as not given.
fn limited(members: &Map<String, Value>, name: &str, limit: usize) -> Result<Option<String>, Problem> {
    let text = text(members, name)?
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    match text {
        Some(text) if text.chars().count() > limit => {
            Err(bad(format!("The member {name} has more than {limit} characters.")))
        }
        other => Ok(other),
    }
}

/// The members of `repaired` that differ from what was submitted; `None` if there are none.
fn repaired_members(body: &Map<String, Value>, submission: &Submission) -> Result<Option<Submission>, Problem> {
    let members = match body.get("repaired") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(bad("The member repaired must be an object with fields.".to_owned())),
    };
    let mut repaired = Submission::default();
    for (name, value) in members {
        let field = Field::parse(name).ok_or_else(|| bad(format!("The member repaired knows no field {name:?}.")))?;
        if !value.is_string() {
            return Err(bad(format!("The field {field} of the member repaired must be text.")));
        }
        if submission.get(field) != Some(value) {
            repaired.set(field, value.clone());
        }
    }
    Ok(Some(repaired).filter(|repaired| !repaired.is_empty()))
}

/// The fields beside `decision` that differ from what was submitted.
fn changed_fields(body: &Map<String, Value>, submission: &Submission) -> Result<Vec<(Field, String)>, Problem> {
    let mut changed = Vec::new();
    for field in Field::ALL {
        let submitted = submission.text(field).unwrap_or_default();
        match text(body, field.as_str())? {
            Some(text) if in_a_form(&text) != in_a_form(&submitted) => changed.push((field, text)),
            Some(_) | None => {}
        }
    }
    Ok(changed)
}

/// Text as a browser sends it back from a form's text field: without line breaks, and with a mark in place of NUL.
fn in_a_form(text: &str) -> String {
    text.replace(['\r', '\n'], "").replace('\0', "\u{fffd}")
}

/// Refuses an approval that would silently drop changes.
fn unchanged(body: &Map<String, Value>, submission: &Submission) -> Result<(), Problem> {
    match changed_fields(body, submission)?.first() {
        None => Ok(()),
        Some((field, _)) => Err(bad(format!(
            "The field {field} is not as it was submitted. To approve with changes, the decision is repair; approve takes \
             the submission as it is."
        ))),
    }
}

/// Reads the changes of a `repair`: there must be something, and each field once.
fn changed(body: &Map<String, Value>, submission: &Submission) -> Result<Submission, Problem> {
    let mut repaired = repaired_members(body, submission)?.unwrap_or_default();
    for (field, text) in changed_fields(body, submission)? {
        if repaired.set(field, Value::String(text)).is_some() {
            return Err(bad(format!(
                "The field {field} is given twice, the second time in repaired."
            )));
        }
    }
    if repaired.is_empty() {
        return Err(bad(
            "No field was changed. Change one, or approve the submission as it is.".to_owned(),
        ));
    }
    Ok(repaired)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: Value, expected: Result<Value, &str>) {
        let submission =
            serde_json::from_value(json!({"user_name": "A\nda\0", "email": "ada@b.com", "pincode": 12})).unwrap();
        let got = read(body.as_object().unwrap(), &submission, 1_795_341_600_000);
        match expected {
            Ok(expected) => {
                let mut decision = serde_json::to_value(got.unwrap()).unwrap();
                assert_eq!(
                    decision.as_object_mut().unwrap().remove("decided_at"),
                    Some(json!("2026-11-22T10:00:00.000Z"))
                );
                assert_eq!(decision, expected, "{body}");
            }
            Err(part) => assert!(
                got.as_ref().is_err_and(|p| p.detail.contains(part)),
                "{got:?} lacks {part:?}"
            ),
        }
    }

    #[test]
    fn a_decision_is_read_from_a_form_or_from_json() {
        check(
            json!({"decision": "reject", "email": "other@b.com"}),
            Ok(json!({"decision": "reject", "decided_by": "an admin"})),
        );
        check(
            json!({"decision": "approve", "decided_by": " Grace ", "comment": "  "}),
            Ok(json!({"decision": "approve", "decided_by": "Grace"})),
        );
        // A browser sends all fields of the form, and cannot send a line break or NUL back.
        check(
            json!({"decision": "approve", "user_name": "Ada\u{fffd}", "email": "ada@b.com", "pincode": "12"}),
            Ok(json!({"decision": "approve", "decided_by": "an admin"})),
        );
        check(
            json!({"decision": "approve", "repaired": {"email": "x@y.com"}}),
            Ok(json!({"decision": "approve", "decided_by": "an admin", "repaired": {"email": "x@y.com"}})),
        );
        check(
            json!({"decision": "approve", "repaired": {}}),
            Ok(json!({"decision": "approve", "decided_by": "an admin"})),
        );
    }

    #[test]
    fn a_repair_takes_the_changed_fields_of_the_form_or_of_json() {
        let repaired = |fields: Value| Ok(json!({"decision": "approve", "decided_by": "an admin", "repaired": fields}));
        check(
            json!({"decision": "repair", "user_name": "Ada\u{fffd}", "email": "ada@b.com", "pincode": "1234"}),
            repaired(json!({"pincode": "1234"})),
        );
        check(
            json!({"decision": "repair", "repaired": {"pincode": "12345", "email": "ada@b.com"}}),
            repaired(json!({"pincode": "12345"})),
        );
        // The number 12 as text is a change; the form cannot tell them apart.
        check(
            json!({"decision": "repair", "repaired": {"pincode": "12"}}),
            repaired(json!({"pincode": "12"})),
        );
        check(
            json!({"decision": "repair", "email": "x@y.com", "repaired": {"pincode": "1234"}}),
            repaired(json!({"email": "x@y.com", "pincode": "1234"})),
        );
    }

    #[test]
    fn what_is_no_decision_is_refused() {
        check(json!({}), Err("The body has no decision"));
        check(json!({"decision": "maybe"}), Err("\"maybe\" is none"));
        check(json!({"decision": 1}), Err("decision must be text"));
        for unchanged in [
            json!({"decision": "repair", "email": "ada@b.com", "pincode": "12"}),
            json!({"decision": "repair", "repaired": {"email": "ada@b.com"}}),
            json!({"decision": "repair", "repaired": {}}),
            json!({"decision": "repair"}),
        ] {
            check(unchanged, Err("No field was changed"));
        }
        for decision in ["approve", "repair"] {
            check(json!({"decision": decision, "repaired": []}), Err("must be an object"));
            check(
                json!({"decision": decision, "repaired": {"id": "x"}}),
                Err("no field \"id\""),
            );
            check(
                json!({"decision": decision, "repaired": {"pincode": 1234}}),
                Err("pincode of the member repaired must be text"),
            );
        }
        check(
            json!({"decision": "repair", "pincode": "1", "repaired": {"pincode": "2"}}),
            Err("pincode is given twice"),
        );
        check(
            json!({"decision": "approve", "comment": "x".repeat(1001)}),
            Err("more than 1000"),
        );
        check(
            json!({"decision": "approve", "decided_by": "x".repeat(101)}),
            Err("more than 100"),
        );
    }

    #[test]
    fn an_approval_that_would_drop_a_change_is_refused() {
        for body in [
            json!({"decision": "approve", "email": "other@b.com"}),
            json!({"decision": "approve", "user_name": "Ada", "email": "ada@b.com", "pincode": "12"}),
            json!({"decision": "approve", "pincode": "", "repaired": {"email": "x@y.com"}}),
        ] {
            check(body, Err("the decision is repair"));
        }
    }
}
