use serde::{Deserialize, Serialize};

use crate::{Approval, Entry, Violation};

/// The outcome of a submission: the output of a succeeded execution.
///
/// A system fault is no outcome: the execution fails.
///
/// ```
/// use sluice_workflows::Outcome;
///
/// let output = r#"{"outcome": "expired", "submission_id": "s-1", "reason": "No admin decided within 7 days.", "violations": []}"#;
/// let outcome: Outcome = serde_json::from_str(output)?;
/// assert!(matches!(outcome, Outcome::Expired { .. }));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// All fields were right, and the entry is stored.
    Ingested {
        /// The submission: the execution's name.
        submission_id: String,
        /// The entry that the table holds under the entry's key: this submission's entry, or that of a newer submission of the
        /// same e-mail address.
        entry: Entry,
    },
    /// An admin approved it, and the entry is stored.
    Approved {
        /// The submission: the execution's name.
        submission_id: String,
        /// As for [`Outcome::Ingested`].
        entry: Entry,
    },
    /// Refused, by the rules or by an admin. Nothing was stored.
    Rejected {
        /// The submission: the execution's name.
        submission_id: String,
        /// The reason, in one sentence.
        reason: String,
        /// Every broken rule.
        violations: Vec<Violation>,
        /// The admin's decision, if there was one in any round.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<Approval>,
    },
    /// No admin decided in time. Nothing was stored.
    Expired {
        /// The submission: the execution's name.
        submission_id: String,
        /// The reason, in one sentence.
        reason: String,
        /// Every broken rule.
        violations: Vec<Violation>,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_output_of_the_workflow_reads_as_an_outcome() {
        let entry = json!({"id": "a@b.com", "user_name": "A", "email": "a@b.com", "pincode": "1234", "status": "ingested",
            "submission_id": "s", "submitted_at": "t", "stored_at": "u"});
        let rows = [
            json!({"outcome": "ingested", "submission_id": "s", "entry": entry}),
            json!({"outcome": "approved", "submission_id": "s", "entry": entry}),
            json!({"outcome": "rejected", "submission_id": "s", "reason": "r", "violations": [
                {"field": "pincode", "rule": "pattern", "message": "m"}]}),
            json!({"outcome": "expired", "submission_id": "s", "reason": "r", "violations": []}),
        ];
        for row in rows {
            let outcome: Outcome = serde_json::from_value(row.clone()).unwrap();
            assert_eq!(serde_json::to_value(outcome).unwrap(), row);
        }
        // The state machine writes null where no admin was asked.
        let row =
            json!({"outcome": "rejected", "submission_id": "s", "reason": "r", "violations": [], "approval": null});
        assert!(matches!(
            serde_json::from_value(row).unwrap(),
            Outcome::Rejected { approval: None, .. }
        ));
    }
}
