//! The data that the tests of several functions begin with.

use serde_json::json;
use sluice_aws::{ApprovalRecord, ApprovalState};
use sluice_workflows::TaskToken;

/// 2026-11-22T10:00:00Z.
pub(crate) const OPENED: i64 = 1_795_341_600_000;

/// An approval that was opened at [`OPENED`] for seven days.
pub(crate) fn record(id: &str, state: ApprovalState) -> ApprovalRecord {
    let violation = json!({"field": "pincode", "rule": "pattern", "message": "The pincode must be 4 to 6 digits."});
    ApprovalRecord {
        id: id.to_owned(),
        submission_id: id.rsplit_once('.').map_or(id, |(submission, _)| submission).to_owned(),
        submission: serde_json::from_value(json!({"user_name": "Ananya", "email": "a@b.com", "pincode": "12"}))
            .unwrap(),
        violations: vec![serde_json::from_value(violation).unwrap()],
        submitted_at: "2026-11-22T10:00:00.000Z".to_owned(),
        expires_at: "2026-11-29T10:00:00.000Z".to_owned(),
        expires_at_ms: OPENED + 7 * 86_400_000,
        opened_at_ms: OPENED,
        summary: "Ananya: the pincode 12 is not 4 to 6 digits".to_owned(),
        mailed: true,
        listed: state == ApprovalState::Open,
        batch: None,
        secret_hashes: vec![],
        task_token: TaskToken::new("T0KEN".to_owned()),
        redelivered: false,
        state,
    }
}
