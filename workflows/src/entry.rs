use serde::{Deserialize, Serialize};

use crate::{Approval, Verdict};

/// The payload of Store.
///
/// ```
/// use serde_json::json;
/// use sluice_workflows::StoreRequest;
///
/// let verdict = |field: &str, value: &str| json!({"field": field, "ok": true, "value": value, "violations": []});
/// let request: StoreRequest = serde_json::from_value(json!({
///     "submission_id": "s-1", "submitted_at": "2026-11-22T10:00:00.000Z", "stored_at": "2026-11-22T10:00:01.000Z",
///     "user_name": verdict("user_name", "Ada"), "email": verdict("email", "Ada@example.com"),
///     "pincode": verdict("pincode", "0305"), "approval": null,
/// }))?;
/// assert_eq!(request.entry().id, "ada@example.com");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreRequest {
    /// The submission: the execution's name.
    pub submission_id: String,
    /// The time at which the submission came in: the execution's start (ISO 8601, UTC).
    pub submitted_at: String,
    /// The time at which the workflow reached Store (ISO 8601, UTC). The same for every attempt.
    pub stored_at: String,
    /// The verdict about the name.
    pub user_name: Verdict,
    /// The verdict about the e-mail address.
    pub email: Verdict,
    /// The verdict about the pincode.
    pub pincode: Verdict,
    /// The approval, if an admin approved it.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// The round, from 1.
    #[serde(default = "first_round")]
    pub round: u32,
    /// The hash of the fields, if whoever started the execution gave one.
    #[serde(default)]
    pub input_hash: Option<String>,
}

const fn first_round() -> u32 {
    1
}

impl StoreRequest {
    /// The entry that this request describes.
    ///
    /// Its id is the lower-cased e-mail address when that is valid, so that a later submission with the same address
    /// updates the entry; else the submission's own.
    pub fn entry(self) -> Entry {
        let id = match self.email.text() {
            Some(email) if self.email.ok => email.to_lowercase(),
            Some(_) | None => format!("submission#{}", self.submission_id),
        };
        let status = if self.approval.is_some() {
            EntryStatus::Approved
        } else {
            EntryStatus::Ingested
        };
        let (decided_by, decided_at, comment) = match self.approval {
            Some(approval) => (Some(approval.decided_by), Some(approval.decided_at), approval.comment),
            None => (None, None, None),
        };
        Entry {
            id,
            user_name: self.user_name.text(),
            email: self.email.text(),
            pincode: self.pincode.text(),
            status,
            submission_id: self.submission_id,
            submitted_at: self.submitted_at,
            stored_at: self.stored_at,
            decided_by,
            decided_at,
            comment,
        }
    }
}

/// The way in which an entry got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryStatus {
    /// All its fields were right.
    Ingested,
    /// An admin approved it.
    Approved,
}

impl EntryStatus {
    /// All of them.
    pub const ALL: [EntryStatus; 2] = [EntryStatus::Ingested, EntryStatus::Approved];

    /// The name on the wire and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            EntryStatus::Ingested => "ingested",
            EntryStatus::Approved => "approved",
        }
    }

    /// The status with this name, if it is one.
    pub fn parse(name: &str) -> Option<EntryStatus> {
        EntryStatus::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// One stored entry. Nothing in it is secret; all of it is personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The table's key: the lower-cased e-mail address, or `submission#<submission id>` if that is not valid.
    pub id: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The e-mail address as sent; an approved one may be wrong or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The pincode as sent; an approved one may be wrong or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pincode: Option<String>,
    /// The way in which it got in.
    pub status: EntryStatus,
    /// The submission that wrote it last.
    pub submission_id: String,
    /// The time at which that submission came in (ISO 8601, UTC, milliseconds).
    pub submitted_at: String,
    /// The time at which it was stored (ISO 8601, UTC, milliseconds).
    pub stored_at: String,
    /// The admin who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// The time at which it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// The admin's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Entry {
    /// The entry as submitters and lists see it: without the admin's name and comment, which are for admins.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.decided_by = None;
        self.comment = None;
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(email: Value, approval: Value, expected: Value) {
        let request: StoreRequest = serde_json::from_value(json!({
            "submission_id": "s-1",
            "submitted_at": "2026-11-22T10:00:00.000Z",
            "stored_at": "2026-11-22T10:00:01.000Z",
            "user_name": {"field": "user_name", "ok": true, "value": "Ada", "violations": []},
            "email": email,
            "pincode": {"field": "pincode", "ok": false, "value": 12, "violations": []},
            "approval": approval,
        }))
        .unwrap();
        let entry = serde_json::to_value(request.entry()).unwrap();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(entry.get(key).unwrap_or(&Value::Null), value, "{key} of {entry}");
        }
    }

    #[test]
    fn the_key_is_the_address_only_when_it_is_valid() {
        let right = json!({"field": "email", "ok": true, "value": "Ada@Example.com", "violations": []});
        let wrong = json!({"field": "email", "ok": false, "value": "Ada@Example", "violations": []});
        let absent = json!({"field": "email", "ok": false, "violations": []});
        let who = json!({"decided_by": "Grace", "decided_at": "2026-11-23T10:00:00.000Z", "comment": "known"});
        check(
            right,
            Value::Null,
            json!({"id": "ada@example.com", "email": "Ada@Example.com", "status": "ingested", "pincode": "12", "decided_by": null}),
        );
        check(
            wrong,
            who.clone(),
            json!({"id": "submission#s-1", "email": "Ada@Example", "status": "approved", "decided_by": "Grace", "comment": "known"}),
        );
        check(
            absent,
            who,
            json!({"id": "submission#s-1", "email": null, "status": "approved"}),
        );
    }
}
