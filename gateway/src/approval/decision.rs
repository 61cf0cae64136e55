use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};
use sluice_workflows::{Decision, DecisionKind, Field, Submission, Violation};

use crate::http::{Kind, Problem};

const NAME_LIMIT: usize = 100;
const COMMENT_LIMIT: usize = 1000;
const REASON_LIMIT: usize = 500;

/// The name of a decider whom nobody knows by an address.
pub(super) const AN_ADMIN: &str = "an admin";

/// The request of a POST with a right code.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// Take this decision.
    Decide(Box<Decision>),
    /// Show what was typed, and what is wrong with it; decide nothing.
    Check(Vec<Violation>),
}

/// The part of the form that a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The whole.
    Form,
    /// The code.
    Code,
    /// A field of the submission.
    Field(Field),
    /// The internal comment.
    Comment,
    /// The reason for the submitter.
    Reason,
}

impl Place {
    /// The name of its member in a body, and of its element in the page.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Place::Form => "form",
            Place::Code => "code",
            Place::Field(field) => field.as_str(),
            Place::Comment => "comment",
            Place::Reason => "reason",
        }
    }
}

/// A POST that decides nothing: for programs the problem, for the page each sentence at its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) problem: Problem,
    pub(super) places: Vec<(Place, String)>,
}

impl Refusal {
    pub(super) fn new(kind: Kind, place: Place, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Refusal {
            problem: Problem::new(kind, detail.clone()),
            places: vec![(place, detail)],
        }
    }

    /// A repair after which these rules are still broken.
    fn of_repair(violations: &[Violation], changed: &Submission) -> Self {
        let problem = Problem::new(
            Kind::RepairRefused,
            "With these changes the submission still breaks rules. Nothing was decided.",
        )
        .with_member("violations", serde_json::json!(violations));
        let places = violations.iter().map(|violation| {
            let what_else = match changed.get(violation.field) {
                Some(_) => "",
                None => " It is as it was sent: change it too, or approve the submission as it is.",
            };
            (
                Place::Field(violation.field),
                format!("{}{what_else}", violation.message),
            )
        });
        Refusal {
            problem,
            places: places.collect(),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let places = vec![(Place::Form, problem.detail.clone())];
        Refusal { problem, places }
    }
}

/// The texts that somebody typed, to be shown again. Read leniently: what is no text is not shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Typed(BTreeMap<String, String>);

impl Typed {
    /// The texts of a body.
    pub(super) fn of(body: &Map<String, Value>) -> Self {
        let texts = body
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Typed(texts.collect())
    }

    /// Tells whether nothing was typed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the member, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Reads a decision from the body of a POST, made at `now_ms` (milliseconds since 1970) by whoever owns the address
/// `approver`; an empty one is not known.
///
/// `decision` is `approve`, `reject`, `check`, or `repair`: approve with changed fields. The changes are the form's fields,
/// or the members of `repaired`, and must make the submission right: the workflow checks it again by the same rules.
pub(super) fn read(
    body: &Map<String, Value>,
    submission: &Submission,
    approver: &str,
    now_ms: i64,
) -> Result<Asked, Refusal> {
    let (decision, repaired) = match text(body, "decision")?.as_deref() {
        Some("approve") => {
            unchanged(body, submission)?;
            (DecisionKind::Approve, repaired_members(body, submission)?)
        }
        Some("repair") => (DecisionKind::Approve, Some(changed(body, submission)?)),
        Some("reject") => (DecisionKind::Reject, None),
        Some("check") => return check(body, submission).map(Asked::Check),
        Some(other) => {
            return Err(bad(format!(
                "The decision {other:?} is none: it must be approve, repair or reject."
            ))
            .into());
        }
        None => {
            return Err(bad(
                "The body has no decision: approve, repair or reject. The one in the link does not count.".to_owned(),
            )
            .into());
        }
    };
    if let Some(repaired) = &repaired {
        let violations = sluice_rules::violations_of(&merged(submission, repaired));
        if !violations.is_empty() {
            return Err(Refusal::of_repair(&violations, repaired));
        }
    }
    Ok(Asked::Decide(Box::new(Decision {
        repaired,
        ..plain(body, decision, approver, now_ms)?
    })))
}

/// A decision that changes nothing in the submission: about a row of a list, or about many.
pub(super) fn plain(
    body: &Map<String, Value>,
    decision: DecisionKind,
    approver: &str,
    now_ms: i64,
) -> Result<Decision, Refusal> {
    let remarks = remarks(body, decision)?;
    Ok(Decision {
        decision,
        decided_by: decided_by(body, approver)?,
        decided_at: time(now_ms),
        comment: remarks.comment,
        reason: remarks.reason,
        repaired: None,
    })
}

/// The texts that go with a decision.
pub(super) struct Remarks {
    /// For admins.
    pub(super) comment: Option<String>,
    /// For the submitter.
    pub(super) reason: Option<String>,
}

/// Reads the comment and the reason.
pub(super) fn remarks(body: &Map<String, Value>, decision: DecisionKind) -> Result<Remarks, Refusal> {
    let comment = limited(body, Place::Comment, COMMENT_LIMIT)?;
    let reason = limited(body, Place::Reason, REASON_LIMIT)?;
    if reason.is_some() && decision != DecisionKind::Reject {
        return Err(Refusal::new(
            Kind::BadRequest,
            Place::Reason,
            "A reason goes with a rejection. Clear it to approve, or reject.",
        ));
    }
    Ok(Remarks { comment, reason })
}

/// The author of a decision: the address that the link went to; a name of one's own only where no address is known.
pub(super) fn decided_by(body: &Map<String, Value>, approver: &str) -> Result<String, Refusal> {
    let given = text(body, "decided_by")?
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    match given {
        Some(name) if name.chars().count() > NAME_LIMIT => {
            Err(bad(format!("The member decided_by has more than {NAME_LIMIT} characters.")).into())
        }
        Some(name) if !approver.is_empty() && name != approver => Err(bad(
            "The member decided_by is not the address that this link went to. Leave it out: the link says who decides."
                .to_owned(),
        )
        .into()),
        _ if !approver.is_empty() => Ok(approver.to_owned()),
        Some(name) => Ok(name),
        None => Ok(AN_ADMIN.to_owned()),
    }
}

/// The submission with its repaired fields.
fn merged(submission: &Submission, repaired: &Submission) -> Submission {
    let mut merged = submission.clone();
    for field in Field::ALL {
        if let Some(value) = repaired.get(field) {
            merged.set(field, value.clone());
        }
    }
    merged
}

/// The rules that the form's fields break as they stand.
fn check(body: &Map<String, Value>, submission: &Submission) -> Result<Vec<Violation>, Refusal> {
    let mut repaired = repaired_members(body, submission)?.unwrap_or_default();
    for (field, text) in changed_fields(body, submission)? {
        repaired.set(field, Value::String(text));
    }
    Ok(sluice_rules::violations_of(&merged(submission, &repaired)))
}

/// ISO 8601, UTC, from milliseconds since 1970.
pub(crate) fn time(ms: i64) -> String {
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
fn limited(members: &Map<String, Value>, place: Place, limit: usize) -> Result<Option<String>, Refusal> {
    let name = place.name();
    let text = text(members, name)?
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    match text {
        Some(text) if text.chars().count() > limit => Err(Refusal::new(
            Kind::BadRequest,
            place,
            format!(
                "The {name} has {} characters; it may have {limit}.",
                text.chars().count()
            ),
        )),
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
fn unchanged(body: &Map<String, Value>, submission: &Submission) -> Result<(), Refusal> {
    match changed_fields(body, submission)?.first() {
        None => Ok(()),
        Some((field, _)) => Err(Refusal::new(
            Kind::BadRequest,
            Place::Field(*field),
            format!(
                "The field {field} is not as it was submitted. To approve with changes, the decision is repair; approve \
                 takes the submission as it is."
            ),
        )),
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
mod tests;
