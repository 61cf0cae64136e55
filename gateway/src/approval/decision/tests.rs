use serde_json::json;

use super::*;

fn check(body: Value, expected: Result<Value, &str>) {
    let submission =
        serde_json::from_value(json!({"user_name": "A\nda\0", "email": "ada@b.com", "pincode": 12})).unwrap();
    let got = read(body.as_object().unwrap(), &submission, "", 1_795_341_600_000);
    match expected {
        Ok(expected) => {
            let Ok(Asked::Decide(decision)) = got else {
                panic!("{body}: {got:?}")
            };
            let mut decision = serde_json::to_value(decision).unwrap();
            assert_eq!(
                decision.as_object_mut().unwrap().remove("decided_at"),
                Some(json!("2026-11-22T10:00:00.000Z"))
            );
            assert_eq!(decision, expected, "{body}");
        }
        Err(part) => {
            let refusal = got.expect_err("a refusal");
            let said: Vec<_> = refusal.places.iter().map(|(_, message)| message.as_str()).collect();
            let said = format!("{} {}", refusal.problem.detail, said.join(" "));
            assert!(said.contains(part), "{body}: {said:?} lacks {part:?}");
        }
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
        json!({"decision": "approve", "repaired": {"pincode": "1234"}}),
        Ok(json!({"decision": "approve", "decided_by": "an admin", "repaired": {"pincode": "1234"}})),
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
        Err("it may have 1000"),
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

#[test]
fn a_repair_after_which_rules_are_broken_is_refused_under_its_fields() {
    // The number 12 as text is a change, and still too short.
    check(
        json!({"decision": "repair", "repaired": {"pincode": "12"}}),
        Err("must be 4 to 6 digits"),
    );
    check(
        json!({"decision": "approve", "repaired": {"pincode": ""}}),
        Err("still breaks rules"),
    );
    // What was not changed is still wrong, and the workflow would ask again.
    check(
        json!({"decision": "repair", "email": "x@y.com"}),
        Err("It is as it was sent"),
    );
    let submission = serde_json::from_value(json!({"user_name": "Ada", "email": "nowhere", "pincode": "12"})).unwrap();
    let body = json!({"decision": "repair", "pincode": "1"});
    let refusal = read(body.as_object().unwrap(), &submission, "", 0).expect_err("a refusal");
    let places: Vec<_> = refusal.places.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [Place::Field(Field::Email), Place::Field(Field::Pincode)]);
}

#[test]
fn a_check_names_what_is_broken_and_decides_nothing() {
    let submission =
        serde_json::from_value(json!({"user_name": "Ada", "email": "ada@b.com", "pincode": "12"})).unwrap();
    let check = |body: Value, expected: usize| {
        let asked = read(body.as_object().unwrap(), &submission, "", 0);
        assert!(
            matches!(&asked, Ok(Asked::Check(violations)) if violations.len() == expected),
            "{body}: {asked:?}"
        );
    };
    check(json!({"decision": "check"}), 1);
    check(json!({"decision": "check", "pincode": "1234", "email": "ada@b.com"}), 0);
    check(json!({"decision": "check", "pincode": "1234", "email": "nowhere"}), 1);
}

#[test]
fn whoever_the_link_went_to_has_decided() {
    let submission = Submission::default();
    let check = |body: Value, approver: &str, expected: Result<&str, &str>| {
        let asked = read(body.as_object().unwrap(), &submission, approver, 0);
        match (asked, expected) {
            (Ok(Asked::Decide(decision)), Ok(by)) => assert_eq!(decision.decided_by, by),
            (Err(refusal), Err(part)) => assert!(refusal.problem.detail.contains(part), "{refusal:?}"),
            (asked, _) => panic!("{body}: {asked:?}"),
        }
    };
    check(
        json!({"decision": "reject"}),
        "grace@example.com",
        Ok("grace@example.com"),
    );
    check(
        json!({"decision": "reject", "decided_by": "grace@example.com"}),
        "grace@example.com",
        Ok("grace@example.com"),
    );
    check(
        json!({"decision": "reject", "decided_by": "Eve"}),
        "grace@example.com",
        Err("not the address"),
    );
    check(json!({"decision": "reject", "decided_by": "Eve"}), "", Ok("Eve"));
    check(json!({"decision": "reject"}), "", Ok(AN_ADMIN));
}

#[test]
fn a_reason_goes_with_a_rejection_only() {
    let submission = Submission::default();
    let body = json!({"decision": "reject", "reason": " no such street ", "comment": "known"});
    let Ok(Asked::Decide(decision)) = read(body.as_object().unwrap(), &submission, "", 0) else {
        panic!()
    };
    assert_eq!(
        (decision.reason.as_deref(), decision.comment.as_deref()),
        (Some("no such street"), Some("known"))
    );
    check(
        json!({"decision": "approve", "reason": "no"}),
        Err("A reason goes with a rejection"),
    );
    check(
        json!({"decision": "reject", "reason": "x".repeat(501)}),
        Err("it may have 500"),
    );
}
