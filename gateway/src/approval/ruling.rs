use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};
use sluice_workflows::{Decision, Field, Ruling, Submission};

use crate::http::{Kind, Parameters, Problem};

const NAME_LIMIT: usize = 100;
const COMMENT_LIMIT: usize = 1000;

/// Reads a decision from a POST, made at `now_ms` (milliseconds since 1970).
///
/// `decision` is `approve`, `reject`, or, from the page's form, `repair`: approve with the form's fields. It may stand
/// in the link's query alone; then the body may be empty. JSON carries the repaired fields in `repaired`.
pub(super) fn read(parameters: &Parameters, submission: &Submission, now_ms: i64) -> Result<Decision, Problem> {
    let body = &parameters.body;
    let word = text(body, "decision")?.or(text(&parameters.query, "decision")?);
    let (decision, repaired) = match word.as_deref() {
        Some("approve") => (Ruling::Approve, repaired_members(body)?),
        Some("repair") => (Ruling::Approve, Some(changed(body, submission)?)),
        Some("reject") => (Ruling::Reject, None),
        Some(other) => {
            return Err(bad(format!(
                "The decision {other:?} is none: it must be approve, repair or reject."
            )));
        }
        None => return Err(bad("No decision is given: approve, repair or reject.".to_owned())),
    };
    let decided_by = limited(body, "decided_by", NAME_LIMIT)?.unwrap_or_else(|| "an admin".to_owned());
    let comment = limited(body, "comment", COMMENT_LIMIT)?;
    let decided_at = DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
    let decided_at = decided_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    Ok(Decision {
        decision,
        decided_by,
        decided_at,
        comment,
        repaired,
    })
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

fn repaired_members(body: &Map<String, Value>) -> Result<Option<Submission>, Problem> {
    let members = match body.get("repaired") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(bad("The member repaired must be an object with fields.".to_owned())),
    };
    let mut repaired = Submission::default();
    for (name, value) in members {
        let field = Field::parse(name).ok_or_else(|| bad(format!("The member repaired knows no field {name:?}.")))?;
        repaired.set(field, value.clone());
    }
    Ok(Some(repaired).filter(|repaired| !repaired.is_empty()))
}

/// The fields of the form that differ from what was submitted.
fn changed(body: &Map<String, Value>, submission: &Submission) -> Result<Submission, Problem> {
    let mut repaired = Submission::default();
    for field in Field::ALL {
        if let Some(text) = text(body, field.as_str())?
            && text != submission.text(field).unwrap_or_default()
        {
            repaired.set(field, Value::String(text));
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

    fn check(query: Value, body: Value, expected: Result<Value, &str>) {
        let object = |value: Value| value.as_object().unwrap().clone();
        let parameters = Parameters {
            query: object(query),
            body: object(body),
        };
        let submission =
            serde_json::from_value(json!({"user_name": "Ada", "email": "ada@b.com", "pincode": 12})).unwrap();
        match (read(&parameters, &submission, 1_795_341_600_000), expected) {
            (got, Ok(expected)) => {
                let mut decision = serde_json::to_value(got.unwrap()).unwrap();
                assert_eq!(
                    decision.as_object_mut().unwrap().remove("decided_at"),
                    Some(json!("2026-11-22T10:00:00.000Z"))
                );
                assert_eq!(decision, expected);
            }
            (got, Err(part)) => assert!(
                got.as_ref().is_err_and(|p| p.detail.contains(part)),
                "{got:?} lacks {part:?}"
            ),
        }
    }

    #[test]
    fn a_decision_is_read_from_a_form_from_json_or_from_the_link_alone() {
        let none = json!({});
        check(
            json!({"decision": "reject"}),
            none.clone(),
            Ok(json!({"decision": "reject", "decided_by": "an admin"})),
        );
        check(
            json!({"decision": "reject"}),
            json!({"decision": "approve", "decided_by": " Grace ", "comment": "  ", "email": "other@b.com"}),
            Ok(json!({"decision": "approve", "decided_by": "Grace"})),
        );
        check(
            none.clone(),
            json!({"decision": "repair", "user_name": "Ada", "email": "ada@b.com", "pincode": "1234", "comment": "typo"}),
            Ok(
                json!({"decision": "approve", "decided_by": "an admin", "comment": "typo", "repaired": {"pincode": "1234"}}),
            ),
        );
        check(
            none.clone(),
            json!({"decision": "approve", "repaired": {"email": "x@y.com"}}),
            Ok(json!({"decision": "approve", "decided_by": "an admin", "repaired": {"email": "x@y.com"}})),
        );
        check(
            none,
            json!({"decision": "approve", "repaired": {}}),
            Ok(json!({"decision": "approve", "decided_by": "an admin"})),
        );
    }

    #[test]
    fn what_is_no_decision_is_refused() {
        let none = || json!({});
        check(none(), none(), Err("No decision is given"));
        check(none(), json!({"decision": "maybe"}), Err("\"maybe\" is none"));
        check(none(), json!({"decision": 1}), Err("decision must be text"));
        check(
            none(),
            json!({"decision": "repair", "email": "ada@b.com", "pincode": "12"}),
            Err("No field was changed"),
        );
        check(
            none(),
            json!({"decision": "approve", "repaired": []}),
            Err("must be an object"),
        );
        check(
            none(),
            json!({"decision": "approve", "repaired": {"id": "x"}}),
            Err("no field \"id\""),
        );
        check(
            none(),
            json!({"decision": "approve", "comment": "x".repeat(1001)}),
            Err("more than 1000"),
        );
        check(
            none(),
            json!({"decision": "approve", "decided_by": "x".repeat(101)}),
            Err("more than 100"),
        );
    }
}
